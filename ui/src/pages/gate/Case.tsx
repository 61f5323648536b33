/** One case: its clip, where it was, what the analysis and what people call it. */

import { Link } from "@tanstack/react-router";
import { Play, Square, VolumeX } from "lucide-react";
import type { SchemaCaseBody, SchemaLabel } from "../../api/schema";
import { clock, count, duration, exactInstant, instant, NOTHING } from "../../format/figures";
import type { Clips } from "./clip";
import { LABELS } from "./labels";
import { KIND_NAMES, metricName } from "./words";

interface Props {
  name: string;
  project: string;
  each: SchemaCaseBody;
  clips: Clips;
  isActive: boolean;
  onActive: () => void;
  onLabel: (label: SchemaLabel | null) => void;
}

export function Case({ name, project, each, clips, isActive, onActive, onLabel }: Props) {
  const state = clips.key === name ? clips.state : undefined;
  const label = each.name ?? each.sessionId.slice(5, 13);
  const at = clock(each.atMs);
  const canPlay = each.hasRecording && each.atMs !== null && state !== "missing";
  return (
    <tr aria-current={isActive ? "true" : undefined} onClick={onActive} onFocus={onActive}>
      <td>
        {canPlay ? (
          <button
            type="button"
            className="button icon"
            aria-label={
              state ? `Stop the clip of ${label}` : `Play four seconds of ${label} at ${at}`
            }
            aria-busy={state === "loading"}
            onClick={() => clips.toggle(name, each.sessionId, each.atMs ?? 0)}
          >
            {state ? <Square size={14} aria-hidden /> : <Play size={14} aria-hidden />}
          </button>
        ) : (
          <span className="no-clip quiet" title="No recording of this moment is here">
            <VolumeX size={15} aria-hidden />
            <span className="hidden-text">no recording</span>
          </span>
        )}
      </td>
      <td>
        <Link
          to="/p/$project/sessions/$id"
          params={{ project, id: each.sessionId }}
          search={{ turn: each.turn ?? undefined }}
        >
          {label}
          {each.turn !== null && `, turn ${each.turn}`}
        </Link>
        <span className="quiet small case-when" title={exactInstant(each.startedMs)}>
          {instant(each.startedMs)}
          {each.version && `, ${each.version}`}
        </span>
      </td>
      <td>
        <span className={`badge ${each.reasons.length ? "bad" : ""}`}>{KIND_NAMES[each.kind]}</span>
      </td>
      <td>
        <select
          className="input compact"
          aria-label={`What ${label} at ${at} was`}
          value={each.label?.label ?? ""}
          onChange={(event) => onLabel((event.currentTarget.value || null) as SchemaLabel | null)}
        >
          <option value="">not labelled</option>
          {LABELS.map(([value, said], index) => (
            <option key={value} value={value}>
              {index + 1} {said}
            </option>
          ))}
        </select>
        {each.label && (
          <span className="quiet small case-when" title={exactInstant(each.label.atMs)}>
            {each.label.by}, {instant(each.label.atMs)}
          </span>
        )}
      </td>
      <td className="number">{at}</td>
      <td className="number">{duration(each.detectionMs)}</td>
      <td className="number">{duration(each.stopMs)}</td>
      <td className="number">{each.bleedWords === null ? NOTHING : count(each.bleedWords)}</td>
      <td className="small">{each.reasons.map(metricName).join("; ") || NOTHING}</td>
    </tr>
  );
}
