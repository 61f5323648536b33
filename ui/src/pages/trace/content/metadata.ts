/** What the metadata of an observation holds, as `normalise/metadata.py` lays it out. */

import type { SchemaContentBody } from "../../../api/schema";
import { isObject, type Json, parse } from "./json";
import { type Message, messagesOf, unpacked } from "./messages";

export interface HappenedAt {
  name: string;
  /** Since the epoch; null where the sender gave none. */
  atMs: number | null;
  attributes: Json;
}

export interface Metadata {
  attributes: { [name: string]: Json };
  events: HappenedAt[];
  /** Everything else by name: the user's own keys, resource, scope, links. */
  others: { [name: string]: Json };
}

export function metadataOf(content: SchemaContentBody | null): Metadata {
  const value = content && parse(content.text, content.isCut);
  const { attributes, events, ...others } = isObject(value) ? value : {};
  return {
    attributes: isObject(attributes) ? attributes : {},
    events: Array.isArray(events) ? events.filter(isObject).map(happened) : [],
    others,
  };
}

function happened(event: { [name: string]: Json }): HappenedAt {
  const ns = Number(event.timeUnixNano);
  return {
    name: String(event.name ?? ""),
    atMs: ns > 0 ? ns / 1e6 : null,
    attributes: event.attributes ?? {},
  };
}

/** The instructions that OpenTelemetry's conventions keep beside the messages. */
export function instructionsIn(attributes: { [name: string]: Json }): Message[] {
  const said = unpacked(attributes["gen_ai.system_instructions"] ?? null);
  if (said === null || (Array.isArray(said) && !said.length)) return [];
  return messagesOf([{ role: "system", content: said }]) ?? [];
}
