import { describe, expect, it } from "vitest";
import { traceSearch, windowOf } from "./search";
import { around, instantLabel, readWindow, ticks, within, writeWindow, zoomed } from "./window";

describe("the window", () => {
  it("is read as it was written", () => {
    expect(readWindow(writeWindow({ startMs: 372.04, endMs: 859.5 }), 1_000)).toEqual({
      startMs: 372,
      endMs: 859.5,
    });
  });
  it("refuses what is no stretch of time", () => {
    for (const text of ["", "5", "9-3", "3-3", "-4-9", "a-b", "1e3-2e3", "NaN-1"])
      expect(readWindow(text, 1_000)).toBeUndefined();
  });
  it("stays inside the trace", () => {
    expect(within({ startMs: -50, endMs: 50 }, 1_000)).toEqual({ startMs: 0, endMs: 100 });
    expect(within({ startMs: 950, endMs: 1_050 }, 1_000)).toEqual({ startMs: 900, endMs: 1_000 });
    expect(within({ startMs: 0, endMs: 5_000 }, 1_000)).toEqual({ startMs: 0, endMs: 1_000 });
  });
  it("gives an event most of its room, however short it is", () => {
    for (const length of [0.02, 1, 400]) {
      const { startMs, endMs } = around({ startMs: 500, endMs: 500 + length }, 1_000);
      expect(endMs - startMs).toBeLessThan(Math.max(3.1, length * 1.2));
      expect(startMs).toBeLessThanOrEqual(500);
    }
  });
  it("zooms about a place that keeps where it is", () => {
    expect(zoomed({ startMs: 100, endMs: 300 }, 0.5, 150, 1_000)).toEqual({
      startMs: 125,
      endMs: 225,
    });
  });
});

describe("the ruler", () => {
  it("has round instants", () => {
    expect(ticks({ startMs: 372, endMs: 859 }, 5)).toEqual([400, 500, 600, 700, 800]);
    const minutes = ticks({ startMs: 0, endMs: 600_000 }, 5).map((each) => each / 60_000);
    expect(minutes).toEqual([0, 2, 4, 6, 8, 10]);
  });
  it("is as exact as the window is short", () => {
    expect(instantLabel(400, { startMs: 372, endMs: 859 })).toBe("400 ms");
    expect(instantLabel(12_340, { startMs: 12_000, endMs: 12_800 })).toBe("12.34 s");
    expect(instantLabel(67_000, { startMs: 0, endMs: 600_000 })).toBe("1:07");
    expect(instantLabel(67_200, { startMs: 66_000, endMs: 69_000 })).toBe("1:07.2");
    expect(instantLabel(3_996_000, { startMs: 3_995_000, endMs: 3_999_000 })).toBe("1:06:36.0");
    expect(instantLabel(119_960, { startMs: 119_000, endMs: 122_000 })).toBe("2:00.0");
  });
});

describe("the address", () => {
  it("keeps what it knows and drops the rest", () => {
    const raw = { obs: "a", type: ["llm", "nonsense"], err: "yes", win: "9-3", view: "path" };
    expect(traceSearch(raw)).toEqual({
      obs: "a",
      q: undefined,
      type: ["llm"],
      err: undefined,
      win: undefined,
      view: ["path"],
      tab: undefined,
    });
  });
  it("shows the whole trace without a window", () => {
    expect(windowOf({ win: "all" }, 800)).toEqual({ startMs: 0, endMs: 800 });
    expect(windowOf({}, 0)).toEqual({ startMs: 0, endMs: 1 });
  });
});
