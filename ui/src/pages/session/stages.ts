/** Where the time between the caller's last word and the agent's first went. */

import type { SchemaToolBody } from "../../api/schema";
import type { PathPart, Turn } from "./call";

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
  /** What held nothing, because something slower ran beside it. */
  beside: StagePart[];
}

/** How an agent turn came about; without a path, all of a known wait is unexplained. */
export function responseOf({ response: path, responseMs }: Turn): Response {
  const totalMs = path?.latencyMs ?? (path?.isTimed ? null : responseMs);
  const known = (path?.parts ?? [])
    .filter((each) => each.part !== "unexplained")
    .map(
      (each): StagePart => ({
        stage: PARTS[each.part].stage,
        part: each.part,
        ms: each.heldMs,
        ownMs: each.durationMs,
        model: each.model,
        spanIds: each.spanIds,
      }),
    );
  const { held, leftMs } = shared(known, totalMs);
  return {
    totalMs,
    parts: leftMs >= 0.5 ? [...held, unexplained(leftMs)] : held,
    beside: known.filter((each) => each.ms <= 0),
  };
}

/**
 * What each part held of the wait, and what is left of it. Lengths alone say nothing of what ran at
 * once (a model that starts early), so each part holds at most what those before it have left.
 */
function shared(
  parts: readonly StagePart[],
  totalMs: number | null,
): { held: StagePart[]; leftMs: number } {
  let left = totalMs ?? Number.POSITIVE_INFINITY;
  const held: StagePart[] = [];
  for (const part of parts) {
    const ms = Math.min(part.ms, left);
    left -= ms;
    if (ms > 0) held.push({ ...part, ms });
  }
  return { held, leftMs: totalMs === null ? 0 : left };
}

function unexplained(ms: number): StagePart {
  return { stage: "rest", part: "unexplained", ms, ownMs: ms, model: null, spanIds: [] };
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
export function responsesOf(turns: readonly Turn[]): Map<number, Response> {
  return new Map(
    turns
      .filter((turn) => turn.speaker === "agent")
      .map((turn) => [turn.index, responseOf(turn)] as const),
  );
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
