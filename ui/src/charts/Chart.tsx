/** Lines over time: a cursor in step with the other charts, a stretch by dragging, a click or Enter opens one. */

import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { exactInstant, instant } from "../format/figures";
import { timeLabels } from "./axes";
import { useColours } from "./colours";
import "./charts.css";

export interface Line {
  name: string;
  /** A colour token without its dashes. */
  colour: string;
  values: readonly (number | null)[];
  isFilled?: boolean;
  /** Counts have no gaps worth bridging; measurements are joined over stretches without any. */
  isCount?: boolean;
}

export interface Marker {
  atMs: number;
  name: string;
}

interface Props {
  title: string;
  /** Says in words what the chart shows as a whole. */
  summary: string;
  startsMs: readonly number[];
  stepMs: number;
  lines: readonly Line[];
  format: (value: number | null) => string;
  markers?: readonly Marker[];
  onRange: (fromMs: number, toMs: number) => void;
  onOpen: (fromMs: number, toMs: number) => void;
}

const HEIGHT_PX = 200;
const SYNC = "boards";
const FRAME = ["line", "ink-2", "ink-3", "panel"] as const;
/** A press that moves less than this is a click. */
const DRAG_PX = 6;

export default function Chart(props: Props) {
  const { title, summary, startsMs, stepMs, lines, format, markers, onRange, onOpen } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [hovered, setHovered] = useState<number | null>(null);
  const heading = useId();
  const tokens = useMemo(() => [...FRAME, ...lines.map((each) => each.colour)], [lines]);
  const colours = useColours(tokens);
  const handlers = useRef({ onRange, onOpen });
  handlers.current = { onRange, onOpen };

  useEffect(() => {
    const box = place.current;
    if (!box || !colours.length) return;
    const data = [
      startsMs.map((each) => each / 1000),
      ...lines.map((each) => [...each.values]),
    ] as uPlot.AlignedData;
    const made = new uPlot(
      options({ box, colours, lines, stepMs, startsMs, format, markers, setHovered, handlers }),
      data,
      box,
    );
    plot.current = made;
    const watch = new ResizeObserver(() =>
      made.setSize({ width: box.clientWidth, height: HEIGHT_PX }),
    );
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [colours, startsMs, stepMs, lines, format, markers]);

  const last = lastKnown(lines);
  const shown = hovered ?? last;
  const showAt = (index: number) => {
    const made = plot.current;
    const next = Math.max(0, Math.min(startsMs.length - 1, index));
    const at = startsMs[next];
    if (!made || at === undefined) return;
    // As a pointer would: the other charts follow it.
    const { left, top } = made.over.getBoundingClientRect();
    const clientX = left + made.valToPos(at / 1000, "x");
    made.over.dispatchEvent(
      new MouseEvent("mousemove", { clientX, clientY: top + 8, movementX: 1 }),
    );
  };
  function pressed(event: KeyboardEvent) {
    const moves: Record<string, number> = {
      ArrowLeft: shown - 1,
      ArrowRight: shown + 1,
      Home: 0,
      End: startsMs.length - 1,
    };
    const to = moves[event.key];
    const at = startsMs[shown];
    if (to !== undefined) {
      event.preventDefault();
      showAt(to);
    } else if (event.key === "Enter" && at !== undefined) onOpen(at, at + stepMs);
  }
  const at = startsMs[shown];
  const told = at === undefined ? "" : `${instant(at)}: ${values(lines, shown, format)}`;
  return (
    <figure className="panel chart" aria-labelledby={heading}>
      <figcaption>
        <h2 id={heading}>{title}</h2>
        <span className="quiet small">{at === undefined ? "" : instant(at)}</span>
      </figcaption>
      <ul className="legend" aria-hidden>
        {lines.map((line) => (
          <li key={line.name}>
            <i style={{ background: `var(--${line.colour})` }} />
            {line.name} <b>{format(line.values[shown] ?? null)}</b>
          </li>
        ))}
      </ul>
      <div
        className="chart-frame"
        role="slider"
        tabIndex={0}
        aria-label={`${title}. ${summary} Left and right go through it, Enter opens the sessions.`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, startsMs.length - 1)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={told}
        onKeyDown={pressed}
        onBlur={() => plot.current?.over.dispatchEvent(new MouseEvent("mouseleave"))}
      >
        <div ref={place} className="chart-place" style={{ height: HEIGHT_PX }} />
      </div>
      <div className="hidden-text">
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {lines.map((line) => (
                <th scope="col" key={line.name}>
                  {line.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {startsMs.map((start, index) => (
              <tr key={start}>
                <th scope="row">{exactInstant(start)}</th>
                {lines.map((line) => (
                  <td key={line.name}>{format(line.values[index] ?? null)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function lastKnown(lines: readonly Line[]): number {
  return Math.max(-1, ...lines.map((each) => each.values.findLastIndex((value) => value !== null)));
}

function values(lines: readonly Line[], at: number, format: Props["format"]): string {
  return lines.map((each) => `${each.name} ${format(each.values[at] ?? null)}`).join(", ");
}

interface Plan extends Pick<Props, "lines" | "stepMs" | "startsMs" | "format" | "markers"> {
  box: HTMLElement;
  colours: readonly string[];
  setHovered: (index: number | null) => void;
  handlers: { current: Pick<Props, "onRange" | "onOpen"> };
}

function options(plan: Plan): uPlot.Options {
  const { box, colours, lines, stepMs, startsMs, format, markers = [] } = plan;
  const [line = "", ink = "", faint = "", panel = ""] = colours;
  const colour = (index: number) => colours[FRAME.length + index] ?? ink;
  const font = `11px ${getComputedStyle(box).fontFamily}`;
  const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width: box.clientWidth,
    height: HEIGHT_PX,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: {
      // A stretch is chosen in one chart; only the cursor goes along in all.
      sync: {
        key: SYNC,
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
      drag: { x: true, y: false, dist: DRAG_PX, setScale: false },
      points: { size: 7, fill: panel, width: 2 },
      bind: { dblclick: () => null },
    },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 34,
        space: 76,
        values: (_, splits, __, ___, step) => timeLabels(splits, step),
      },
      { ...axis, size: 58, space: 34, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((each, index) => ({
        label: each.name,
        stroke: colour(index),
        width: 1.75,
        spanGaps: !each.isCount,
        points: { show: each.values.filter((value) => value !== null).length < 3, size: 5 },
        ...(each.isFilled ? { fill: faded(colour(index)) } : {}),
      })),
    ],
    hooks: {
      setCursor: [(made) => plan.setHovered(made.cursor.idx ?? null)],
      setSelect: [
        (made) => {
          if (made.select.width < DRAG_PX) return;
          const from = made.posToVal(made.select.left, "x") * 1000;
          const to = made.posToVal(made.select.left + made.select.width, "x") * 1000;
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          plan.handlers.current.onRange(from, to);
        },
      ],
      ready: [
        (made) => {
          let pressedAt = 0;
          made.over.addEventListener("mousedown", (event) => {
            pressedAt = event.clientX;
          });
          made.over.addEventListener("click", (event) => {
            const start = startsMs[made.cursor.idx ?? -1];
            if (start === undefined || Math.abs(event.clientX - pressedAt) >= DRAG_PX) return;
            plan.handlers.current.onOpen(start, start + stepMs);
          });
        },
      ],
      draw: [(made) => drawMarkers(made, markers, faint)],
    },
  };
}

function drawMarkers(made: uPlot, markers: readonly Marker[], colour: string): void {
  const { ctx, bbox } = made;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const each of markers) {
    const x = Math.round(made.valToPos(each.atMs / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** The same colour, nearly transparent; computed colours are `rgb(r, g, b)` or `color(…)`. */
function faded(colour: string): string {
  return `color-mix(in srgb, ${colour} 14%, transparent)`;
}
