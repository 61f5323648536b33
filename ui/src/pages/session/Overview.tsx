/** The whole call in a strip, with a window on the part in sight that can be moved and stretched. */

import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
} from "react";
import { lengthOf, panned, type Span, within } from "../../axis/span";
import { clock } from "../../format/figures";
import { useDrawing, useWidth } from "./canvas";
import { drawOverview, OVERVIEW_HEIGHT, scaleOf } from "./draw";
import { Live, useLive } from "./live";
import type { Marks } from "./marks";
import { Needle } from "./Needle";
import type { Palette } from "./palette";
import type { Playhead } from "./playhead";

const STEP_MS = 5_000;
const EDGE_PX = 8;

interface Props {
  marks: Marks;
  palette: Palette;
  span: Live<Span>;
  playhead: Playhead;
  onMoved: () => void;
  onSeek: (ms: number) => void;
}

type Grip = "from" | "to" | "all";

export function Overview({ marks, palette, span, playhead, onMoved, onSeek }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const pane = useRef<HTMLSpanElement>(null);
  const held = useRef<{ grip: Grip; atMs: number; moved: boolean } | null>(null);
  const widthPx = useWidth(box);
  const { whole } = marks;
  const everything = useMemo(() => new Live(whole), [whole]);
  const second = useLive(playhead.atMs, (ms) => Math.round(ms / 1000));

  const draw = useCallback(
    (pen: CanvasRenderingContext2D) => drawOverview(pen, marks, palette, widthPx),
    [marks, palette, widthPx],
  );
  useDrawing(canvas, widthPx, OVERVIEW_HEIGHT, draw);
  useEffect(() => {
    const place = () => {
      if (!pane.current) return;
      const x = scaleOf(whole, widthPx);
      const left = x(span.value.fromMs);
      const width = Math.max(6, x(span.value.toMs) - left);
      pane.current.style.transform = `translateX(${Math.min(left, widthPx - width)}px)`;
      pane.current.style.width = `${width}px`;
    };
    place();
    return span.subscribe(place);
  }, [span, whole, widthPx]);

  const msAt = (event: PointerEvent) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return whole.fromMs + ((event.clientX - left) / width) * lengthOf(whole);
  };
  function down(event: PointerEvent) {
    if (event.button !== 0) return;
    const atMs = msAt(event);
    const x = scaleOf(whole, widthPx);
    const px = x(atMs);
    const from = Math.abs(px - x(span.value.fromMs)) <= EDGE_PX;
    const to = Math.abs(px - x(span.value.toMs)) <= EDGE_PX;
    const isInside = atMs >= span.value.fromMs && atMs <= span.value.toMs;
    if (!isInside && !from && !to) {
      const half = lengthOf(span.value) / 2;
      span.set(within({ fromMs: atMs - half, toMs: atMs + half }, whole));
      onMoved();
    }
    held.current = { grip: to ? "to" : from ? "from" : "all", atMs, moved: false };
    event.currentTarget.setPointerCapture(event.pointerId);
  }
  function drag(event: PointerEvent) {
    const grip = held.current;
    if (!grip) return;
    const atMs = msAt(event);
    const byMs = atMs - grip.atMs;
    grip.atMs = atMs;
    if (!grip.moved && Math.abs(byMs) * (widthPx / lengthOf(whole)) < 1) return;
    grip.moved = true;
    if (grip.grip === "all") span.set(panned(span.value, byMs, whole));
    else span.set(within(stretched(span.value, grip.grip, atMs), whole));
    onMoved();
  }
  function up(event: PointerEvent) {
    const grip = held.current;
    held.current = null;
    if (grip && !grip.moved) onSeek(msAt(event));
  }
  function pressed(event: KeyboardEvent) {
    const to = {
      ArrowLeft: playhead.atMs.value - STEP_MS,
      ArrowRight: playhead.atMs.value + STEP_MS,
      Home: whole.fromMs,
      End: whole.toMs,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onSeek(Math.min(Math.max(to, whole.fromMs), whole.toMs));
  }
  return (
    <div
      ref={box}
      className="minimap"
      role="slider"
      tabIndex={0}
      aria-label="Position in the call"
      aria-valuemin={0}
      aria-valuemax={Math.round(whole.toMs / 1000)}
      aria-valuenow={Math.max(0, second)}
      aria-valuetext={`${clock(second * 1000)} of ${clock(whole.toMs)}`}
      onKeyDown={pressed}
      onPointerDown={down}
      onPointerMove={drag}
      onPointerUp={up}
      onPointerCancel={() => {
        held.current = null;
      }}
      style={{ height: OVERVIEW_HEIGHT }}
    >
      <canvas ref={canvas} aria-hidden />
      <span ref={pane} className="minimap-window" />
      <Needle playhead={playhead} span={everything} widthPx={widthPx} />
    </div>
  );
}

function stretched(span: Span, edge: "from" | "to", atMs: number): Span {
  return edge === "from"
    ? { fromMs: Math.min(atMs, span.toMs - 1_000), toMs: span.toMs }
    : { fromMs: span.fromMs, toMs: Math.max(atMs, span.fromMs + 1_000) };
}
