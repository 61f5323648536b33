import { expect, it } from "vitest";
import type { SchemaIssueBody } from "../../api/schema";
import { causesOf, evidence, said } from "./causes";

const issue = (type: string, turn: number | null, causedBy: string | null, severity = "medium") =>
  ({ type, turn, causedBy, severity }) as SchemaIssueBody;
const shape = (causes: ReturnType<typeof causesOf>): unknown =>
  causes.map(({ issue: { type, turn }, consequences }) => [type, turn, shape(consequences)]);

it("puts a consequence under the nearest issue that it follows from", () => {
  const found = causesOf([
    issue("dead_air", 9, "tool_failure"),
    issue("tool_failure", 3, null),
    issue("tool_failure", 8, null, "high"),
    issue("abrupt_hangup", null, "dead_air"),
  ]);
  expect(shape(found)).toEqual([
    ["tool_failure", 8, [["dead_air", 9, [["abrupt_hangup", null, []]]]]],
    ["tool_failure", 3, []],
  ]);
});

it("loses no issue whose cause is unknown or that goes round in a circle", () => {
  expect(shape(causesOf([issue("retry", 2, "gone")]))).toEqual([["retry", 2, []]]);
  const circle = causesOf([issue("a", 1, "b"), issue("b", 1, "a")]);
  const count = (causes: ReturnType<typeof causesOf>): number =>
    causes.reduce((sum, each) => sum + 1 + count(each.consequences), 0);
  expect(count(circle)).toBe(2);
});

it("says evidence with its unit", () => {
  expect(evidence("excessMs", 1_840)).toEqual({ name: "Excess", value: "1.84 s" });
  expect(evidence("share", 0.412)).toEqual({ name: "Share", value: "41 %" });
  expect(evidence("costUsd", 0.0413)).toEqual({ name: "Cost", value: "$0.0413" });
  expect(evidence("z", 4.1234)).toEqual({ name: "Z", value: "4.12" });
  expect(evidence("model", "<b>x</b>")).toEqual({ name: "Model", value: "<b>x</b>" });
  expect(said("stt_low_confidence")).toBe("STT low confidence");
});
