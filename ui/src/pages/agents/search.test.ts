import { expect, test } from "vitest";
import type { SchemaAgentBody } from "../../api/schema";
import { agentsSearch, chosen, toggled } from "./search";

const AGENT = { agent: "desk" } as SchemaAgentBody;

test("two versions of one agent are ticked one after the other", () => {
  const one = toggled({ range: "24h" }, "desk", "1");
  const two = toggled(one, "desk", "2");
  expect(chosen(one, AGENT)).toEqual(["1"]);
  expect(chosen(two, AGENT)).toEqual(["1", "2"]);
  expect(two.range).toBe("24h");
});

test("a third takes the place of the second, another agent begins anew", () => {
  const two = { of: "desk", a: "1", b: "2" };
  expect(chosen(toggled(two, "desk", "3"), AGENT)).toEqual(["1", "3"]);
  expect(toggled(two, "clinic", "9")).toEqual({ of: "clinic", a: "9" });
});

test("unticking leaves the other one, then nothing", () => {
  const left = toggled({ of: "desk", a: "1", b: "2" }, "desk", "1");
  expect(left).toEqual({ of: "desk", a: "2" });
  expect(toggled(left, "desk", "2")).toEqual({});
  expect(toggled({ of: "desk", a: "1", b: "2" }, "desk", "2")).toEqual({ of: "desk", a: "1" });
});

test("the address is read back as it was written", () => {
  const search = { range: "7d", of: "desk", a: "1", b: "2" };
  expect(agentsSearch(search)).toMatchObject(search);
});
