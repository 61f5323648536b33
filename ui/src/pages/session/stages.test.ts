import { describe, expect, it } from "vitest";
import type { SchemaToolBody } from "../../api/schema";
import type { PathPart, ResponsePath, Turn } from "./call";
import { percentile, type Response, responseOf, summed, toolMs } from "./stages";

const turn = (fields: Partial<Turn>) => fields as Turn;
const tool = (startMs: number | null, endMs: number | null) =>
  ({ startMs, endMs }) as SchemaToolBody;
const sum = (response: Response) => response.parts.reduce((total, part) => total + part.ms, 0);
const told = (response: Response) => response.parts.map((each) => [each.part, each.ms]);

describe("a response of which only lengths are known", () => {
  it("keeps stages that nobody reported out, and names what is left over", () => {
    const spoke = turn({ responseMs: 2_000, llmMs: 500, ttsMs: null });
    const response = responseOf(spoke, turn({ sttMs: 200, eouMs: 600 }), [tool(0, 300)]);
    expect(told(response)).toEqual([
      ["stt", 200],
      ["endpointing", 400],
      ["llm", 500],
      ["tool", 300],
      ["unexplained", 600],
    ]);
  });
  it("sums to the total when stages ran at once", () => {
    const early = responseOf(turn({ responseMs: 700, llmMs: 600, ttsMs: 400 }), undefined, []);
    expect(told(early)).toEqual([
      ["llm", 600],
      ["tts", 100],
    ]);
    expect(early.parts[1]?.ownMs).toBe(400);
    const hidden = responseOf(turn({ responseMs: 500, llmMs: 600, ttsMs: 400 }), undefined, []);
    expect(sum(hidden)).toBe(500);
    expect(hidden.beside.map((each) => each.part)).toEqual(["tts"]);
  });
  it("has no total where nobody knows one", () => {
    const greeting = responseOf(turn({ responseMs: null, llmMs: 400, ttsMs: 300 }), undefined, []);
    expect(greeting.totalMs).toBeNull();
    expect(sum(greeting)).toBe(700);
  });
});

describe("a response whose path is known", () => {
  const part = (name: PathPart["part"], heldMs: number, durationMs = heldMs): PathPart => ({
    part: name,
    durationMs,
    heldMs,
    startMs: 0,
    model: null,
    provider: null,
    spanIds: [name],
    isCancelled: false,
  });
  const path = (parts: PathPart[], latencyMs: number | null) =>
    turn({
      responseMs: 5,
      response: { latencyMs, parts, isTimed: true } as unknown as ResponsePath,
    });

  it("shows what held the answer, and apart from it what ran beside", () => {
    const parts = [part("endpointing", 500), part("llm", 0, 400), part("tts", 300)];
    const response = responseOf(path([...parts, part("unexplained", 40)], 850), undefined, []);
    expect(response.totalMs).toBe(850);
    expect(sum(response)).toBe(850);
    expect(response.beside.map((each) => each.part)).toEqual(["llm"]);
    expect(response.parts.at(-1)?.ms).toBe(50);
  });
  it("adds up parts of one kind", () => {
    const response = responseOf(
      path([part("tool", 100), part("llm", 50), part("tool", 30)], 180),
      undefined,
      [],
    );
    expect(summed(response.parts).map((each) => [each.part, each.ms, each.spanIds.length])).toEqual(
      [
        ["tool", 130, 2],
        ["llm", 50, 1],
      ],
    );
  });
});

it("counts tools that run at once only once", () => {
  expect(toolMs([tool(0, 100), tool(50, 150), tool(300, 400), tool(null, 5)])).toBe(250);
  expect(toolMs([tool(null, null)])).toBeNull();
});

it("interpolates percentiles", () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(percentile([7], 0.95)).toBe(7);
});
