import { describe, expect, it } from "vitest";
import { traceSearch, windowOf } from "./search";
import { instantLabel, timeOf } from "./window";

describe("the time of a row", () => {
  it("goes on to the end of the trace while the row has not ended", () => {
    expect(timeOf({ startMs: 5, endMs: 9 }, 100)).toEqual({ fromMs: 5, toMs: 9 });
    expect(timeOf({ startMs: 5, endMs: null }, 100)).toEqual({ fromMs: 5, toMs: 100 });
    expect(timeOf({ startMs: 200, endMs: null }, 100)).toEqual({ fromMs: 200, toMs: 200 });
  });
});

describe("the ruler", () => {
  it("is as exact as the window is short", () => {
    expect(instantLabel(400, { fromMs: 372, toMs: 859 })).toBe("400 ms");
    expect(instantLabel(12_340, { fromMs: 12_000, toMs: 12_800 })).toBe("12.34 s");
    expect(instantLabel(67_000, { fromMs: 0, toMs: 600_000 })).toBe("1:07");
    expect(instantLabel(67_200, { fromMs: 66_000, toMs: 69_000 })).toBe("1:07.2");
    expect(instantLabel(3_996_000, { fromMs: 3_995_000, toMs: 3_999_000 })).toBe("1:06:36.0");
    expect(instantLabel(119_960, { fromMs: 119_000, toMs: 122_000 })).toBe("2:00.0");
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
      closed: undefined,
    });
  });
  it("says which stretch is in view, never more than the trace", () => {
    expect(windowOf({ win: "372-859.5" }, 1_000)).toEqual({ fromMs: 372, toMs: 859.5 });
    expect(windowOf({ win: "372-8590" }, 1_000)).toEqual({ fromMs: 0, toMs: 1_000 });
  });
  it("shows the whole trace without a window", () => {
    expect(windowOf({ win: "all" }, 800)).toEqual({ fromMs: 0, toMs: 800 });
    expect(windowOf({}, 0)).toEqual({ fromMs: 0, toMs: 1 });
  });
});
