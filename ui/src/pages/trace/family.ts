/** What a row is about: the part of the conversation that it belongs to, or what kind of work it is. */

import type { SchemaRowBody } from "../../api/schema";

export const FAMILIES = ["turn", "speech", "eou", "stt", "llm", "tool", "tts", "other"] as const;
export type Family = (typeof FAMILIES)[number];

export const FAMILY_NAMES: Record<Family, string> = {
  turn: "Turns",
  speech: "Speaking",
  eou: "End of turn",
  stt: "Transcription",
  llm: "Model",
  tool: "Tools",
  tts: "Voice",
  other: "Other",
};

const BY_STEP: Partial<Record<SchemaRowBody["step"], Family>> = {
  session: "turn",
  user_turn: "turn",
  agent_turn: "turn",
  exchange: "turn",
  user_speaking: "speech",
  agent_speaking: "speech",
  eou_wait: "eou",
  eou_detection: "eou",
  stt: "stt",
  llm: "llm",
  llm_node: "llm",
  llm_attempt: "llm",
  tts: "tts",
  tts_request: "tts",
  tts_attempt: "tts",
  tool: "tool",
};

export function familyOf(row: Pick<SchemaRowBody, "step" | "kind">): Family {
  const known = BY_STEP[row.step];
  if (known) return known;
  if (row.kind === "GENERATION") return "llm";
  return row.kind === "TOOL" ? "tool" : "other";
}

/** The colour of a row's bar. */
export function colourOf(row: Pick<SchemaRowBody, "step" | "kind" | "level">): string {
  if (row.level === "ERROR") return "var(--interruption)";
  if (row.step === "user_speaking" || row.step === "user_turn") return "var(--caller)";
  if (row.step === "agent_speaking" || row.step === "agent_turn") return "var(--agent)";
  const family = familyOf(row);
  return family === "turn" || family === "other" ? "var(--rest)" : `var(--${family})`;
}

/** A turn of the conversation, as opposed to a part of one. */
export function isTurn(row: Pick<SchemaRowBody, "step">): boolean {
  return ["user_turn", "agent_turn", "exchange"].includes(row.step);
}
