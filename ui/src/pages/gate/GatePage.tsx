/** May this version go out? Its interruptions and latency against limits and against another version. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CalendarX, CircleCheck, CircleHelp, CircleX } from "lucide-react";
import { useEffect, useState } from "react";
import { agents, gate } from "../../api/queries";
import type { SchemaAgentBody, SchemaVerdictBody } from "../../api/schema";
import { Failure, Loading, State } from "../../elements/states";
import { count } from "../../format/figures";
import { PeriodBar } from "../../period/PeriodBar";
import { asked } from "../../period/search";
import { Cases } from "./Cases";
import { Changes, Gates, History, Rates } from "./Figures";
import {
  askedGate,
  askedSide,
  type GateSearch,
  NO_BASELINE,
  newestFirst,
  type Sides,
  sidesOf,
} from "./search";
import { verdictOf } from "./verdict";
import "./gate.css";

export function GatePage() {
  const { project } = useParams({ from: "/inside/p/$project/gate" });
  const search = useSearch({ from: "/inside/p/$project/gate" });
  const navigate = useNavigate({ from: "/p/$project/gate" });
  const { range, from, to } = search;
  // One instant for both questions, so that they speak of the same sessions.
  const [now] = useState(Date.now);
  const heard = useQuery(agents(project, asked({ range, from, to }, now)));
  const all = heard.data?.data ?? [];
  const sides = sidesOf(search, all);
  const found = useQuery({
    ...gate(project, sides ? askedGate(search, sides, now) : new URLSearchParams()),
    enabled: heard.isSuccess && sides !== null,
  });

  useEffect(() => {
    document.title = "Interruption gate · Turnwise";
  }, []);

  const change = (next: GateSearch) => void navigate({ search: next });
  const agent = all.find((each) => each.agent === sides?.agent);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Interruption gate</h1>
        <PeriodBar
          project={project}
          search={{ range, from, to }}
          choices={[]}
          onChange={(next) =>
            change({ ...search, range: next.range, from: next.from, to: next.to })
          }
        />
      </div>
      {heard.isPending ? (
        <section className="panel">
          <Loading />
        </section>
      ) : !heard.data ? (
        <section className="panel">
          <Failure error={heard.error} retry={() => void heard.refetch()} />
        </section>
      ) : !sides ? (
        <section className="panel">
          <State icon={<CalendarX size={28} aria-hidden />} title="No agent was heard in this time">
            <p>Without sessions there is nothing to judge.</p>
            <button type="button" className="button" onClick={() => change({ range: "30d" })}>
              Show the last 30 days
            </button>
          </State>
        </section>
      ) : (
        <>
          <SideChoices all={all} agent={agent} sides={sides} search={search} onChange={change} />
          {found.data ? (
            <div className="gate" aria-busy={found.isFetching}>
              <Verdict found={found.data} />
              <div className="gate-columns">
                <Gates found={found.data} />
                <Rates found={found.data} />
              </div>
              {found.data.changes.length > 0 && <Changes found={found.data} sides={sides} />}
              <Cases
                project={project}
                side={askedSide(search, sides, now)}
                kind={search.kind}
                which={search.cases}
                onChange={(kind, cases) =>
                  void navigate({ search: { ...search, kind, cases }, replace: true })
                }
              />
              {agent && <History project={project} agent={agent} sides={sides} search={search} />}
            </div>
          ) : (
            <section className="panel">
              {found.isError ? (
                <Failure error={found.error} retry={() => void found.refetch()} />
              ) : (
                <Loading />
              )}
            </section>
          )}
        </>
      )}
    </div>
  );
}

interface SidesProps {
  all: readonly SchemaAgentBody[];
  agent: SchemaAgentBody | undefined;
  sides: Sides;
  search: GateSearch;
  onChange: (to: GateSearch) => void;
}

function SideChoices({ all, agent, sides, search, onChange }: SidesProps) {
  const versions = agent ? newestFirst(agent) : [];
  const names = all.map((each) => each.agent);
  return (
    <fieldset className="sides">
      <legend className="hidden-text">What is compared</legend>
      <Select
        name="Agent"
        value={sides.agent}
        options={names.includes(sides.agent) ? names : [sides.agent, ...names]}
        onChange={(value) =>
          onChange({ ...search, agent: [value], candidate: undefined, baseline: undefined })
        }
      />
      <Select
        name="Candidate"
        value={sides.candidate ?? ""}
        options={withOwn(versions, sides.candidate)}
        none={versions.length ? undefined : "no version named"}
        onChange={(value) => onChange({ ...search, candidate: value || undefined })}
      />
      <Select
        name="Baseline"
        value={sides.baseline ?? ""}
        options={withOwn(versions, sides.baseline).filter((each) => each !== sides.candidate)}
        none="none"
        onChange={(value) => onChange({ ...search, baseline: value || NO_BASELINE })}
      />
    </fieldset>
  );
}

/** A version of the address stays a choice, even if nobody was heard of it in this time. */
function withOwn(versions: readonly string[], own: string | null): string[] {
  return own === null || versions.includes(own) ? [...versions] : [own, ...versions];
}

function Select({
  name,
  value,
  options,
  none,
  onChange,
}: {
  name: string;
  value: string;
  options: readonly string[];
  none?: string | undefined;
  onChange: (value: string) => void;
}) {
  return (
    <label className="side-choice">
      <span className="small quiet">{name}</span>
      <select
        className="input"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {none !== undefined && <option value="">{none}</option>}
        {options.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

const ICONS = { pass: CircleCheck, fail: CircleX, unknown: CircleHelp } as const;

function Verdict({ found }: { found: SchemaVerdictBody }) {
  const { outcome, title, rule } = verdictOf(found);
  const Icon = ICONS[outcome];
  return (
    <section className={`panel verdict ${outcome}`} aria-label="Verdict" role="status">
      <Icon size={30} aria-hidden />
      <div>
        <h2>{title}</h2>
        <p>{rule}</p>
      </div>
      <p className="small quiet verdict-basis">
        {count(found.candidate.sessions)} sessions, {count(found.candidate.agentTurns)} turns of the
        agent, {count(found.candidate.interruptions)} interruptions
      </p>
    </section>
  );
}
