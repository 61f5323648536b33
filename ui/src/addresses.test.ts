import { describe, expect, it } from "vitest";
import { flag, parseSearch, safeNext, stringifySearch, whole } from "./addresses";

describe("search parameters", () => {
  it("come back as they went", () => {
    const search = { q: "a & b=c", agent: ["one", "two two"], turn: "5" };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  it("leave out what is not set", () => {
    expect(stringifySearch({ a: undefined, b: "", c: false, d: null, e: [] })).toBe("");
  });
  it("take only whole numbers and plain truths", () => {
    expect(whole("12")).toBe(12);
    expect(whole("-1")).toBeUndefined();
    expect(whole("1e9")).toBeUndefined();
    expect(flag("true")).toBe(true);
    expect(flag("1")).toBeUndefined();
  });
});

describe("where log-in leads", () => {
  it.each(["/p/default/sessions?q=a#b", "/traces/view/x"])("goes to %s", (next) =>
    expect(safeNext(next)).toBe(next),
  );
  it.each([
    undefined,
    "",
    "p/default",
    "//other.example/x",
    "/\\other.example",
    "/\t/other.example",
    "https://other.example",
    "javascript:alert(1)",
  ])("goes to the front page instead of %j", (next) => expect(safeNext(next)).toBe("/"));
});
