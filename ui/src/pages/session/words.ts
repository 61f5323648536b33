/** The words of a turn in time: where each stands in what was said, and which one is heard. */

import type { Turn } from "./call";

export interface Piece {
  text: string;
  /** Which of the turn's words it is; none for what stands between them. */
  word?: number;
}

/** A word's text is looked for this far behind the last one; what is farther off is another's. */
const REACH = 80;

/** What was said, cut where its words begin and end; a word that is not in the text is left out. */
export function piecesOf({ text, words }: Pick<Turn, "text" | "words">): Piece[] {
  if (text === null)
    return words.flatMap((word, place) => [
      ...(place ? [{ text: " " }] : []),
      { text: word.text, word: place },
    ]);
  const pieces: Piece[] = [];
  let at = 0;
  words.forEach((word, place) => {
    const said = word.text.trim();
    const found = said ? text.indexOf(said, at) : -1;
    if (found < 0 || found - at > REACH) return;
    if (found > at) pieces.push({ text: text.slice(at, found) });
    at = found + said.length;
    pieces.push({ text: said, word: place });
  });
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

/** The word that is heard at an instant; none in a pause whose begin is known. */
export function wordAt(words: Turn["words"], ms: number): number | undefined {
  const place = words.findLastIndex((word) => word.startMs <= ms);
  const endMs = words[place]?.endMs ?? null;
  return place < 0 || (endMs !== null && ms >= endMs) ? undefined : place;
}
