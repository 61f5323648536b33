/** The rows of a trace as a tree in the order of time. */

import type { SchemaRowBody } from "../../api/schema";
import { type Family, familyOf } from "./family";

export interface Node {
  row: SchemaRowBody;
  /** 1 for a root, as `aria-level` counts. */
  level: number;
  /** How many rows are below it, at any depth. */
  below: number;
}

/** Rows with the rows below each of them; made once for each set of rows. */
export interface Forest {
  roots: readonly SchemaRowBody[];
  childrenOf: ReadonlyMap<string, readonly SchemaRowBody[]>;
}

/**
 * Children by start. A row whose parent is not there is a root, and of rows that name each other
 * in a circle the first is one.
 */
export function forest(rows: readonly SchemaRowBody[]): Forest {
  const known = new Set(rows.map((row) => row.id));
  const childrenOf = new Map<string, SchemaRowBody[]>();
  const roots: SchemaRowBody[] = [];
  for (const row of rows) {
    if (row.parent === null || !known.has(row.parent) || row.parent === row.id) roots.push(row);
    else {
      const siblings = childrenOf.get(row.parent);
      if (siblings) siblings.push(row);
      else childrenOf.set(row.parent, [row]);
    }
  }
  const reached = new Set<string>();
  const reach = (from: SchemaRowBody) => {
    const stack = [from];
    for (let row = stack.pop(); row; row = stack.pop()) {
      if (reached.has(row.id)) continue;
      reached.add(row.id);
      stack.push(...(childrenOf.get(row.id) ?? []));
    }
  };
  roots.forEach(reach);
  for (const row of rows) {
    if (reached.has(row.id)) continue;
    roots.push(row);
    // Cut where the circle closes, so that every walk over the forest ends.
    childrenOf.set(
      row.parent ?? "",
      (childrenOf.get(row.parent ?? "") ?? []).filter((each) => each !== row),
    );
    reach(row);
  }
  return { roots, childrenOf };
}

/** The rows depth first, without those below a closed one. */
export function flatten({ roots, childrenOf }: Forest, closed: ReadonlySet<string>): Node[] {
  const found: Node[] = [];
  const ahead: { node: Node; isShown: boolean; place: number }[] = [];
  // Own stack: a chain of ten thousand spans is deeper than the engine's.
  const stack = [...roots].reverse().map((row) => ({ row, level: 1, isShown: true }));
  const depthFirst: typeof ahead = [];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { row, level, isShown } = next;
    const node = { row, level, below: 0 };
    depthFirst.push({ node, isShown, place: depthFirst.length });
    if (isShown) found.push(node);
    const children = childrenOf.get(row.id) ?? [];
    const areShown = isShown && !closed.has(row.id);
    for (let at = children.length - 1; at >= 0; at -= 1) {
      const child = children[at];
      if (child) stack.push({ row: child, level: level + 1, isShown: areShown });
    }
  }
  for (const each of depthFirst) {
    while (ahead.length && (ahead.at(-1)?.node.level ?? 0) >= each.node.level) settle(ahead, each);
    ahead.push(each);
  }
  while (ahead.length) settle(ahead, { place: depthFirst.length });
  return found;
}

function settle(ahead: { node: Node; place: number }[], next: { place: number }): void {
  const done = ahead.pop();
  if (done) done.node.below = next.place - done.place - 1;
}

export interface Wanted {
  text: string;
  families: readonly Family[];
  errorsOnly: boolean;
}

/** The ids of rows that fit; undefined when nothing is asked for and all do. */
export function matching(
  rows: readonly SchemaRowBody[],
  { text, families, errorsOnly }: Wanted,
): Set<string> | undefined {
  const wanted = text.trim().toLowerCase();
  if (!wanted && !families.length && !errorsOnly) return undefined;
  const says = (row: SchemaRowBody) =>
    !wanted ||
    [row.name, row.tool, row.kind, row.step, row.model, row.id].some((each) =>
      each?.toLowerCase().includes(wanted),
    );
  const found = new Set<string>();
  for (const row of rows) {
    if (errorsOnly && row.level !== "ERROR") continue;
    if (families.length && !families.includes(familyOf(row))) continue;
    if (says(row)) found.add(row.id);
  }
  return found;
}

/** The rows that fit, with all rows above them. */
export function withAncestors(
  rows: readonly SchemaRowBody[],
  fitting: ReadonlySet<string> | undefined,
): readonly SchemaRowBody[] {
  if (!fitting) return rows;
  const parents = new Map(rows.map((row) => [row.id, row.parent]));
  const kept = new Set<string>();
  for (const id of fitting) {
    let at: string | null | undefined = id;
    while (at && !kept.has(at)) {
      kept.add(at);
      at = parents.get(at);
    }
  }
  return rows.filter((row) => kept.has(row.id));
}

/** A row and all rows above it, the nearest first. */
export function lineage(
  byId: ReadonlyMap<string, SchemaRowBody>,
  id: string | undefined,
): SchemaRowBody[] {
  const found: SchemaRowBody[] = [];
  const seen = new Set<string>();
  let row = id === undefined ? undefined : byId.get(id);
  while (row && !seen.has(row.id)) {
    seen.add(row.id);
    found.push(row);
    row = row.parent === null ? undefined : byId.get(row.parent);
  }
  return found;
}
