import { describe, expect, it } from "vitest";
import { type Told, turnAround } from "./turns";

const turn = (speaker: Told["speaker"], startMs: number, endMs: number | null) => ({
  speaker,
  startMs,
  endMs,
});
const [asked, answered, thanked] = [
  turn("user", 100, 900),
  turn("agent", 2_000, 3_000),
  turn("user", 4_000, null),
];

describe("the turn around an instant", () => {
  it.each([
    ["is not the answer to what nobody has asked yet", 50, undefined],
    ["goes on", 500, asked],
    ["is being worked for", 1_500, answered],
    ["is not the caller's next", 3_500, undefined],
    ["has no end", 9_000, thanked],
  ])("%s", (_, ms, expected) => {
    expect(turnAround([asked, answered, thanked], ms)).toBe(expected);
  });
});
