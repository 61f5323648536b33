/** One turn: where its time went, what was measured of it, its tools, and what cut it short. */

import { ArrowLeft, ArrowRight } from "lucide-react";
import type { SchemaToolBody } from "../../api/schema";
import { clock, count, duration, NOTHING } from "../../format/figures";
import type { Call, Turn } from "./call";
import { FLAG_NAMES, type Flag } from "./marks";
import { Pair, Pairs } from "./Pairs";
import { StageBar } from "./StageBar";
import { EXPECTED, partName, type Response, SLOW_MS, summed } from "./stages";

/** From here what is heard and what is reported contradict each other (voice.md 3.2). */
const APART_MS = 300;
const SLOWEST = 3;

interface Props {
  call: Call;
  turn: Turn | undefined;
  responses: ReadonlyMap<number, Response>;
  tools: readonly SchemaToolBody[];
  onTurn: (index: number) => void;
  onStep: (by: number) => void;
}

export function TurnTab({ call, turn, responses, tools, onTurn, onStep }: Props) {
  if (!turn) return <Slowest responses={responses} onTurn={onTurn} />;
  const response = responses.get(turn.index);
  const cuts = [...call.interruptions, ...call.overlaps].filter(
    (each) => each.agentTurnIndex === turn.index || each.userTurnIndex === turn.index,
  );
  return (
    <>
      <header className="turn-head">
        <h2>
          Turn {turn.index} <span className={turn.speaker}>{sayer(turn)}</span>
        </h2>
        <span className="quiet small mono">
          {clock(turn.startMs)}
          {turn.endMs !== null && `–${clock(turn.endMs)}`}
        </span>
        <span className="steps">
          <button
            type="button"
            className="button plain icon"
            aria-label="Turn before (K)"
            onClick={() => onStep(-1)}
          >
            <ArrowLeft size={15} aria-hidden />
          </button>
          <button
            type="button"
            className="button plain icon"
            aria-label="Next turn (J)"
            onClick={() => onStep(1)}
          >
            <ArrowRight size={15} aria-hidden />
          </button>
        </span>
      </header>
      {turn.error !== null && <p className="said-error">{turn.error}</p>}
      {turn.speaker === "agent" && response ? (
        <Answer call={call} turn={turn} response={response} />
      ) : (
        <Heard call={call} turn={turn} responses={responses} onTurn={onTurn} />
      )}
      {cuts.map((each) => (
        <section key={each.id} aria-label={FLAG_NAMES[each.kind]}>
          <h3>{FLAG_NAMES[each.kind]}</h3>
          <Cut of={each} />
        </section>
      ))}
      {tools.length > 0 && (
        <section aria-label="Tools">
          <h3>Tools</h3>
          {tools.map((tool) => (
            <Tool key={tool.id} tool={tool} />
          ))}
        </section>
      )}
      {turn.fullText !== null && turn.fullText !== turn.text && (
        <section aria-label="Unspoken words">
          <h3>What the model wrote</h3>
          <p className="quoted">{turn.fullText}</p>
        </section>
      )}
    </>
  );
}

const sayer = (turn: Turn) => (turn.speaker === "agent" ? "Agent" : "Caller");

function Slowest({ responses, onTurn }: Pick<Props, "responses" | "onTurn">) {
  const slowest = [...responses]
    .filter(([, { totalMs }]) => totalMs !== null)
    .sort(([, a], [, b]) => (b.totalMs ?? 0) - (a.totalMs ?? 0))
    .slice(0, SLOWEST);
  return (
    <>
      <p className="quiet">Choose a turn to see where its time went.</p>
      {slowest.length > 0 && (
        <section aria-label="Slowest responses">
          <h3>Slowest responses</h3>
          <ul className="links">
            {slowest.map(([index, response]) => (
              <li key={index}>
                <button type="button" className="link-row" onClick={() => onTurn(index)}>
                  <span>Turn {index}</span>
                  <StageBar response={response} scaleMs={null} />
                  <strong>{duration(response.totalMs)}</strong>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Where the time before an agent's turn went; the rows sum to the total. */
function Answer({ call, turn, response }: { call: Call; turn: Turn; response: Response }) {
  const { totalMs } = response;
  const rows = summed(response.parts);
  const beside = summed(response.beside);
  const known = new Set([...rows, ...beside].map((each) => each.part));
  const isSlow = (totalMs ?? 0) >= SLOW_MS;
  return (
    <>
      <section aria-label="Response">
        <div className="total">
          <strong className={isSlow ? "late" : ""}>
            {totalMs === null ? "not reported" : duration(totalMs)}
          </strong>
          <span className="quiet small">
            {totalMs === null ? "response time" : "from the caller's last word to the first sound"}
          </span>
        </div>
        {rows.length > 0 && <StageBar response={response} scaleMs={null} />}
        <table className="stage-table" aria-label="Stages and their times">
          <tbody>
            {rows.map((part) => (
              <tr key={part.part} data-stage={part.part}>
                <th scope="row">
                  <i
                    className={`dot ${part.stage}`}
                    style={{ background: `var(--${part.stage})` }}
                  />
                  {partName(part.part)}
                  {part.model && <span className="quiet"> {part.model}</span>}
                  {part.ownMs - part.ms >= 1 && (
                    <span className="quiet"> took {duration(part.ownMs)}, partly beside</span>
                  )}
                </th>
                <td>{duration(part.ms)}</td>
              </tr>
            ))}
            {beside.map((part) => (
              <tr key={part.part} className="quiet" data-stage={part.part}>
                <th scope="row">
                  <i
                    className={`dot ${part.stage}`}
                    style={{ background: `var(--${part.stage})` }}
                  />
                  {partName(part.part)} took {duration(part.ownMs)}
                </th>
                <td>held nothing up</td>
              </tr>
            ))}
            {EXPECTED.filter((part) => !known.has(part)).map((part) => (
              <tr key={part} className="quiet" data-stage={part}>
                <th scope="row">
                  <i className="dot none" />
                  {partName(part)}
                </th>
                <td>not reported</td>
              </tr>
            ))}
          </tbody>
          {totalMs !== null && rows.length > 0 && (
            <tfoot>
              <tr>
                <th scope="row">Total</th>
                <td>{duration(totalMs)}</td>
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      <Compared call={call} turn={turn} />
      <Model turn={turn} />
    </>
  );
}

/** The same wait as the agent says it, and as the recording has it. */
function Compared({ call, turn }: { call: Call; turn: Turn }) {
  const heard = call.audio?.responses.find((each) => each.turn === turn.index);
  const apartMs = heard && turn.e2eMs !== null ? heard.latencyMs - turn.e2eMs : null;
  return (
    <section aria-label="Reported and heard">
      <dl className="compared">
        <div>
          <dt>Reported by the agent</dt>
          <dd>{turn.e2eMs === null ? "not reported" : duration(turn.e2eMs)}</dd>
        </div>
        <div>
          <dt>Heard in the recording</dt>
          <dd>{heard ? duration(heard.latencyMs) : "not measured"}</dd>
        </div>
      </dl>
      {apartMs !== null && Math.abs(apartMs) >= APART_MS && (
        <p className="badge warn">
          {duration(Math.abs(apartMs))} {apartMs > 0 ? "longer" : "shorter"} than reported
        </p>
      )}
    </section>
  );
}

function Model({ turn }: { turn: Turn }) {
  const made = turn.response?.generation;
  return (
    <section aria-label="Model">
      <h3>Model</h3>
      <Pairs>
        <Pair name="Answered" value={made?.model ?? turn.model ?? "not reported"} />
        {made?.requestedModel && <Pair name="Asked for" value={made.requestedModel} />}
        {made && (
          <>
            <Pair
              name="Prompt"
              value={
                made.promptTokens === null
                  ? "not reported"
                  : `${count(made.promptTokens)} tokens${
                      made.cachedTokens === null ? "" : `, ${count(made.cachedTokens)} cached`
                    }`
              }
            />
            <Pair
              name="Answer"
              value={
                made.outputTokens === null ? "not reported" : `${count(made.outputTokens)} tokens`
              }
            />
            {made.thinkingMs !== null && (
              <Pair name="Thought for about" value={duration(made.thinkingMs)} />
            )}
            {made.attempts > 1 && <Pair name="Attempts" value={count(made.attempts)} />}
          </>
        )}
      </Pairs>
    </section>
  );
}

function Heard({
  call,
  turn,
  responses,
  onTurn,
}: Omit<Props, "turn" | "tools" | "onStep"> & { turn: Turn }) {
  const place = call.turns.findIndex((each) => each.index === turn.index);
  const answer = call.turns[place + 1];
  const waited = answer && responses.get(answer.index)?.totalMs;
  return (
    <section aria-label="Recognition">
      <Pairs>
        <Pair
          name="Spoke for"
          value={turn.endMs === null ? "not reported" : duration(turn.endMs - turn.startMs)}
        />
        <Pair name="Transcription" stage="stt" value={reported(turn.sttMs)} />
        <Pair name="End of turn" stage="eou" value={reported(turn.eouMs)} />
        <Pair
          name="Confidence"
          value={
            turn.confidence === null ? "not reported" : `${Math.round(turn.confidence * 100)} %`
          }
        />
        {turn.interimText !== null && (
          <Pair name="First heard as" value={turn.interimText} className="breakable" />
        )}
        <Pair name="Recognised by" value={turn.model ?? "not reported"} />
      </Pairs>
      {answer?.speaker === "agent" && (
        <button type="button" className="button" onClick={() => onTurn(answer.index)}>
          {waited ? `Answered after ${duration(waited)}` : "Go to the answer"}
        </button>
      )}
    </section>
  );
}

const reported = (ms: number | null) => (ms === null ? "not reported" : duration(ms));

function Cut({ of }: { of: Flag["of"] }) {
  const since = (ms: number | null, from: number | null) =>
    ms === null || from === null ? "not reported" : duration(ms - from);
  return (
    <Pairs>
      <Pair name="Caller began" value={of.onsetMs === null ? "not reported" : clock(of.onsetMs)} />
      <Pair name="Recognised after" value={since(of.detectedMs, of.onsetMs)} />
      <Pair name="Agent silent after" value={since(of.stoppedMs, of.onsetMs)} />
      <Pair name="of which flushing" value={since(of.stoppedMs, of.detectedMs)} />
      <Pair
        name="Words spoken over"
        value={of.bleedWords === null ? "not reported" : count(of.bleedWords)}
      />
    </Pairs>
  );
}

function Tool({ tool }: { tool: SchemaToolBody }) {
  const took = tool.startMs !== null && tool.endMs !== null ? tool.endMs - tool.startMs : null;
  return (
    <details className="tool" open={tool.isError}>
      <summary>
        <span className="mono">{tool.name}</span>
        <span className={tool.isError ? "late" : "quiet"}>
          {tool.isError ? "failed" : "ok"} · {took === null ? NOTHING : duration(took)}
        </span>
      </summary>
      {tool.error !== null && <p className="said-error">{tool.error}</p>}
      {tool.arguments !== null && <pre className="code">{tool.arguments}</pre>}
      {tool.output !== null && <pre className="code">{tool.output}</pre>}
    </details>
  );
}
