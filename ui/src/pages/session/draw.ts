/** Draws the timeline of a call: who spoke, what the caller waited for, and what went wrong. */

import { lengthOf, type Span, ticks } from "../../axis/span";
import { clock, duration } from "../../format/figures";
import { type Flag, type FlagKind, isMild, type Marks, type Speech, type Wait } from "./marks";
import type { Palette } from "./palette";
import { columns, loudest, type Peaks } from "./peaks";

export interface Sound {
  peaks: Peaks;
  /** Where the recording begins in the session. */
  offsetMs: number;
  /** Which channel carries the agent. */
  agentChannel: number;
}

export interface Scene {
  span: Span;
  marks: Marks;
  sound: Sound | null;
  /** Index of the chosen turn. */
  current: number | undefined;
  palette: Palette;
  widthPx: number;
}

/** The room for one label of the ruler. */
const LABEL_PX = 76;
/** Heights from above, in pixels: ruler, caller, the gap between them, agent, events. */
export const RULER = 22;
export const LANE = 56;
export const GAP = 36;
export const EVENTS = 22;
export const CALLER_TOP = RULER;
export const GAP_TOP = CALLER_TOP + LANE;
export const AGENT_TOP = GAP_TOP + GAP;
export const EVENTS_TOP = AGENT_TOP + LANE;
export const HEIGHT = EVENTS_TOP + EVENTS;

const COLUMN = 3;
const BAR = 13;
const BAR_TOP = GAP_TOP + GAP - BAR - 6;
const FONT = '"Inter Variable", system-ui, sans-serif';
/** From here (about six minutes in sight) single turns are slivers: only what stands out is drawn. */
const FAR_MS_PER_PX = 300;
/** A recording whose loudest sample is below this is not drawn any larger. */
const QUIETEST_FULL = 12;

export function drawTimeline(pen: CanvasRenderingContext2D, scene: Scene): void {
  const { palette, widthPx } = scene;
  const x = scaleOf(scene.span, widthPx);
  pen.clearRect(0, 0, widthPx, HEIGHT);
  pen.textBaseline = "alphabetic";
  drawRuler(pen, scene, x);
  for (const top of [CALLER_TOP, AGENT_TOP]) {
    pen.fillStyle = palette.line;
    pen.fillRect(0, top + LANE / 2 - 0.5, widthPx, 1);
  }
  const seen = <T extends Span>(all: readonly T[]) =>
    all.filter((each) => each.toMs >= scene.span.fromMs && each.fromMs <= scene.span.toMs);
  const waits = seen(scene.marks.waits);
  const speech = seen(scene.marks.speech);
  if (!isFar(scene)) for (const wait of waits) drawGap(pen, wait, x, palette);
  for (const each of speech) drawBlock(pen, each, scene, x);
  if (scene.sound) drawShapes(pen, scene, scene.sound, speech, x);
  if (isFar(scene)) drawSlow(pen, waits, x, palette);
  else drawBars(pen, waits, scene, x);
  drawTools(pen, scene, x);
  if (!isFar(scene)) drawFaults(pen, scene, x);
  for (const flag of scene.marks.flags) drawFlag(pen, flag, scene, x);
}

const isFar = ({ span, widthPx }: Scene): boolean => lengthOf(span) / widthPx > FAR_MS_PER_PX;

export function scaleOf(span: Span, widthPx: number): (ms: number) => number {
  return (ms) => ((ms - span.fromMs) / lengthOf(span)) * widthPx;
}

function drawRuler(pen: CanvasRenderingContext2D, scene: Scene, x: (ms: number) => number): void {
  const { stepMs, at } = ticks(scene.span, scene.widthPx / LABEL_PX);
  pen.font = `500 11px ${FONT}`;
  for (const ms of at) {
    const left = Math.round(x(ms));
    pen.fillStyle = scene.palette.line;
    pen.fillRect(left, 0, 1, HEIGHT);
    pen.fillStyle = scene.palette["ink-2"];
    const tenths = stepMs < 1_000 ? `.${Math.round((Math.abs(ms) % 1_000) / 100)}` : "";
    if (ms >= 0) pen.fillText(clock(ms) + tenths, left + 5, 14);
  }
}

/** The time in which the caller hears nothing, from their lane to the agent's. */
function drawGap(
  pen: CanvasRenderingContext2D,
  wait: Wait,
  x: (ms: number) => number,
  palette: Palette,
): void {
  const left = x(wait.fromMs);
  pen.globalAlpha = wait.isSlow ? 0.13 : 0.05;
  pen.fillStyle = wait.isSlow ? palette.bad : palette.ink;
  pen.fillRect(left, CALLER_TOP + 4, x(wait.toMs) - left, EVENTS_TOP - CALLER_TOP - 8);
  pen.globalAlpha = 1;
}

function drawBlock(
  pen: CanvasRenderingContext2D,
  each: Speech,
  scene: Scene,
  x: (ms: number) => number,
): void {
  const isAgent = each.speaker === "agent";
  const isCurrent = each.turn === scene.current;
  const left = x(each.fromMs);
  const width = Math.max(2, x(each.toMs) - left);
  const top = (isAgent ? AGENT_TOP : CALLER_TOP) + 2;
  pen.fillStyle = isAgent ? scene.palette.agent : scene.palette.caller;
  pen.globalAlpha = (scene.sound ? 0.12 : 0.4) + (isCurrent ? 0.14 : 0);
  pen.beginPath();
  pen.roundRect(left, top, width, LANE - 4, Math.min(5, width / 2));
  pen.fill();
  pen.globalAlpha = 1;
  if (isCurrent) {
    pen.strokeStyle = pen.fillStyle;
    pen.lineWidth = 1.5;
    pen.stroke();
  }
}

function drawShapes(
  pen: CanvasRenderingContext2D,
  scene: Scene,
  sound: Sound,
  speech: readonly Speech[],
  x: (ms: number) => number,
): void {
  const { peaks, offsetMs, agentChannel } = sound;
  const full = Math.max(QUIETEST_FULL, loudest(peaks));
  const count = Math.ceil(scene.widthPx / COLUMN);
  const perMs = peaks.rate / 1_000;
  const from = (scene.span.fromMs - offsetMs) * perMs;
  const to = from + ((lengthOf(scene.span) * perMs) / scene.widthPx) * count * COLUMN;
  const isMono = peaks.channels.length < 2;
  for (const speaker of ["user", "agent"] as const) {
    const channel = isMono ? 0 : speaker === "agent" ? agentChannel : 1 - agentChannel;
    const steps = peaks.channels[channel];
    if (!steps) continue;
    // One channel holds both: each lane shows it where its own party has the floor.
    const own = isMono ? speech.filter((each) => each.speaker === speaker) : null;
    const middle = (speaker === "agent" ? AGENT_TOP : CALLER_TOP) + LANE / 2;
    pen.fillStyle = speaker === "agent" ? scene.palette.agent : scene.palette.caller;
    for (const [column, value] of columns(steps, from, to, count).entries()) {
      if (value === 0) continue;
      const left = column * COLUMN;
      if (own && !own.some((each) => x(each.fromMs) <= left && x(each.toMs) >= left)) continue;
      const half = Math.max(0.5, (value / full) * (LANE / 2 - 5));
      pen.fillRect(left, middle - half, COLUMN - 1, half * 2);
    }
  }
}

/** Long waits alone, as high as they were long. */
function drawSlow(
  pen: CanvasRenderingContext2D,
  waits: readonly Wait[],
  x: (ms: number) => number,
  palette: Palette,
): void {
  const most = waits.reduce((longest, each) => Math.max(longest, each.totalMs), 1);
  pen.fillStyle = palette.bad;
  for (const wait of waits) {
    if (!wait.isSlow) continue;
    const height = Math.max(4, ((GAP - 8) * wait.totalMs) / most);
    pen.fillRect(x(wait.fromMs), AGENT_TOP - 4 - height, 2, height);
  }
}

function drawBars(
  pen: CanvasRenderingContext2D,
  waits: readonly Wait[],
  scene: Scene,
  x: (ms: number) => number,
): void {
  pen.font = `600 11px ${FONT}`;
  let free = Number.NEGATIVE_INFINITY;
  for (const wait of waits) {
    const from = x(wait.fromMs);
    const to = x(wait.toMs);
    const isCurrent = wait.turn === scene.current;
    pen.save();
    pen.beginPath();
    pen.roundRect(from, BAR_TOP, Math.max(2, to - from), BAR, 3);
    pen.clip();
    for (const part of wait.parts) {
      const left = x(part.fromMs);
      pen.fillStyle = scene.palette[part.stage];
      pen.fillRect(left, BAR_TOP, x(part.toMs) - left, BAR);
      if (part.stage === "rest") hatch(pen, left, x(part.toMs), BAR_TOP, BAR, scene.palette.panel);
      if (x(part.toMs) - left > 4) {
        pen.fillStyle = scene.palette.panel;
        pen.fillRect(x(part.toMs) - 0.5, BAR_TOP, 1, BAR);
      }
    }
    pen.restore();
    if (isCurrent) {
      pen.strokeStyle = scene.palette.ink;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.roundRect(from - 2, BAR_TOP - 2, to - from + 4, BAR + 4, 4);
      pen.stroke();
    }
    const label = duration(wait.totalMs);
    const width = pen.measureText(label).width;
    if (from < free || (to - from < width * 0.6 && !isCurrent && !wait.isSlow)) continue;
    pen.fillStyle = wait.isSlow ? scene.palette.bad : scene.palette["ink-2"];
    // What began out of sight is labelled where it comes into it.
    const left = Math.min(Math.max(from, 4), Math.max(from, to - width));
    pen.fillText(label, left, BAR_TOP - 5);
    free = left + width + 6;
  }
}

function hatch(
  pen: CanvasRenderingContext2D,
  from: number,
  to: number,
  top: number,
  height: number,
  colour: string,
): void {
  pen.save();
  pen.beginPath();
  pen.rect(from, top, to - from, height);
  pen.clip();
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let left = from - height; left < to; left += 5) {
    pen.moveTo(left, top + height);
    pen.lineTo(left + height, top);
  }
  pen.stroke();
  pen.restore();
}

function drawTools(pen: CanvasRenderingContext2D, scene: Scene, x: (ms: number) => number): void {
  const { palette, span, marks } = scene;
  pen.font = `500 11px ${FONT}`;
  let free = Number.NEGATIVE_INFINITY;
  for (const tool of marks.tools) {
    if (tool.toMs < span.fromMs || tool.fromMs > span.toMs) continue;
    const left = x(tool.fromMs);
    const width = Math.max(3, x(tool.toMs) - left);
    pen.fillStyle = tool.isError ? palette.bad : palette.tool;
    pen.beginPath();
    pen.roundRect(left, EVENTS_TOP + 3, width, 3, 1.5);
    pen.fill();
    if (isFar(scene)) continue;
    const label = tool.isError ? `✕ ${tool.name}` : tool.name;
    const length = pen.measureText(label).width;
    if (left < free) continue;
    pen.fillStyle = tool.isError ? palette.bad : palette["ink-2"];
    pen.fillText(label, left, EVENTS_TOP + 18);
    free = left + length + 8;
  }
}

function drawFaults(pen: CanvasRenderingContext2D, scene: Scene, x: (ms: number) => number): void {
  for (const fault of scene.marks.faults) {
    const left = x(fault.atMs);
    if (left < -8 || left > scene.widthPx + 8) continue;
    pen.fillStyle = scene.palette.bad;
    pen.beginPath();
    pen.moveTo(left, AGENT_TOP - 11);
    pen.lineTo(left + 6, AGENT_TOP - 1);
    pen.lineTo(left - 6, AGENT_TOP - 1);
    pen.fill();
    pen.fillStyle = scene.palette.panel;
    pen.fillRect(left - 0.75, AGENT_TOP - 7.5, 1.5, 3.5);
    pen.fillRect(left - 0.75, AGENT_TOP - 3, 1.5, 1.2);
  }
}

const POLES: Record<FlagKind, [from: number, to: number]> = {
  barge_in: [RULER - 4, EVENTS_TOP],
  missed: [RULER - 4, EVENTS_TOP],
  false_alarm: [RULER - 4, EVENTS_TOP],
  backchannel: [RULER - 4, GAP_TOP],
  premature: [RULER - 4, EVENTS_TOP],
};

function drawFlag(
  pen: CanvasRenderingContext2D,
  flag: Flag,
  scene: Scene,
  x: (ms: number) => number,
): void {
  const left = x(flag.atMs);
  if (left < -20 || left > scene.widthPx + 20) return;
  const colour = isMild(flag.kind) ? scene.palette.warn : scene.palette.interruption;
  if (flag.stoppedMs !== null && flag.kind === "barge_in") {
    const right = x(flag.stoppedMs);
    hatch(pen, left, right, AGENT_TOP + 2, LANE - 4, colour);
  }
  const [from, farthest] = POLES[flag.kind];
  const to = isFar(scene) ? from + 8 : farthest;
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 1.5;
  pen.setLineDash(flag.kind === "false_alarm" ? [3, 3] : []);
  pen.beginPath();
  pen.moveTo(left, from);
  pen.lineTo(left, to);
  pen.stroke();
  pen.setLineDash([]);
  drawPennant(pen, flag.kind, left, from);
}

/** Each kind has a shape of its own, so that nobody needs its colour. */
export function drawPennant(
  pen: CanvasRenderingContext2D,
  kind: FlagKind,
  left: number,
  bottom: number,
): void {
  const top = bottom - 10;
  pen.beginPath();
  if (kind === "backchannel") pen.arc(left, bottom - 4, 4, 0, 2 * Math.PI);
  else if (kind === "missed") pen.rect(left - 0.75, top, 10, 9);
  else {
    const side = kind === "premature" ? -1 : 1;
    pen.moveTo(left - 0.75 * side, top);
    pen.lineTo(left + 11 * side, top + 5);
    pen.lineTo(left - 0.75 * side, top + 10);
    pen.closePath();
  }
  if (kind === "false_alarm") pen.stroke();
  else pen.fill();
}

export const OVERVIEW_HEIGHT = 30;

/** The whole call in little: who spoke when, long waits, interruptions. */
export function drawOverview(
  pen: CanvasRenderingContext2D,
  marks: Marks,
  palette: Palette,
  widthPx: number,
): void {
  const x = scaleOf(marks.whole, widthPx);
  pen.clearRect(0, 0, widthPx, OVERVIEW_HEIGHT);
  for (const each of marks.speech) {
    const isAgent = each.speaker === "agent";
    pen.fillStyle = isAgent ? palette.agent : palette.caller;
    const left = x(each.fromMs);
    pen.fillRect(left, isAgent ? 19 : 8, Math.max(1, x(each.toMs) - left), 5);
  }
  for (const wait of marks.waits) {
    if (!wait.isSlow) continue;
    pen.fillStyle = palette.bad;
    pen.fillRect(x(wait.fromMs), 14.5, Math.max(2, x(wait.toMs) - x(wait.fromMs)), 3);
  }
  for (const flag of marks.flags) {
    pen.fillStyle = isMild(flag.kind) ? palette.warn : palette.interruption;
    const left = x(flag.atMs);
    pen.fillRect(left - 0.75, 3, 1.5, isMild(flag.kind) ? 10 : 24);
    pen.beginPath();
    pen.moveTo(left - 0.75, 0);
    pen.lineTo(left + 5, 3);
    pen.lineTo(left - 0.75, 6);
    pen.fill();
  }
}
