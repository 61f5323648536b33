/** The page's colours as a canvas can use them, for the theme of the moment. */

import { useCallback, useRef, useSyncExternalStore } from "react";

function resolve(names: readonly string[]): string[] {
  // `light-dark()` is no colour to a canvas; the computed colour of an element is.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

function watch(tell: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(tell);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", tell);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", tell);
  };
}

/** The colours of some tokens, in their order; the same array until the theme changes. */
export function useColours(names: readonly string[]): readonly string[] {
  const kept = useRef<readonly string[]>([]);
  const look = useCallback(() => {
    const found = resolve(names);
    if (found.join() !== kept.current.join()) kept.current = found;
    return kept.current;
  }, [names]);
  return useSyncExternalStore(watch, look);
}
