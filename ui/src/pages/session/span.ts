/** Parts of a call's time axis, in milliseconds since the session's start: zoom, pan, ticks. */

export interface Span {
  fromMs: number;
  toMs: number;
}

export const SHORTEST_MS = 1_000;
/** What is shown around the chosen turn at first: a waiting caller is then wide enough to read. */
export const DEFAULT_MS = 60_000;

export const lengthOf = (span: Span): number => span.toMs - span.fromMs;

/** The span, no shorter than a second, no longer than the whole, and inside it. */
export function within(span: Span, whole: Span): Span {
  const length = Math.min(Math.max(lengthOf(span), SHORTEST_MS), lengthOf(whole));
  const fromMs = Math.min(Math.max(span.fromMs, whole.fromMs), whole.toMs - length);
  return { fromMs, toMs: fromMs + length };
}

/** Stretches the span by a factor (below 1 is nearer) around an instant that stays where it is. */
export function zoomed(span: Span, factor: number, aroundMs: number, whole: Span): Span {
  const length = Math.min(Math.max(lengthOf(span) * factor, SHORTEST_MS), lengthOf(whole));
  const share = (aroundMs - span.fromMs) / lengthOf(span);
  const fromMs = aroundMs - share * length;
  return within({ fromMs, toMs: fromMs + length }, whole);
}

export function panned(span: Span, byMs: number, whole: Span): Span {
  return within({ fromMs: span.fromMs + byMs, toMs: span.toMs + byMs }, whole);
}

/** A span of some length with an instant at its middle, as far as the whole allows. */
export function around(ms: number, length: number, whole: Span): Span {
  return within({ fromMs: ms - length / 2, toMs: ms + length / 2 }, whole);
}

/** A part of the call with a little air on both sides. */
export function fitted(part: Span, whole: Span): Span {
  const air = Math.max(400, lengthOf(part) * 0.12);
  return within({ fromMs: part.fromMs - air, toMs: part.toMs + air }, whole);
}

export const holds = (span: Span, ms: number): boolean => ms >= span.fromMs && ms <= span.toMs;

const STEPS_MS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000,
];

/** The instants of a ruler on which labels have at least `apartPx` for each. */
export function ticks(span: Span, widthPx: number, apartPx = 76): { stepMs: number; at: number[] } {
  const least = (lengthOf(span) * apartPx) / Math.max(1, widthPx);
  const stepMs = STEPS_MS.find((step) => step >= least) ?? 14_400_000;
  const at: number[] = [];
  for (let ms = Math.ceil(span.fromMs / stepMs) * stepMs; ms <= span.toMs; ms += stepMs)
    at.push(ms);
  return { stepMs, at };
}

/** How an address says which part is in sight, in seconds: `12.5-72.5`. */
export function writtenSpan(span: Span): string {
  return `${tenth(span.fromMs)}-${tenth(span.toMs)}`;
}

export function readSpan(text: string | undefined): Span | undefined {
  const found = /^(-?\d{1,8}(?:\.\d+)?)-(\d{1,8}(?:\.\d+)?)$/.exec(text ?? "");
  if (!found) return undefined;
  const span = { fromMs: Number(found[1]) * 1000, toMs: Number(found[2]) * 1000 };
  return span.toMs > span.fromMs ? span : undefined;
}

const tenth = (ms: number) => Math.round(ms / 100) / 10;
