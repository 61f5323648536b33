/** The page's colours as a canvas can use them, for the theme of the moment. */

import { useEffect, useState } from "react";
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

function resolved(): Palette {
  // `light-dark()` is no colour to a canvas; an element's own computed one is.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(found) as Palette;
}

export function usePalette(): Palette {
  const [palette, setPalette] = useState(resolved);
  useEffect(() => {
    const look = () => setPalette(resolved());
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(look);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", look);
    return () => {
      theme.disconnect();
      dark.removeEventListener("change", look);
    };
  }, []);
  return palette;
}
