import type { SchemaFiguresBody } from "../../api/schema";

/** A 99th percentile of fewer values than this says nothing. */
export const ENOUGH_FOR_P99 = 100;

/** The 99th percentile of the response times, where there are enough of them. */
export function p99(figures: SchemaFiguresBody): number | null {
  return figures.responses >= ENOUGH_FOR_P99 ? (figures.responseMs.p99 ?? null) : null;
}
