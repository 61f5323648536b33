/** What to look at next: sessions, failures, tools, models. */

import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { SchemaAttentionBody, SchemaDashboardBody } from "../../api/schema";
import { Spark } from "../../charts/Spark";
import { Scrolls } from "../../elements/Scrolls";
import { count, duration, exactInstant, instant, money, percent } from "../../format/figures";
import { carried, type PeriodSearch } from "../../period/search";
import { stageName, typeName } from "../../period/words";

interface Props {
  project: string;
  search: PeriodSearch;
  found: SchemaDashboardBody;
}

export function Lists({ project, search, found }: Props) {
  const along = carried({ ...search });
  const params = { project };
  return (
    <div className="lists">
      <Panel
        title="Sessions that need attention"
        isEmpty={!found.attention.length}
        empty="No session with a grave issue."
        more={
          <Link to="/p/$project/causes" params={params} search={along}>
            Root causes
          </Link>
        }
      >
        <ul className="attention">
          {found.attention.map((each) => (
            <Attention key={each.session.id} project={project} each={each} />
          ))}
        </ul>
      </Panel>
      <Panel
        title="Top errors"
        isEmpty={!found.faults.length}
        empty="Nothing failed."
        more={
          <Link to="/p/$project/errors" params={params} search={along}>
            All errors
          </Link>
        }
      >
        <ul className="attention">
          {found.faults.map((each) => {
            const place = each.places[0];
            const { fromMs, toMs, stepMs } = found;
            return (
              <li key={[each.stage, each.name, each.provider, each.kind].join()}>
                <span className="badge">{stageName(each.stage)}</span>
                <span className="grow cut" title={each.kind}>
                  {place ? (
                    <Link
                      to="/p/$project/sessions/$id"
                      params={{ project, id: place.sessionId }}
                      search={{ turn: place.turn ?? undefined }}
                    >
                      {each.kind}
                    </Link>
                  ) : (
                    each.kind
                  )}
                </span>
                <Spark
                  course={each.course}
                  {...{ fromMs, toMs, stepMs }}
                  label="Failures"
                  colour="bad"
                />
                <b className="number">{count(each.count)}</b>
              </li>
            );
          })}
        </ul>
      </Panel>
      <Panel title="Slowest tools" isEmpty={!found.tools.length} empty="No tool ran.">
        <Scrolls name="Slowest tools">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Tool</th>
                <th scope="col" className="number">
                  p50
                </th>
                <th scope="col" className="number">
                  p95
                </th>
                <th scope="col" className="number">
                  Runs
                </th>
                <th scope="col" className="number">
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {found.tools.map((each) => (
                <tr key={each.name}>
                  <th scope="row" className="mono">
                    {each.name}
                  </th>
                  <td className="number">{duration(each.p50Ms)}</td>
                  <td className="number">{duration(each.p95Ms)}</td>
                  <td className="number">{count(each.runs)}</td>
                  <td className={`number${each.failed ? " worse" : ""}`}>
                    {percent(each.failed / each.runs)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      </Panel>
      <Panel title="Models by cost" isEmpty={!found.models.length} empty="No model was named.">
        <Scrolls name="Models by cost">
          <Models found={found} />
        </Scrolls>
      </Panel>
    </div>
  );
}

function Panel({
  title,
  more,
  isEmpty,
  empty,
  children,
}: {
  title: string;
  more?: ReactNode;
  isEmpty: boolean;
  empty: string;
  children: ReactNode;
}) {
  return (
    <section className="panel list-panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {more}
      </header>
      {isEmpty ? (
        <p className="quiet fine">
          <CircleCheck size={16} aria-hidden /> {empty}
        </p>
      ) : (
        children
      )}
    </section>
  );
}

function Attention({ project, each }: { project: string; each: SchemaAttentionBody }) {
  const { session, reasons } = each;
  return (
    <li>
      <Link
        to="/p/$project/sessions/$id"
        params={{ project, id: session.id }}
        search={{ tab: "causes" }}
      >
        {session.userRef ?? session.ref ?? session.id.slice(5, 13)}
      </Link>
      <span className="grow cut quiet" title={`${session.agent} ${session.appVersion ?? ""}`}>
        {session.agent}
      </span>
      <span className="reasons">
        {reasons.slice(0, 2).map((type) => (
          <span key={type} className="badge bad">
            {typeName(type)}
          </span>
        ))}
        {reasons.length > 2 && <span className="badge">+{reasons.length - 2}</span>}
      </span>
      <time
        className="quiet small number"
        dateTime={new Date(session.startedMs).toISOString()}
        title={exactInstant(session.startedMs)}
      >
        {instant(session.startedMs)}
      </time>
    </li>
  );
}

function Models({ found }: { found: SchemaDashboardBody }) {
  const most = Math.max(0, ...found.models.map((each) => each.costUsd ?? 0));
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Stage</th>
          <th scope="col" className="number">
            Requests
          </th>
          <th scope="col" className="number">
            Cost
          </th>
        </tr>
      </thead>
      <tbody>
        {found.models.map((each) => (
          <tr key={`${each.stage} ${each.model}`}>
            <th scope="row" className="mono barred">
              {each.model}
              {each.costUsd !== null && most > 0 && (
                <i
                  aria-hidden
                  style={{
                    width: `${(100 * each.costUsd) / most}%`,
                    background: `var(--${each.stage})`,
                  }}
                />
              )}
            </th>
            <td className="quiet">{stageName(each.stage)}</td>
            <td className="number">{count(each.requests)}</td>
            <td className="number">{each.costUsd === null ? "no price" : money(each.costUsd)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
