import { describe, expect, it } from "vitest";
import { bytes, clock, decimal, duration, money, NOTHING, percent, stretch } from "./figures";

describe("durations", () => {
  it.each([
    [0.02, "<1 ms"],
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [1840, "1.84 s"],
    [9_996, "10.0 s"],
    [59_960, "1 m 0 s"],
    [267_000, "4 m 27 s"],
    [5_862_600, "1 h 38 m"],
  ])("writes %d ms as %s", (ms, said) => expect(duration(ms)).toBe(said));

  it("shows a dash where nobody reported", () => {
    expect(duration(null)).toBe(NOTHING);
    expect(clock(undefined)).toBe(NOTHING);
    expect(money(null)).toBe(NOTHING);
  });
});

describe("places in a call", () => {
  it.each([
    [0, "0:00"],
    [67_900, "1:07"],
    [3_753_000, "1:02:33"],
    [-5, "0:00"],
  ])("writes %d ms as %s", (ms, said) => expect(clock(ms)).toBe(said));
});

it.each([
  [0, "$0"],
  [0.00001, "<$0.0001"],
  [0.0413, "$0.0413"],
  [12.4, "$12.40"],
  [1234.5, "$1,234.50"],
])("writes %d dollars as %s", (usd, said) => expect(money(usd)).toBe(said));

it.each([
  [12, "12 B"],
  [2048, "2.0 KB"],
  [5 * 1024 * 1024, "5.0 MB"],
])("writes %d bytes as %s", (size, said) => expect(bytes(size)).toBe(said));

it.each([
  [0, "0 %"],
  [0.0001, "0.1 %"],
  [0.024, "2.4 %"],
  [0.456, "46 %"],
  [1, "100 %"],
  [null, "–"],
] as const)("a share of %s is %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

it("a number has no more digits than tell something", () => {
  expect([decimal(0.4), decimal(3.254), decimal(12.34), decimal(null)]).toEqual([
    "0.4",
    "3.25",
    "12.3",
    "–",
  ]);
});

it.each([
  [3 * 3_600_000, "3 hours"],
  [86_400_000, "day"],
  [28 * 86_400_000, "4 weeks"],
  [300_000, "5 minutes"],
  [90_500, "1 m 31 s"],
])("%d ms is a stretch of %s", (ms, text) => {
  expect(stretch(ms)).toBe(text);
});
