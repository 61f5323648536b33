/** What else is known of the call: how people talked, what it consumed, what its sender says. */

import { count, duration, money } from "../../format/figures";
import type { Call } from "./call";
import { Pair, Pairs } from "./Pairs";

export function MetadataTab({ call }: { call: Call }) {
  const pairs: [string, string | null][] = [
    ["Session", call.id],
    ["Known as", call.ref],
    ["Agent", call.agent],
    ["Version", call.appVersion],
    ["Environment", call.environment],
    ["Framework", call.framework],
    ["Caller", call.userRef],
    ["Call", call.callId],
    ["Room", call.roomName],
    ["Ended because", call.closeReason],
  ];
  return (
    <>
      <Pairs>
        {pairs.map(
          ([name, value]) =>
            value && <Pair key={name} name={name} value={value} className="breakable" />,
        )}
      </Pairs>
      <Talk call={call} />
      <Sound call={call} />
      <Consumption call={call} />
      <section aria-label="Metadata">
        <h3>Metadata</h3>
        <pre className="code">{JSON.stringify(call.metadata, null, 2)}</pre>
      </section>
    </>
  );
}

function Talk({ call }: { call: Call }) {
  const { conduct } = call;
  const ms = (value: number | null) => (value === null ? "not known" : duration(value));
  return (
    <section aria-label="Conversation">
      <h3>Conversation</h3>
      <Pairs>
        <Pair name="First word of the agent after" value={ms(conduct.firstWordMs)} />
        <Pair name="Agent spoke" value={ms(conduct.agentSpeechMs)} />
        <Pair name="Caller spoke" value={ms(conduct.userSpeechMs)} />
        <Pair
          name="Agent's share of speech"
          value={conduct.talkRatio === null ? "not known" : percent(conduct.talkRatio)}
        />
        <Pair name="Both at once" value={ms(conduct.overlapMs)} />
        <Pair
          name="Agent's pace"
          value={
            conduct.agentWordsPerMinute === null
              ? "not known"
              : `${Math.round(conduct.agentWordsPerMinute)} words a minute`
          }
        />
        <Pair name="Longest monologue" value={ms(conduct.longestMonologueMs)} />
      </Pairs>
    </section>
  );
}

function Sound({ call }: { call: Call }) {
  const { audio } = call;
  if (!audio) return null;
  return (
    <section aria-label="Recording">
      <h3>Recording, as heard</h3>
      {audio.problem ? (
        <p className="said-error">{audio.problem}</p>
      ) : (
        <Pairs>
          <Pair name="Response p50" value={duration(audio.p50Ms)} />
          <Pair name="Response p95" value={duration(audio.p95Ms)} />
          <Pair name="How sure" value={percent(audio.confidence)} />
          <Pair
            name="Caller's line"
            value={
              audio.snrDb === null ? "not known" : `${audio.snrDb.toFixed(0)} dB above the noise`
            }
          />
          <Pair
            name="Clipped"
            value={audio.clippedShare === null ? "not known" : percent(audio.clippedShare)}
          />
          <Pair
            name="Aligned to within"
            value={audio.alignmentMadMs === null ? "not aligned" : duration(audio.alignmentMadMs)}
          />
        </Pairs>
      )}
      {audio.notes.map((note) => (
        <p key={note} className="quiet small">
          {note}
        </p>
      ))}
    </section>
  );
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function Consumption({ call }: { call: Call }) {
  if (!call.usage.length) return null;
  return (
    <section aria-label="Consumption">
      <h3>Consumption</h3>
      <ul className="traces">
        {call.usage.map((each) => (
          <li key={`${each.stage}-${each.provider}-${each.model}`}>
            <span>
              {each.model ?? each.provider ?? "unknown"} <span className="badge">{each.stage}</span>
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
    </section>
  );
}
