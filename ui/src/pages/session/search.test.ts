import { expect, it } from "vitest";
import { sessionSearch } from "./search";

it("reads what the page itself wrote", () => {
  const search = { turn: 5, t: 61.4, zoom: "30.5-90.5", tab: "causes" };
  expect(sessionSearch(search)).toEqual(search);
  const said = { turn: "5", t: "61.4", zoom: "30.5-90.5", tab: "causes" };
  expect(sessionSearch(said)).toEqual(search);
});

it("forgets what it cannot read", () => {
  const strange = { turn: "-1", t: "1e9", zoom: "90-30", tab: "<b>", other: "x" };
  expect(Object.values(sessionSearch(strange)).every((value) => value === undefined)).toBe(true);
});
