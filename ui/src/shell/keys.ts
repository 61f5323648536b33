/** Keys that work on a page, unless somebody is writing. */

import { useEffect, useRef } from "react";

export type Bindings = Readonly<Record<string, (event: KeyboardEvent) => void>>;

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Binds keys (`KeyboardEvent.key` in lower case) while the component is shown. */
export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    function pressed(event: KeyboardEvent) {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isWriting(event.target)) return;
      if (document.querySelector("[role=menu],[role=dialog]")) return;
      latest.current[event.key.toLowerCase()]?.(event);
    }
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
