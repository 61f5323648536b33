/** Where the time between the caller's last word and the agent's first went. */

import type { SchemaSessionBody, SchemaToolBody, SchemaTurnBody } from "../../api/schema";

export const STAGES = ["stt", "eou", "llm", "tool", "tts", "rest"] as const;
export type Stage = (typeof STAGES)[number];

export const STAGE_NAMES: Record<Stage, string> = {
  stt: "Transcription",
  eou: "End of turn",
  llm: "Model, first token",
  tool: "Tools",
  tts: "Voice, first byte",
  rest: "Not explained",
};

export interface StagePart {
  stage: Stage;
  ms: number;
}

export interface Response {
  /** What the caller waited; null where it is not known. */
  totalMs: number | null;
  /** What was reported, in the order of the pipeline; a stage nobody reported is missing. */
  parts: StagePart[];
}

/** Time during which at least one of a turn's tools ran. */
export function toolMs(tools: readonly SchemaToolBody[]): number {
  const spans = tools
    .flatMap(({ startMs, endMs }) =>
      startMs === null || endMs === null ? [] : [[startMs, endMs] as const],
    )
    .sort((a, b) => a[0] - b[0]);
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

/**
 * The response of an agent turn. Stages may overlap (a model that starts early), so their sum is
 * never called the total; what a longer total leaves over is the rest.
 */
export function responseOf(
  turn: SchemaTurnBody,
  heard: SchemaTurnBody | undefined,
  tools: readonly SchemaToolBody[],
): Response {
  const parts: StagePart[] = [];
  const add = (stage: Stage, ms: number | null | undefined) => {
    if (ms !== null && ms !== undefined && ms > 0) parts.push({ stage, ms });
  };
  const stt = heard?.sttMs ?? null;
  const eou = heard?.eouMs ?? null;
  add("stt", stt);
  // The decision that the utterance is over waits for the transcript too.
  add("eou", eou === null ? null : eou - (stt ?? 0));
  add("llm", turn.llmMs);
  add("tool", toolMs(tools));
  add("tts", turn.ttsMs);
  const explained = parts.reduce((sum, part) => sum + part.ms, 0);
  if (parts.length && turn.responseMs !== null) {
    const rest = turn.responseMs - explained;
    if (rest >= 20) add("rest", rest);
  }
  return { totalMs: turn.responseMs, parts };
}

/** The responses of a session's agent turns, by turn index. */
export function responsesOf(session: SchemaSessionBody): Map<number, Response> {
  const tools = byTurn(session.tools);
  const found = new Map<number, Response>();
  let heard: SchemaTurnBody | undefined;
  for (const turn of session.turns) {
    if (turn.speaker === "user") heard = turn;
    else {
      found.set(turn.index, responseOf(turn, heard, tools.get(turn.index) ?? []));
      heard = undefined;
    }
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

function byTurn(tools: readonly SchemaToolBody[]): Map<number, SchemaToolBody[]> {
  const found = new Map<number, SchemaToolBody[]>();
  for (const tool of tools) {
    if (tool.turnIndex === null) continue;
    const known = found.get(tool.turnIndex);
    if (known) known.push(tool);
    else found.set(tool.turnIndex, [tool]);
  }
  return found;
}
