import { describe, expect, it } from "vitest";
import type { SchemaRowBody } from "../../api/schema";
import { flatten, matching } from "./tree";

const row = (id: string, parent: string | null, name = id) =>
  ({ id, parent, name, kind: "SPAN", step: "other", model: null }) as SchemaRowBody;
const shape = (rows: SchemaRowBody[], closed: string[] = []) =>
  flatten(rows, new Set(closed)).map((node) => `${node.level}${node.row.id}`);

describe("the tree", () => {
  it("goes depth first in the order of time", () => {
    const rows = [row("a", null), row("b", "a"), row("c", "a"), row("d", "b"), row("e", null)];
    expect(shape(rows)).toEqual(["1a", "2b", "3d", "2c", "1e"]);
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
    const rows = [row("a", null), row("b", "a"), row("c", "b"), row("d", null)];
    expect(shape(rows, ["a"])).toEqual(["1a", "1d"]);
  });
  it("holds a chain of ten thousand", () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => row(`${i}`, i ? `${i - 1}` : null));
    expect(flatten(chain, new Set()).at(-1)?.level).toBe(10_000);
  });
});

describe("the filter", () => {
  const rows = [row("a", null), row("b", "a", "llm"), row("c", "b"), row("d", "a")];
  it("keeps what is above a match", () => {
    expect(matching(rows, "LLM").map((each) => each.id)).toEqual(["a", "b"]);
  });
  it("keeps all rows without a text", () => {
    expect(matching(rows, " ")).toHaveLength(4);
  });
});
