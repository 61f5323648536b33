import { describe, expect, it } from "vitest";
import type { PathPart, ResponsePath, Turn } from "./call";
import { percentile, type Response, responseOf, responsesOf, summed } from "./stages";

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
const turn = (parts: PathPart[], latencyMs: number | null, fields: Partial<Turn> = {}) =>
  ({
    index: 1,
    speaker: "agent",
    responseMs: null,
    response: { latencyMs, parts, isTimed: true } as unknown as ResponsePath,
    ...fields,
  }) as Turn;
const sum = (response: Response) => response.parts.reduce((total, each) => total + each.ms, 0);
const told = (response: Response) => response.parts.map((each) => [each.part, each.ms]);

describe("a response", () => {
  it("shows what held the answer, and apart from it what ran beside", () => {
    const parts = [part("endpointing", 500), part("llm", 0, 400), part("tts", 300)];
    const response = responseOf(turn([...parts, part("unexplained", 50)], 850));
    expect(told(response)).toEqual([
      ["endpointing", 500],
      ["tts", 300],
      ["unexplained", 50],
    ]);
    expect(sum(response)).toBe(response.totalMs);
    expect(response.beside.map((each) => each.part)).toEqual(["llm"]);
  });
  it("sums to its total when lengths say more than there was time for", () => {
    const response = responseOf(turn([part("llm", 600), part("tts", 400)], 700));
    expect(told(response)).toEqual([
      ["llm", 600],
      ["tts", 100],
    ]);
    expect(response.parts[1]?.ownMs).toBe(400);
  });
  it("has no total where nobody knows one", () => {
    const greeting = responseOf(turn([part("llm", 400), part("tts", 300)], null));
    expect(greeting.totalMs).toBeNull();
    expect(sum(greeting)).toBe(700);
  });
  it("is all unexplained where only the wait is known", () => {
    expect(told(responseOf(turn([], null, { responseMs: 900, response: null })))).toEqual([
      ["unexplained", 900],
    ]);
  });
  it("adds up parts of one kind, the unexplained last", () => {
    const parts = [part("tool", 100), part("llm", 50), part("tool", 30)];
    const { parts: held } = responseOf(turn(parts, 200));
    expect(summed(held).map((each) => [each.part, each.ms, each.spanIds.length])).toEqual([
      ["tool", 130, 2],
      ["llm", 50, 1],
      ["unexplained", 20, 0],
    ]);
  });
  it("belongs to the agent's turns alone", () => {
    const turns = [turn([], 5), turn([], 5, { index: 2, speaker: "user" })];
    expect([...responsesOf(turns).keys()]).toEqual([1]);
  });
});

it("interpolates percentiles", () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(percentile([7], 0.95)).toBe(7);
});
