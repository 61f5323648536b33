/** What the address of the list says, and what is asked of the server for it. */

import { amount, flag, list, oneOf, text, whole } from "../../addresses";
import { money } from "../../format/figures";
import { type ColumnId, columnIds } from "./columns";

export const SORTS = [
  "started",
  "duration",
  "turns",
  "p50",
  "p95",
  "interruptions",
  "errors",
  "cost",
] as const;
export type Sort = (typeof SORTS)[number];

export const STATUSES = ["active", "completed", "failed"] as const;

/** Stretches of time up to now, in milliseconds. */
export const RANGES = {
  "1h": { name: "Last hour", ms: 3_600_000 },
  "24h": { name: "Last 24 hours", ms: 86_400_000 },
  "7d": { name: "Last 7 days", ms: 7 * 86_400_000 },
  "30d": { name: "Last 30 days", ms: 30 * 86_400_000 },
} as const;
export type Range = keyof typeof RANGES;

/** Filters of which several values may be chosen. */
const MANY = ["agent", "version", "env", "status", "user", "tag"] as const;
export type Many = (typeof MANY)[number];
const MANY_NAMES: Readonly<Record<Many, string>> = {
  agent: "agent",
  version: "version",
  env: "environment",
  status: "status",
  user: "caller",
  tag: "tag",
};

export interface SessionsSearch extends Partial<Record<Many, string[] | undefined>> {
  q?: string | undefined;
  range?: Range | undefined;
  from?: number | undefined;
  to?: number | undefined;
  /** Milliseconds: 95th percentile of the response times at least, duration at least and at most. */
  slower?: number | undefined;
  longer?: number | undefined;
  shorter?: number | undefined;
  /** US dollars, at least. */
  dearer?: number | undefined;
  errors?: true | undefined;
  interrupted?: true | undefined;
  recorded?: true | undefined;
  sort?: Sort | undefined;
  ascending?: true | undefined;
  /** The id of the session that another one is to be compared with. */
  pick?: string | undefined;
  /** The columns that are shown, in their own order; at first the usual ones. */
  cols?: ColumnId[] | undefined;
}

function some(value: unknown): string[] | undefined {
  const found = [...new Set(list(value))];
  return found.length ? found : undefined;
}

/** The address's parameters; what makes no sense is left out. */
export function sessionsSearch(raw: Record<string, unknown>): SessionsSearch {
  return {
    q: text(raw.q)?.slice(0, 200),
    agent: some(raw.agent),
    version: some(raw.version),
    env: some(raw.env),
    user: some(raw.user),
    tag: some(raw.tag),
    status: some(list(raw.status).filter((each) => STATUSES.some((known) => known === each))),
    range: oneOf(raw.range, Object.keys(RANGES) as Range[]),
    from: whole(raw.from),
    to: whole(raw.to),
    slower: whole(raw.slower),
    longer: whole(raw.longer),
    shorter: whole(raw.shorter),
    dearer: amount(raw.dearer),
    errors: flag(raw.errors),
    interrupted: flag(raw.interrupted),
    recorded: flag(raw.recorded),
    sort: oneOf(raw.sort, SORTS),
    ascending: flag(raw.ascending),
    pick: text(raw.pick),
    cols: columnIds(list(raw.cols)),
  };
}

const MINUTE = 60_000;

/** The server's parameters; a stretch up to now begins at a whole minute, so that it can be kept. */
export function asked(search: SessionsSearch, now: number): URLSearchParams {
  const made = new URLSearchParams();
  const from = search.range
    ? Math.floor((now - RANGES[search.range].ms) / MINUTE) * MINUTE
    : search.from;
  for (const name of MANY) for (const value of search[name] ?? []) made.append(name, value);
  if (from !== undefined) made.set("from", String(from));
  if (search.to !== undefined && !search.range) made.set("to", String(search.to));
  for (const name of ["q", "slower", "longer", "shorter", "dearer", "sort"] as const) {
    const value = search[name];
    if (value !== undefined) made.set(name, String(value));
  }
  for (const name of ["errors", "interrupted", "recorded", "ascending"] as const)
    if (search[name]) made.set(name, "true");
  return made;
}

/** One filter that is set: what to show, and the address without it. */
export interface Chip {
  key: string;
  name: string;
  without: SessionsSearch;
}

/** The filters that are set, apart from the searched text. */
export function chips(search: SessionsSearch, write: (ms: number) => string): Chip[] {
  const found: Chip[] = [];
  for (const name of MANY)
    for (const value of search[name] ?? []) {
      const rest = search[name]?.filter((each) => each !== value);
      const without = { ...search, [name]: rest?.length ? rest : undefined };
      found.push({ key: `${name}:${value}`, name: `${MANY_NAMES[name]} ${value}`, without });
    }
  const single = (key: keyof SessionsSearch, name: string | undefined) => {
    if (name !== undefined) found.push({ key, name, without: { ...search, [key]: undefined } });
  };
  if (search.range) single("range", RANGES[search.range].name.toLowerCase());
  else if (search.from !== undefined || search.to !== undefined) {
    const without = { ...search, from: undefined, to: undefined };
    found.push({ key: "time", name: "a stretch of time", without });
  }
  single("slower", search.slower === undefined ? undefined : `p95 ≥ ${write(search.slower)}`);
  single("longer", search.longer === undefined ? undefined : `longer than ${write(search.longer)}`);
  single(
    "shorter",
    search.shorter === undefined ? undefined : `shorter than ${write(search.shorter)}`,
  );
  single("dearer", search.dearer === undefined ? undefined : `cost ≥ ${money(search.dearer)}`);
  single("errors", search.errors && "with errors");
  single("interrupted", search.interrupted && "with interruptions");
  single("recorded", search.recorded && "with a recording");
  return found;
}

/** What stays when all filters are taken away: how the list looks and is sorted. */
export function unfiltered({ sort, ascending, cols }: SessionsSearch): SessionsSearch {
  return { sort, ascending, cols };
}
