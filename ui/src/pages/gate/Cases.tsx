/** The cases that count against the agent, each to be heard where it stands. */

import { Link } from "@tanstack/react-router";
import { CircleCheck, Play, Square, VolumeX } from "lucide-react";
import type { SchemaCaseBody } from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { clock, count, duration, exactInstant, instant, NOTHING } from "../../format/figures";
import { type Clips, useClips } from "./clip";
import { KINDS, type Kind, ofKind } from "./search";
import { KIND_NAMES, metricName } from "./words";

interface Props {
  project: string;
  cases: readonly SchemaCaseBody[];
  kind: Kind | undefined;
  onKind: (kind: Kind | undefined) => void;
}

export function Cases({ project, cases, kind, onKind }: Props) {
  const clips = useClips();
  const shown = ofKind(cases, kind);
  const there = KINDS.filter((each) => cases.some((one) => one.kind === each));
  return (
    <section className="panel list-panel" aria-label="Failing cases">
      <header>
        <h2>
          Failing cases <span className="quiet">{count(shown.length)}</span>
        </h2>
        {there.length > 1 && (
          <fieldset className="stages">
            <legend className="hidden-text">Kind</legend>
            {[undefined, ...there].map((each) => (
              <button
                key={each ?? "all"}
                type="button"
                className="button small"
                aria-pressed={kind === each}
                onClick={() => onKind(each)}
              >
                {each ? KIND_NAMES[each] : "All"}
              </button>
            ))}
          </fieldset>
        )}
      </header>
      {shown.length ? (
        <Scrolls name="Failing cases">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Clip</th>
                <th scope="col">Session</th>
                <th scope="col">Kind</th>
                <th scope="col" className="number">
                  At
                </th>
                <th scope="col" className="number">
                  Recognised after
                </th>
                <th scope="col" className="number">
                  Silent after
                </th>
                <th scope="col" className="number">
                  Words bled
                </th>
                <th scope="col">Counts against</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each, index) => (
                <Case
                  // biome-ignore lint/suspicious/noArrayIndexKey: one turn may have two alike
                  key={`${each.sessionId} ${each.turn} ${each.atMs} ${index}`}
                  name={`${each.sessionId} ${each.turn} ${each.atMs} ${index}`}
                  project={project}
                  each={each}
                  clips={clips}
                />
              ))}
            </tbody>
          </table>
        </Scrolls>
      ) : (
        <p className="quiet fine">
          <CircleCheck size={16} aria-hidden /> No interruption broke a limit.
        </p>
      )}
      <p className="hidden-text" role="status">
        {clips.state === "missing" && "This clip cannot be played: the recording is not here."}
      </p>
    </section>
  );
}

interface CaseProps {
  name: string;
  project: string;
  each: SchemaCaseBody;
  clips: Clips;
}

function Case({ name, project, each, clips }: CaseProps) {
  const state = clips.key === name ? clips.state : undefined;
  const label = each.name ?? each.sessionId.slice(5, 13);
  const at = clock(each.atMs);
  const canPlay = each.hasRecording && each.atMs !== null && state !== "missing";
  return (
    <tr>
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
        <span className="badge bad">{KIND_NAMES[each.kind]}</span>
      </td>
      <td className="number">{at}</td>
      <td className="number">{duration(each.detectionMs)}</td>
      <td className="number">{duration(each.stopMs)}</td>
      <td className="number">{each.bleedWords === null ? NOTHING : count(each.bleedWords)}</td>
      <td className="small">{each.reasons.map(metricName).join("; ")}</td>
    </tr>
  );
}
