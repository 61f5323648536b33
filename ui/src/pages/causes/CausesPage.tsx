/** Why calls were bad, over the whole project: causes by what they cost, with the turns that prove them. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useEffect, useMemo } from "react";
import { causes } from "../../api/queries";
import type { SchemaCauseBody, SchemaCausesBody, SchemaEvidenceBody } from "../../api/schema";
import { Spark } from "../../charts/Spark";
import "../../charts/charts.css";
import { Failure, Loading, State } from "../../elements/states";
import { clock, count, duration, percent } from "../../format/figures";
import { change } from "../../period/change";
import { Moved } from "../../period/Moved";
import { PeriodBar } from "../../period/PeriodBar";
import { asked } from "../../period/search";
import { stageName, typeName } from "../../period/words";
import { figuresOf, sureness } from "./evidence";
import "./causes.css";

export function CausesPage() {
  const { project } = useParams({ from: "/inside/p/$project/causes" });
  const search = useSearch({ from: "/inside/p/$project/causes" });
  const navigate = useNavigate({ from: "/p/$project/causes" });
  const parameters = useMemo(() => asked(search, Date.now()), [search]);
  const found = useQuery(causes(project, parameters));

  useEffect(() => {
    document.title = "Root causes · Turnwise";
  }, []);

  const { open, ...period } = search;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Root causes</h1>
          {found.data && <Summary found={found.data} />}
        </div>
        <PeriodBar
          project={project}
          search={period}
          onChange={(to) => void navigate({ search: { ...to, open } })}
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
        <ol className="causes" aria-busy={found.isFetching}>
          {found.data.data.map((cause, index) => {
            const key = `${cause.type}.${cause.stage ?? ""}`;
            return (
              <Cause
                key={key}
                rank={index + 1}
                project={project}
                found={found.data}
                cause={cause}
                isOpen={open === undefined ? index === 0 : open === key}
                onOpen={(isOpen) =>
                  void navigate({ search: { ...period, open: isOpen ? key : "-" }, replace: true })
                }
              />
            );
          })}
        </ol>
      ) : (
        <section className="panel">
          <State icon={<CircleCheck size={28} aria-hidden />} title="No cause found">
            <p>
              {found.data.sessions
                ? "The sessions of this time did as they usually do."
                : "No session began in this time."}
            </p>
          </State>
        </section>
      )}
    </div>
  );
}

function Summary({ found }: { found: SchemaCausesBody }) {
  return (
    <p className="quiet small">
      {count(found.sessions)} sessions, in which callers waited {duration(found.excessMs)} longer
      than usual in all. Ranked by the larger of two: the share of that time, and the share of
      sessions as far as the cause is grave.
    </p>
  );
}

const SEVERITIES: Readonly<Record<string, string>> = {
  critical: "bad",
  high: "bad",
  medium: "warn",
  low: "",
  info: "",
};

interface CauseProps {
  rank: number;
  project: string;
  found: SchemaCausesBody;
  cause: SchemaCauseBody;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}

function Cause({ rank, project, found, cause, isOpen, onOpen }: CauseProps) {
  const { fromMs, toMs, stepMs } = found;
  const share = cause.shareOfSlowTime;
  const stage = cause.stage ?? "rest";
  return (
    <li className="panel cause">
      <details
        open={isOpen}
        onToggle={(event) => {
          const { open } = event.currentTarget;
          if (open !== isOpen) onOpen(open);
        }}
      >
        <summary>
          <span className="rank quiet number">{rank}</span>
          <span className="cause-name">
            <b>{typeName(cause.type)}</b>
            {cause.stage && (
              <span className="badge">
                <i style={{ background: `var(--${cause.stage}, var(--rest))` }} aria-hidden />
                {stageName(cause.stage)}
              </span>
            )}
            <span className={`badge ${SEVERITIES[cause.severity] ?? ""}`}>{cause.severity}</span>
          </span>
          <span className="share">
            <span className="small">
              {share === null ? (
                "no slow time"
              ) : (
                <>
                  <b>{percent(share)}</b> of slow time, {duration(cause.excessMs)}
                </>
              )}
            </span>
            <span className="bar" aria-hidden>
              <i
                style={{
                  width: `${100 * (share ?? 0)}%`,
                  background: `var(--${stage}, var(--rest))`,
                }}
              />
            </span>
          </span>
          <span className="share">
            <span className="small">
              <b>{percent(cause.shareOfSessions)}</b> of sessions, {count(cause.sessions)}
            </span>
            <Moved
              change={change(
                cause.shareOfSessions,
                found.sessionsBefore ? cause.sessionsBefore / found.sessionsBefore : null,
              )}
              since="before"
            />
          </span>
          <Spark
            course={cause.course}
            {...{ fromMs, toMs, stepMs }}
            label="Sessions"
            colour="accent"
          />
        </summary>
        <div className="proof">
          {cause.evidence.length ? (
            <>
              <p>{cause.evidence[0]?.issue.recommendation}</p>
              <ul>
                {cause.evidence.map((each) => (
                  <Proof
                    key={`${each.sessionId} ${each.issue.turn}`}
                    project={project}
                    evidence={each}
                  />
                ))}
              </ul>
            </>
          ) : (
            <p className="quiet">Its evidence is in the sessions themselves.</p>
          )}
        </div>
      </details>
    </li>
  );
}

function Proof({ project, evidence }: { project: string; evidence: SchemaEvidenceBody }) {
  const { issue, sessionId } = evidence;
  const figures = figuresOf(issue.evidence);
  return (
    <li>
      <div className="proof-where small">
        <Link
          to="/p/$project/sessions/$id"
          params={{ project, id: sessionId }}
          search={{ turn: issue.turn ?? undefined, tab: "causes" }}
        >
          {issue.turn === null ? "Whole session" : `Turn ${issue.turn}`}
          {issue.startMs !== null && ` at ${clock(issue.startMs)}`}
        </Link>
        <span className="quiet">
          {evidence.agent} {evidence.version ?? ""}
          {evidence.hasRecording && ", with a recording"}
        </span>
      </div>
      <div>
        <p>{issue.description}</p>
        {figures.length > 0 && (
          <dl className="proof-figures">
            {figures.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            <div>
              <dt>How sure</dt>
              <dd>{sureness(issue.confidence)}</dd>
            </div>
          </dl>
        )}
      </div>
    </li>
  );
}
