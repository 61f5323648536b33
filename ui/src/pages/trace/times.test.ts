import { describe, expect, it } from "vitest";
import type { SchemaRowBody } from "../../api/schema";
import { joined } from "./Row";
import { timed } from "./rows.testing";
import { criticalPath, selfMs } from "./times";
import { forest } from "./tree";
import { arrival, turnOf } from "./turns";

describe("the time a row took itself", () => {
  it("leaves out what its children cover, once", () => {
    const children = [timed("a", "r", 10, 30), timed("b", "r", 20, 40), timed("c", "r", 90, 120)];
    expect(selfMs(timed("r", null, 0, 100), children)).toBe(60);
  });
  it("is not known before the row has ended", () => {
    expect(selfMs(timed("r", null, 0, null), [])).toBeNull();
  });
});

describe("the critical path", () => {
  const path = (rows: SchemaRowBody[]) =>
    Object.fromEntries(
      [...criticalPath(forest(rows))].map(([id, spans]) => [
        id,
        spans.map((each) => [each.fromMs, each.toMs]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
      ]),
    );
  it("goes backwards through what ended last", () => {
    const rows = [
      timed("r", null, 0, 100),
      timed("a", "r", 10, 40),
      timed("side", "r", 12, 35),
      timed("b", "r", 45, 90),
    ];
    expect(path(rows)).toEqual({
      r: [
        [0, 10],
        [40, 45],
        [90, 100],
      ],
      a: [[10, 40]],
      b: [[45, 90]],
    });
  });
  it("covers the time of a tree exactly once", () => {
    const rows = [
      timed("r", null, 0, 100),
      timed("a", "r", 5, 70),
      timed("x", "a", 6, 66),
      timed("y", "a", 60, 90),
      timed("b", "r", 50, 98),
    ];
    const all = [...criticalPath(forest(rows)).values()].flat();
    expect(all.reduce((sum, each) => sum + each.toMs - each.fromMs, 0)).toBe(100);
  });
  it("is drawn as one where a screen could not part it", () => {
    const spans = [
      { fromMs: 0, toMs: 10 },
      { fromMs: 10.5, toMs: 20 },
      { fromMs: 60, toMs: 70 },
      { fromMs: 2_000, toMs: 2_001 },
    ];
    expect(joined(spans, { fromMs: 0, toMs: 1_000 })).toEqual([
      { fromMs: 0, toMs: 20 },
      { fromMs: 60, toMs: 70 },
    ]);
  });
});

describe("the turn of a row", () => {
  const rows = [
    timed("s", null, 0, 9_000, { step: "session" }),
    timed("u", "s", 1_000, 2_500, { step: "user_turn" }),
    timed("a", "s", 2_600, 6_000, { step: "agent_turn" }),
    timed("llm", "a", 2_700, 3_000, { step: "llm" }),
    timed("alone", "s", 2_400, 2_450, { step: "tool" }),
  ];
  const byId = new Map(rows.map((each) => [each.id, each]));
  const turn = (index: number, speaker: "user" | "agent", spanIds: string[], from: number) => ({
    index,
    speaker,
    text: null,
    startMs: from,
    endMs: from + 1_000,
    spanIds,
  });
  const turns = [turn(0, "user", ["u"], 1_000), turn(1, "agent", ["a"], 3_200)];
  it("is the one it was made for", () => {
    expect(turnOf(turns, byId, "llm")?.index).toBe(1);
    expect(turnOf(turns, byId, "u")?.index).toBe(0);
  });
  it("is the one that it works for, when nobody named it", () => {
    expect(turnOf(turns, byId, "alone")?.index).toBe(1);
  });
  it("is none for the call as a whole", () => {
    expect(turnOf(turns, byId, "s")).toBeUndefined();
    expect(turnOf(turns, byId, "gone")).toBeUndefined();
  });
  it("fills the window when one comes from it", () => {
    const found = arrival({ durationMs: 9_000 }, byId, "llm");
    expect(found?.fromMs).toBeGreaterThan(2_300);
    expect(found?.toMs).toBeLessThan(6_300);
  });
});
