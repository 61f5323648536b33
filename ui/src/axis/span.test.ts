import { describe, expect, it } from "vitest";
import {
  around,
  fitted,
  lengthOf,
  panned,
  readSpan,
  ticks,
  within,
  writtenSpan,
  zoomed,
} from "./span";

const whole = { fromMs: 0, toMs: 100_000, shortestMs: 1_000 };

describe("a span of the whole", () => {
  it("never leaves it", () => {
    expect(within({ fromMs: -5_000, toMs: 5_000 }, whole)).toEqual({ fromMs: 0, toMs: 10_000 });
    expect(panned({ fromMs: 80_000, toMs: 95_000 }, 50_000, whole)).toEqual({
      fromMs: 85_000,
      toMs: 100_000,
    });
    expect(within({ fromMs: -1, toMs: 1e9 }, whole)).toEqual({ fromMs: 0, toMs: 100_000 });
  });
  it("keeps the instant under the pointer where it is", () => {
    const before = { fromMs: 20_000, toMs: 60_000 };
    const after = zoomed(before, 0.5, 30_000, whole);
    expect(lengthOf(after)).toBe(20_000);
    expect((30_000 - after.fromMs) / lengthOf(after)).toBeCloseTo(0.25);
  });
  it("is never shorter than may be, however often it is zoomed", () => {
    let span = around(50_000, 60_000, whole);
    for (let step = 0; step < 40; step += 1) span = zoomed(span, 0.5, 50_000, whole);
    expect(lengthOf(span)).toBe(1_000);
    expect(span.fromMs).toBeLessThanOrEqual(50_000);
    expect(span.toMs).toBeGreaterThanOrEqual(50_000);
  });
  it.each([0.02, 1, 400, 10_000])(
    "leaves air around %d ms, and gives them most of the room",
    (ms) => {
      const fine = { ...whole, shortestMs: 1 };
      const span = fitted({ fromMs: 50_000, toMs: 50_000 + ms }, fine);
      expect(span.fromMs).toBeLessThan(50_000);
      expect(span.toMs).toBeGreaterThan(50_000 + ms);
      expect(lengthOf(span)).toBeLessThan(Math.max(3.1, ms * 1.25));
    },
  );
  it("is whole when that is shorter than what is asked for", () => {
    const short = { fromMs: 0, toMs: 4_000, shortestMs: 1_000 };
    expect(around(500, 60_000, short)).toEqual({ fromMs: 0, toMs: 4_000 });
  });
});

describe("the ruler", () => {
  it("has round instants", () => {
    expect(ticks({ fromMs: 372, toMs: 859 }, 5).at).toEqual([400, 500, 600, 700, 800]);
    const minutes = ticks({ fromMs: 0, toMs: 600_000 }, 5).at.map((each) => each / 60_000);
    expect(minutes).toEqual([0, 2, 4, 6, 8, 10]);
  });
  it.each([0.5, 90, 1_000, 7_300, 60_000, 3_600_000, 90_000_000])(
    "has no more of them than there is room for in %d ms",
    (length) => {
      const span = { fromMs: 1_234, toMs: 1_234 + length };
      const { stepMs, at } = ticks(span, 12);
      expect(length / stepMs).toBeLessThanOrEqual(12.0001);
      expect(at.length).toBeLessThanOrEqual(13);
      expect(at.every((ms) => ms >= span.fromMs && ms <= span.toMs)).toBe(true);
    },
  );
});

describe("the span in an address", () => {
  it("is read as it was written", () => {
    const span = { fromMs: 12_500, toMs: 72_500 };
    expect(writtenSpan(span, 1_000)).toBe("12.5-72.5");
    expect(readSpan("12.5-72.5", 1_000)).toEqual(span);
    expect(readSpan("-1.5-10", 1_000)).toEqual({ fromMs: -1_500, toMs: 10_000 });
    expect(readSpan(writtenSpan({ fromMs: 372.04, toMs: 859.5 }, 1), 1)).toEqual({
      fromMs: 372,
      toMs: 859.5,
    });
  });
  it.each([undefined, "", "x", "5", "9-3", "1-1", "1-2-3", "1e3-2e3", "Infinity-2"])(
    "is not read from %s",
    (text) => {
      expect(readSpan(text, 1_000)).toBeUndefined();
    },
  );
});
