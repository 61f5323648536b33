/** Files inside contents: how the server and Langfuse's clients name them in place of their bytes. */

import { address } from "../../../api/client";

export interface NamedFile {
  type: string;
  sizeBytes: number | null;
  /** Where it is; an id that the media API resolves for files that Langfuse's clients sent apart. */
  place: { part: number } | { mediaId: string };
}

const PART = /^turnwise-media:(\d{1,6}):([a-z0-9.+/-]+):(\d{1,15})$/;
const LANGFUSE = /^@@@langfuseMedia:((?:[a-zA-Z]+=[^|@]*\|?)+)@@@$/;

/** The file that a text names and nothing else. */
export function fileOf(text: string): NamedFile | undefined {
  if (text.length > 512) return undefined;
  const part = PART.exec(text);
  if (part?.[2]) {
    return { type: part[2], sizeBytes: Number(part[3]), place: { part: Number(part[1]) } };
  }
  const fields = LANGFUSE.exec(text)?.[1];
  if (!fields) return undefined;
  const said = new Map(fields.split("|").map((each) => each.split("=", 2) as [string, string]));
  const mediaId = said.get("id");
  if (!mediaId) return undefined;
  return { type: said.get("type") ?? "", sizeBytes: null, place: { mediaId } };
}

/** The address of what was inside a content. */
export function partAddress(observationPath: string, side: string, part: number): string {
  return address(`${observationPath}/media/${side}/${part}`);
}
