/** How a project does: figures against the time before, their course, and what to look at next. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CalendarX } from "lucide-react";
import { useEffect, useMemo } from "react";
import { dashboard } from "../../api/queries";
import type { SchemaDashboardBody, SchemaFiguresBody } from "../../api/schema";
import { Connect } from "../../elements/Connect";
import { Failure, Loading, State } from "../../elements/states";
import { count, duration, money, NOTHING, percent } from "../../format/figures";
import { type Better, change } from "../../period/change";
import { Moved } from "../../period/Moved";
import { PeriodBar } from "../../period/PeriodBar";
import { asked, type PeriodSearch } from "../../period/search";
import { Charts } from "./Charts";
import { Lists } from "./Lists";
import { ENOUGH_FOR_P99, p99 } from "./p99";
import "./dashboard.css";

export function DashboardPage() {
  const { project } = useParams({ from: "/inside/p/$project/" });
  const search = useSearch({ from: "/inside/p/$project/" });
  const navigate = useNavigate({ from: "/p/$project" });
  // A stretch up to now ends when it is chosen, so that all parts of the page speak of the same.
  const parameters = useMemo(() => asked(search, Date.now()), [search]);
  const found = useQuery(dashboard(project, parameters));

  useEffect(() => {
    document.title = "Dashboard · Turnwise";
  }, []);

  const change = (to: PeriodSearch) => void navigate({ search: to });
  return (
    <div className="page">
      <div className="page-head">
        <h1>Dashboard</h1>
        <PeriodBar project={project} search={search} onChange={change} />
      </div>
      {found.isPending ? (
        <section className="panel">
          <Loading />
        </section>
      ) : !found.data ? (
        <section className="panel">
          <Failure error={found.error} retry={() => void found.refetch()} />
        </section>
      ) : (
        <Board project={project} search={search} found={found.data} onChange={change} />
      )}
    </div>
  );
}

interface Props {
  project: string;
  search: PeriodSearch;
  found: SchemaDashboardBody;
  onChange: (to: PeriodSearch) => void;
}

function Board({ project, search, found, onChange }: Props) {
  if (found.isNew) {
    return (
      <section className="panel">
        <Connect project={project} />
      </section>
    );
  }
  if (!found.total) {
    return (
      <section className="panel">
        <State icon={<CalendarX size={28} aria-hidden />} title="No session in this time">
          <p>Nothing began in it with these filters. A longer time may have some.</p>
          <button type="button" className="button" onClick={() => onChange({ range: "30d" })}>
            Show the last 30 days
          </button>
        </State>
      </section>
    );
  }
  return (
    <>
      <Figures total={found.total} before={found.before} />
      <Charts project={project} search={search} found={found} onChange={onChange} />
      <Lists project={project} search={search} found={found} />
    </>
  );
}

interface Figure {
  name: string;
  of: (figures: SchemaFiguresBody) => number | null;
  write: (value: number | null) => string;
  better?: Better;
  title?: string;
}

const FIGURES: readonly Figure[] = [
  { name: "Sessions", of: (each) => each.sessions, write: count, better: "neither" },
  {
    name: "Response p50",
    of: (each) => each.responseMs.p50 ?? null,
    write: duration,
    title:
      "From the end of the caller’s speech to the agent’s first sound: half of them are faster",
  },
  { name: "Response p95", of: (each) => each.responseMs.p95 ?? null, write: duration },
  {
    name: "Response p99",
    of: p99,
    write: duration,
    title: `Told from ${ENOUGH_FOR_P99} responses on`,
  },
  {
    name: "Error rate",
    of: (each) => (each.sessions ? each.failed / each.sessions : null),
    write: percent,
    title: "Sessions with a failure that nothing made good",
  },
  {
    name: "Cost per session",
    of: (each) => each.costPerSessionUsd,
    write: money,
  },
  {
    name: "Cut-off rate",
    of: (each) => each.cutOffRate,
    write: percent,
    title: "The agent’s turns in which the caller took the floor",
  },
  {
    name: "Tokens",
    of: (each) => each.inputTokens + each.outputTokens,
    write: count,
    better: "neither",
    title: "Input and output of language models",
  },
];

function Figures({
  total,
  before,
}: {
  total: SchemaFiguresBody;
  before: SchemaFiguresBody | null;
}) {
  return (
    <dl className="tiles panel figures">
      {FIGURES.map(({ name, of, write, better, title }) => {
        const value = of(total);
        const moved = change(value, before && of(before), better);
        return (
          <div className="tile" key={name} title={title}>
            <dt>{name}</dt>
            <dd>
              {value === null ? (
                <>
                  {NOTHING}
                  <span className="hidden-text">not reported</span>
                </>
              ) : (
                write(value)
              )}
            </dd>
            <dd className="since">
              <Moved change={moved} since="before" />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
