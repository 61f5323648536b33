/** What of a trace's page its address holds. */

import { flag, list, text } from "../../addresses";
import { readSpan, type Span, within } from "../../axis/span";
import { isClosedText } from "./closed";
import { FAMILIES, type Family } from "./family";
import { wholeOf } from "./window";

export const TABS = ["content", "attributes", "events", "json"] as const;
export type Tab = (typeof TABS)[number];

export const VIEWS = ["path", "self"] as const;
/** "path" shows the critical path, "self" the time that an observation took itself. */
export type View = (typeof VIEWS)[number];

/** The window over the whole trace, as opposed to none that anybody has chosen. */
export const WHOLE = "all";

/** Windows are written in milliseconds. */
export const WIN_UNIT_MS = 1;

export interface TraceSearch {
  /** The id of the chosen observation. */
  obs?: string | undefined;
  /** A text to filter by. */
  q?: string | undefined;
  type?: Family[] | undefined;
  /** Whether only errors are shown. */
  err?: true | undefined;
  /** The stretch of time in view, `start-end` in milliseconds since the trace's start, or "all". */
  win?: string | undefined;
  view?: View[] | undefined;
  /** The rows that are closed, as closed.ts writes them. */
  closed?: string | undefined;
  tab?: Tab | undefined;
}

const known = <T extends string>(value: unknown, allowed: readonly T[]): T[] | undefined => {
  const found = allowed.filter((each) => list(value).includes(each));
  return found.length ? found : undefined;
};

export function traceSearch(raw: Record<string, unknown>): TraceSearch {
  const win = text(raw.win);
  return {
    obs: text(raw.obs),
    q: text(raw.q),
    type: known(raw.type, FAMILIES),
    err: flag(raw.err),
    win: win === WHOLE || readSpan(win, WIN_UNIT_MS) ? win : undefined,
    view: known(raw.view, VIEWS),
    closed: isClosedText(text(raw.closed) ?? "") ? text(raw.closed) : undefined,
    tab: known(raw.tab, TABS)?.[0],
  };
}

/** The window that the address names; the whole trace without one. */
export function windowOf(search: TraceSearch, wholeMs: number): Span {
  const whole = wholeOf(wholeMs);
  return within(readSpan(search.win, WIN_UNIT_MS) ?? whole, whole);
}
