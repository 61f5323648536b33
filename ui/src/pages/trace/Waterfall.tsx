/** The rows of a trace, each with its place in time. Only those in sight are in the document. */

import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { SchemaRowBody } from "../../api/schema";
import { lengthOf, panned, type Span, ticks, zoomed } from "../../axis/span";
import { Row } from "./Row";
import type { Node } from "./tree";
import { instantLabel, wholeOf } from "./window";

export const ROW_PX = 28;
const TYPING_MS = 700;
const ZOOM_PER_PIXEL = 1.003;
/** Letters that are keys of the page unless a word is being typed. */
const PAGE_KEYS = new Set(["f", "c", "e", "n", "p"]);

interface Props {
  nodes: readonly Node[];
  chosen: string | undefined;
  /** The rows that fit the filter; all if undefined. */
  fitting: ReadonlySet<string> | undefined;
  closed: ReadonlySet<string>;
  wholeMs: number;
  window: Span;
  selfOf: ((row: SchemaRowBody) => number | null) | undefined;
  path: ReadonlyMap<string, readonly Span[]> | undefined;
  onChoose: (id: string) => void;
  onClose: (id: string, isClosed: boolean) => void;
  onWindow: (window: Span, isDone: boolean) => void;
}

export function Waterfall(props: Props) {
  const { nodes, chosen, closed, wholeMs, window, onChoose, onClose, onWindow } = props;
  const box = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: "", at: 0 });
  const place = nodes.findIndex((node) => node.row.id === chosen);
  const rows = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
    // The active row stays in the document, since the grid points to it.
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      return place < 0 || shown.includes(place) ? shown : [...shown, place].sort((a, b) => a - b);
    },
  });
  const scrollTo = rows.scrollToIndex;
  const hasArrived = useRef(false);
  useEffect(() => {
    if (place < 0) return;
    scrollTo(place, { align: hasArrived.current ? "auto" : "center" });
    hasArrived.current = true;
  }, [place, scrollTo]);
  useZoom(box, window, wholeMs, onWindow);

  function pressed(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!moved(event) && !found(event)) return;
    event.preventDefault();
  }

  function moved(event: KeyboardEvent): boolean {
    const node = nodes[place];
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 400) / ROW_PX) - 1);
    const moves: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + page,
      PageUp: place - page,
      Home: 0,
      End: nodes.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      const next = nodes[Math.max(0, Math.min(nodes.length - 1, to))];
      if (next) onChoose(next.row.id);
      return true;
    }
    if (!node) return false;
    const isOpen = node.below > 0 && !closed.has(node.row.id);
    if (event.key === "ArrowLeft") {
      if (isOpen) onClose(node.row.id, true);
      else if (node.row.parent && nodes.some((each) => each.row.id === node.row.parent))
        onChoose(node.row.parent);
      return true;
    }
    if (event.key === "ArrowRight") {
      const below = nodes[place + 1];
      if (isOpen && below) onChoose(below.row.id);
      else onClose(node.row.id, false);
      return true;
    }
    return false;
  }

  /** Goes to the next row whose name begins with what is typed. */
  function found(event: KeyboardEvent): boolean {
    const { text, at } = typed.current;
    const isOn = text !== "" && event.timeStamp - at < TYPING_MS;
    if (event.key.length !== 1 || (!isOn && !/^\p{L}$/u.test(event.key))) return false;
    if (!isOn && !event.shiftKey && PAGE_KEYS.has(event.key)) return false;
    const wanted = (isOn ? text : "") + event.key.toLowerCase();
    typed.current = { text: wanted, at: event.timeStamp };
    const from = isOn ? place : place + 1;
    for (let step = 0; step < nodes.length; step += 1) {
      const { row } = nodes[(Math.max(0, from) + step) % nodes.length] as Node;
      if (!(row.name ?? row.kind).toLowerCase().startsWith(wanted)) continue;
      onChoose(row.id);
      break;
    }
    return true;
  }

  return (
    <div className={`panel tree ${props.selfOf ? "with-self" : ""}`}>
      <Head window={window} hasSelf={props.selfOf !== undefined} />
      <div
        ref={box}
        className="tree-rows"
        role="treegrid"
        aria-label="Observations"
        aria-rowcount={nodes.length}
        aria-activedescendant={place >= 0 ? `obs-${place}` : undefined}
        tabIndex={0}
        onKeyDown={pressed}
      >
        <Lines window={window} hasSelf={props.selfOf !== undefined} />
        <div style={{ height: rows.getTotalSize(), position: "relative" }} role="rowgroup">
          {rows.getVirtualItems().map((item) => {
            const node = nodes[item.index];
            if (!node) return null;
            const { row } = node;
            return (
              <Row
                key={row.id}
                node={node}
                index={item.index}
                topPx={item.start}
                isChosen={row.id === chosen}
                isClosed={closed.has(row.id)}
                isFaint={props.fitting !== undefined && !props.fitting.has(row.id)}
                window={window}
                wholeMs={wholeMs}
                selfMs={props.selfOf?.(row)}
                path={props.path && (props.path.get(row.id) ?? [])}
                onChoose={onChoose}
                onClose={onClose}
                onWindow={onWindow}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** The titles of the columns, and the ruler. */
function Head({ window, hasSelf }: { window: Span; hasSelf: boolean }) {
  const length = lengthOf(window);
  return (
    <div className="tree-head tree-columns" aria-hidden>
      <span className="tree-title">Observation</span>
      <span className="ruler">
        {ticks(window, 5).at.map((at) => {
          const share = (at - window.fromMs) / length;
          return share > 0.9 ? null : (
            <i key={at} style={{ left: `${share * 100}%` }}>
              {instantLabel(at, window)}
            </i>
          );
        })}
      </span>
      <span className="number">Duration</span>
      {hasSelf && <span className="number">Self</span>}
      <span className="tree-model">Model</span>
      <span className="number tree-tokens">Tokens</span>
      <span className="number tree-cost">Cost</span>
    </div>
  );
}

/** The ruler's lines through all rows. */
function Lines({ window, hasSelf }: { window: Span; hasSelf: boolean }) {
  const length = lengthOf(window);
  return (
    <div className="tree-lines tree-columns" aria-hidden>
      <span />
      <span className="lines">
        {ticks(window, 5).at.map((at) => (
          <i key={at} style={{ left: `${((at - window.fromMs) / length) * 100}%` }} />
        ))}
      </span>
      <span />
      {hasSelf && <span />}
      <span className="tree-model" />
      <span className="tree-tokens" />
      <span className="tree-cost" />
    </div>
  );
}

/** Ctrl and the wheel zoom about the pointer; the wheel to the side moves the window. */
function useZoom(
  box: React.RefObject<HTMLDivElement | null>,
  window: Span,
  wholeMs: number,
  onWindow: Props["onWindow"],
): void {
  const latest = useRef({ window, wholeMs, onWindow });
  latest.current = { window, wholeMs, onWindow };
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let settle: ReturnType<typeof setTimeout> | undefined;
    function turned(event: WheelEvent) {
      const track = element?.querySelector(".tree-track")?.getBoundingClientRect();
      const now = latest.current;
      if (!track?.width) return;
      const length = lengthOf(now.window);
      const whole = wholeOf(now.wholeMs);
      const share = Math.min(1, Math.max(0, (event.clientX - track.left) / track.width));
      let next: Span;
      if (event.ctrlKey || event.metaKey) {
        const about = now.window.fromMs + share * length;
        next = zoomed(now.window, ZOOM_PER_PIXEL ** event.deltaY, about, whole);
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = (event.deltaX / track.width) * length;
        next = panned(now.window, by, whole);
      } else return;
      event.preventDefault();
      now.onWindow(next, false);
      clearTimeout(settle);
      settle = setTimeout(() => latest.current.onWindow(latest.current.window, true), 250);
    }
    element.addEventListener("wheel", turned, { passive: false });
    return () => {
      element.removeEventListener("wheel", turned);
      clearTimeout(settle);
    };
  }, [box]);
}
