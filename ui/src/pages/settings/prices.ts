/** How prices are named, written and found. */

import type { Price } from "./questions";

/** Units by their name in price tables. */
export const UNITS: readonly (readonly [unit: string, name: string])[] = [
  ["input_token", "input token"],
  ["output_token", "output token"],
  ["cache_read_token", "token read from a cache"],
  ["cache_write_token", "token written to a cache"],
  ["reasoning_token", "reasoning token"],
  ["input_audio_token", "audio token, input"],
  ["output_audio_token", "audio token, output"],
  ["cached_audio_token", "audio token, cached"],
  ["audio_second", "second of audio heard"],
  ["output_audio_second", "second of audio made"],
  ["character", "character spoken"],
  ["session_second", "second of a realtime session"],
  ["request", "request"],
  ["telephony_minute", "minute of telephony"],
  ["platform_minute", "minute of a platform"],
];

/** For whom a price is, where it names no project. */
export const SCOPES: Readonly<Record<string, string>> = {
  built_in: "everyone",
  everyone: "everyone on this server",
  tenant: "all projects",
};

/** `$0.15 for 1M input tokens`, as it was said: never rounded. */
export function perUnit(price: Pick<Price, "usd" | "per" | "unit">): string {
  const name = price.unit.replaceAll("_", " ");
  if (price.per === 1) return `$${price.usd} / ${name}`;
  const many = price.per === 1_000_000 ? "1M" : price.per === 1_000 ? "1K" : String(price.per);
  return `$${price.usd} / ${many} ${name}s`;
}

/** The prices of one model: rows that differ in unit and tier alone. */
export interface Priced {
  first: Price;
  prices: Price[];
}

/** Rows of the same model, provider, stage and time together, in the order of their first. */
export function grouped(all: readonly Price[]): Priced[] {
  const found = new Map<string, Priced>();
  for (const price of all) {
    const { match, provider, stage, startDate, endDate } = price;
    const key = JSON.stringify([match, provider, stage, startDate, endDate]);
    const known = found.get(key);
    if (known) known.prices.push(price);
    else found.set(key, { first: price, prices: [price] });
  }
  return [...found.values()];
}

/** Those that contain every word, in any case and any of their texts. */
export function matching(all: readonly Price[], words: string): Price[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((price) => {
    const texts = [price.name, price.match, price.provider, price.stage, price.unit];
    const whole = texts.join(" ").toLowerCase();
    return wanted.every((word) => whole.includes(word));
  });
}
