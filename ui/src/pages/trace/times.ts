/** Where the time of a trace went: what each row took itself, and what all of it had to wait for. */

import type { SchemaRowBody } from "../../api/schema";
import type { Span } from "../../axis/span";
import type { Forest } from "./tree";

type Ended = SchemaRowBody & { endMs: number };
const isEnded = (row: SchemaRowBody): row is Ended => row.endMs !== null;

/** Time of a row during which none of its children ran; null while its end is unknown. */
export function selfMs(row: SchemaRowBody, children: readonly SchemaRowBody[]): number | null {
  if (!isEnded(row)) return null;
  let covered = 0;
  let until = row.startMs;
  for (const child of [...children].sort((a, b) => a.startMs - b.startMs)) {
    const end = Math.min(child.endMs ?? child.startMs, row.endMs);
    if (end > until) covered += end - Math.max(until, child.startMs);
    until = Math.max(until, end);
  }
  return Math.max(0, row.endMs - row.startMs - covered);
}

/**
 * The critical path: by row, the stretches in which the trace could not go on before that row did.
 *
 * Backwards from the end of a row: its child that ended last held it up from that child's start,
 * then the child that had ended last before that, and so on; what no child covers is its own.
 * Children that outlive their parent count up to its end. (Jaeger's definition, over every root.)
 */
export function criticalPath({ roots, childrenOf }: Forest): Map<string, Span[]> {
  const found = new Map<string, Span[]>();
  const add = (row: SchemaRowBody, fromMs: number, toMs: number) => {
    if (toMs <= fromMs) return;
    const known = found.get(row.id);
    if (known) known.push({ fromMs, toMs });
    else found.set(row.id, [{ fromMs, toMs }]);
  };
  const latest = (rows: readonly SchemaRowBody[]) =>
    rows.filter(isEnded).sort((a, b) => b.endMs - a.endMs || b.startMs - a.startMs);

  const stack: { row: Ended; fromMs: number; untilMs: number }[] = [];
  const queue = (rows: readonly SchemaRowBody[], fromMs: number, endMs: number, own?: Ended) => {
    let untilMs = endMs;
    for (const child of latest(rows)) {
      const childEnd = Math.min(child.endMs, endMs);
      if (childEnd > untilMs || child.startMs >= untilMs || childEnd <= fromMs) continue;
      if (own) add(own, childEnd, untilMs);
      const childStart = Math.max(fromMs, child.startMs);
      stack.push({ row: child, fromMs: childStart, untilMs: childEnd });
      untilMs = childStart;
    }
    if (own) add(own, fromMs, untilMs);
  };

  const last = Math.max(0, ...roots.filter(isEnded).map((row) => row.endMs));
  queue(roots, Number.NEGATIVE_INFINITY, last);
  for (let next = stack.pop(); next; next = stack.pop()) {
    queue(childrenOf.get(next.row.id) ?? [], next.fromMs, next.untilMs, next.row);
  }
  return found;
}
