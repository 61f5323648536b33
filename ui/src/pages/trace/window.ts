/** A stretch of a trace's time: what the waterfall shows. */

export interface Span {
  startMs: number;
  endMs: number;
}

/** No window is shorter, so that its edges stay apart on any screen. */
export const SHORTEST_MS = 1;

/** `372-859.5`, as the address holds it. */
export function writeWindow({ startMs, endMs }: Span): string {
  const short = (ms: number) => String(Math.round(ms * 10) / 10);
  return `${short(startMs)}-${short(endMs)}`;
}

/** Reads what `writeWindow` has written, within the trace where its length is known. */
export function readWindow(text: string | undefined, wholeMs?: number): Span | undefined {
  const match = /^(\d{1,13}(?:\.\d+)?)-(\d{1,13}(?:\.\d+)?)$/.exec(text ?? "");
  if (!match) return undefined;
  const found = { startMs: Number(match[1]), endMs: Number(match[2]) };
  if (found.endMs <= found.startMs) return undefined;
  return wholeMs === undefined ? found : within(found, wholeMs);
}

/** The window moved, and where it is too long cut, so that it lies inside the trace. */
export function within({ startMs, endMs }: Span, wholeMs: number): Span {
  const whole = Math.max(SHORTEST_MS, wholeMs);
  const length = Math.min(whole, Math.max(SHORTEST_MS, endMs - startMs));
  const start = Math.min(Math.max(0, startMs), whole - length);
  return { startMs: start, endMs: start + length };
}

/** A window around an event, with a little room at both sides: the event fills most of it. */
export function around({ startMs, endMs }: Span, wholeMs: number): Span {
  const room = Math.max(SHORTEST_MS, (endMs - startMs) * 0.06);
  return within({ startMs: startMs - room, endMs: endMs + room }, wholeMs);
}

/** A window `factor` times as long about a place that keeps where it is. */
export function zoomed({ startMs, endMs }: Span, factor: number, aboutMs: number, wholeMs: number) {
  return within(
    {
      startMs: aboutMs - (aboutMs - startMs) * factor,
      endMs: aboutMs + (endMs - aboutMs) * factor,
    },
    wholeMs,
  );
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Steps that are round on a clock; shorter ones are round as numbers. */
const STEPS = [
  ...[10, 15, 30].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 6, 12, 24].map((each) => each * HOUR),
];

/** Round instants inside the window, at most `most` of them and evenly apart. */
export function ticks({ startMs, endMs }: Span, most: number): number[] {
  const least = (endMs - startMs) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const round = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least) ?? least;
  const step = round < (STEPS[0] ?? 0) ? round : (STEPS.find((each) => each >= least) ?? round);
  const found: number[] = [];
  for (let at = Math.ceil(startMs / step); at * step <= endMs && found.length <= most; at += 1) {
    found.push(at * step);
  }
  return found;
}

/** An instant on the ruler, as exact as the window asks for: `372 ms`, `9.80 s`, `1:07.2`. */
export function instantLabel(ms: number, { startMs, endMs }: Span): string {
  const length = endMs - startMs;
  if (endMs < SECOND) return `${Number(ms.toFixed(length < 10 ? 1 : 0))} ms`;
  const digits = length < 100 ? 3 : length < SECOND ? 2 : length < 20 * SECOND ? 1 : 0;
  if (endMs < MINUTE) return `${(ms / SECOND).toFixed(digits)} s`;
  // Rounded first, so that no minute has sixty seconds.
  const rounded = Number((ms / SECOND).toFixed(digits));
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = (rounded % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const hours = Math.floor(rounded / 3_600);
  const minutes = Math.floor(rounded / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}
