/** The tables of the gate: limits, rates, changes, and the versions before. */

import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import type {
  SchemaAgentBody,
  SchemaChangeBody,
  SchemaQualityBody,
  SchemaSpreadBody,
  SchemaVerdictBody,
} from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { count, decimal, duration, instant, NOTHING, percent } from "../../format/figures";
import { wilson } from "../../period/change";
import { type GateSearch, newestFirst, type Sides } from "./search";
import { KIND_NAMES, metricName, metricValue, signed } from "./words";

export function Passed({ passed }: { passed: boolean | null }) {
  if (passed === null) {
    return (
      <span className="passed quiet">
        <CircleHelp size={15} aria-hidden /> not decided
      </span>
    );
  }
  return passed ? (
    <span className="passed good">
      <CircleCheck size={15} aria-hidden /> kept
    </span>
  ) : (
    <span className="passed bad">
      <CircleX size={15} aria-hidden /> broken
    </span>
  );
}

export function Gates({ found }: { found: SchemaVerdictBody }) {
  return (
    <section className="panel list-panel" aria-label="Limits">
      <h2>Limits</h2>
      <Scrolls name="Limits">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" className="number">
                Measured
              </th>
              <th scope="col" className="number">
                At most
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {found.gates.map((each) => (
              <tr key={each.metric}>
                <th scope="row">{metricName(each.metric)}</th>
                <td className="number">
                  <b>
                    {each.value === null ? "not reported" : metricValue(each.metric, each.value)}
                  </b>
                </td>
                <td className="number">{metricValue(each.metric, each.threshold)}</td>
                <td>
                  <Passed passed={each.passed} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </section>
  );
}

const COUNTED: readonly (readonly [
  keyof typeof KIND_NAMES,
  (side: SchemaQualityBody) => number,
])[] = [
  ["barge_in", (side) => side.interruptions],
  ["false_alarm", (side) => side.falseInterruptions],
  ["missed", (side) => side.missedInterruptions],
  ["premature", (side) => side.prematureEndpointing],
  ["backchannel", (side) => side.backchannels],
];

export function Rates({ found }: { found: SchemaVerdictBody }) {
  const { candidate, baseline } = found;
  return (
    <section className="panel list-panel" aria-label="How often">
      <h2>
        How often, per 100 turns <span className="quiet small">with 95 % range</span>
      </h2>
      <Scrolls name="How often">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col" className="number">
                Count
              </th>
              <th scope="col" className="number">
                Candidate
              </th>
              {baseline && (
                <th scope="col" className="number">
                  Baseline
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {COUNTED.map(([kind, of]) => (
              <tr key={kind}>
                <th scope="row">{KIND_NAMES[kind]}</th>
                <td className="number">{count(of(candidate))}</td>
                <Rate some={of(candidate)} turns={candidate.agentTurns} />
                {baseline && <Rate some={of(baseline)} turns={baseline.agentTurns} />}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
      {candidate.falseInterruptions > 0 && <Recovery of={candidate.spreads.falseStopRecoveryMs} />}
    </section>
  );
}

/** How soon the agent speaks on where it was stopped for nothing. */
function Recovery({ of }: { of: SchemaSpreadBody | undefined }) {
  return (
    <p className="quiet small recovery">
      {of?.count
        ? `After a false alarm the agent speaks on after ${duration(of.p50)} (p50), ${duration(of.p95)} (p95); known of ${count(of.count)}.`
        : "How soon the agent speaks on after a false alarm was not reported."}
    </p>
  );
}

function Rate({ some, turns }: { some: number; turns: number }) {
  const range = wilson(some, turns);
  if (!range) return <td className="number">{NOTHING}</td>;
  const [low, high] = range;
  return (
    <td className="number">
      <b>{decimal((100 * some) / turns)}</b>{" "}
      <span className="quiet small">
        {decimal(100 * low)} to {decimal(100 * high)}
      </span>
    </td>
  );
}

export function Changes({ found, sides }: { found: SchemaVerdictBody; sides: Sides }) {
  return (
    <section className="panel list-panel" aria-label="Changes">
      <h2>
        {sides.candidate ?? "Candidate"} against {sides.baseline ?? "the baseline"}
      </h2>
      <Scrolls name="Changes">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" className="number">
                Baseline
              </th>
              <th scope="col" className="number">
                Candidate
              </th>
              <th scope="col" className="number">
                Change
              </th>
              <th scope="col" className="number">
                95 % of the difference
              </th>
              <th scope="col" className="number">
                Values
              </th>
              <th scope="col">Judged</th>
            </tr>
          </thead>
          <tbody>
            {found.changes.map((each) => (
              <tr key={each.metric}>
                <th scope="row">{metricName(each.metric)}</th>
                <td className="number">{metricValue(each.metric, each.baseline)}</td>
                <td className="number">
                  <b>{metricValue(each.metric, each.value)}</b>
                </td>
                <td className="number">{metricValue(`${each.metric}.change`, each.ratio)}</td>
                <td className="number quiet">
                  {each.difference95
                    ? each.difference95
                        .map((end) => signed(end, (size) => metricValue(each.metric, size)))
                        .join(" to ")
                    : NOTHING}
                </td>
                <td className="number quiet">
                  {count(each.baselineCount)}, {count(each.count)}
                </td>
                <td>
                  {each.isWorse ? (
                    <span className="passed bad">
                      <CircleX size={15} aria-hidden /> worse
                    </span>
                  ) : (
                    <span className="quiet">
                      {isBetter(each) ? "surely better" : "may be chance"}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </section>
  );
}

function isBetter({ difference95 }: SchemaChangeBody): boolean {
  return difference95 !== null && difference95[1] < 0;
}

interface HistoryProps {
  project: string;
  agent: SchemaAgentBody;
  sides: Sides;
  search: GateSearch;
}

export function History({ project, agent, sides, search }: HistoryProps) {
  const order = newestFirst(agent);
  const versions = [...agent.versions].sort(
    (one, other) => order.indexOf(one.version ?? "") - order.indexOf(other.version ?? ""),
  );
  return (
    <section className="panel list-panel" aria-label="Versions">
      <h2>Versions of {agent.agent}</h2>
      <Scrolls name="Versions">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">First heard</th>
              <th scope="col" className="number">
                Sessions
              </th>
              <th scope="col" className="number">
                Interruptions
              </th>
              <th scope="col" className="number">
                Per 100 turns
              </th>
              <th scope="col" className="number">
                False
              </th>
              <th scope="col" className="number">
                Stop p50
              </th>
              <th scope="col" className="number">
                Stop p95
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map(({ version, firstMs, figures }) => {
              const cuts = figures.cuts.barge_in ?? 0;
              return (
                <tr
                  key={version}
                  aria-current={
                    version !== null && version === sides.candidate ? "true" : undefined
                  }
                >
                  <th scope="row">
                    {version === null ? (
                      <span className="quiet">not named</span>
                    ) : (
                      <Link
                        to="/p/$project/gate"
                        params={{ project }}
                        search={{
                          ...search,
                          agent: [agent.agent],
                          candidate: version,
                          baseline: undefined,
                        }}
                      >
                        {version}
                      </Link>
                    )}
                    {version !== null && version === sides.baseline && (
                      <span className="badge">baseline</span>
                    )}
                  </th>
                  <td className="quiet">{instant(firstMs)}</td>
                  <td className="number">{count(figures.sessions)}</td>
                  <td className="number">{count(cuts)}</td>
                  <td className="number">
                    {figures.agentTurns ? decimal((100 * cuts) / figures.agentTurns) : NOTHING}
                  </td>
                  <td className="number">
                    {percent(falseRate(cuts, figures.cuts.false_alarm ?? 0))}
                  </td>
                  <td className="number">{duration(figures.stopMs.p50)}</td>
                  <td className="number">{duration(figures.stopMs.p95)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolls>
    </section>
  );
}

function falseRate(taken: number, alarms: number): number | null {
  return taken + alarms ? alarms / (taken + alarms) : null;
}
