/** The stretch of a trace's time that is in sight. */

import { lengthOf, type Span, type Whole } from "../../axis/span";

/** No stretch is shorter, so that its edges stay apart on any screen. */
const SHORTEST_MS = 1;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** All of a trace that lasts so long. */
export const wholeOf = (wholeMs: number): Whole => ({
  fromMs: 0,
  toMs: Math.max(SHORTEST_MS, wholeMs),
  shortestMs: SHORTEST_MS,
});

/** The time of a row; one that has not ended lasts as long as the trace. */
export const timeOf = (row: { startMs: number; endMs: number | null }, wholeMs: number): Span => ({
  fromMs: row.startMs,
  toMs: row.endMs ?? Math.max(row.startMs, wholeMs),
});

/** An instant on the ruler, as exact as the window asks for: `372 ms`, `9.80 s`, `1:07.2`. */
export function instantLabel(ms: number, span: Span): string {
  const length = lengthOf(span);
  if (span.toMs < SECOND) return `${Number(ms.toFixed(length < 10 ? 1 : 0))} ms`;
  const digits = length < 100 ? 3 : length < SECOND ? 2 : length < 20 * SECOND ? 1 : 0;
  if (span.toMs < MINUTE) return `${(ms / SECOND).toFixed(digits)} s`;
  // Rounded first, so that no minute has sixty seconds.
  const rounded = Number((ms / SECOND).toFixed(digits));
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = (rounded % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const hours = Math.floor(rounded / 3_600);
  const minutes = Math.floor(rounded / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}
