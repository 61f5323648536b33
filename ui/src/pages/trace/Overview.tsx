/** The whole trace on one strip, with the stretch that the waterfall shows: to be drawn, moved, cut. */

import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import type { SchemaRowBody, SchemaTurnMark } from "../../api/schema";
import { lengthOf, panned, type Span, within } from "../../axis/span";
import { duration } from "../../format/figures";
import { FAMILIES, type Family, familyOf } from "./family";
import { wholeOf } from "./window";

/** Places across the strip; more than a screen has, so that no bar jumps. */
const WIDTH = 2_000;
const LANE = 5;
const LANES = ["error", ...FAMILIES.filter((each) => each !== "turn")] as const;
type Lane = (typeof LANES)[number];
const COLOURS: Record<Exclude<Family, "turn"> | "error", string> = {
  error: "var(--interruption)",
  speech: "var(--agent)",
  eou: "var(--eou)",
  stt: "var(--stt)",
  llm: "var(--llm)",
  tool: "var(--tool)",
  tts: "var(--tts)",
  other: "var(--rest)",
};

interface Props {
  rows: readonly SchemaRowBody[];
  turns: readonly SchemaTurnMark[];
  wholeMs: number;
  window: Span;
  /** `isDone` says that the change is over. */
  onWindow: (window: Span, isDone: boolean) => void;
}

type Grip = { is: "start" | "end" | "new" | "move"; atMs: number; before: Span };

export function Overview({ rows, turns, wholeMs, window, onWindow }: Props) {
  const strip = useRef<HTMLDivElement>(null);
  const [grip, setGrip] = useState<Grip>();
  const lanes = useMemo(() => paths(rows, wholeMs), [rows, wholeMs]);
  const shown = LANES.filter((lane) => lanes.has(lane));
  const percent = (ms: number) => `${(ms / Math.max(1, wholeMs)) * 100}%`;
  const whole = wholeOf(wholeMs);
  const isWhole = window.fromMs <= 0 && window.toMs >= wholeMs;

  function msAt(event: PointerEvent): number {
    const box = strip.current?.getBoundingClientRect();
    if (!box) return 0;
    const share = (event.clientX - box.left) / box.width;
    return Math.min(1, Math.max(0, share)) * wholeMs;
  }
  function taken(event: PointerEvent, is?: Grip["is"]) {
    if (event.button !== 0) return;
    event.stopPropagation();
    const atMs = msAt(event);
    const isInside = !isWhole && atMs > window.fromMs && atMs < window.toMs;
    strip.current?.setPointerCapture(event.pointerId);
    setGrip({ is: is ?? (isInside ? "move" : "new"), atMs, before: window });
  }
  function asked(event: PointerEvent): Span | undefined {
    if (!grip) return undefined;
    const at = msAt(event);
    const { before, atMs } = grip;
    if (grip.is === "move") return panned(before, at - atMs, whole);
    const other = { start: before.toMs, end: before.fromMs, new: atMs }[grip.is];
    const found = { fromMs: Math.min(at, other), toMs: Math.max(at, other) };
    // A press that hardly moved asks for nothing.
    return lengthOf(found) > wholeMs / 500 ? within(found, whole) : undefined;
  }
  function nudged(event: KeyboardEvent, edge: keyof Span) {
    const step = (event.shiftKey ? 0.1 : 0.01) * wholeMs;
    const by: Record<string, number> = {
      ArrowLeft: -step,
      ArrowRight: step,
      Home: -wholeMs,
      End: wholeMs,
    };
    const change = by[event.key];
    if (change === undefined) return;
    event.preventDefault();
    const least = wholeMs / 1_000;
    const to = window[edge] + change;
    const next =
      edge === "fromMs"
        ? { ...window, fromMs: Math.max(0, Math.min(to, window.toMs - least)) }
        : { ...window, toMs: Math.min(wholeMs, Math.max(to, window.fromMs + least)) };
    onWindow(within(next, whole), true);
  }

  return (
    <div
      ref={strip}
      className="strip panel"
      onPointerDown={(event) => taken(event)}
      onPointerMove={(event) => {
        const next = asked(event);
        if (next) onWindow(next, false);
      }}
      onPointerUp={(event) => {
        const next = asked(event);
        setGrip(undefined);
        if (next) onWindow(next, true);
      }}
      onPointerCancel={() => setGrip(undefined)}
    >
      <svg
        viewBox={`0 0 ${WIDTH} ${Math.max(1, shown.length) * LANE}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The whole trace, ${duration(wholeMs)}, with ${turns.length} turns`}
      >
        {shown.map((lane, place) => (
          <path
            key={lane}
            d={lanes.get(lane) ?? ""}
            transform={`translate(0 ${place * LANE})`}
            fill={COLOURS[lane]}
          />
        ))}
      </svg>
      <i className="strip-out" style={{ left: 0, width: percent(window.fromMs) }} />
      <i className="strip-out" style={{ left: percent(window.toMs), right: 0 }} />
      <div
        className="strip-window"
        style={{ left: percent(window.fromMs), width: percent(lengthOf(window)) }}
      >
        {(["fromMs", "toMs"] as const).map((edge) => (
          <div
            key={edge}
            role="slider"
            tabIndex={0}
            className={`strip-grip ${edge}`}
            aria-label={edge === "fromMs" ? "Start of the window" : "End of the window"}
            aria-valuemin={0}
            aria-valuemax={Math.round(wholeMs)}
            aria-valuenow={Math.round(window[edge])}
            aria-valuetext={duration(window[edge])}
            onKeyDown={(event) => nudged(event, edge)}
            onPointerDown={(event) => taken(event, edge === "fromMs" ? "start" : "end")}
          />
        ))}
      </div>
    </div>
  );
}

/** By lane, the time that its rows cover, as the data of one SVG path. */
function paths(rows: readonly SchemaRowBody[], wholeMs: number): Map<Lane, string> {
  const scale = WIDTH / Math.max(1, wholeMs);
  const covered = new Map<Lane, Uint8Array>();
  const mark = (lane: Lane, row: SchemaRowBody) => {
    const cells = covered.get(lane) ?? new Uint8Array(WIDTH);
    covered.set(lane, cells);
    const start = Math.min(WIDTH - 1, Math.floor(row.startMs * scale));
    cells.fill(1, start, Math.max(start + 2, Math.ceil((row.endMs ?? row.startMs) * scale)));
  };
  for (const row of rows) {
    const family = familyOf(row);
    // What lasts all along tells nothing here.
    if (family !== "turn" && row.step !== "job") mark(family, row);
    if (row.level === "ERROR") mark("error", row);
  }
  const found = new Map<Lane, string>();
  for (const [lane, cells] of covered) {
    let data = "";
    for (let at = cells.indexOf(1); at >= 0; ) {
      const next = cells.indexOf(0, at);
      const end = next < 0 ? WIDTH : next;
      data += `M${at} 0H${end}V${LANE - 1}H${at}Z`;
      at = cells.indexOf(1, end);
    }
    found.set(lane, data);
  }
  return found;
}
