import { expect, test } from "vitest";
import { figuresOf, sureness } from "./evidence";

test("numbers come with units and in a fixed order, names first", () => {
  expect(figuresOf({ excessMs: 6219, tool: "lookup", observedMs: 6719, unheard: 3 })).toEqual([
    ["Tool", "lookup"],
    ["Measured", "6.72 s"],
    ["Excess", "6.22 s"],
  ]);
});

test("what is not there, or of another kind, is left out", () => {
  expect(figuresOf({ observedMs: "soon", error: "" })).toEqual([]);
});

test("how sure is a word with its number", () => {
  expect([sureness(0.9), sureness(0.7), sureness(0.3)]).toEqual([
    "very, 90 %",
    "fairly, 70 %",
    "hardly, 30 %",
  ]);
});
