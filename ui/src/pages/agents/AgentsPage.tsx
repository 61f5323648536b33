/** The agents that were heard, their versions, and two versions side by side. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CalendarX } from "lucide-react";
import { useEffect, useMemo } from "react";
import { agents } from "../../api/queries";
import type { SchemaAgentBody, SchemaAgentsBody } from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { Failure, Loading, State } from "../../elements/states";
import { count, duration, instant, money, percent } from "../../format/figures";
import { PeriodBar } from "../../period/PeriodBar";
import { asked, sessionsBetween } from "../../period/search";
import { Comparison } from "./Comparison";
import { type AgentsSearch, chosen, toggled } from "./search";
import "./agents.css";

export function AgentsPage() {
  const { project } = useParams({ from: "/inside/p/$project/agents" });
  const search = useSearch({ from: "/inside/p/$project/agents" });
  const navigate = useNavigate({ from: "/p/$project/agents" });
  const parameters = useMemo(() => asked(search, Date.now()), [search]);
  const found = useQuery(agents(project, parameters));

  useEffect(() => {
    document.title = "Agents · Turnwise";
  }, []);

  const change = (to: AgentsSearch) => void navigate({ search: to });
  return (
    <div className="page">
      <div className="page-head">
        <h1>Agents</h1>
        <PeriodBar
          project={project}
          search={search}
          choices={["env"]}
          onChange={(to) => change({ ...search, ...to })}
        />
      </div>
      {found.isPending ? (
        <section className="panel">
          <Loading />
        </section>
      ) : !found.data ? (
        <section className="panel">
          <Failure error={found.error} retry={() => void found.refetch()} />
        </section>
      ) : found.data.data.length ? (
        <div className="agents" aria-busy={found.isFetching}>
          <Comparison project={project} search={search} found={found.data} onChange={change} />
          {found.data.data.map((agent) => (
            <Agent
              key={agent.agent}
              project={project}
              search={search}
              found={found.data}
              agent={agent}
              onChange={change}
            />
          ))}
        </div>
      ) : (
        <section className="panel">
          <State icon={<CalendarX size={28} aria-hidden />} title="No agent was heard in this time">
            <p>An agent appears with its first session. A longer time may have some.</p>
            <button type="button" className="button" onClick={() => change({ range: "30d" })}>
              Show the last 30 days
            </button>
          </State>
        </section>
      )}
    </div>
  );
}

interface AgentProps {
  project: string;
  search: AgentsSearch;
  found: SchemaAgentsBody;
  agent: SchemaAgentBody;
  onChange: (to: AgentsSearch) => void;
}

function Agent({ project, search, found, agent, onChange }: AgentProps) {
  const { range, from, to } = search;
  const { figures } = agent;
  const picked = chosen(search, agent);
  return (
    <section className="panel list-panel" aria-label={agent.agent}>
      <header>
        <h2>
          {agent.agent}{" "}
          <span className="quiet small">
            {count(figures.sessions)} sessions, last heard {instant(agent.lastMs)}
          </span>
        </h2>
        <nav className="small agent-links" aria-label={`Pages about ${agent.agent}`}>
          <Link
            to="/p/$project"
            params={{ project }}
            search={{ range, from, to, agent: [agent.agent] }}
            activeProps={{ className: "" }}
          >
            Dashboard
          </Link>
          <Link
            to="/p/$project/sessions"
            params={{ project }}
            search={{ ...sessionsBetween({}, found.fromMs, found.toMs), agent: [agent.agent] }}
          >
            Sessions
          </Link>
          <Link
            to="/p/$project/gate"
            params={{ project }}
            search={{ range, from, to, agent: [agent.agent] }}
          >
            Gate
          </Link>
        </nav>
      </header>
      <Scrolls name={`Versions of ${agent.agent}`}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Compare</th>
              <th scope="col">Version</th>
              <th scope="col">First heard</th>
              <th scope="col" className="number">
                Sessions
              </th>
              <th scope="col" className="number">
                Response p50
              </th>
              <th scope="col" className="number">
                p95
              </th>
              <th scope="col" className="number">
                Error rate
              </th>
              <th scope="col" className="number">
                Cut-off rate
              </th>
              <th scope="col" className="number">
                Cost per session
              </th>
            </tr>
          </thead>
          <tbody>
            {agent.versions.map((each) => (
              <tr key={each.version}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Compare version ${each.version ?? "without a name"} of ${agent.agent}`}
                    checked={each.version !== null && picked.includes(each.version)}
                    disabled={each.version === null}
                    onChange={() =>
                      each.version !== null && onChange(toggled(search, agent.agent, each.version))
                    }
                  />
                </td>
                <th scope="row">{each.version ?? <span className="quiet">not named</span>}</th>
                <td className="quiet">{instant(each.firstMs)}</td>
                <td className="number">{count(each.figures.sessions)}</td>
                <td className="number">{duration(each.figures.responseMs.p50)}</td>
                <td className="number">{duration(each.figures.responseMs.p95)}</td>
                <td className="number">{percent(each.figures.failed / each.figures.sessions)}</td>
                <td className="number">{percent(each.figures.cutOffRate)}</td>
                <td className="number">{money(each.figures.costPerSessionUsd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </section>
  );
}
