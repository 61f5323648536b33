import { expect, test } from "vitest";
import { stageName, typeName } from "./words";

test.each([
  ["slow_barge_in", "Slow barge in"],
  ["stt_low_confidence", "STT low confidence"],
  ["no_prompt_cache", "No prompt cache"],
])("%s is written %s", (type, words) => {
  expect(typeName(type)).toBe(words);
});

test("a stage that nobody knows keeps its name", () => {
  expect(stageName("llm")).toBe("LLM");
  expect(stageName("lookup")).toBe("lookup");
});
