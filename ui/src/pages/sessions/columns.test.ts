import { expect, test } from "vitest";
import { COLUMNS, columnIds, layout, shownColumns } from "./columns";

const usual = COLUMNS.filter((each) => !each.isExtra).map((each) => each.id);

test("the usual columns need no word in the address", () => {
  expect(columnIds([])).toBeUndefined();
  expect(columnIds(usual)).toBeUndefined();
  expect(shownColumns(undefined).map((each) => each.id)).toEqual(usual);
});

test("chosen columns keep their order, and the session is always among them", () => {
  expect(columnIds(["cost", "environment", "nothing"])).toEqual(["session", "environment", "cost"]);
  expect(columnIds(["nothing"])).toEqual(["session"]);
});

test("a row is as wide as its columns at least", () => {
  expect(layout(["session", "cost"])).toEqual({
    columns: "minmax(6rem, 1fr) 4.6rem",
    least: "14.1rem",
  });
});
