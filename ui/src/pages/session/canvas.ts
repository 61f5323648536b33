/** A canvas as sharp as the screen, drawn only when something has changed. */

import { type RefObject, useEffect, useRef, useState } from "react";

/** The width of an element in CSS pixels, 0 until it is known. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    const watch = new ResizeObserver(() => setWidth(current.clientWidth));
    watch.observe(current);
    return () => watch.disconnect();
  }, [element]);
  return width;
}

type Draw = (pen: CanvasRenderingContext2D) => void;

/**
 * Draws with the next frame after `subscribe` told of a change, or after `draw` itself has changed;
 * many changes in one frame are drawn once.
 */
export function useDrawing(
  canvas: RefObject<HTMLCanvasElement | null>,
  widthPx: number,
  heightPx: number,
  draw: Draw,
  subscribe?: (listener: () => void) => () => void,
): void {
  const latest = useRef(draw);
  latest.current = draw;
  const frame = useRef(0);
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d");
    if (!element || !pen || !widthPx) return;
    const scale = window.devicePixelRatio || 1;
    element.width = Math.round(widthPx * scale);
    element.height = Math.round(heightPx * scale);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    latest.current(pen);
    const redraw = () => {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => latest.current(pen));
    };
    // A canvas does not draw itself anew when the font that it asked for has come.
    document.fonts.addEventListener("loadingdone", redraw);
    const end = subscribe?.(redraw);
    return () => {
      document.fonts.removeEventListener("loadingdone", redraw);
      end?.();
    };
  }, [canvas, widthPx, heightPx, subscribe]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew with each new `draw`
  useEffect(() => {
    const pen = canvas.current?.getContext("2d");
    if (pen && widthPx) draw(pen);
  }, [draw]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
}
