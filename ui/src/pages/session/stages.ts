/** Where the time between the caller's last word and the agent's first went. */

import type { SchemaToolBody } from "../../api/schema";
import type { Call, PathPart, ResponsePath, Turn } from "./call";

export const STAGES = [
  "stt",
  "eou",
  "callback",
  "llm",
  "tool",
  "tts",
  "transport",
  "rest",
] as const;
export type Stage = (typeof STAGES)[number];

export const STAGE_NAMES: Record<Stage, string> = {
  stt: "Transcription",
  eou: "End of turn",
  callback: "Own code",
  llm: "Model",
  tool: "Tools",
  tts: "Voice",
  transport: "Playout",
  rest: "Not explained",
};

/** From here a response is called slow: the limit from which a single turn counts as an issue. */
export const SLOW_MS = 2_500;

export type Part = PathPart["part"];

/** What the server calls the pieces of the way to an answer. */
const PARTS: Record<Part, { stage: Stage; name: string }> = {
  stt: { stage: "stt", name: "Transcription" },
  endpointing: { stage: "eou", name: "End of turn" },
  callback: { stage: "callback", name: "Own code after the turn" },
  llm: { stage: "llm", name: "Model, first token" },
  asking: { stage: "llm", name: "Model, asking for tools" },
  wording: { stage: "llm", name: "Model, first sentence" },
  tool: { stage: "tool", name: "Tools" },
  tts: { stage: "tts", name: "Voice, first byte" },
  transport: { stage: "transport", name: "Playout" },
  unexplained: { stage: "rest", name: "Not explained" },
};

/** The stages of which each answer is expected to say something. */
export const EXPECTED = ["stt", "endpointing", "llm", "tts"] as const;

export const partName = (part: Part): string => PARTS[part].name;

export interface StagePart {
  stage: Stage;
  /** What the server calls it. */
  part: Part;
  /** For how long the answer waited for it alone. */
  ms: number;
  /** Its own length; longer where it ran beside something slower. */
  ownMs: number;
  model: string | null;
  spanIds: readonly string[];
}

export interface Response {
  /** What the caller waited; null where it is not known. */
  totalMs: number | null;
  /** In time order. They sum to the total where that is known, `unexplained` included. */
  parts: StagePart[];
  /** What was reported and held nothing, because something slower ran beside it. */
  beside: StagePart[];
}

/** Time during which at least one of a turn's tools ran. */
export function toolMs(tools: readonly SchemaToolBody[]): number | null {
  const spans = tools
    .flatMap(({ startMs, endMs }) =>
      startMs === null || endMs === null ? [] : [[startMs, endMs] as const],
    )
    .sort((a, b) => a[0] - b[0]);
  if (!spans.length) return null;
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

/** The response of an agent turn: along its path where that is known, else by reported lengths. */
export function responseOf(
  turn: Turn,
  heard: Turn | undefined,
  tools: readonly SchemaToolBody[],
): Response {
  if (turn.response?.parts.length) return alongPath(turn.response, turn.responseMs);
  return byLengths(turn, heard, tools);
}

function alongPath(path: ResponsePath, responseMs: number | null): Response {
  const totalMs = path.latencyMs ?? (path.isTimed ? null : responseMs);
  const all = path.parts.map(
    (each: PathPart): StagePart => ({
      stage: PARTS[each.part].stage,
      part: each.part,
      ms: each.heldMs,
      ownMs: each.durationMs,
      model: each.model,
      spanIds: each.spanIds,
    }),
  );
  return {
    totalMs,
    parts: completed(
      all.filter((each) => each.ms > 0),
      totalMs,
    ),
    beside: all.filter((each) => each.ms <= 0 && each.part !== "unexplained"),
  };
}

/**
 * Lengths alone say nothing of what ran at once (a model that starts early), so each stage is
 * given at most what is left of the total, in the order of the pipeline.
 */
function byLengths(
  turn: Turn,
  heard: Turn | undefined,
  tools: readonly SchemaToolBody[],
): Response {
  const stt = heard?.sttMs ?? null;
  const eou = heard?.eouMs ?? null;
  const lengths: [Part, number | null][] = [
    ["stt", stt],
    // The decision that the utterance is over waits for the transcript too.
    ["endpointing", eou === null ? null : Math.max(0, eou - (stt ?? 0))],
    ["llm", turn.llmMs],
    ["tool", toolMs(tools)],
    ["tts", turn.ttsMs],
  ];
  let left = turn.responseMs ?? Number.POSITIVE_INFINITY;
  const all: StagePart[] = [];
  for (const [part, ownMs] of lengths) {
    if (ownMs === null) continue;
    const ms = Math.min(ownMs, left);
    left -= ms;
    all.push({ stage: PARTS[part].stage, part, ms, ownMs, model: null, spanIds: [] });
  }
  const held = all.filter((each) => each.ms > 0);
  return {
    totalMs: turn.responseMs,
    parts: completed(held, turn.responseMs),
    beside: all.filter((each) => each.ms <= 0),
  };
}

/** The parts and what they leave over of the total. */
function completed(parts: StagePart[], totalMs: number | null): StagePart[] {
  if (totalMs === null || !parts.length) return parts;
  const rest = totalMs - parts.reduce((sum, part) => sum + part.ms, 0);
  if (rest < 0.5) return parts;
  const last = parts.findLast((each) => each.part === "unexplained");
  if (last) return parts.map((each) => (each === last ? { ...each, ms: each.ms + rest } : each));
  const known = { ms: rest, ownMs: rest, model: null, spanIds: [] };
  return [...parts, { stage: "rest", part: "unexplained", ...known }];
}

/** The parts of one kind together, in time order; what nobody can explain comes last. */
export function summed(parts: readonly StagePart[]): StagePart[] {
  const found = new Map<Part, StagePart>();
  for (const part of parts) {
    const known = found.get(part.part);
    found.set(
      part.part,
      known
        ? {
            ...known,
            ms: known.ms + part.ms,
            ownMs: known.ownMs + part.ownMs,
            model: known.model ?? part.model,
            spanIds: [...known.spanIds, ...part.spanIds],
          }
        : part,
    );
  }
  const last = (each: StagePart) => Number(each.part === "unexplained");
  return [...found.values()].sort((a, b) => last(a) - last(b));
}

/** The responses of a session's agent turns, by turn index. */
export function responsesOf(call: Call): Map<number, Response> {
  const tools = toolsByTurn(call.tools);
  const found = new Map<number, Response>();
  let heard: Turn | undefined;
  for (const turn of call.turns) {
    if (turn.speaker === "user") heard = turn;
    else {
      found.set(turn.index, responseOf(turn, heard, tools.get(turn.index) ?? []));
      heard = undefined;
    }
  }
  return found;
}

export function toolsByTurn(tools: readonly SchemaToolBody[]): Map<number, SchemaToolBody[]> {
  const found = new Map<number, SchemaToolBody[]>();
  for (const tool of tools) {
    if (tool.turnIndex === null) continue;
    const known = found.get(tool.turnIndex);
    if (known) known.push(tool);
    else found.set(tool.turnIndex, [tool]);
  }
  return found;
}

/** The linear percentile (type 7) of some values; null without any. */
export function percentile(values: readonly number[], share: number): number | null {
  if (!values.length) return null;
  const ordered = [...values].sort((a, b) => a - b);
  const place = (ordered.length - 1) * share;
  const low = ordered[Math.floor(place)] ?? 0;
  const high = ordered[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}
