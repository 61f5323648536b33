import { expect, test } from "vitest";
import { change, wilson } from "./change";

test.each([
  [120, 100, "less", "+20 %", "up", "bad"],
  [80, 100, "less", "−20 %", "down", "good"],
  [103, 100, "more", "+3.0 %", "up", "good"],
  [80, 100, "neither", "−20 %", "down", "neutral"],
  [100.2, 100, "less", "no change", "same", "neutral"],
  [0, 0, "less", "no change", "same", "neutral"],
  [3, 0, "less", "new", "up", "bad"],
  [5000, 100, "less", "×50", "up", "bad"],
] as const)("%d after %d, %s is better: %s", (now, before, better, text, direction, verdict) => {
  expect(change(now, before, better)).toEqual({ text, direction, verdict });
});

test("what nobody reported has not changed, it is unknown", () => {
  expect(change(null, 4)).toBeNull();
  expect(change(4, undefined)).toBeNull();
});

test("the range of a share holds it, within nothing and all", () => {
  const [low, high] = wilson(2, 42) ?? [1, 0];
  expect(low).toBeCloseTo(0.0132, 3);
  expect(high).toBeCloseTo(0.1579, 3);
  expect(wilson(0, 10)?.[0]).toBeCloseTo(0, 9);
  expect(wilson(10, 10)?.[1]).toBeCloseTo(1, 9);
  expect(wilson(0, 0)).toBeNull();
});
