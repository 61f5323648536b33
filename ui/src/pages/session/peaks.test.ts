import { expect, it } from "vitest";
import { columns, readPeaks } from "./peaks";

it("reads both channels", () => {
  const content = new ArrayBuffer(12 + 4);
  const head = new DataView(content);
  head.setUint32(0, 2, true);
  head.setUint32(4, 50, true);
  head.setUint32(8, 2, true);
  new Uint8Array(content, 12).set([1, 2, 3, 4]);
  const { rate, channels } = readPeaks(content);
  expect(rate).toBe(50);
  expect(channels.map((steps) => [...steps])).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it("keeps the loudest step of each column", () => {
  const steps = Uint8Array.from([1, 9, 2, 3, 0, 7]);
  expect([...columns(steps, 0, 6, 3)]).toEqual([9, 3, 7]);
  expect([...columns(steps, 0, 6, 12)]).toHaveLength(12);
  expect(Math.max(...columns(steps, 0, 6, 1))).toBe(9);
  expect([...columns(steps, 4, 10, 3)]).toEqual([7, 0, 0]);
});
