import { describe, expect, it } from "vitest";
import { allClosed, isClosedText, readClosed, writtenClosed } from "./closed";
import { row } from "./rows.testing";
import { forest } from "./tree";

/** A root with so many parents below it, each with a child. */
const wide = (parents: number) =>
  forest([
    row("root", null),
    ...Array.from({ length: parents }, (_, at) => [
      row(`parent-${at}`, "root"),
      row(`child-${at}`, `parent-${at}`),
    ]).flat(),
  ]);

describe("the closed rows in an address", () => {
  const big = wide(2_000);
  const there = (closed: ReadonlySet<string>) => {
    const text = writtenClosed(closed, big);
    expect(text === undefined || isClosedText(text)).toBe(true);
    return { text, closed: readClosed(text, big) };
  };
  it("are nothing when all are open", () => {
    expect(there(new Set())).toEqual({ text: undefined, closed: new Set() });
  });
  it.each([
    ["one", new Set(["parent-7"])],
    ["a few", new Set(["parent-7", "parent-1999", "root"])],
    ["all", allClosed(big)],
    ["all, and the root", new Set([...allClosed(big), "root"])],
    ["all but one", new Set([...allClosed(big)].filter((id) => id !== "parent-3"))],
  ])("are read as they were written: %s", (_, closed) => {
    const found = there(closed);
    expect(found.closed).toEqual(closed);
    expect(found.text?.length).toBeLessThan(30);
  });
  it("leave the only root open when all are closed, but not one of several", () => {
    expect(allClosed(big).has("root")).toBe(false);
    const two = forest([row("a", null), row("b", null), row("c", "a"), row("d", "b")]);
    expect(allClosed(two)).toEqual(new Set(["a", "b"]));
  });
  it("say nothing where no row has the name", () => {
    expect(readClosed("zzz.1234", big)).toEqual(new Set());
    expect(isClosedText("A B")).toBe(false);
    expect(isClosedText("..")).toBe(false);
  });
});
