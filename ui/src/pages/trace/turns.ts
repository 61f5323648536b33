/** Which turn of the call an observation belongs to, and where the page opens. */

import type { SchemaRowBody, SchemaTraceBody, SchemaTurnMark } from "../../api/schema";
import { fitted, type Span } from "../../axis/span";
import { turnAround } from "../../axis/turns";
import { isTurn } from "./family";
import { lineage } from "./tree";
import { timeOf, wholeOf } from "./window";

/**
 * The turn that was made from the row or one above it; else the one that goes on when it starts;
 * else the agent's turn that it works for, which is the next one.
 */
export function turnOf(
  turns: readonly SchemaTurnMark[],
  byId: ReadonlyMap<string, SchemaRowBody>,
  id: string,
): SchemaTurnMark | undefined {
  const line = lineage(byId, id);
  for (const row of line) {
    const made = turns.filter((turn) => turn.spanIds.includes(row.id));
    // An exchange is two turns in one row; what is below it is mostly the agent's work.
    const own = made.find((turn) => turn.speaker === "agent") ?? made[0];
    if (own) return own;
    if (row.step === "session" || row.step === "job") break;
  }
  const row = line[0];
  if (!row || row.parent === null) return undefined;
  return turnAround(turns, row.startMs);
}

/** The window that shows a row with the turn around it. */
export function arrival(
  trace: Pick<SchemaTraceBody, "durationMs">,
  byId: ReadonlyMap<string, SchemaRowBody>,
  id: string,
): Span | undefined {
  const line = lineage(byId, id);
  const row = line.find(isTurn) ?? line[0];
  if (!row) return undefined;
  return fitted(timeOf(row, trace.durationMs), wholeOf(trace.durationMs));
}
