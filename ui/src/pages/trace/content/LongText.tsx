/** A text of any length: the browser lays out only the blocks in sight. */

import { useMemo } from "react";

const BLOCK = 8_192;

/** The text in pieces that end with a line where there is one. */
export function blocks(text: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + BLOCK);
    if (end < text.length) {
      const line = text.lastIndexOf("\n", end);
      if (line > start) end = line + 1;
      // A letter of two units stays whole.
      else if (text.charCodeAt(end - 1) >> 10 === 0x36) end += 1;
    }
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

export function LongText({ text }: { text: string }) {
  const pieces = useMemo(() => blocks(text), [text]);
  if (pieces.length < 2) return text;
  return pieces.map((piece, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change places
    <span className="text-block" key={place}>
      {piece}
    </span>
  ));
}
