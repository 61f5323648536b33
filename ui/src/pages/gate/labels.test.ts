import { expect, test } from "vitest";
import type { SchemaCaseBody, SchemaCasesBody } from "../../api/schema";
import { labelOfKey, relabelled } from "./labels";

const one = (id: string, sessionId = "s"): SchemaCaseBody => ({
  id,
  sessionId,
  name: null,
  version: null,
  startedMs: 0,
  hasRecording: false,
  kind: "barge_in",
  turn: 1,
  atMs: 0,
  detectionMs: null,
  stopMs: null,
  bleedWords: null,
  reasons: [],
  label: null,
});

test("the keys 1 to 4 stand for labels, 0 takes one back, and no other key means anything", () => {
  expect(["1", "2", "3", "4"].map(labelOfKey)).toEqual([
    "interruption",
    "backchannel",
    "missed",
    "cut_off",
  ]);
  expect(labelOfKey("0")).toBeNull();
  expect(["5", "a", "", "-1"].map(labelOfKey)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a label is given to one case of one session", () => {
  const found: SchemaCasesBody = {
    data: [one("1@2"), one("3@4"), one("1@2", "other")],
    hasMore: false,
    precision: [],
  };
  const label = { label: "missed", by: "jo@example.com", atMs: 1 } as const;
  const labels = relabelled(found, one("1@2"), label).data.map((each) => each.label);
  expect(labels).toEqual([label, null, null]);
});
