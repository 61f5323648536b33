/** How the rules of alerts are written. */

import type { Alert } from "./questions";

export const OPERATORS: readonly (readonly [operator: string, name: string])[] = [
  ["gt", "is above"],
  ["gte", "is at least"],
  ["lt", "is below"],
  ["lte", "is at most"],
];
const SIGNS: Readonly<Record<string, string>> = { gt: ">", gte: "≥", lt: "<", lte: "≤" };

/** `turnLatencyMs.p95` as `turn latency p95 (ms)`; what is unknown stays as it is. */
export function metricName(metric: string): string {
  const [base = "", ...rest] = metric.split(".");
  if (base === "issues" && rest.length) return `issues of type ${rest.join(".")}`;
  const unit = /(Ms|Seconds|Usd)$/.exec(base)?.[1];
  const bare = unit ? base.slice(0, -unit.length) : base;
  const words = bare.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  const shown = unit === "Ms" ? " (ms)" : unit === "Seconds" ? " (s)" : unit ? " (USD)" : "";
  return [words, ...rest].join(" ") + shown;
}

/** `turn latency p95 (ms) > 2500 over 15 min`. */
export function ruleText(rule: Pick<Alert, "metric" | "operator" | "threshold" | "windowMinutes">) {
  const when = rule.windowMinutes === null ? "in a session" : `over ${rule.windowMinutes} min`;
  const sign = SIGNS[rule.operator] ?? rule.operator;
  return `${metricName(rule.metric)} ${sign} ${rule.threshold} ${when}`;
}
