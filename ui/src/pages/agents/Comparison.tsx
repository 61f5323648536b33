/** Two versions of an agent side by side: every figure, and which differences are more than chance. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleX, X } from "lucide-react";
import { useMemo } from "react";
import { gate } from "../../api/queries";
import type { SchemaAgentsBody, SchemaChangeBody, SchemaFiguresBody } from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { count, decimal, duration, money, NOTHING, percent } from "../../format/figures";
import { type Better, change } from "../../period/change";
import { Moved } from "../../period/Moved";
import { asked } from "../../period/search";
import { p99 } from "../dashboard/p99";
import { signed } from "../gate/words";
import type { AgentsSearch } from "./search";

interface Row {
  name: string;
  of: (figures: SchemaFiguresBody) => number | null;
  write: (value: number | null) => string;
  better?: Better;
  /** The gate's name of the same figure, where it judges the difference. */
  judged?: string;
}

const ROWS: readonly Row[] = [
  { name: "Sessions", of: (each) => each.sessions, write: count, better: "neither" },
  {
    name: "Response p50",
    of: (each) => each.responseMs.p50 ?? null,
    write: duration,
    judged: "turnLatencyMs.p50",
  },
  {
    name: "Response p95",
    of: (each) => each.responseMs.p95 ?? null,
    write: duration,
    judged: "turnLatencyMs.p95",
  },
  { name: "Response p99", of: p99, write: duration },
  { name: "EOU p95", of: (each) => each.stageP95Ms.eou ?? null, write: duration },
  { name: "STT p95", of: (each) => each.stageP95Ms.stt ?? null, write: duration },
  { name: "LLM p95", of: (each) => each.stageP95Ms.llm ?? null, write: duration },
  { name: "Tool p95", of: (each) => each.stageP95Ms.tool ?? null, write: duration },
  { name: "TTS p95", of: (each) => each.stageP95Ms.tts ?? null, write: duration },
  {
    name: "Error rate",
    of: (each) => (each.sessions ? each.failed / each.sessions : null),
    write: percent,
  },
  { name: "Cut-off rate", of: (each) => each.cutOffRate, write: percent },
  {
    name: "Time to stop talking, p95",
    of: (each) => each.stopMs.p95 ?? null,
    write: duration,
    judged: "stopLatencyMs.p95",
  },
  { name: "Cost per session", of: (each) => each.costPerSessionUsd, write: money },
  {
    name: "Turns per session",
    of: (each) => (each.sessions ? each.turns / each.sessions : null),
    write: decimal,
    better: "neither",
  },
];

interface Props {
  project: string;
  search: AgentsSearch;
  found: SchemaAgentsBody;
  onChange: (to: AgentsSearch) => void;
}

export function Comparison({ project, search, found, onChange }: Props) {
  const { of, a, b, ...period } = search;
  const agent = found.data.find((each) => each.agent === of);
  const older = agent?.versions.find((each) => each.version === a);
  const newer = agent?.versions.find((each) => each.version === b);
  const isWhole = of !== undefined && a !== undefined && b !== undefined;
  const parameters = useMemo(() => {
    const made = asked({ from: found.fromMs, to: found.toMs, agent: of ? [of] : [] }, 0);
    if (a !== undefined) made.set("baseline", a);
    if (b !== undefined) made.set("candidate", b);
    return made;
  }, [found.fromMs, found.toMs, of, a, b]);
  const judged = useQuery({ ...gate(project, parameters), enabled: isWhole });
  if (!isWhole) {
    return (
      <p className="small quiet">
        {a === undefined
          ? "Tick two versions of an agent to hold them side by side."
          : `Tick another version of ${of} to compare it with ${a}.`}
      </p>
    );
  }
  const changes = new Map(judged.data?.changes.map((each) => [each.metric, each]));
  return (
    <section className="panel list-panel" aria-label="Comparison">
      <header>
        <h2>
          {of}: {a} and {b}
        </h2>
        <span className="agent-links small">
          <Link
            to="/p/$project/gate"
            params={{ project }}
            search={{
              range: period.range,
              from: period.from,
              to: period.to,
              agent: [of],
              candidate: b,
              baseline: a,
            }}
          >
            May {b} go out?
          </Link>
          <button
            type="button"
            className="button icon plain"
            aria-label="Close the comparison"
            onClick={() => onChange(period)}
          >
            <X size={15} aria-hidden />
          </button>
        </span>
      </header>
      {older && newer ? (
        <Scrolls name="Comparison">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Figure</th>
                <th scope="col" className="number">
                  {a}
                </th>
                <th scope="col" className="number">
                  {b}
                </th>
                <th scope="col">Change</th>
                <th scope="col">More than chance</th>
              </tr>
            </thead>
            <tbody>
              {ROWS.map((row) => {
                const before = row.of(older.figures);
                const now = row.of(newer.figures);
                return (
                  <tr key={row.name}>
                    <th scope="row">{row.name}</th>
                    <td className="number">{row.write(before)}</td>
                    <td className="number">
                      <b>{row.write(now)}</b>
                    </td>
                    <td>
                      <Moved change={change(now, before, row.better)} since={`in ${a}`} />
                    </td>
                    <td className="small">
                      <Judged found={row.judged ? changes.get(row.judged) : undefined} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scrolls>
      ) : (
        <p className="quiet">
          One of these versions was not heard in this time; a longer one may have both.
        </p>
      )}
    </section>
  );
}

function Judged({ found }: { found: SchemaChangeBody | undefined }) {
  if (!found?.difference95) return <span className="quiet">{NOTHING}</span>;
  const [low, high] = found.difference95;
  const range = [low, high].map((end) => signed(end, duration));
  return (
    <>
      {found.isWorse ? (
        <span className="passed bad">
          <CircleX size={14} aria-hidden /> surely worse
        </span>
      ) : high < 0 ? (
        <span className="passed good">surely better</span>
      ) : (
        <span className="quiet">may be chance</span>
      )}{" "}
      <span className="quiet">{range.join(" to ")}</span>
    </>
  );
}
