import { expect, test } from "vitest";
import { metricName, metricValue } from "./words";

test.each([
  ["stopLatencyMs.p95", "Time to stop talking, p95"],
  ["falseInterruptionRate", "False interruptions"],
  ["turnLatencyMs.p95.change", "Response time, p95 against the baseline"],
  ["somethingNew.p50", "somethingNew, p50"],
])("%s is called %s", (metric, name) => {
  expect(metricName(metric)).toBe(name);
});

test.each([
  ["stopLatencyMs.p95", 1234, "1.23 s"],
  ["falseInterruptionRate", 0.05, "5.0 %"],
  ["bleedThroughWords.p50", 1, "1 word"],
  ["bleedThroughWords.p50", 2.5, "2.5 words"],
  ["stopLatencyMs.p95.change", -0.2, "−20 %"],
  ["stopLatencyMs.p95.change", 0, "0 %"],
  ["stopLatencyMs.p95", null, "–"],
])("%s of %s is %s", (metric, value, text) => {
  expect(metricValue(metric, value)).toBe(text);
});
