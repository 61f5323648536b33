import { expect, test } from "vitest";
import type { SchemaVerdictBody } from "../../api/schema";
import { verdictOf } from "./verdict";

function body(over: object): SchemaVerdictBody {
  return {
    passed: null,
    enough: 30,
    candidate: { interruptions: 40 },
    baseline: null,
    gates: [],
    ...over,
  } as unknown as SchemaVerdictBody;
}
const gate = (metric: string, value: number, threshold: number, passed: boolean | null) => ({
  metric,
  value,
  threshold,
  passed,
  isRequired: true,
});

test("a failure names the rule that decided, with what was measured", () => {
  const told = verdictOf(
    body({
      passed: false,
      gates: [
        gate("stopLatencyMs.p95", 1500, 1200, false),
        gate("falseInterruptionRate", 0.01, 0.05, true),
      ],
    }),
  );
  expect(told.title).toBe("FAIL");
  expect(told.rule).toBe("Time to stop talking, p95 is 1.50 s, and may be 1.20 s at most.");
});

test("a pass counts only the limits that were decided", () => {
  const told = verdictOf(
    body({
      passed: true,
      gates: [gate("stopLatencyMs.p95", 1, 2, true), gate("turnLatencyMs.p95", 1, 2, null)],
    }),
  );
  expect(told.outcome).toBe("pass");
  expect(told.rule).toContain("All 1 limits");
});

test.each([
  [{ candidate: { interruptions: 4 } }, "The candidate has 4 interruptions"],
  [{ baseline: { interruptions: 3 } }, "The baseline has 3 interruptions"],
  [
    { gates: [gate("stopLatencyMs.p95.change", 0, 0.2, null)] },
    "Time to stop talking, p95 against the baseline cannot be decided",
  ],
])("too little is said to be too little: %o", (over, rule) => {
  const told = verdictOf(body(over));
  expect(told.title).toBe("NOT ENOUGH DATA");
  expect(told.rule).toContain(rule);
});
