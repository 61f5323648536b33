/** What the address says of a session's page. */

import { oneOf, text, whole } from "../../addresses";
import { readSpan, writtenSpan } from "../../axis/span";

export const TABS = ["turn", "trace", "causes", "metadata", "logs"] as const;
/** The least level of log records that are shown. */
export const LEVELS = ["info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];
/** The part in sight is written in seconds. */
export const ZOOM_UNIT_MS = 1_000;
/** Of a text that is searched for. */
const LONGEST_TEXT = 200;
export type Tab = (typeof TABS)[number];

export interface SessionSearch {
  /** Index of the chosen turn. */
  turn?: number | undefined;
  /** Where the playhead is, in seconds since the session's start; else where the turn begins. */
  t?: number | undefined;
  /** The part of the call in sight, in seconds: `12.5-72.5`. */
  zoom?: string | undefined;
  tab?: Tab | undefined;
  level?: Level | undefined;
  /** What the text of the log records holds that are shown. */
  q?: string | undefined;
  /** The id of the log record that is shown whole. */
  log?: string | undefined;
}

export function sessionSearch(raw: Record<string, unknown>): SessionSearch {
  const seen = readSpan(text(raw.zoom), ZOOM_UNIT_MS);
  return {
    turn: whole(raw.turn),
    t: seconds(raw.t),
    zoom: seen && writtenSpan(seen, ZOOM_UNIT_MS),
    tab: oneOf(raw.tab, TABS),
    level: oneOf(raw.level, LEVELS),
    q: text(raw.q)?.slice(0, LONGEST_TEXT),
    log: text(raw.log),
  };
}

function seconds(value: unknown): number | undefined {
  const one = text(value);
  return one !== undefined && /^\d{1,8}(\.\d+)?$/.test(one) ? Number(one) : undefined;
}
