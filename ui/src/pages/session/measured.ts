/** What is measured in a call beside what was reported: the way of each answer, and the sound. */

import type { SchemaInterruptionBody, SchemaSessionBody, SchemaTurnBody } from "../../api/schema";

/** One piece of the way from the caller's last word to the agent's first sound. */
export interface PathPart {
  part: string;
  stage: string;
  durationMs: number;
  heldMs: number;
  startMs: number | null;
  model: string | null;
  provider: string | null;
  spanIds: readonly string[];
  isCancelled: boolean;
}

export interface Generation {
  model: string | null;
  requestedModel: string | null;
  provider: string | null;
  promptTokens: number | null;
  cachedTokens: number | null;
  outputTokens: number | null;
  reasoningTokens: number | null;
  thinkingMs: number | null;
  attempts: number;
}

export interface ResponsePath {
  kind: string;
  askedTurn: number | null;
  fromMs: number | null;
  heardMs: number | null;
  latencyMs: number | null;
  parts: readonly PathPart[];
  isTimed: boolean;
  generation: Generation | null;
}

export interface Heard {
  recordingId: string;
  agentChannel: number | null;
  confidence: number;
  problem: string | null;
  notes: readonly string[];
  alignmentMadMs: number | null;
  responses: readonly { turn: number | null; latencyMs: number }[];
  p50Ms: number | null;
  p95Ms: number | null;
  snrDb: number | null;
  clippedShare: number | null;
}

export interface Conduct {
  firstWordMs: number | null;
  agentSpeechMs: number | null;
  userSpeechMs: number | null;
  overlapMs: number | null;
  talkRatio: number | null;
  agentWordsPerMinute: number | null;
  longestMonologueMs: number | null;
}

export type Turn = SchemaTurnBody & { readonly response?: ResponsePath | null };
export type Overlap = SchemaInterruptionBody & { readonly kind?: string };
export type Call = Omit<SchemaSessionBody, "turns" | "interruptions"> & {
  readonly turns: readonly Turn[];
  readonly interruptions: readonly Overlap[];
  readonly overlaps?: readonly Overlap[];
  readonly audio?: Heard | null;
  readonly conduct?: Conduct;
};
