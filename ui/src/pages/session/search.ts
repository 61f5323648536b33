/** What the address says of a session's page. */

import { oneOf, text, whole } from "../../addresses";
import { readSpan, writtenSpan } from "./span";

export const TABS = ["turn", "trace", "causes", "metadata"] as const;
export type Tab = (typeof TABS)[number];

export interface SessionSearch {
  /** Index of the chosen turn. */
  turn?: number | undefined;
  /** Where the playhead is, in seconds since the session's start; else where the turn begins. */
  t?: number | undefined;
  /** The part of the call in sight, in seconds: `12.5-72.5`. */
  zoom?: string | undefined;
  tab?: Tab | undefined;
}

export function sessionSearch(raw: Record<string, unknown>): SessionSearch {
  const seen = readSpan(text(raw.zoom));
  return {
    turn: whole(raw.turn),
    t: seconds(raw.t),
    zoom: seen && writtenSpan(seen),
    tab: oneOf(raw.tab, TABS),
  };
}

function seconds(value: unknown): number | undefined {
  const one = text(value);
  return one !== undefined && /^\d{1,8}(\.\d+)?$/.test(one) ? Number(one) : undefined;
}
