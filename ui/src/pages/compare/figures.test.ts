import { describe, expect, it } from "vitest";
import { change, verdict } from "./figures";

const ms = (value: number | null) => String(value);

describe("change", () => {
  it("is the share by which b is more than a", () => {
    expect(change({ a: 800, b: 1_000 })).toBe(0.25);
    expect(change({ a: 1_000, b: 500 })).toBe(-0.5);
  });
  it("is nothing where a figure is missing or zero", () => {
    expect(change({ a: null, b: 1 })).toBeNull();
    expect(change({ a: 1, b: null })).toBeNull();
    expect(change({ a: 0, b: 1 })).toBeNull();
  });
});

describe("verdict", () => {
  const figure = { name: "Response", write: ms, isLessBetter: true };
  it("knows which way is better", () => {
    expect(verdict({ ...figure, a: 800, b: 1_000 })).toBe("bad");
    expect(verdict({ ...figure, a: 800, b: 700 })).toBe("good");
    expect(verdict({ ...figure, a: 0, b: 2 })).toBe("bad");
  });
  it("says nothing of what is the same, missing, or neither good nor bad", () => {
    expect(verdict({ ...figure, a: 1_000, b: 1_020 })).toBeUndefined();
    expect(verdict({ ...figure, a: null, b: 5 })).toBeUndefined();
    expect(verdict({ name: "Turns", write: ms, a: 1, b: 5 })).toBeUndefined();
  });
});
