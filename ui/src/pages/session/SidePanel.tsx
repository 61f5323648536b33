/** Beside the transcript: the chosen turn, what went wrong, the traces, and what else is known. */

import { Link } from "@tanstack/react-router";
import { Tabs } from "radix-ui";
import { useMemo } from "react";
import type { SchemaIssueBody, SchemaSessionBody, SchemaTurnBody } from "../../api/schema";
import { count, duration, money, NOTHING } from "../../format/figures";
import { responsesOf, STAGE_NAMES, STAGES } from "./stages";

export const TABS = ["turn", "causes", "traces", "metadata"] as const;
export type Tab = (typeof TABS)[number];
const NAMES: Record<Tab, string> = {
  turn: "Turn",
  causes: "Root cause",
  traces: "Traces",
  metadata: "Metadata",
};

interface Props {
  session: SchemaSessionBody;
  turn: SchemaTurnBody | undefined;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onTurn: (index: number) => void;
}

export function SidePanel({ session, turn, tab, onTab, onTurn }: Props) {
  return (
    <Tabs.Root className="panel side-panel" value={tab} onValueChange={(to) => onTab(to as Tab)}>
      <Tabs.List className="tabs" aria-label="Details">
        {TABS.map((each) => (
          <Tabs.Trigger key={each} value={each} className="tab">
            {NAMES[each]}
            {each === "causes" && session.issues.length > 0 && (
              <span className="badge bad">{session.issues.length}</span>
            )}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="turn" className="tab-body">
        {turn ? (
          <TurnDetails session={session} turn={turn} />
        ) : (
          <p className="quiet">Choose a turn.</p>
        )}
      </Tabs.Content>
      <Tabs.Content value="causes" className="tab-body">
        {session.issues.length ? (
          <ul className="issues">
            {session.issues.map((issue, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: issues come in one order
              <IssueItem key={`${issue.type}-${place}`} issue={issue} onTurn={onTurn} />
            ))}
          </ul>
        ) : (
          <p className="quiet">Nothing went wrong that the rules know of.</p>
        )}
      </Tabs.Content>
      <Tabs.Content value="traces" className="tab-body">
        <Traces session={session} />
      </Tabs.Content>
      <Tabs.Content value="metadata" className="tab-body">
        <About session={session} />
      </Tabs.Content>
    </Tabs.Root>
  );
}

function TurnDetails({ session, turn }: { session: SchemaSessionBody; turn: SchemaTurnBody }) {
  const response = useMemo(() => responsesOf(session).get(turn.index), [session, turn.index]);
  const ms = (stage: string) => response?.parts.find((part) => part.stage === stage)?.ms;
  return (
    <>
      <h2>
        Turn {turn.index}, {turn.speaker === "agent" ? "agent" : "caller"}
      </h2>
      <dl className="pairs">
        {turn.speaker === "agent" ? (
          <>
            <Pair name="Response" value={duration(turn.responseMs)} isStrong />
            {STAGES.filter((stage) => stage !== "rest" || ms(stage) !== undefined).map((stage) => (
              <Pair
                key={stage}
                name={STAGE_NAMES[stage]}
                colour={stage}
                value={ms(stage) === undefined ? "not reported" : duration(ms(stage))}
              />
            ))}
            <Pair name="Reported by the agent" value={duration(turn.e2eMs)} />
            <Pair name="Model" value={turn.model ?? NOTHING} />
          </>
        ) : (
          <>
            <Pair
              name="Spoke for"
              value={duration(turn.endMs === null ? null : turn.endMs - turn.startMs)}
            />
            <Pair name="Transcription" colour="stt" value={duration(turn.sttMs)} />
            <Pair name="End of turn" colour="eou" value={duration(turn.eouMs)} />
            <Pair
              name="Confidence"
              value={turn.confidence === null ? NOTHING : `${Math.round(turn.confidence * 100)} %`}
            />
          </>
        )}
      </dl>
      {turn.fullText && turn.fullText !== turn.text && (
        <>
          <h2>What the model wrote</h2>
          <p className="quoted">{turn.fullText}</p>
        </>
      )}
      {turn.traceId && (
        <Link
          className="button"
          to="/p/$project/traces/$id"
          params={{ project: session.project, id: turn.traceId }}
          search={{ obs: turn.spanIds[0] }}
        >
          Open the trace
        </Link>
      )}
    </>
  );
}

function Pair({
  name,
  value,
  colour,
  isStrong = false,
}: {
  name: string;
  value: string;
  colour?: string;
  isStrong?: boolean;
}) {
  return (
    <div className="pair">
      <dt>
        {colour && <i className="dot" style={{ background: `var(--${colour})` }} />}
        {name}
      </dt>
      <dd className={isStrong ? "strong" : ""}>{value}</dd>
    </div>
  );
}

const SEVERITY: Record<string, string> = { critical: "bad", high: "bad", medium: "warn" };

function IssueItem({ issue, onTurn }: { issue: SchemaIssueBody; onTurn: (index: number) => void }) {
  const { turn } = issue;
  return (
    <li className="issue">
      <div className="issue-head">
        <span className={`badge ${SEVERITY[issue.severity] ?? ""}`}>{issue.severity}</span>
        <h2>{issue.type.replaceAll("_", " ")}</h2>
      </div>
      <p>{issue.description}</p>
      <p className="quiet small">{issue.recommendation}</p>
      {turn !== null && (
        <button type="button" className="button" onClick={() => onTurn(turn)}>
          Go to turn {turn}
        </button>
      )}
    </li>
  );
}

function Traces({ session }: { session: SchemaSessionBody }) {
  if (!session.traces.length) return <p className="quiet">No trace belongs to this session.</p>;
  return (
    <ul className="traces">
      {session.traces.map((each) => (
        <li key={each.id}>
          <Link
            to="/p/$project/traces/$id"
            params={{ project: session.project, id: each.id }}
            search={{}}
          >
            {each.name ?? each.id}
          </Link>
          <span className="quiet small">
            {count(each.observations)} observations, {duration(each.durationMs)},{" "}
            {money(each.costUsd)}
            {each.errors > 0 && <span className="slow"> · {each.errors} errors</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function About({ session }: { session: SchemaSessionBody }) {
  const pairs: [string, string | null][] = [
    ["Session", session.id],
    ["Known as", session.ref],
    ["Agent", session.agent],
    ["Version", session.appVersion],
    ["Environment", session.environment],
    ["Framework", session.framework],
    ["Caller", session.userRef],
    ["Call", session.callId],
    ["Room", session.roomName],
    ["Ended because", session.closeReason],
  ];
  return (
    <>
      <dl className="pairs">
        {pairs.map(([name, value]) =>
          value ? (
            <div className="pair" key={name}>
              <dt>{name}</dt>
              <dd className="breakable">{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
      {session.usage.length > 0 && (
        <>
          <h2>Consumption</h2>
          <ul className="traces">
            {session.usage.map((each) => (
              <li key={`${each.stage}-${each.provider}-${each.model}`}>
                <span>
                  {each.model ?? each.provider ?? "unknown"}{" "}
                  <span className="badge">{each.stage}</span>
                </span>
                <span className="quiet small">
                  {[
                    each.inputTokens + each.outputTokens > 0 &&
                      `${count(each.inputTokens)} in, ${count(each.outputTokens)} out`,
                    each.audioMs > 0 && `${duration(each.audioMs)} of audio`,
                    each.characters > 0 && `${count(each.characters)} characters`,
                    each.costUsd === null ? "no known price" : money(each.costUsd),
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>Metadata</h2>
      <pre className="code">{JSON.stringify(session.metadata, null, 2)}</pre>
    </>
  );
}
