/** The rows of a trace as a tree in the order of time. */

import type { SchemaRowBody } from "../../api/schema";

export interface Node {
  row: SchemaRowBody;
  /** 1 for a root, as `aria-level` counts. */
  level: number;
  hasChildren: boolean;
}

/**
 * The rows depth first, children by start. A row whose parent is not there is a root, and of rows
 * that name each other in a circle the first is one.
 */
export function flatten(rows: readonly SchemaRowBody[], closed: ReadonlySet<string>): Node[] {
  const known = new Set(rows.map((row) => row.id));
  const children = new Map<string, SchemaRowBody[]>();
  const roots: SchemaRowBody[] = [];
  for (const row of rows) {
    if (row.parent === null || !known.has(row.parent) || row.parent === row.id) roots.push(row);
    else {
      const siblings = children.get(row.parent);
      if (siblings) siblings.push(row);
      else children.set(row.parent, [row]);
    }
  }
  const found: Node[] = [];
  const seen = new Set<string>();
  // Own stack: a chain of ten thousand spans is deeper than the engine's.
  function walk(root: SchemaRowBody) {
    const stack: { row: SchemaRowBody; level: number; isShown: boolean }[] = [
      { row: root, level: 1, isShown: true },
    ];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { row, level, isShown } = next;
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      const below = children.get(row.id) ?? [];
      if (isShown) found.push({ row, level, hasChildren: below.length > 0 });
      const areShown = isShown && !closed.has(row.id);
      for (let place = below.length - 1; place >= 0; place -= 1) {
        const child = below[place];
        if (child) stack.push({ row: child, level: level + 1, isShown: areShown });
      }
    }
  }
  for (const root of roots) walk(root);
  for (const row of rows) if (!seen.has(row.id)) walk(row);
  return found;
}

/** The rows that fit a text, with all rows above them. */
export function matching(rows: readonly SchemaRowBody[], text: string): SchemaRowBody[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [...rows];
  const fits = (row: SchemaRowBody) =>
    [row.name, row.kind, row.step, row.model].some((each) => each?.toLowerCase().includes(wanted));
  const parents = new Map(rows.map((row) => [row.id, row.parent]));
  const kept = new Set<string>();
  for (const row of rows) {
    if (!fits(row)) continue;
    let at: string | null | undefined = row.id;
    while (at && !kept.has(at)) {
      kept.add(at);
      at = parents.get(at);
    }
  }
  return rows.filter((row) => kept.has(row.id));
}
