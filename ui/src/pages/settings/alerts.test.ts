import { describe, expect, it } from "vitest";
import { metricName, ruleText } from "./alerts";

describe("metricName", () => {
  it("parts words and names the unit", () => {
    expect(metricName("turnLatencyMs.p95")).toBe("turn latency p95 (ms)");
    expect(metricName("durationSeconds")).toBe("duration (s)");
    expect(metricName("costPerSessionUsd")).toBe("cost per session (USD)");
    expect(metricName("toolFailures")).toBe("tool failures");
    expect(metricName("issues.high_latency")).toBe("issues of type high_latency");
  });
});

describe("ruleText", () => {
  it("says what fires it", () => {
    const rule = { metric: "turnLatencyMs.p95", operator: "gt", threshold: 2500 };
    expect(ruleText({ ...rule, windowMinutes: 15 })).toBe(
      "turn latency p95 (ms) > 2500 over 15 min",
    );
    expect(ruleText({ ...rule, metric: "errors", operator: "gte", windowMinutes: null })).toBe(
      "errors ≥ 2500 in a session",
    );
  });
});
