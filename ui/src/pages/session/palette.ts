/** The colours of the timeline, by the names of their tokens. */

import { useMemo } from "react";
import { useColours } from "../../charts/colours";
import { STAGES } from "./stages";

const NAMES = [
  "ink",
  "ink-2",
  "ink-3",
  "line",
  "panel",
  "sunken",
  "accent",
  "bad",
  "warn",
  "caller",
  "agent",
  ...STAGES,
  "interruption",
] as const;

export type Palette = Record<(typeof NAMES)[number], string>;

export function usePalette(): Palette {
  const colours = useColours(NAMES);
  return useMemo(
    () => Object.fromEntries(NAMES.map((name, place) => [name, colours[place]])) as Palette,
    [colours],
  );
}
