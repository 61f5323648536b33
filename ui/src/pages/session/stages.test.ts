import { describe, expect, it } from "vitest";
import type { SchemaToolBody, SchemaTurnBody } from "../../api/schema";
import { percentile, responseOf, toolMs } from "./stages";

const turn = (fields: Partial<SchemaTurnBody>) => fields as SchemaTurnBody;
const tool = (startMs: number | null, endMs: number | null) =>
  ({ startMs, endMs }) as SchemaToolBody;

describe("a response", () => {
  it("keeps stages that nobody reported out, and names what is left over", () => {
    const spoke = turn({ responseMs: 2_000, llmMs: 500, ttsMs: null });
    const heard = turn({ sttMs: 200, eouMs: 600 });
    expect(responseOf(spoke, heard, [tool(0, 300)])).toEqual({
      totalMs: 2_000,
      parts: [
        { stage: "stt", ms: 200 },
        { stage: "eou", ms: 400 },
        { stage: "llm", ms: 500 },
        { stage: "tool", ms: 300 },
        { stage: "rest", ms: 600 },
      ],
    });
  });
  it("never makes a total of its stages", () => {
    const early = responseOf(turn({ responseMs: 700, llmMs: 600, ttsMs: 400 }), undefined, []);
    expect(early.totalMs).toBe(700);
    expect(early.parts.map((part) => part.stage)).toEqual(["llm", "tts"]);
  });
});

it("counts tools that run at once only once", () => {
  expect(toolMs([tool(0, 100), tool(50, 150), tool(300, 400), tool(null, 5)])).toBe(250);
});

it("interpolates percentiles", () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(percentile([7], 0.95)).toBe(7);
});
