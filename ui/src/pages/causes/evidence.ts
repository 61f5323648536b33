/** The numbers behind an issue, in words and with their units. */

import { count, decimal, duration, money, percent } from "../../format/figures";

type Evidence = Readonly<Record<string, number | string>>;
type Write = (value: number) => string;

/** What is shown, in this order; whatever else the evidence holds is in the session itself. */
const SHOWN: readonly (readonly [string, string, Write])[] = [
  ["observedMs", "Measured", duration],
  ["baselineMs", "Usual here", duration],
  ["targetMs", "Target", duration],
  ["beforeMs", "Before", duration],
  ["afterMs", "Since", duration],
  ["latencyMs", "Whole wait", duration],
  ["share", "Share of the excess", percent],
  ["excessMs", "Excess", duration],
  ["usdPerMinute", "Cost per minute", money],
  ["baselineUsdPerMinute", "Usual per minute", money],
  ["attempts", "Attempts", count],
  ["shift", "Shift", percent],
  ["z", "Deviation (z)", decimal],
  ["n", "Compared with", (value) => `${count(value)} turns`],
];
/** Texts that name something. */
const NAMED: readonly (readonly [string, string])[] = [
  ["tool", "Tool"],
  ["owedBy", "Whose turn it was"],
  ["previousVersion", "Version before"],
  ["version", "Version"],
  ["driver", "Driver"],
  ["error", "Error"],
];

/** [name, value] of what the evidence tells. */
export function figuresOf(evidence: Evidence): [string, string][] {
  const found: [string, string][] = [];
  for (const [key, name] of NAMED) {
    const value = evidence[key];
    if (typeof value === "string" && value) found.push([name, value]);
  }
  for (const [key, name, write] of SHOWN) {
    const value = evidence[key];
    if (typeof value === "number" && Number.isFinite(value)) found.push([name, write(value)]);
  }
  return found;
}

/** A confidence between 0 and 1 in words and in per cent. */
export function sureness(confidence: number): string {
  const word = confidence >= 0.85 ? "very" : confidence >= 0.6 ? "fairly" : "hardly";
  return `${word}, ${percent(confidence)}`;
}
