import type { SchemaRowBody } from "../../api/schema";

/** A row for tests. */
export const row = (id: string, parent: string | null, more: Partial<SchemaRowBody> = {}) =>
  ({
    id,
    parent,
    name: id,
    tool: null,
    kind: "SPAN",
    step: "other",
    level: "DEFAULT",
    startMs: 0,
    endMs: null,
    firstTokenMs: null,
    model: null,
    tokens: null,
    costUsd: null,
    ...more,
  }) as SchemaRowBody;

export const timed = (
  id: string,
  parent: string | null,
  startMs: number,
  endMs: number | null,
  more: Partial<SchemaRowBody> = {},
) => row(id, parent, { startMs, endMs, ...more });
