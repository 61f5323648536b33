import { describe, expect, it } from "vitest";
import type { SchemaRowBody } from "../../api/schema";
import { row } from "./rows.testing";
import { flatten, forest, lineage, matching, type Wanted, withAncestors } from "./tree";

const nodes = (rows: SchemaRowBody[], closed: string[] = []) =>
  flatten(forest(rows), new Set(closed));
const shape = (rows: SchemaRowBody[], closed: string[] = []) =>
  nodes(rows, closed).map((node) => `${node.level}${node.row.id}`);

describe("the tree", () => {
  const rows = [row("a", null), row("b", "a"), row("c", "a"), row("d", "b"), row("e", null)];
  it("goes depth first in the order of time", () => {
    expect(shape(rows)).toEqual(["1a", "2b", "3d", "2c", "1e"]);
  });
  it("counts what is below a row, shown or not", () => {
    const below = (closed: string[]) => nodes(rows, closed).map((node) => node.below);
    expect(below([])).toEqual([3, 1, 0, 0, 0]);
    expect(below(["a"])).toEqual([3, 0]);
  });
  it("keeps rows whose parent never came", () => {
    expect(shape([row("a", "gone"), row("b", "a")])).toEqual(["1a", "2b"]);
  });
  it("shows every row of a circle once", () => {
    expect(shape([row("a", "c"), row("b", "a"), row("c", "b"), row("d", "d")]).sort()).toEqual(
      ["1a", "1d", "2b", "3c"].sort(),
    );
  });
  it("hides what is below a closed row, however deep", () => {
    expect(shape([row("a", null), row("b", "a"), row("c", "b"), row("d", null)], ["a"])).toEqual([
      "1a",
      "1d",
    ]);
  });
  it("holds a chain of ten thousand", () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => row(`${i}`, i ? `${i - 1}` : null));
    const found = nodes(chain);
    expect(found.at(-1)?.level).toBe(10_000);
    expect(found[0]?.below).toBe(9_999);
  });
  it("names what is above a row, and ends in a circle", () => {
    const byId = new Map(rows.map((each) => [each.id, each]));
    expect(lineage(byId, "d").map((each) => each.id)).toEqual(["d", "b", "a"]);
    const circle = new Map([row("x", "y"), row("y", "x")].map((each) => [each.id, each]));
    expect(lineage(circle, "x")).toHaveLength(2);
  });
});

describe("the filter", () => {
  const rows = [
    row("a", null),
    row("b", "a", { name: "llm", step: "llm" }),
    row("c", "b", { level: "ERROR", step: "tool" }),
    row("d", "a", { level: "ERROR", model: "nova-3" }),
  ];
  const kept = (wanted: Partial<Wanted>) =>
    withAncestors(
      rows,
      matching(rows, { text: "", families: [], errorsOnly: false, ...wanted }),
    ).map((each) => each.id);
  it("keeps what is above a match", () => {
    expect(kept({ text: "LLM" })).toEqual(["a", "b"]);
    expect(kept({ errorsOnly: true, families: ["tool"] })).toEqual(["a", "b", "c"]);
  });
  it("takes all conditions together", () => {
    expect(kept({ errorsOnly: true, text: "nova" })).toEqual(["a", "d"]);
    expect(kept({ errorsOnly: true, text: "llm" })).toEqual([]);
  });
  it("keeps all rows when nothing is asked for", () => {
    expect(kept({ text: " " })).toHaveLength(4);
  });
});
