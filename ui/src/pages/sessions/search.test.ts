import { expect, it } from "vitest";
import { asked, chips, sessionsSearch } from "./search";

const NOW = 1_800_000_000_000;

it("leaves out what makes no sense", () => {
  const search = sessionsSearch({
    status: ["live", "failed"],
    sort: "name",
    slower: "x",
    range: "2y",
  });
  expect(asked(search, NOW).toString()).toBe("status=failed");
});

it("asks the server for each filter", () => {
  const search = sessionsSearch({
    agent: ["a", "b", "a"],
    range: "1h",
    errors: "true",
    sort: "p95",
    q: "refund",
  });
  expect(asked(search, NOW + 1234).toString()).toBe(
    `agent=a&agent=b&from=${NOW - 3_600_000}&q=refund&sort=p95&errors=true`,
  );
});

it("takes each chip away alone", () => {
  const search = sessionsSearch({ agent: ["a", "b"], slower: "1500", q: "word" });
  const found = chips(search, String);
  expect(found.map((chip) => chip.name)).toEqual(["agent a", "agent b", "p95 ≥ 1500"]);
  expect(found[0]?.without).toEqual({ ...search, agent: ["b"] });
  expect(found[2]?.without).toEqual({ ...search, slower: undefined });
});
