import { expect, test } from "vitest";
import { along, grid, timeLabels } from "./axes";

test("the grid begins at a whole step and holds every stretch", () => {
  expect(grid(25, 61, 10)).toEqual([20, 30, 40, 50, 60]);
  expect(grid(20, 40, 10)).toEqual([20, 30]);
});

test("a place without a stretch is nothing, never a value of its neighbour", () => {
  const stretches = [
    { startMs: 20, value: 1 },
    { startMs: 40, value: 0 },
  ];
  expect(along([20, 30, 40], stretches, (each) => each.value, null)).toEqual([1, null, 0]);
});

test("hours name the date where a day begins, days are dates alone", () => {
  const noon = new Date(2026, 10, 21, 22).getTime() / 1000;
  const hours = timeLabels([noon, noon + 3600, noon + 7200], 3600);
  expect(hours[0]).toBe("22:00\n21 Nov");
  expect(hours[1]).toBe("23:00");
  expect(hours[2]).toBe("00:00\n22 Nov");
  expect(timeLabels([noon], 86_400)).toEqual(["21 Nov"]);
});
