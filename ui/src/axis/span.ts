/** Parts of a time axis in milliseconds: zoom, pan, the ruler, and how an address writes them. */

export interface Span {
  fromMs: number;
  toMs: number;
}

/** All that can be seen of an axis, and the least of it that may be in sight. */
export interface Whole extends Span {
  shortestMs: number;
}

/** The air around what is fitted, at either side: a share of it, and of the shortest span. */
const AIR = 0.08;
const LEAST_AIR = 0.4;

export const lengthOf = (span: Span): number => span.toMs - span.fromMs;

export const holds = (span: Span, ms: number): boolean => ms >= span.fromMs && ms <= span.toMs;

/** The span, no shorter than may be, no longer than the whole, and inside it. */
export function within(span: Span, whole: Whole): Span {
  const length = Math.min(Math.max(lengthOf(span), whole.shortestMs), lengthOf(whole));
  const fromMs = Math.min(Math.max(span.fromMs, whole.fromMs), whole.toMs - length);
  return { fromMs, toMs: fromMs + length };
}

/** Stretches the span by a factor (below 1 is nearer) around an instant that stays where it is. */
export function zoomed(span: Span, factor: number, aroundMs: number, whole: Whole): Span {
  const longest = Math.max(lengthOf(span) * factor, whole.shortestMs);
  const length = Math.min(longest, lengthOf(whole));
  const share = (aroundMs - span.fromMs) / lengthOf(span);
  const fromMs = aroundMs - share * length;
  return within({ fromMs, toMs: fromMs + length }, whole);
}

export function panned(span: Span, byMs: number, whole: Whole): Span {
  return within({ fromMs: span.fromMs + byMs, toMs: span.toMs + byMs }, whole);
}

/** A span of some length with an instant at its middle, as far as the whole allows. */
export function around(ms: number, length: number, whole: Whole): Span {
  return within({ fromMs: ms - length / 2, toMs: ms + length / 2 }, whole);
}

/** A part with a little air on both sides: it fills most of the span. */
export function fitted(part: Span, whole: Whole): Span {
  const air = Math.max(whole.shortestMs * LEAST_AIR, lengthOf(part) * AIR);
  return within({ fromMs: part.fromMs - air, toMs: part.toMs + air }, whole);
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Steps that are round on a clock; shorter ones are round as numbers. */
const STEPS_MS = [
  ...[10, 15, 30].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 4, 12, 24].map((each) => each * HOUR),
];

/** Round instants inside the span, evenly apart: at most `most` of them, and one for its edge. */
export function ticks(span: Span, most: number): { stepMs: number; at: number[] } {
  const leastMs = lengthOf(span) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(leastMs));
  const number = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= leastMs);
  const round = number ?? leastMs;
  const stepMs =
    round < (STEPS_MS[0] ?? 0) ? round : (STEPS_MS.find((each) => each >= leastMs) ?? round);
  const at: number[] = [];
  for (let place = Math.ceil(span.fromMs / stepMs); place * stepMs <= span.toMs; place += 1) {
    at.push(place * stepMs);
    if (at.length > most) break;
  }
  return { stepMs, at };
}

/** How an address says which part is in sight, to a tenth of its unit: `12.5-72.5`. */
export function writtenSpan(span: Span, unitMs: number): string {
  const tenth = (ms: number) => Math.round((ms / unitMs) * 10) / 10;
  return `${tenth(span.fromMs)}-${tenth(span.toMs)}`;
}

/** Reads what `writtenSpan` has written. */
export function readSpan(text: string | undefined, unitMs: number): Span | undefined {
  const found = /^(-?\d{1,13}(?:\.\d+)?)-(\d{1,13}(?:\.\d+)?)$/.exec(text ?? "");
  if (!found) return undefined;
  const span = { fromMs: Number(found[1]) * unitMs, toMs: Number(found[2]) * unitMs };
  return span.toMs > span.fromMs ? span : undefined;
}
