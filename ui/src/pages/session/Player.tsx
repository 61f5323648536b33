/** The recording: its shape in two lanes, a playhead, and the usual controls. */

import { useQuery } from "@tanstack/react-query";
import { Download, Pause, Play } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import { address, getBytes } from "../../api/client";
import type { SchemaRecordingBody } from "../../api/schema";
import { clock } from "../../format/figures";
import { columns, type Peaks, readPeaks } from "./peaks";
import type { Playback } from "./playback";

const RATES = [0.75, 1, 1.25, 1.5, 2];
const COLUMN_PX = 3;
const STEP_MS = 5_000;
/** A recording whose loudest sample is below this is not drawn any larger. */
const QUIETEST_FULL = 12;

interface Props {
  sessionId: string;
  recording: SchemaRecordingBody;
  playback: Playback;
}

export function Player({ sessionId, recording, playback }: Props) {
  const place = `/sessions/${encodeURIComponent(sessionId)}/recordings/${recording.id}`;
  const { data: peaks } = useQuery({
    queryKey: ["peaks", recording.id],
    queryFn: async ({ signal }) => readPeaks(await getBytes(`${place}/peaks`, signal)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const lengthMs = recording.durationMs ?? 0;
  return (
    <section className="panel player" aria-label="Recording">
      {/* biome-ignore lint/a11y/useMediaCaption: the transcript stands below */}
      <audio ref={playback.audio} preload="metadata" src={address(`${place}/audio`)} />
      <Shape peaks={peaks} lengthMs={lengthMs} playback={playback} />
      <div className="player-controls">
        <button type="button" className="button primary" onClick={playback.toggle}>
          {playback.isPlaying ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />}
          {playback.isPlaying ? "Pause" : "Play"}
        </button>
        <span className="mono" aria-live="off">
          {clock(playback.atMs)} <span className="quiet">/ {clock(lengthMs)}</span>
        </span>
        <label>
          <span className="hidden-text">Speed</span>
          <select
            className="input"
            defaultValue={1}
            onChange={(event) => playback.setRate(Number(event.currentTarget.value))}
          >
            {RATES.map((rate) => (
              <option key={rate} value={rate}>
                {rate}×
              </option>
            ))}
          </select>
        </label>
        <a
          className="button plain icon"
          href={address(`${place}/audio`)}
          download
          aria-label="Download the recording"
        >
          <Download size={16} aria-hidden />
        </a>
        <span className="lanes quiet small" aria-hidden>
          <i style={{ background: "var(--caller)" }} /> Caller
          <i style={{ background: "var(--agent)" }} /> Agent
        </span>
      </div>
    </section>
  );
}

function Shape({
  peaks,
  lengthMs,
  playback,
}: {
  peaks: Peaks | undefined;
  lengthMs: number;
  playback: Playback;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const draw = () => {
      if (canvas.current && peaks && width) drawShape(canvas.current, peaks, width);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", draw);
    return () => {
      theme.disconnect();
      dark.removeEventListener("change", draw);
    };
  }, [peaks, width]);

  const share = lengthMs ? Math.min(1, playback.atMs / lengthMs) : 0;
  function clicked(event: MouseEvent<HTMLDivElement>) {
    const box = event.currentTarget.getBoundingClientRect();
    playback.seek((lengthMs * (event.clientX - box.left)) / box.width);
  }
  function pressed(event: KeyboardEvent) {
    const to = {
      ArrowLeft: playback.atMs - STEP_MS,
      ArrowRight: playback.atMs + STEP_MS,
      Home: 0,
      End: lengthMs,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    playback.seek(to);
  }
  return (
    <div
      className="shape"
      role="slider"
      tabIndex={0}
      aria-label="Position in the recording"
      aria-valuemin={0}
      aria-valuemax={Math.round(lengthMs / 1000)}
      aria-valuenow={Math.round(playback.atMs / 1000)}
      aria-valuetext={`${clock(playback.atMs)} of ${clock(lengthMs)}`}
      onClick={clicked}
      onKeyDown={pressed}
    >
      <canvas ref={canvas} aria-hidden />
      <span className="playhead" style={{ left: `${share * 100}%` }} />
    </div>
  );
}

function drawShape(canvas: HTMLCanvasElement, peaks: Peaks, width: number): void {
  const scale = window.devicePixelRatio || 1;
  const height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.scale(scale, scale);
  const lane = height / peaks.channels.length;
  const count = Math.floor(width / COLUMN_PX);
  // A quiet line still has a shape; what is all but silent stays flat.
  const loudestOfAll = Math.max(
    QUIETEST_FULL,
    ...peaks.channels.map((steps) => steps.reduce((most, step) => Math.max(most, step), 0)),
  );
  for (const [number, steps] of peaks.channels.entries()) {
    // `light-dark()` is no colour to a canvas; the element's own colour is resolved.
    canvas.style.color = `var(${number ? "--agent" : "--caller"})`;
    pen.fillStyle = getComputedStyle(canvas).color;
    const middle = lane * (number + 0.5);
    for (const [column, loudest] of columns(steps, 0, steps.length, count).entries()) {
      const half = Math.max(0.5, (loudest / loudestOfAll) * (lane / 2 - 4));
      pen.fillRect(column * COLUMN_PX, middle - half, COLUMN_PX - 1, half * 2);
    }
  }
}
