/** What the address of the gate says, and what is asked of the server for it. */

import { oneOf, text } from "../../addresses";
import type { SchemaAgentBody, SchemaCaseBody } from "../../api/schema";
import { asked, type PeriodSearch, periodSearch } from "../../period/search";

export const KINDS = ["barge_in", "false_alarm", "missed", "premature", "backchannel"] as const;
export type Kind = (typeof KINDS)[number];

/** Which cases are listed; at first those that count against the agent. */
export const WHICH = ["all", "labelled"] as const;
export type Which = (typeof WHICH)[number];

export interface GateSearch extends Omit<PeriodSearch, "version" | "env"> {
  /** Versions; `-` as the baseline asks for none. */
  candidate?: string | undefined;
  baseline?: string | undefined;
  kind?: Kind | undefined;
  cases?: Which | undefined;
}

export function gateSearch(raw: Record<string, unknown>): GateSearch {
  const { range, from, to, agent } = periodSearch(raw);
  return {
    range,
    from,
    to,
    agent: agent?.slice(0, 1),
    candidate: text(raw.candidate),
    baseline: text(raw.baseline),
    kind: oneOf(raw.kind, KINDS),
    cases: oneOf(raw.cases, WHICH),
  };
}

export const NO_BASELINE = "-";

export interface Sides {
  agent: string;
  /** Null where the agent's sessions name no version. */
  candidate: string | null;
  baseline: string | null;
}

/**
 * What is compared: what the address says, else the agent heard last, its newest version, and the one
 * before that.
 */
export function sidesOf(search: GateSearch, agents: readonly SchemaAgentBody[]): Sides | null {
  const wanted = search.agent?.[0];
  const agent = agents.find((each) => each.agent === wanted) ?? (wanted ? undefined : agents[0]);
  if (!agent) {
    if (!wanted) return null;
    const baseline = search.baseline === NO_BASELINE ? null : (search.baseline ?? null);
    return { agent: wanted, candidate: search.candidate ?? null, baseline };
  }
  const versions = newestFirst(agent);
  const candidate = search.candidate ?? versions[0] ?? null;
  const before = versions[versions.indexOf(candidate ?? "") + 1];
  const baseline =
    search.baseline === NO_BASELINE ? null : (search.baseline ?? (candidate && before) ?? null);
  return { agent: agent.agent, candidate, baseline: baseline || null };
}

/** The versions that an agent's sessions name, the one that came last first. */
export function newestFirst(agent: SchemaAgentBody): string[] {
  return [...agent.versions]
    .sort((one, other) => other.firstMs - one.firstMs)
    .flatMap((each) => (each.version === null ? [] : [each.version]));
}

export function askedGate(search: GateSearch, sides: Sides, now: number): URLSearchParams {
  const made = asked({ ...search, agent: [sides.agent] }, now);
  if (sides.candidate !== null) made.set("candidate", sides.candidate);
  if (sides.baseline !== null) made.set("baseline", sides.baseline);
  return made;
}

/** The sessions whose cases are listed: those of the candidate. */
export function askedSide(search: GateSearch, sides: Sides, now: number): URLSearchParams {
  const version = sides.candidate === null ? undefined : [sides.candidate];
  return asked({ ...search, agent: [sides.agent], version }, now);
}

/** The cases of one kind, or all of them. */
export function ofKind(cases: readonly SchemaCaseBody[], kind: Kind | undefined) {
  return kind ? cases.filter((each) => each.kind === kind) : [...cases];
}
