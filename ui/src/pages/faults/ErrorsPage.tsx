/** What failed: kinds of failures with when, how often and where. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useEffect, useMemo } from "react";
import { faults } from "../../api/queries";
import type { SchemaFaultBody, SchemaFaultsBody } from "../../api/schema";
import { Spark } from "../../charts/Spark";
import "../../charts/charts.css";
import { Scrolls } from "../../elements/Scrolls";
import { Failure, Loading, State } from "../../elements/states";
import { count, exactInstant, instant } from "../../format/figures";
import { PeriodBar } from "../../period/PeriodBar";
import { asked, sessionsBetween } from "../../period/search";
import { stageName } from "../../period/words";
import "./faults.css";

export function ErrorsPage() {
  const { project } = useParams({ from: "/inside/p/$project/errors" });
  const search = useSearch({ from: "/inside/p/$project/errors" });
  const navigate = useNavigate({ from: "/p/$project/errors" });
  const parameters = useMemo(() => asked(search, Date.now()), [search]);
  const found = useQuery(faults(project, parameters));

  useEffect(() => {
    document.title = "Errors · Turnwise";
  }, []);

  const all = found.data?.data ?? [];
  const stages = [...new Set(all.map((each) => each.stage))];
  const shown = search.stage ? all.filter((each) => each.stage === search.stage) : all;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Errors</h1>
        <PeriodBar
          project={project}
          search={search}
          onChange={(to) => void navigate({ search: { ...to, stage: search.stage } })}
        />
      </div>
      {stages.length > 1 && (
        <fieldset className="filters stages">
          <legend className="hidden-text">Stage</legend>
          {[undefined, ...stages].map((stage) => (
            <button
              key={stage ?? "all"}
              type="button"
              className="button small"
              aria-pressed={search.stage === stage}
              onClick={() => void navigate({ search: { ...search, stage }, replace: true })}
            >
              {stage ? stageName(stage) : "All stages"}
            </button>
          ))}
        </fieldset>
      )}
      <section className="panel" aria-label="Errors" aria-busy={found.isFetching}>
        {found.isPending ? (
          <Loading />
        ) : !found.data ? (
          <Failure error={found.error} retry={() => void found.refetch()} />
        ) : shown.length ? (
          <Kinds project={project} found={found.data} shown={shown} />
        ) : (
          <State icon={<CircleCheck size={28} aria-hidden />} title="Nothing failed in this time">
            <p>No request, tool or turn of these sessions ended in an error.</p>
          </State>
        )}
      </section>
      {found.data && shown.length > 0 && (
        <p className="small quiet">
          Numbers, ids and links in messages are left out, so that equal failures count as one.{" "}
          <Link
            to="/p/$project/sessions"
            params={{ project }}
            search={sessionsBetween(search, found.data.fromMs, found.data.toMs, { errors: true })}
          >
            All sessions with errors
          </Link>
        </p>
      )}
    </div>
  );
}

interface KindsProps {
  project: string;
  found: SchemaFaultsBody;
  shown: readonly SchemaFaultBody[];
}

function Kinds({ project, found, shown }: KindsProps) {
  const { fromMs, toMs, stepMs } = found;
  return (
    <Scrolls name="Kinds of errors">
      <table className="plain-table faults">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">What failed</th>
            <th scope="col">When</th>
            <th scope="col" className="number">
              Count
            </th>
            <th scope="col" className="number">
              Sessions
            </th>
            <th scope="col">First and last</th>
            <th scope="col">Seen in</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((each) => (
            <tr key={[each.stage, each.name, each.provider, each.kind].join()}>
              <td>
                <span className="badge">{stageName(each.stage)}</span>
              </td>
              <td className="fault-kind">
                <b>{each.kind}</b>
                <span className="quiet small">
                  {[each.name, each.provider].filter(Boolean).join(" · ") || "name not reported"}
                </span>
              </td>
              <td>
                <Spark
                  course={each.course}
                  {...{ fromMs, toMs, stepMs }}
                  label="Failures"
                  colour="bad"
                />
              </td>
              <td className="number">{count(each.count)}</td>
              <td className="number">{count(each.sessions)}</td>
              <td className="small fault-when">
                <span title={exactInstant(each.firstMs)}>{instant(each.firstMs)}</span>
                {each.lastMs > each.firstMs && (
                  <span title={exactInstant(each.lastMs)}>{instant(each.lastMs)}</span>
                )}
              </td>
              <td className="small places">
                {each.places.map((place) => (
                  <Link
                    key={`${place.sessionId} ${place.turn} ${place.atMs}`}
                    to="/p/$project/sessions/$id"
                    params={{ project, id: place.sessionId }}
                    search={{ turn: place.turn ?? undefined }}
                    title={exactInstant(place.atMs)}
                  >
                    {place.turn === null
                      ? place.sessionId.slice(5, 13)
                      : `${place.sessionId.slice(5, 13)}, turn ${place.turn}`}
                  </Link>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
