import { describe, expect, it } from "vitest";
import {
  around,
  fitted,
  lengthOf,
  panned,
  readSpan,
  SHORTEST_MS,
  ticks,
  within,
  writtenSpan,
  zoomed,
} from "./span";

const whole = { fromMs: 0, toMs: 100_000 };

describe("a span of the call", () => {
  it("never leaves the call", () => {
    expect(within({ fromMs: -5_000, toMs: 5_000 }, whole)).toEqual({ fromMs: 0, toMs: 10_000 });
    expect(panned({ fromMs: 80_000, toMs: 95_000 }, 50_000, whole)).toEqual({
      fromMs: 85_000,
      toMs: 100_000,
    });
    expect(within({ fromMs: -1, toMs: 1e9 }, whole)).toEqual(whole);
  });
  it("keeps the instant under the pointer where it is", () => {
    const before = { fromMs: 20_000, toMs: 60_000 };
    const after = zoomed(before, 0.5, 30_000, whole);
    expect(lengthOf(after)).toBe(20_000);
    expect((30_000 - after.fromMs) / lengthOf(after)).toBeCloseTo(0.25);
  });
  it("is never shorter than a second, however often it is zoomed", () => {
    let span = around(50_000, 60_000, whole);
    for (let step = 0; step < 40; step += 1) span = zoomed(span, 0.5, 50_000, whole);
    expect(lengthOf(span)).toBe(SHORTEST_MS);
    expect(span.fromMs).toBeLessThanOrEqual(50_000);
    expect(span.toMs).toBeGreaterThanOrEqual(50_000);
  });
  it("leaves air around what it is fitted to", () => {
    const span = fitted({ fromMs: 10_000, toMs: 20_000 }, whole);
    expect(span.fromMs).toBeLessThan(10_000);
    expect(span.toMs).toBeGreaterThan(20_000);
  });
  it("is whole when the call is shorter than what is asked for", () => {
    expect(around(500, 60_000, { fromMs: 0, toMs: 4_000 })).toEqual({ fromMs: 0, toMs: 4_000 });
  });
});

describe("the ruler", () => {
  it("leaves room for each label", () => {
    for (const length of [1_000, 7_300, 60_000, 3_600_000]) {
      const span = { fromMs: 1_234, toMs: 1_234 + length };
      const { stepMs, at } = ticks(span, 900);
      expect((stepMs / length) * 900).toBeGreaterThanOrEqual(76);
      expect(at.every((ms) => ms % stepMs === 0 && ms >= span.fromMs && ms <= span.toMs)).toBe(
        true,
      );
    }
  });
});

describe("the span in an address", () => {
  it("is read as it was written", () => {
    const span = { fromMs: 12_500, toMs: 72_500 };
    expect(writtenSpan(span)).toBe("12.5-72.5");
    expect(readSpan("12.5-72.5")).toEqual(span);
    expect(readSpan("-1.5-10")).toEqual({ fromMs: -1_500, toMs: 10_000 });
  });
  it.each([undefined, "", "x", "5", "9-3", "1-1", "1-2-3", "Infinity-2"])(
    "is not read from %s",
    (text) => {
      expect(readSpan(text)).toBeUndefined();
    },
  );
});
