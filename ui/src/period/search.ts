/** What the address of a board says: a stretch of time, and which sessions of it. */

import { list, oneOf, text, whole } from "../addresses";
import { RANGES, type Range, type SessionsSearch } from "../pages/sessions/search";

export const DEFAULT_RANGE: Range = "7d";

export interface PeriodSearch {
  range?: Range | undefined;
  /** Milliseconds since the epoch; they hold where no `range` is set. */
  from?: number | undefined;
  to?: number | undefined;
  agent?: string[] | undefined;
  version?: string[] | undefined;
  env?: string[] | undefined;
}

function some(value: unknown): string[] | undefined {
  const found = [...new Set(list(value))];
  return found.length ? found : undefined;
}

/** The address's parameters; what makes no sense is left out. */
export function periodSearch(raw: Record<string, unknown>): PeriodSearch {
  const from = whole(raw.from);
  const to = whole(raw.to);
  const isStretch = from !== undefined && (to === undefined || from < to);
  return {
    range: oneOf(raw.range, Object.keys(RANGES) as Range[]),
    from: isStretch ? from : undefined,
    to: isStretch ? to : undefined,
    agent: some(raw.agent),
    version: some(raw.version),
    env: some(raw.env),
  };
}

/** The one text of a name that comes once. */
export function first(raw: Record<string, unknown>, name: string): string | undefined {
  return text(raw[name]);
}

const MINUTE = 60_000;

/** The server's parameters; a stretch up to now ends at a whole minute, so that it can be kept. */
export function asked(search: PeriodSearch, now: number): URLSearchParams {
  const made = new URLSearchParams();
  const isStretch = !search.range && search.from !== undefined;
  const end = Math.ceil(now / MINUTE) * MINUTE;
  const from = isStretch ? search.from : end - RANGES[search.range ?? DEFAULT_RANGE].ms;
  const to = isStretch ? (search.to ?? end) : end;
  made.set("from", String(from));
  made.set("to", String(to));
  for (const name of ["agent", "version", "env"] as const)
    for (const value of search[name] ?? []) made.append(name, value);
  return made;
}

/** The address's part that goes along from one board to the next. */
export function carried(search: Record<string, unknown>): PeriodSearch {
  const { range, from, to, agent } = periodSearch(search);
  return { range, from, to, agent };
}

/** The list of the sessions that began between two instants, among those of the board. */
export function sessionsBetween(
  search: PeriodSearch,
  fromMs: number,
  toMs: number,
  more: Partial<SessionsSearch> = {},
): SessionsSearch {
  return {
    from: Math.floor(fromMs),
    to: Math.ceil(toMs),
    agent: search.agent,
    version: search.version,
    env: search.env,
    ...more,
  };
}
