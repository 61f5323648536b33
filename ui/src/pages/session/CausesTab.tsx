/** What went wrong, why, what proves it, and what to do; consequences under their cause. */

import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import { useMemo, useState } from "react";
import { clock } from "../../format/figures";
import type { Call } from "./call";
import { type Cause, causesOf, evidence, said } from "./causes";

const TONES: Record<string, string> = { critical: "bad", high: "bad", medium: "warn" };
const SHOWN_SPANS = 2;
const SHOWN_CAUSES = 30;

interface Props {
  call: Call;
  onTurn: (index: number) => void;
  onSeek: (ms: number) => void;
}

export function CausesTab({ call, onTurn, onSeek }: Props) {
  const causes = useMemo(() => causesOf(call.issues), [call.issues]);
  const [shown, setShown] = useState(SHOWN_CAUSES);
  if (!causes.length)
    return (
      <p className="all-well">
        <CircleCheck size={18} aria-hidden />
        Nothing went wrong that the rules know of.
      </p>
    );
  const more = causes.length - shown;
  return (
    <>
      <ul className="issues">
        {causes.slice(0, shown).map((cause, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: issues come in one order
          <IssueItem key={place} cause={cause} call={call} onTurn={onTurn} onSeek={onSeek} />
        ))}
      </ul>
      {more > 0 && (
        <button type="button" className="button" onClick={() => setShown(causes.length)}>
          Show {more} more
        </button>
      )}
    </>
  );
}

function IssueItem({ cause, call, onTurn, onSeek }: Props & { cause: Cause }) {
  const { issue, consequences } = cause;
  const { turn, startMs, endMs } = issue;
  const tone = TONES[issue.severity] ?? "";
  const facts = Object.entries(issue.evidence).map(([name, value]) => evidence(name, value));
  const Icon = tone === "bad" ? CircleAlert : tone === "warn" ? TriangleAlert : Info;
  return (
    <li className={`issue ${tone}`}>
      <div className="issue-head">
        <Icon size={16} aria-hidden />
        <h3>{said(issue.type)}</h3>
        <span className={`badge ${tone}`}>{issue.severity}</span>
      </div>
      <p>{issue.description}</p>
      {issue.recommendation && <p className="advice">{issue.recommendation}</p>}
      <div className="issue-links">
        {turn !== null && (
          <button type="button" className="button small-button" onClick={() => onTurn(turn)}>
            Go to turn {turn}
          </button>
        )}
        {startMs !== null && (
          <button
            type="button"
            className="button small-button mono"
            onClick={() => onSeek(startMs)}
          >
            <span className="hidden-text">Hear </span>
            {clock(startMs)}
            {endMs !== null && clock(endMs) !== clock(startMs) && `–${clock(endMs)}`}
          </button>
        )}
        <Spans issue={issue} call={call} />
      </div>
      <p className="quiet small sure">
        <span className="meter" aria-hidden>
          <i style={{ width: `${Math.round(issue.confidence * 100)}%` }} />
        </span>
        {Math.round(issue.confidence * 100)} % sure
      </p>
      {facts.length > 0 && (
        <details className="evidence">
          <summary>Evidence</summary>
          <dl className="pairs">
            {facts.map(({ name, value }) => (
              <div className="pair" key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {consequences.length > 0 && (
        <div className="consequences">
          <p className="small quiet">This led to</p>
          <ul className="issues">
            {consequences.map((each, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: issues come in one order
              <IssueItem key={place} cause={each} call={call} onTurn={onTurn} onSeek={onSeek} />
            ))}
          </ul>
        </div>
      )}
    </li>
  );
}

/** The observations that prove it, where it is known to which trace they belong. */
function Spans({ issue, call }: { issue: Cause["issue"]; call: Call }) {
  const ofTurn = call.turns.find((each) => each.index === issue.turn)?.traceId;
  const only = call.traces.length === 1 ? call.traces[0]?.id : undefined;
  const trace = ofTurn ?? only;
  if (!trace) return null;
  return issue.spanIds.slice(0, SHOWN_SPANS).map((span, place) => (
    <Link
      key={span}
      className="button small-button"
      to="/p/$project/traces/$id"
      params={{ project: call.project, id: trace }}
      search={{ obs: span }}
    >
      {place === 0 ? "Open the observation" : "And the next"}
    </Link>
  ));
}
