import { describe, expect, it } from "vitest";
import { piecesOf, wordAt } from "./words";

const word = (text: string, startMs = 0, endMs: number | null = null) => ({
  text,
  startMs,
  endMs,
});
const join = (pieces: readonly { text: string }[]) => pieces.map((each) => each.text).join("");

describe("the pieces of what was said", () => {
  it("are its words and what stands between them, nothing lost", () => {
    const text = "Well, I would like a refund.";
    const pieces = piecesOf({ text, words: ["I", "would", "refund"].map((each) => word(each)) });
    expect(join(pieces)).toBe(text);
    expect(pieces.filter((each) => each.word !== undefined)).toEqual([
      { text: "I", word: 0 },
      { text: "would", word: 1 },
      { text: "refund", word: 2 },
    ]);
  });
  it("leave out words that the text does not have, or has only far away", () => {
    const text = `One ${"x".repeat(100)} two`;
    const pieces = piecesOf({ text, words: [word("none"), word("two"), word("One"), word("")] });
    expect(join(pieces)).toBe(text);
    expect(pieces[0]).toEqual({ text: "One", word: 2 });
    expect(pieces.filter((each) => each.word !== undefined)).toHaveLength(1);
  });
  it("are the words alone where nobody told the text", () => {
    expect(join(piecesOf({ text: null, words: [word("a"), word("b")] }))).toBe("a b");
  });
});

describe("the word at an instant", () => {
  const words = [word("a", 100, 200), word("b", 300)];
  it.each([
    [99, undefined],
    [100, 0],
    [199, 0],
    [200, undefined],
    [300, 1],
    [9_000, 1],
  ])("at %i ms is %s", (ms, place) => {
    expect(wordAt(words, ms)).toBe(place);
  });
});
