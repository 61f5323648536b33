/** How a figure moved against another one, and whether that is good. */

export type Better = "less" | "more" | "neither";

export interface Change {
  /** `+12 %`; `new` where there was nothing before. */
  text: string;
  direction: "up" | "down" | "same";
  verdict: "good" | "bad" | "neutral";
}

/** Moves of less than this share are called none: they would be noise with an arrow. */
const LEAST = 0.005;
/** From here on a factor says more than per cent do. */
const MANY = 10;

/** Null where one of the two is unknown. */
export function change(
  now: number | null | undefined,
  before: number | null | undefined,
  better: Better = "less",
): Change | null {
  if (now === null || now === undefined || before === null || before === undefined) return null;
  if (before === 0) {
    if (now === 0) return { text: "no change", direction: "same", verdict: "neutral" };
    return { text: "new", direction: "up", verdict: verdict(true, better) };
  }
  const ratio = now / before - 1;
  if (Math.abs(ratio) < LEAST) return { text: "no change", direction: "same", verdict: "neutral" };
  const isUp = ratio > 0;
  const text =
    ratio + 1 >= MANY
      ? `×${Math.round(ratio + 1)}`
      : `${isUp ? "+" : "−"}${Math.abs(ratio * 100).toFixed(Math.abs(ratio) < 0.1 ? 1 : 0)} %`;
  return { text, direction: isUp ? "up" : "down", verdict: verdict(isUp, better) };
}

function verdict(isUp: boolean, better: Better): Change["verdict"] {
  if (better === "neither") return "neutral";
  return isUp === (better === "more") ? "good" : "bad";
}

/** 95 % of a share of so many, after Wilson (1927); null without any. */
export function wilson(hits: number, of: number): [number, number] | null {
  if (of <= 0) return null;
  const z = 1.959964;
  const share = hits / of;
  const scale = 1 + (z * z) / of;
  const middle = (share + (z * z) / (2 * of)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
