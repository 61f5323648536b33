/** Which part of the call is in sight: what somebody chose, else about a minute that moves along. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  around,
  fitted,
  holds,
  lengthOf,
  readSpan,
  type Span,
  type Whole,
  within,
  writtenSpan,
  zoomed,
} from "../../axis/span";
import { Live } from "./live";
import type { Playhead } from "./playhead";
import { ZOOM_UNIT_MS } from "./search";

/** What is shown around the chosen turn at first: a waiting caller is then wide enough to read. */
const DEFAULT_MS = 60_000;
/** A call that is a little longer than the usual view is shown whole. */
const NEARLY = 1.25;
const WRITE_MS = 300;
/** Where the playhead stands after the view has moved along with it. */
const BEHIND = 0.12;
const AHEAD = 0.94;

interface Wanted {
  whole: Whole;
  playhead: Playhead;
  zoom: string | undefined;
  /** What is looked at first. */
  startMs: number;
  onZoom: (zoom: string) => void;
}

export interface View {
  span: Live<Span>;
  /** Somebody has moved it by hand. */
  moved: () => void;
  /** Has an instant in sight, and goes along with the playhead again. */
  show: (ms: number) => void;
  fit: (part: Span) => void;
  zoom: (factor: number) => void;
}

export function useView({ whole, playhead, zoom, startMs, onZoom }: Wanted): View {
  const [span] = useState(() => new Live(first(whole, zoom, startMs)));
  const bounds = useRef(whole);
  const isFollowing = useRef(true);
  const write = useRef(onZoom);
  write.current = onZoom;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hasZoom = useRef(zoom !== undefined);

  useEffect(() => {
    const before = bounds.current;
    bounds.current = whole;
    const wasAtEnd = span.value.toMs >= before.toMs - 1;
    // A live call grows to the right: who looked at its end goes on looking at it.
    const byMs = wasAtEnd ? whole.toMs - before.toMs : 0;
    const isShort = lengthOf(whole) <= DEFAULT_MS * NEARLY && !hasZoom.current;
    const { fromMs, toMs } = span.value;
    span.set(isShort ? whole : within({ fromMs: fromMs + byMs, toMs: toMs + byMs }, whole));
  }, [span, whole]);

  useEffect(
    () =>
      playhead.atMs.subscribe(() => {
        if (!playhead.isPlaying.value || !isFollowing.current) return;
        const at = playhead.atMs.value;
        const length = lengthOf(span.value);
        const edge = span.value.fromMs + length * AHEAD;
        if (at >= span.value.fromMs && at <= edge) return;
        const fromMs = at - length * BEHIND;
        span.set(within({ fromMs, toMs: fromMs + length }, bounds.current));
      }),
    [playhead, span],
  );
  useEffect(() => () => clearTimeout(timer.current), []);

  const written = useCallback(() => {
    hasZoom.current = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => write.current(writtenSpan(span.value, ZOOM_UNIT_MS)),
      WRITE_MS,
    );
  }, [span]);
  return useMemo(
    () => ({
      span,
      moved() {
        isFollowing.current = false;
        written();
      },
      show(ms: number) {
        isFollowing.current = true;
        if (holds(span.value, ms)) return;
        span.set(around(ms, lengthOf(span.value), bounds.current));
        if (hasZoom.current) written();
      },
      fit(part: Span) {
        isFollowing.current = true;
        span.set(fitted(part, bounds.current));
        written();
      },
      zoom(factor: number) {
        const at = playhead.atMs.value;
        const middle = (span.value.fromMs + span.value.toMs) / 2;
        const fixed = holds(span.value, at) ? at : middle;
        span.set(zoomed(span.value, factor, fixed, bounds.current));
        written();
      },
    }),
    [span, playhead, written],
  );
}

function first(whole: Whole, zoom: string | undefined, startMs: number): Span {
  const asked = readSpan(zoom, ZOOM_UNIT_MS);
  if (asked) return within(asked, whole);
  return lengthOf(whole) <= DEFAULT_MS * NEARLY ? whole : around(startMs, DEFAULT_MS, whole);
}
