/** Which rows of a trace are closed, as its address holds it: short, however long their ids are. */

import type { Forest } from "./tree";

/** Written first where most rows are closed: what follows is then open. */
const ALL = "all";
const APART = ".";

export const isClosedText = (text: string): boolean => /^[0-9a-z]+(\.[0-9a-z]+)*$/.test(text);

/** Rows that can be closed; the only root is none of them when all are to be. */
function closable({ roots, childrenOf }: Forest): { all: string[]; at: Set<string> } {
  const all = [...childrenOf.keys()];
  const only = roots.length === 1 ? roots[0]?.id : undefined;
  return { all, at: new Set(all.filter((id) => id !== only)) };
}

/** All rows that are closed at once, so that what is left is the outline. */
export const allClosed = (forest: Forest): ReadonlySet<string> => closable(forest).at;

/** How an address says that these rows are closed; nothing for none. */
export function writtenClosed(closed: ReadonlySet<string>, forest: Forest): string | undefined {
  const { all, at } = closable(forest);
  const apart = (base: ReadonlySet<string>) => all.filter((id) => closed.has(id) !== base.has(id));
  const few = apart(new Set());
  const fewer = few.length > 1 ? apart(at) : few;
  const isMost = fewer.length < few.length;
  const parts = [...(isMost ? [ALL] : []), ...(isMost ? fewer : few).map(shortOf)];
  return parts.length ? parts.join(APART) : undefined;
}

/** The rows that an address says are closed; names that nothing has say nothing. */
export function readClosed(text: string | undefined, forest: Forest): ReadonlySet<string> {
  if (text === undefined) return NONE;
  const named = new Set(text.split(APART));
  const { all, at } = closable(forest);
  const base = named.has(ALL) ? at : NONE;
  return new Set(all.filter((id) => base.has(id) !== named.has(shortOf(id))));
}

const NONE: ReadonlySet<string> = new Set();

/**
 * At most seven letters and digits for an id: its FNV-1a hash. A row has the same as one of ten
 * thousand others with a chance of one in 400,000; then both are open or closed.
 */
function shortOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
