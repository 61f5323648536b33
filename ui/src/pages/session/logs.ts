/** What of log records can be told without a picture: their level, and the turn they belong to. */

import type { SchemaLogLineBody } from "../../api/schema";
import { turnAround } from "../../axis/turns";
import type { Turn } from "./call";
import type { Level } from "./search";

/** OpenTelemetry's number of the least severity of each level. */
export const LEAST: Record<Level, number> = { info: 9, warn: 13, error: 17 };

const NAMES = ["Trace", "Debug", "Info", "Warning", "Error", "Fatal"];

/** What a severity number is called; its sender's own word where there is none. */
export function levelName({ severity, severityText }: SchemaLogLineBody): string {
  return NAMES[Math.floor((severity - 1) / 4)] ?? severityText ?? "No level";
}

export const toneOf = (severity: number): "bad" | "warn" | "" =>
  severity >= LEAST.error ? "bad" : severity >= LEAST.warn ? "warn" : "";

/** Finds the turn that was made from the record's span, else the one around its instant. */
export function turnsOfRecords(
  turns: readonly Turn[],
): (record: Pick<SchemaLogLineBody, "spanId" | "traceId" | "atMs">) => number | undefined {
  const bySpan = new Map<string, number>();
  for (const turn of turns)
    for (const span of turn.spanIds) bySpan.set(`${turn.traceId} ${span}`, turn.index);
  return ({ spanId, traceId, atMs }) =>
    (spanId === null ? undefined : bySpan.get(`${traceId} ${spanId}`)) ??
    turnAround(turns, atMs)?.index;
}
