import { describe, expect, it } from "vitest";
import { grouped, matching, perUnit } from "./prices";
import type { Price } from "./questions";

const PRICE: Price = {
  id: null,
  scope: "built_in",
  project: null,
  name: "GPT-4o mini",
  stage: "llm",
  provider: "openai",
  match: "gpt-4o-mini.*",
  unit: "input_token",
  usd: "0.15",
  per: 1_000_000,
  tierCondition: null,
  startDate: null,
  endDate: null,
  sourceUrl: null,
  checkedOn: null,
};

describe("perUnit", () => {
  it("says the price as it was said", () => {
    expect(perUnit(PRICE)).toBe("$0.15 / 1M input tokens");
    expect(perUnit({ usd: "0.000000150", per: 1, unit: "request" })).toBe("$0.000000150 / request");
    expect(perUnit({ usd: "0.6", per: 60, unit: "audio_second" })).toBe("$0.6 / 60 audio seconds");
  });
});

describe("matching", () => {
  it("finds every word in any text and any case", () => {
    const other = { ...PRICE, name: "Nova", match: "nova-3", provider: "deepgram", stage: "stt" };
    expect(matching([PRICE, other], "OPENAI mini")).toEqual([PRICE]);
    expect(matching([PRICE, other], "stt")).toEqual([other]);
    expect(matching([PRICE, other], "openai nova")).toEqual([]);
    expect(matching([PRICE, other], "  ")).toEqual([PRICE, other]);
  });
});

describe("grouped", () => {
  it("puts the units of a model together and keeps times apart", () => {
    const output = { ...PRICE, unit: "output_token", usd: "0.6" };
    const later = { ...PRICE, startDate: "2026-10-01", usd: "0.1" };
    expect(grouped([PRICE, later, output]).map((each) => each.prices)).toEqual([
      [PRICE, output],
      [later],
    ]);
  });
});
