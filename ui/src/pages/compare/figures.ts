/** What two sessions are compared by. */

import type { SchemaSessionBody, SchemaTurnBody } from "../../api/schema";
import { count, duration, money } from "../../format/figures";
import { percentile } from "../session/stages";

export interface Figure {
  name: string;
  a: number | null;
  b: number | null;
  write: (value: number | null) => string;
  /** Whether less of it is better; undefined where neither is. */
  isLessBetter?: boolean;
}

type Sum = (session: SchemaSessionBody) => number | null;

/** The turns of the agent, which are what a caller waits for. */
export function agentTurns(session: SchemaSessionBody): SchemaTurnBody[] {
  return session.turns.filter((turn) => turn.speaker === "agent");
}

function reported(turns: readonly SchemaTurnBody[], of: (turn: SchemaTurnBody) => number | null) {
  return turns.map(of).filter((value) => value !== null);
}

const median =
  (of: (turn: SchemaTurnBody) => number | null): Sum =>
  (session) =>
    percentile(reported(session.turns, of), 0.5);

/** Each figure of both; null where a session did not report it. */
export function figures(a: SchemaSessionBody, b: SchemaSessionBody): Figure[] {
  const of = (name: string, sum: Sum, write: Figure["write"], isLessBetter?: boolean): Figure => ({
    name,
    a: sum(a),
    b: sum(b),
    write,
    ...(isLessBetter === undefined ? {} : { isLessBetter }),
  });
  const response = (share: number): Sum => {
    return (session) =>
      percentile(
        reported(agentTurns(session), (turn) => turn.responseMs),
        share,
      );
  };
  return [
    of("Duration", (each) => each.durationMs, duration),
    of("Turns", (each) => each.turns.length, count),
    of("Response p50", response(0.5), duration, true),
    of("Response p95", response(0.95), duration, true),
    of(
      "Transcription p50",
      median((turn) => turn.sttMs),
      duration,
      true,
    ),
    of(
      "End of turn p50",
      median((turn) => turn.eouMs),
      duration,
      true,
    ),
    of(
      "Model, first token p50",
      median((turn) => turn.llmMs),
      duration,
      true,
    ),
    of(
      "Voice, first byte p50",
      median((turn) => turn.ttsMs),
      duration,
      true,
    ),
    of("Interruptions", (each) => each.interruptions.length, count, true),
    of("Tool calls", (each) => each.tools.length, count),
    of("Errors", (each) => each.errors, count, true),
    of("Cost", (each) => each.costUsd, money, true),
  ];
}

/** `+12 %` of `b` against `a`; null where one is missing or there is nothing to divide by. */
export function change(figure: Pick<Figure, "a" | "b">): number | null {
  if (figure.a === null || figure.b === null || figure.a === 0) return null;
  return (figure.b - figure.a) / figure.a;
}

/** Better, worse or neither; what differs by two in a hundred or less is the same. */
export function verdict(figure: Figure): "good" | "bad" | undefined {
  const { a, b, isLessBetter } = figure;
  if (isLessBetter === undefined || a === null || b === null) return undefined;
  if (Math.abs(b - a) <= Math.abs(a) / 50) return undefined;
  return b < a === isLessBetter ? "good" : "bad";
}
