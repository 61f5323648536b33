import { describe, expect, it } from "vitest";
import type { Call, Overlap, ResponsePath, Turn } from "./call";
import { afterSilence, marksOf, type Speech, turnAt } from "./marks";
import { responsesOf } from "./stages";

const turn = (index: number, startMs: number, fields: Partial<Turn> = {}) =>
  ({
    id: String(index),
    index,
    speaker: index % 2 ? "agent" : "user",
    startMs,
    endMs: startMs + 1_000,
    responseMs: null,
    response: null,
    error: null,
    ...fields,
  }) as Turn;
const call = (fields: Partial<Call>) =>
  ({
    durationMs: 10_000,
    turns: [],
    tools: [],
    interruptions: [],
    overlaps: [],
    recordings: [],
    audio: null,
    ...fields,
  }) as unknown as Call;
const marks = (fields: Partial<Call>) => marksOf(call(fields), responsesOf(call(fields).turns));
const overlap = (id: string, onsetMs: number | null, fields: Partial<Overlap> = {}) =>
  ({
    id,
    onsetMs,
    stoppedMs: null,
    agentTurnIndex: 1,
    userTurnIndex: 2,
    isFalse: false,
    kind: "barge_in",
    ...fields,
  }) as Overlap;

describe("the marks of a call", () => {
  it("put the stages into the gap before the agent's first sound", () => {
    const held = [
      { part: "stt", heldMs: 200 },
      { part: "llm", heldMs: 500 },
    ];
    const path = { latencyMs: 1_000, heardMs: null, parts: held } as unknown as ResponsePath;
    const found = marks({
      turns: [turn(0, 0), turn(1, 2_000, { response: path })],
    });
    expect(found.waits).toHaveLength(1);
    const [wait] = found.waits;
    expect([wait?.fromMs, wait?.toMs]).toEqual([1_000, 2_000]);
    expect(wait?.parts.map((part) => [part.stage, part.fromMs, part.toMs])).toEqual([
      ["stt", 1_000, 1_200],
      ["llm", 1_200, 1_700],
      ["rest", 1_700, 2_000],
    ]);
  });
  it("draw no wait that nobody knows", () => {
    expect(marks({ turns: [turn(1, 500)] }).waits).toEqual([]);
  });
  it("tell interruptions, false ones and backchannels apart, in the order of time", () => {
    const found = marks({
      interruptions: [overlap("late", 9_000), overlap("false", 4_000, { kind: "false_alarm" })],
      overlaps: [overlap("mhm", 2_000, { kind: "backchannel" }), overlap("untold", null)],
    });
    expect(found.flags.map((each) => [each.id, each.kind, each.turn])).toEqual([
      ["mhm", "backchannel", 2],
      ["false", "false_alarm", 1],
      ["late", "barge_in", 1],
    ]);
  });
  it("reach as far as the turns and the recording do", () => {
    const recording = { id: "r", isPlayable: true, offsetMs: -300, durationMs: 20_000 };
    const found = marks({
      turns: [turn(0, 11_000)],
      recordings: [recording] as unknown as Call["recordings"],
    });
    expect(found.whole).toMatchObject({ fromMs: -300, toMs: 19_700 });
  });
  it("end a turn without an end at the next one", () => {
    const found = marks({ turns: [turn(0, 0, { endMs: null }), turn(1, 3_000, { endMs: null })] });
    expect(found.speech.map((each) => each.toMs)).toEqual([3_000, 10_000]);
  });
});

it("finds the turn of an instant", () => {
  const turns = [turn(0, 100), turn(1, 2_000), turn(2, 5_000)];
  expect([0, 100, 1_999, 1_999.7, 4_000, 9_999].map((ms) => turnAt(turns, ms))).toEqual([
    undefined,
    0,
    0,
    1,
    1,
    2,
  ]);
  expect(turnAt([], 5)).toBeUndefined();
});

describe("skipping silence", () => {
  const speech = [
    { fromMs: 1_000, toMs: 2_000 },
    { fromMs: 2_500, toMs: 3_000 },
    { fromMs: 8_000, toMs: 9_000 },
  ] as Speech[];
  it("leads to just before the next word, and never over one", () => {
    expect(afterSilence(speech, 3_500)).toBe(7_750);
    expect(afterSilence(speech, 1_500)).toBeNull();
    expect(afterSilence(speech, 2_300)).toBeNull();
    expect(afterSilence(speech, 3_100)).toBeNull();
    expect(afterSilence(speech, 7_750)).toBeNull();
    expect(afterSilence(speech, 9_500)).toBeNull();
  });
});
