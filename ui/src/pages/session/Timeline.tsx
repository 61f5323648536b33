/** Both sides of the call on one time axis, with what the caller waited for between them. */

import { type PointerEvent, useCallback, useRef, useState } from "react";
import { lengthOf, type Span } from "../../axis/span";
import { clock, count, duration } from "../../format/figures";
import { useDrawing, useWidth } from "./canvas";
import { AGENT_TOP, CALLER_TOP, drawTimeline, HEIGHT, type Sound } from "./draw";
import { useGestures } from "./gestures";
import { hitAt } from "./hits";
import type { Live } from "./live";
import type { Marks } from "./marks";
import { Needle } from "./Needle";
import { Overview } from "./Overview";
import { usePalette } from "./palette";
import type { Playhead } from "./playhead";

interface Props {
  marks: Marks;
  sound: Sound | null;
  span: Live<Span>;
  playhead: Playhead;
  current: number | undefined;
  /** Somebody has chosen what is in sight. */
  onMoved: () => void;
  /** Somebody wants to be at an instant; the turn is named where one was meant. */
  onSeek: (ms: number, turn?: number) => void;
}

export function Timeline(props: Props) {
  const { marks, sound, span, playhead, current, onMoved, onSeek } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useWidth(box);
  const palette = usePalette();
  const [tip, setTip] = useState<{ left: number; text: string } | null>(null);

  const draw = useCallback(
    (pen: CanvasRenderingContext2D) =>
      drawTimeline(pen, { span: span.value, marks, sound, current, palette, widthPx }),
    [span, marks, sound, current, palette, widthPx],
  );
  useDrawing(canvas, widthPx, HEIGHT, draw, span.subscribe);
  useGestures(box, {
    span,
    whole: marks.whole,
    onMoved,
    onClick: (ms, y) => {
      const hit = hitAt(marks, ms, y, lengthOf(span.value) / widthPx);
      const wait = hit && marks.waits.find((each) => each.turn === hit.turn);
      onSeek(hit?.toMs ?? (hit && wait ? wait.fromMs : ms), hit?.turn ?? undefined);
    },
  });
  function hover(event: PointerEvent) {
    const { left, top, width } = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - left;
    const perPx = lengthOf(span.value) / width;
    const hit = hitAt(marks, span.value.fromMs + x * perPx, event.clientY - top, perPx);
    setTip(hit && event.buttons === 0 ? { left: x, text: hit.text } : null);
  }
  return (
    <>
      {/* Keys for all of it work on the whole page, and the transcript says the same in words. */}
      <div
        ref={box}
        className="timeline"
        onPointerMove={hover}
        onPointerLeave={() => setTip(null)}
        style={{ height: HEIGHT }}
      >
        <canvas ref={canvas} role="img" aria-label={summary(marks, sound !== null)} />
        <span className="lane-name caller" style={{ top: CALLER_TOP + 3 }} aria-hidden>
          Caller
        </span>
        <span className="lane-name agent" style={{ top: AGENT_TOP + 3 }} aria-hidden>
          Agent
        </span>
        <Needle playhead={playhead} span={span} widthPx={widthPx} />
        {tip && (
          <span
            className="tip"
            style={{ left: Math.min(Math.max(tip.left, 90), Math.max(90, widthPx - 90)) }}
          >
            {tip.text}
          </span>
        )}
      </div>
      <Overview
        marks={marks}
        palette={palette}
        span={span}
        playhead={playhead}
        onMoved={onMoved}
        onSeek={onSeek}
      />
    </>
  );
}

function summary(marks: Marks, hasSound: boolean): string {
  const real = marks.flags.filter((each) => each.kind === "barge_in").length;
  const slow = marks.waits.filter((each) => each.isSlow).length;
  const longest = marks.waits.reduce((most, each) => Math.max(most, each.totalMs), 0);
  const said = [
    `${hasSound ? "Recording" : "Course"} of the call, ${clock(marks.whole.toMs)} long`,
    `${count(marks.speech.length)} turns`,
    `${count(real)} interruptions`,
    `${count(slow)} slow responses`,
  ];
  if (longest > 0) said.push(`longest wait ${duration(longest)}`);
  return `${said.join(", ")}. The transcript tells the same.`;
}
