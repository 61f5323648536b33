/** What the timeline shows of a call, as intervals and instants of the session in milliseconds. */

import type { SchemaRecordingBody } from "../../api/schema";
import type { Span, Whole } from "../../axis/span";
import type { Call, Overlap, Turn } from "./call";
import { type Response, SLOW_MS, type Stage } from "./stages";

export interface Speech extends Span {
  turn: number;
  speaker: Turn["speaker"];
}

export interface Wait extends Span {
  turn: number;
  isSlow: boolean;
  totalMs: number;
  parts: (Span & { stage: Stage })[];
}

export type FlagKind = Overlap["kind"];

export const FLAG_NAMES: Record<FlagKind, string> = {
  barge_in: "Interruption",
  false_alarm: "False interruption",
  backchannel: "Backchannel",
  missed: "Missed interruption",
  premature: "Agent too early",
};

/** Those that are no harm: the agent went on, or stopped for nothing. */
export const isMild = (kind: FlagKind): boolean => kind === "backchannel" || kind === "false_alarm";

export interface Flag {
  id: string;
  kind: FlagKind;
  atMs: number;
  /** When whoever gave way was silent; null where nobody did, or nobody said. */
  stoppedMs: number | null;
  turn: number | null;
  of: Overlap;
}

export interface ToolMark extends Span {
  id: string;
  name: string;
  turn: number | null;
  isError: boolean;
}

export interface Fault {
  atMs: number;
  turn: number;
}

export interface Marks {
  whole: Whole;
  speech: Speech[];
  waits: Wait[];
  flags: Flag[];
  tools: ToolMark[];
  faults: Fault[];
}

/** No part in sight is shorter. */
const SHORTEST_MS = 1_000;
/** A turn whose end nobody told is drawn to the next one, but no longer than this. */
const LONGEST_GUESS_MS = 8_000;

export function marksOf(call: Call, responses: ReadonlyMap<number, Response>): Marks {
  const speech = speechOf(call.turns, call.durationMs);
  const tools = call.tools.flatMap(({ startMs, endMs, id, name, turnIndex, isError }) =>
    startMs === null
      ? []
      : [{ id, name, isError, turn: turnIndex, fromMs: startMs, toMs: endMs ?? startMs }],
  );
  const flags = [...call.interruptions, ...call.overlaps]
    .flatMap((each): Flag[] =>
      each.onsetMs === null ? [] : [{ ...flagOf(each), atMs: each.onsetMs }],
    )
    .sort((a, b) => a.atMs - b.atMs);
  const failed = new Set(call.tools.flatMap((each) => (each.isError ? [each.turnIndex] : [])));
  return {
    whole: wholeOf(call, speech),
    speech,
    waits: call.turns.flatMap((turn) => waitOf(turn, responses.get(turn.index))),
    flags,
    tools,
    faults: call.turns
      .filter((turn) => turn.error !== null || failed.has(turn.index))
      .map((turn) => ({ atMs: turn.startMs, turn: turn.index })),
  };
}

function flagOf(each: Overlap): Omit<Flag, "atMs"> {
  const { kind } = each;
  const turn = kind === "backchannel" ? each.userTurnIndex : each.agentTurnIndex;
  return {
    id: each.id,
    kind,
    stoppedMs: each.stoppedMs,
    turn: turn ?? each.agentTurnIndex ?? each.userTurnIndex,
    of: each,
  };
}

function speechOf(turns: readonly Turn[], durationMs: number): Speech[] {
  return turns.map((turn, place) => {
    const nextMs = turns[place + 1]?.startMs ?? Math.max(durationMs, turn.startMs);
    const guessMs = Math.min(nextMs, turn.startMs + LONGEST_GUESS_MS);
    const toMs = Math.max(turn.startMs, turn.endMs ?? guessMs);
    return { turn: turn.index, speaker: turn.speaker, fromMs: turn.startMs, toMs };
  });
}

/** The stages of a response end where the agent begins to speak. */
function waitOf(turn: Turn, response: Response | undefined): Wait[] {
  if (!response?.totalMs || response.totalMs <= 0) return [];
  const toMs = turn.response?.heardMs ?? turn.startMs;
  const fromMs = toMs - response.totalMs;
  let at = fromMs;
  const parts = response.parts.map((part) => {
    const span = { stage: part.stage, fromMs: at, toMs: at + part.ms };
    at += part.ms;
    return span;
  });
  const isSlow = response.totalMs >= SLOW_MS;
  return [{ turn: turn.index, fromMs, toMs, isSlow, totalMs: response.totalMs, parts }];
}

/** All of the call: its turns and its recordings, also where they go beyond its bounds. */
function wholeOf(call: Call, speech: readonly Speech[]): Whole {
  let fromMs = Math.min(0, speech[0]?.fromMs ?? 0);
  let toMs = Math.max(call.durationMs, 1_000);
  for (const each of speech) toMs = Math.max(toMs, each.toMs);
  for (const recording of call.recordings) {
    if (!recording.isPlayable) continue;
    const offsetMs = offsetOf(call, recording);
    fromMs = Math.min(fromMs, offsetMs);
    toMs = Math.max(toMs, offsetMs + (recording.durationMs ?? 0));
  }
  return { fromMs, toMs, shortestMs: SHORTEST_MS };
}

/** Where a recording begins in the session: as its words fit the turns, else as its maker said. */
export function offsetOf(call: Call, recording: SchemaRecordingBody): number {
  const heardMs = call.audio?.recordingId === recording.id ? call.audio.startMs : null;
  return heardMs ?? recording.offsetMs ?? 0;
}

/** The index of the turn that goes on at an instant, else of the one before it. */
export function turnAt(turns: readonly Turn[], ms: number): number | undefined {
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Half a millisecond for what a player makes of a time that it was given.
    if ((turns[middle]?.startMs ?? 0) <= ms + 0.5) low = middle + 1;
    else high = middle;
  }
  return turns[low - 1]?.index;
}

/** Silence shorter than this is part of talking. */
const SILENCE_MS = 1_200;
const LEAD_MS = 250;

/** Where to go on from an instant at which nobody speaks for a while; null to go on from here. */
export function afterSilence(speech: readonly Speech[], atMs: number): number | null {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { fromMs, toMs } of speech) {
    if (fromMs <= atMs && toMs > atMs) return null;
    // Whoever has just stopped may still be fading away.
    if (toMs <= atMs && atMs - toMs < LEAD_MS) return null;
    if (fromMs > atMs) nextMs = Math.min(nextMs, fromMs);
  }
  return Number.isFinite(nextMs) && nextMs - atMs >= SILENCE_MS ? nextMs - LEAD_MS : null;
}
