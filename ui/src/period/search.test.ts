import { expect, test } from "vitest";
import { asked, carried, periodSearch, sessionsBetween } from "./search";

const NOW = 1_795_000_030_500;

test("nothing asked is the last seven days, up to a whole minute", () => {
  const made = asked({}, NOW);
  const to = Number(made.get("to"));
  expect(to % 60_000).toBe(0);
  expect(to).toBeGreaterThanOrEqual(NOW);
  expect(to - Number(made.get("from"))).toBe(7 * 86_400_000);
});

test("a range wins over a stretch, a stretch without end goes up to now", () => {
  expect(asked({ range: "1h", from: 5, to: 9 }, NOW).get("from")).not.toBe("5");
  const open = asked({ from: 5 }, NOW);
  expect(open.get("from")).toBe("5");
  expect(Number(open.get("to"))).toBeGreaterThanOrEqual(NOW);
});

test("filters are asked for one by one", () => {
  const made = asked({ agent: ["a", "b"], version: ["1"], env: ["production"] }, NOW);
  expect(made.getAll("agent")).toEqual(["a", "b"]);
  expect(made.get("env")).toBe("production");
});

test.each([[{ from: "9", to: "5" }], [{ to: "5" }], [{ from: "-1" }], [{ from: "x", to: "y" }]])(
  "a stretch that makes no sense is left out: %o",
  (raw) => {
    const read = periodSearch(raw);
    expect([read.from, read.to]).toEqual([undefined, undefined]);
  },
);

test("what is read is written to the same again", () => {
  const read = periodSearch({ range: "24h", agent: ["a", "a"], env: "x" });
  expect(read).toMatchObject({ range: "24h", agent: ["a"], env: ["x"] });
  expect(carried({ range: "24h", agent: "a", version: "3" })).toEqual({
    range: "24h",
    from: undefined,
    to: undefined,
    agent: ["a"],
  });
});

test("a stretch of a chart becomes a list of whole milliseconds", () => {
  const list = sessionsBetween({ agent: ["a"] }, 10.7, 20.2, { errors: true });
  expect(list).toMatchObject({ from: 10, to: 21, agent: ["a"], errors: true });
});
