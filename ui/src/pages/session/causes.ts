/** Issues as chains: what follows from another one stands under it. */

import type { SchemaIssueBody } from "../../api/schema";
import { duration, money } from "../../format/figures";

export interface Cause {
  issue: SchemaIssueBody;
  /** What follows from it, itself with what follows from that. */
  consequences: Cause[];
}

const WEIGHT: Record<string, number> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };

/** The causes, the worst first; an issue whose cause is not among them stands for itself. */
export function causesOf(issues: readonly SchemaIssueBody[]): Cause[] {
  const nodes = issues.map((issue): Cause => ({ issue, consequences: [] }));
  const above = new Map<Cause, Cause>();
  for (const node of nodes) {
    const cause = causeOf(node, nodes);
    // Two that name each other would leave neither in sight.
    if (cause && !isBelow(cause, node, above)) {
      above.set(node, cause);
      cause.consequences.push(node);
    }
  }
  return nodes
    .filter((node) => !above.has(node))
    .sort((a, b) => (WEIGHT[b.issue.severity] ?? 0) - (WEIGHT[a.issue.severity] ?? 0));
}

/** Of the issues that are of the named type the one nearest in the call. */
function causeOf(node: Cause, nodes: readonly Cause[]): Cause | undefined {
  const { causedBy, turn } = node.issue;
  if (causedBy === null) return undefined;
  const distance = (each: Cause) =>
    turn === null || each.issue.turn === null ? 0 : Math.abs(each.issue.turn - turn);
  return nodes
    .filter((each) => each !== node && each.issue.type === causedBy)
    .sort((a, b) => distance(a) - distance(b))[0];
}

function isBelow(node: Cause, top: Cause, above: ReadonlyMap<Cause, Cause>): boolean {
  for (let each: Cause | undefined = node; each; each = above.get(each))
    if (each === top) return true;
  return false;
}

/** `slow_tool` as people say it. */
export function said(name: string): string {
  const words = name
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/\b(stt|llm|tts|usd|snr)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A piece of evidence with the unit that its name tells: `excessMs`, `share`, `costUsd`. */
export function evidence(name: string, value: number | string): { name: string; value: string } {
  if (typeof value === "string") return { name: said(name), value };
  if (name.endsWith("Ms")) return { name: said(name.slice(0, -2)), value: duration(value) };
  if (name.endsWith("Usd")) return { name: said(name.slice(0, -3)), value: money(value) };
  if (/share$/i.test(name)) return { name: said(name), value: `${Math.round(value * 100)} %` };
  const rounded = Math.round(value * 100) / 100;
  return { name: said(name), value: rounded.toLocaleString("en") };
}
