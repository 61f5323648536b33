/** Zoom and pan by pointer, wheel and two fingers. */

import { type RefObject, useEffect, useRef } from "react";
import { lengthOf, panned, type Span, type Whole, zoomed } from "../../axis/span";
import type { Live } from "./live";

/** A press that moves less than this is a click. */
const CLICK_PX = 4;
const WHEEL = 0.0022;

interface Wanted {
  span: Live<Span>;
  whole: Whole;
  /** Somebody has moved the span by hand. */
  onMoved: () => void;
  onClick: (ms: number, y: number) => void;
}

export function useGestures(box: RefObject<HTMLElement | null>, wanted: Wanted): void {
  const latest = useRef(wanted);
  latest.current = wanted;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const fingers = new Map<number, { x: number; y: number }>();
    let moved = 0;

    const msAt = (clientX: number) => {
      const { left, width } = element.getBoundingClientRect();
      const span = latest.current.span.value;
      return span.fromMs + ((clientX - left) / width) * lengthOf(span);
    };
    const move = (to: Span) => {
      latest.current.span.set(to);
      latest.current.onMoved();
    };
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      moved = fingers.size > 1 ? CLICK_PX : 0;
    };
    const drag = (event: PointerEvent) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const { span, whole } = latest.current;
      const perPx = lengthOf(span.value) / element.clientWidth;
      const byPx = event.clientX - before.x;
      moved += Math.abs(byPx);
      if (moved >= CLICK_PX && !element.hasPointerCapture(event.pointerId))
        element.setPointerCapture(event.pointerId);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const was = Math.max(20, Math.abs(before.x - other.x));
        const is = Math.max(20, Math.abs(event.clientX - other.x));
        move(zoomed(span.value, was / is, msAt((event.clientX + other.x) / 2), whole));
      } else if (moved >= CLICK_PX) move(panned(span.value, -byPx * perPx, whole));
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const up = (event: PointerEvent) => {
      if (!fingers.delete(event.pointerId) || event.type === "pointercancel") return;
      if (moved >= CLICK_PX) return;
      const y = event.clientY - element.getBoundingClientRect().top;
      latest.current.onClick(msAt(event.clientX), y);
    };
    const wheel = (event: WheelEvent) => {
      const { span, whole } = latest.current;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        move(zoomed(span.value, Math.exp(event.deltaY * WHEEL), msAt(event.clientX), whole));
      } else if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        move(panned(span.value, (sideways * lengthOf(span.value)) / element.clientWidth, whole));
      }
    };
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", drag);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    // Passive listeners could not keep the browser from zooming the page.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", drag);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
      element.removeEventListener("wheel", wheel);
    };
  }, [box]);
}
