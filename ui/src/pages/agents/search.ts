/** What the address of the agents says: a time, and two versions of one agent to hold side by side. */

import { text } from "../../addresses";
import type { SchemaAgentBody } from "../../api/schema";
import { type PeriodSearch, periodSearch } from "../../period/search";

export interface AgentsSearch extends Omit<PeriodSearch, "agent" | "version"> {
  /** The agent whose versions `a` (the older) and `b` are compared. */
  of?: string | undefined;
  a?: string | undefined;
  b?: string | undefined;
}

export function agentsSearch(raw: Record<string, unknown>): AgentsSearch {
  const { range, from, to, env } = periodSearch(raw);
  return { range, from, to, env, of: text(raw.of), a: text(raw.a), b: text(raw.b) };
}

/** The versions of an agent that are to be compared. */
export function chosen(search: AgentsSearch, agent: SchemaAgentBody): string[] {
  if (search.of !== agent.agent) return [];
  return [search.a, search.b].filter((each) => each !== undefined);
}

/** The address after a version is ticked or unticked; a third one takes the place of the second. */
export function toggled(search: AgentsSearch, agent: string, version: string): AgentsSearch {
  const { of, a, b, ...rest } = search;
  if (of !== agent) return { ...rest, of: agent, a: version };
  if (a === version) return b === undefined ? rest : { ...rest, of, a: b };
  if (b === version) return { ...rest, of, a };
  return { ...rest, of, a: a ?? version, ...(a === undefined ? {} : { b: version }) };
}
