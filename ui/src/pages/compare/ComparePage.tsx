/** Two sessions beside each other: their figures, and their turns one by one. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeftRight, Columns2 } from "lucide-react";
import { useEffect } from "react";
import { session as sessionQuery } from "../../api/queries";
import type { SchemaSessionBody, SchemaTurnBody } from "../../api/schema";
import { Failure, Loading, State } from "../../elements/states";
import { Table } from "../../elements/Table";
import { duration, exactInstant, instant, NOTHING } from "../../format/figures";
import { agentTurns, change, type Figure, figures, verdict } from "./figures";
import "./compare.css";

export function ComparePage() {
  const { project } = useParams({ from: "/inside/p/$project/compare" });
  const { a, b } = useSearch({ from: "/inside/p/$project/compare" });
  useEffect(() => {
    document.title = "Compare · Turnwise";
  }, []);
  if (a && b) return <Both a={a} b={b} />;
  return (
    <State icon={<Columns2 size={28} aria-hidden />} title="Choose two sessions">
      <p>
        In the list, hold Shift and click one session, then another; or press C on one and on
        another.
      </p>
      <Link to="/p/$project/sessions" params={{ project }} search={{}} className="button">
        Go to the sessions
      </Link>
    </State>
  );
}

function Both({ a, b }: { a: string; b: string }) {
  const first = useQuery(sessionQuery(a));
  const second = useQuery(sessionQuery(b));
  const failed = [first, second].find((each) => each.isError && !each.data);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (!first.data || !second.data) return <Loading />;
  return <Compared a={first.data} b={second.data} />;
}

function Compared({ a, b }: { a: SchemaSessionBody; b: SchemaSessionBody }) {
  const navigate = useNavigate({ from: "/p/$project/compare" });
  const turns = pairs(agentTurns(a), agentTurns(b));
  const longestMs = Math.max(
    1,
    ...turns.flatMap((pair) => [pair.a?.responseMs ?? 0, pair.b?.responseMs ?? 0]),
  );
  return (
    <div className="page">
      <div className="page-head">
        <h1>Compare two sessions</h1>
        <button
          type="button"
          className="button"
          onClick={() => void navigate({ search: { a: b.id, b: a.id }, replace: true })}
        >
          <ArrowLeftRight size={15} aria-hidden /> Swap
        </button>
      </div>
      <div className="compare-heads">
        <Head letter="A" session={a} />
        <Head letter="B" session={b} />
      </div>
      <Table
        label="Figures of both"
        rows={figures(a, b).filter((figure) => figure.a !== null || figure.b !== null)}
        rowKey={(figure) => figure.name}
        empty=""
        columns={[
          { name: "Figure", cell: (figure) => figure.name },
          { name: "A", className: "number", cell: (figure) => figure.write(figure.a) },
          { name: "B", className: "number", cell: (figure) => figure.write(figure.b) },
          {
            name: "B against A",
            className: "number",
            cell: (figure) => <Change figure={figure} />,
          },
        ]}
      />
      <h2>Responses, one by one</h2>
      <Table
        label="Responses of both"
        rows={turns}
        rowKey={(pair) => pair.place}
        empty="Neither has a turn of the agent."
        columns={[
          { name: "Response", className: "number", cell: (pair) => pair.place },
          {
            name: "A",
            className: "compare-turn",
            cell: (pair) => <Turn session={a} turn={pair.a} longestMs={longestMs} />,
          },
          {
            name: "B",
            className: "compare-turn",
            cell: (pair) => <Turn session={b} turn={pair.b} longestMs={longestMs} />,
          },
        ]}
      />
    </div>
  );
}

function Head({ letter, session }: { letter: string; session: SchemaSessionBody }) {
  const name = session.userRef ?? session.ref ?? session.id.slice(5, 13);
  return (
    <section className="panel compare-head" aria-label={`Session ${letter}`}>
      <span className="compare-letter" aria-hidden>
        {letter}
      </span>
      <div>
        <Link
          to="/p/$project/sessions/$id"
          params={{ project: session.project, id: session.id }}
          search={{}}
        >
          {name}
        </Link>
        <p className="quiet small">
          {session.agent}
          {session.appVersion && ` ${session.appVersion}`} ·{" "}
          <span title={exactInstant(session.startedMs)}>{instant(session.startedMs)}</span> ·{" "}
          {session.status}
        </p>
      </div>
    </section>
  );
}

function Change({ figure }: { figure: Figure }) {
  const share = change(figure);
  if (share === null) return <span className="quiet">{NOTHING}</span>;
  const kind = verdict(figure);
  const percent = Math.round(share * 100);
  const said = percent === 0 ? "the same" : `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
  if (kind === undefined) return said;
  return (
    <span className={`badge ${kind}`}>
      {said} <span className="hidden-text">{kind === "good" ? "better" : "worse"}</span>
    </span>
  );
}

interface Pair {
  place: number;
  a: SchemaTurnBody | undefined;
  b: SchemaTurnBody | undefined;
}

function pairs(a: readonly SchemaTurnBody[], b: readonly SchemaTurnBody[]): Pair[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, place) => ({
    place: place + 1,
    a: a[place],
    b: b[place],
  }));
}

interface TurnProps {
  session: SchemaSessionBody;
  turn: SchemaTurnBody | undefined;
  longestMs: number;
}

function Turn({ session, turn, longestMs }: TurnProps) {
  if (!turn) return <span className="quiet">{NOTHING}</span>;
  return (
    <>
      <div className="compare-bar">
        {turn.responseMs !== null && (
          <i style={{ width: `${(100 * turn.responseMs) / longestMs}%` }} />
        )}
        <Link
          to="/p/$project/sessions/$id"
          params={{ project: session.project, id: session.id }}
          search={{ turn: turn.index }}
        >
          {turn.responseMs === null ? "not reported" : duration(turn.responseMs)}
        </Link>
      </div>
      <p className="quiet small compare-text">{turn.text ?? "no text"}</p>
    </>
  );
}
