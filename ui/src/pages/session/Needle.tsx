/** The playhead on a time axis. */

import { useEffect, useRef } from "react";
import type { Span } from "../../axis/span";
import { scaleOf } from "./draw";
import type { Live } from "./live";
import type { Playhead } from "./playhead";

/** Moved without drawing the call anew. */
export function Needle({
  playhead,
  span,
  widthPx,
}: {
  playhead: Playhead;
  span: Live<Span>;
  widthPx: number;
}) {
  const needle = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const place = () => {
      if (!needle.current) return;
      const left = scaleOf(span.value, widthPx)(playhead.atMs.value);
      needle.current.style.transform = `translateX(${left}px)`;
      needle.current.hidden = left < -1 || left > widthPx + 1;
    };
    place();
    const ends = [playhead.atMs.subscribe(place), span.subscribe(place)];
    return () => {
      for (const end of ends) end();
    };
  }, [playhead, span, widthPx]);
  return <span ref={needle} className="playhead" />;
}
