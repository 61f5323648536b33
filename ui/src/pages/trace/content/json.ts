/** JSON that came from outside, whole or cut off. */

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What a text says as JSON; undefined if it is none, even after what was cut off is closed. */
export function parse(text: string, isCut = false): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    if (!isCut) return undefined;
  }
  try {
    return JSON.parse(closed(text)) as Json;
  } catch {
    return undefined;
  }
}

/**
 * A JSON text that was cut off anywhere, brought to an end: an open string, list or object is
 * closed, and what cannot be told any more (half a number, a name without its value) is dropped.
 */
export function closed(text: string): string {
  const open: string[] = [];
  let inString = false;
  // The end of the last whole value, and what was open there.
  let safe = 0;
  let openAtSafe: string[] = [];
  let isName = false;
  // Where half an escape begins, if that is what the text ends with.
  let whole = text.length;
  const settle = (end: number) => {
    safe = end;
    openAtSafe = [...open];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inString) {
      if (sign === "\\") {
        const length = text[at + 1] === "u" ? 6 : 2;
        if (at + length > text.length) whole = at;
        at += length - 1;
      } else if (sign === '"') {
        inString = false;
        if (!isName) settle(at + 1);
      }
    } else if (sign === '"') {
      inString = true;
      isName = open.at(-1) === "}" && /[{,]\s*$/.test(text.slice(Math.max(0, at - 200), at));
    } else if (sign === "{" || sign === "[") {
      open.push(sign === "{" ? "}" : "]");
      settle(at + 1);
    } else if (sign === "}" || sign === "]") {
      open.pop();
      settle(at + 1);
    } else if (sign === ",") settle(at);
  }
  if (inString && !isName) {
    return `${text.slice(0, whole)}"${[...open].reverse().join("")}`;
  }
  return text.slice(0, safe) + openAtSafe.reverse().join("");
}

/** JSON in lines, a bare text as it is. */
export function readable(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function isObject(value: unknown): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
