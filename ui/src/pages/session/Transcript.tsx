/** The turns as they were said, each with what the caller waited for it. */

import { AudioLines, TriangleAlert, Wrench } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import type { SchemaSessionBody, SchemaTurnBody } from "../../api/schema";
import { clock, duration } from "../../format/figures";
import { StageBar } from "./StageBar";
import { percentile, responsesOf } from "./stages";

const SLOW_MS = 2_500;

interface Props {
  session: SchemaSessionBody;
  current: number | undefined;
  /** Whether the list follows the current turn. */
  isFollowing: boolean;
  onChoose: (turn: SchemaTurnBody) => void;
}

export function Transcript({ session, current, isFollowing, onChoose }: Props) {
  const responses = useMemo(() => responsesOf(session), [session]);
  const tools = useMemo(() => session.tools, [session]);
  const interruptedAt = new Map(
    session.interruptions
      .filter((each) => each.agentTurnIndex !== null && !each.isFalse)
      .map((each) => [each.agentTurnIndex, each.onsetMs]),
  );
  // One very slow turn must not make every other bar a sliver.
  const longest = [...responses.values()].map(({ totalMs, parts }) =>
    Math.max(
      totalMs ?? 0,
      parts.reduce((sum, part) => sum + part.ms, 0),
    ),
  );
  const scaleMs = Math.max(1_500, (percentile(longest, 0.9) ?? 0) * 1.15);

  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (current === undefined || !isFollowing) return;
    list.current
      ?.querySelector(`[data-turn="${current}"]`)
      ?.scrollIntoView({ block: "nearest", behavior: "auto" });
  }, [current, isFollowing]);

  return (
    <ol className="transcript" ref={list}>
      {session.turns.map((turn, place) => {
        const response = responses.get(turn.index);
        const isCurrent = turn.index === current;
        const slow = (response?.totalMs ?? 0) >= SLOW_MS;
        return (
          <li
            key={turn.id}
            data-turn={turn.index}
            aria-posinset={place + 1}
            aria-setsize={session.turns.length}
            aria-current={isCurrent ? "true" : undefined}
            className={`turn ${turn.speaker}`}
          >
            <button type="button" className="turn-at mono" onClick={() => onChoose(turn)}>
              <span className="hidden-text">Turn {turn.index} at </span>
              {clock(turn.startMs)}
            </button>
            <div className="turn-body">
              <div className="turn-who">
                <span className="speaker">{turn.speaker === "agent" ? "Agent" : "Caller"}</span>
                {turn.interrupted && (
                  <span className="badge bad">
                    <AudioLines size={12} aria-hidden />
                    Interrupted
                    {interruptedAt.get(turn.index) != null &&
                      ` at ${clock(interruptedAt.get(turn.index))}`}
                  </span>
                )}
                {turn.error && (
                  <span className="badge bad">
                    <TriangleAlert size={12} aria-hidden />
                    {turn.error}
                  </span>
                )}
                {tools
                  .filter((tool) => tool.turnIndex === turn.index)
                  .map((tool) => (
                    <span key={tool.id} className={`badge ${tool.isError ? "bad" : ""}`}>
                      <Wrench size={12} aria-hidden />
                      {tool.name}
                      {tool.startMs !== null &&
                        tool.endMs !== null &&
                        ` ${duration(tool.endMs - tool.startMs)}`}
                      {tool.isError && " failed"}
                    </span>
                  ))}
              </div>
              <p className={turn.text ? "" : "quiet"}>
                {turn.text ?? "Nobody reported the words."}
              </p>
              {response && (response.totalMs !== null || response.parts.length > 0) && (
                <div className="turn-time">
                  <StageBar response={response} scaleMs={scaleMs} />
                  {response.totalMs !== null && (
                    <strong className={slow ? "slow" : ""}>{duration(response.totalMs)}</strong>
                  )}
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
