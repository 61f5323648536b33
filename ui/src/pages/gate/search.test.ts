import { expect, test } from "vitest";
import type { SchemaAgentBody } from "../../api/schema";
import { askedGate, gateSearch, newestFirst, sidesOf } from "./search";

function agent(name: string, versions: [string | null, number][]): SchemaAgentBody {
  const parts = versions.map(([version, firstMs]) => ({ version, firstMs }));
  return { agent: name, versions: parts } as unknown as SchemaAgentBody;
}

const AGENTS = [
  agent("order-desk", [
    ["1", 10],
    ["2", 20],
    [null, 30],
  ]),
  agent("clinic", [["9", 10]]),
];

test("the newest version of the agent heard last stands against the one before it", () => {
  expect(sidesOf({}, AGENTS)).toEqual({ agent: "order-desk", candidate: "2", baseline: "1" });
  expect(sidesOf({ agent: ["clinic"] }, AGENTS)).toEqual({
    agent: "clinic",
    candidate: "9",
    baseline: null,
  });
});

test("the address wins, and may ask for no baseline", () => {
  expect(sidesOf({ candidate: "1", baseline: "2" }, AGENTS)).toMatchObject({
    candidate: "1",
    baseline: "2",
  });
  expect(sidesOf({ baseline: "-" }, AGENTS)?.baseline).toBeNull();
});

test("an agent that was not heard is asked for all the same; without any there is nothing", () => {
  expect(sidesOf({ agent: ["gone"] }, AGENTS)?.agent).toBe("gone");
  expect(sidesOf({}, [])).toBeNull();
});

test("versions are in the order in which they came", () => {
  expect(newestFirst(AGENTS[0] as SchemaAgentBody)).toEqual(["2", "1"]);
});

test("what is asked names both sides", () => {
  const sides = { agent: "order-desk", candidate: "2", baseline: "1" };
  const made = askedGate({ range: "24h" }, sides, 1_795_000_000_000);
  expect(made.get("agent")).toBe("order-desk");
  expect([made.get("candidate"), made.get("baseline")]).toEqual(["2", "1"]);
});

test("an unknown kind of case is left out", () => {
  expect(gateSearch({ kind: "laughter", agent: ["a", "b"] })).toMatchObject({
    kind: undefined,
    agent: ["a"],
  });
});
