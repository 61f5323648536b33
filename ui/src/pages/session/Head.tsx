/** What the call is, and its figures. */

import { useMemo } from "react";
import { SessionsCrumb } from "../../elements/SessionsCrumb";
import { Status } from "../../elements/Status";
import { type Figure, Tiles } from "../../elements/Tiles";
import {
  clock,
  count,
  duration,
  exactInstant,
  instant,
  money,
  NOTHING,
} from "../../format/figures";
import type { Call } from "./call";
import type { Marks } from "./marks";
import { percentile, type Response } from "./stages";

interface Props {
  call: Call;
  name: string;
  marks: Marks;
  responses: ReadonlyMap<number, Response>;
}

export function Head({ call, name, marks, responses }: Props) {
  const waits = useMemo(
    () => [...responses.values()].flatMap(({ totalMs }) => (totalMs === null ? [] : [totalMs])),
    [responses],
  );
  const tokens = call.usage.reduce((sum, each) => sum + each.inputTokens + each.outputTokens, 0);
  const real = marks.flags.filter((each) => each.kind === "barge_in").length;
  const heard = call.audio && !call.audio.problem ? call.audio : undefined;
  const of = (share: number): Figure => [
    `Response p${share * 100}`,
    duration(percentile(waits, share)),
    heard && `heard ${duration(share === 0.5 ? heard.p50Ms : heard.p95Ms)}`,
  ];
  const figures: Figure[] = [
    ["Duration", clock(call.durationMs)],
    ["Turns", count(call.turns.length)],
    of(0.5),
    of(0.95),
    ["Tokens", tokens ? count(tokens) : NOTHING],
    [
      "Cost",
      money(call.costUsd),
      call.unpriced > 0 ? `${count(call.unpriced)} without a price` : undefined,
    ],
  ];
  return (
    <header className="page-head">
      <div>
        <nav className="crumbs" aria-label="Breadcrumb">
          <SessionsCrumb project={call.project} /> /{" "}
          <span className="mono">{call.id.slice(5, 13)}</span>
        </nav>
        <h1>{name}</h1>
        <p className="session-facts">
          <Status status={call.status} />
          <span className="badge">
            {call.agent} {call.appVersion}
          </span>
          <time
            className="quiet small"
            dateTime={new Date(call.startedMs).toISOString()}
            title={exactInstant(call.startedMs)}
          >
            {instant(call.startedMs)}
          </time>
          {real > 0 && (
            <span className="badge warn">
              {real} {real === 1 ? "interruption" : "interruptions"}
            </span>
          )}
          {call.errors > 0 && (
            <span className="badge bad">
              {call.errors} {call.errors === 1 ? "error" : "errors"}
            </span>
          )}
        </p>
      </div>
      <Tiles figures={figures} />
    </header>
  );
}
