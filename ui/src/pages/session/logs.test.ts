import { describe, expect, it } from "vitest";
import type { SchemaLogLineBody } from "../../api/schema";
import type { Turn } from "./call";
import { levelName, toneOf, turnsOfRecords } from "./logs";

const record = (severity: number, severityText: string | null = null) =>
  ({ severity, severityText }) as SchemaLogLineBody;

describe("the level of a record", () => {
  it.each([
    [1, "Trace"],
    [8, "Debug"],
    [9, "Info"],
    [16, "Warning"],
    [17, "Error"],
    [24, "Fatal"],
  ])("%i is called %s", (severity, name) => {
    expect(levelName(record(severity))).toBe(name);
  });
  it("is the sender's word where nobody gave a number", () => {
    expect(levelName(record(0, "notice"))).toBe("notice");
    expect(levelName(record(0))).toBe("No level");
    expect(toneOf(0)).toBe("");
  });
});

describe("the turn of a record", () => {
  const turn = (index: number, startMs: number, spanIds: string[]) =>
    ({ index, startMs, endMs: null, spanIds, traceId: "t" }) as unknown as Turn;
  const of = turnsOfRecords([turn(0, 0, ["a"]), turn(1, 5_000, ["b"])]);
  it("is the one that was made from its span, whenever it was written", () => {
    expect(of({ traceId: "t", spanId: "b", atMs: 100 })).toBe(1);
  });
  it("is the one around its instant, without such a span", () => {
    expect(of({ traceId: "other", spanId: "b", atMs: 100 })).toBe(0);
    expect(of({ traceId: null, spanId: null, atMs: 6_000 })).toBe(1);
    expect(of({ traceId: null, spanId: null, atMs: -1_000 })).toBeUndefined();
  });
});
