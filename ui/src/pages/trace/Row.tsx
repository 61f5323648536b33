/** One row: what it is, when it was, what it cost. */

import { ChevronDown, ChevronLeft, ChevronRight, CircleAlert } from "lucide-react";
import { memo } from "react";
import { fitted, lengthOf, type Span } from "../../axis/span";
import { count, duration, money } from "../../format/figures";
import { colourOf } from "./family";
import { RowIcon } from "./icons";
import type { Node } from "./tree";
import { timeOf, wholeOf } from "./window";

const INDENT_PX = 12;
/** Deeper rows are indented no further, so that their names stay in sight. */
const DEEPEST = 12;

interface Props {
  node: Node;
  index: number;
  topPx: number;
  isChosen: boolean;
  isClosed: boolean;
  isFaint: boolean;
  window: Span;
  wholeMs: number;
  /** Undefined where it is not asked for, null where it is not known. */
  selfMs: number | null | undefined;
  path: readonly Span[] | undefined;
  onChoose: (id: string) => void;
  onClose: (id: string, isClosed: boolean) => void;
  onWindow: (window: Span, isDone: boolean) => void;
}

export const Row = memo(function Row(props: Props) {
  const { node, index, topPx, isChosen, isClosed, isFaint, selfMs, onChoose, onClose } = props;
  const { row, level, below } = node;
  const took = row.endMs === null ? null : row.endMs - row.startMs;
  const isError = row.level === "ERROR";
  return (
    <div
      id={`obs-${index}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 1}
      aria-level={level}
      aria-expanded={below ? !isClosed : undefined}
      aria-selected={isChosen}
      className={`tree-row tree-columns${isFaint ? " faint" : ""}`}
      style={{ transform: `translateY(${topPx}px)` }}
      onClick={() => onChoose(row.id)}
    >
      <div
        role="gridcell"
        className="tree-name"
        style={{ paddingLeft: `${(Math.min(level, DEEPEST) - 1) * INDENT_PX + 6}px` }}
      >
        {below ? (
          <button
            type="button"
            className="tree-toggle"
            tabIndex={-1}
            aria-label={isClosed ? "Open" : "Close"}
            onClick={(event) => {
              event.stopPropagation();
              onClose(row.id, !isClosed);
            }}
          >
            {isClosed ? (
              <ChevronRight size={14} aria-hidden />
            ) : (
              <ChevronDown size={14} aria-hidden />
            )}
          </button>
        ) : (
          <span className="tree-toggle" />
        )}
        <RowIcon row={row} />
        <span className="tree-cut" title={row.name ?? undefined}>
          {row.name ?? row.kind.toLowerCase()}
          {row.tool && <span className="obs-tool">{row.tool}</span>}
        </span>
        {isError && <CircleAlert size={13} className="tree-error" aria-label="error" />}
        {below > 0 && isClosed && <span className="tree-below">{count(below)}</span>}
      </div>
      <Track {...props} />
      <div role="gridcell" className={`number${isError ? " tree-error" : ""}`}>
        {took === null ? <span className="quiet">not ended</span> : duration(took)}
      </div>
      {selfMs !== undefined && (
        <div role="gridcell" className="number">
          {duration(selfMs)}
        </div>
      )}
      <div role="gridcell" className="tree-model tree-cut" title={row.model ?? undefined}>
        {row.model}
      </div>
      <div role="gridcell" className="number tree-tokens">
        {row.tokens === null ? "" : count(row.tokens)}
      </div>
      <div role="gridcell" className="number tree-cost">
        {row.costUsd === null ? "" : money(row.costUsd)}
      </div>
    </div>
  );
});

function Track({ node: { row }, window, wholeMs, path, onWindow }: Props) {
  const length = lengthOf(window);
  const time = timeOf(row, wholeMs);
  const end = time.toMs;
  const said = `starts at ${duration(row.startMs)}, ${
    row.endMs === null ? "not ended" : `lasts ${duration(row.endMs - row.startMs)}`
  }${row.firstTokenMs === null ? "" : `, first token after ${duration(row.firstTokenMs)}`}`;
  const isBefore = end < window.fromMs;
  if (isBefore || row.startMs > window.toMs) {
    const Arrow = isBefore ? ChevronLeft : ChevronRight;
    return (
      <div role="gridcell" className="tree-track" aria-label={said}>
        <button
          type="button"
          className={`tree-edge ${isBefore ? "before" : "after"}`}
          tabIndex={-1}
          aria-label="Show it in the window"
          title={`${said}. Show it.`}
          onClick={(event) => {
            event.stopPropagation();
            onWindow(fitted(time, wholeOf(wholeMs)), true);
          }}
        >
          <Arrow size={14} aria-hidden />
        </button>
      </div>
    );
  }
  const percent = (ms: number) => Math.min(100, Math.max(0, ((ms - window.fromMs) / length) * 100));
  const box = (from: number, to: number) => ({
    left: `${percent(from)}%`,
    width: `${percent(to) - percent(from)}%`,
  });
  const heard = row.firstTokenMs === null ? row.startMs : row.startMs + row.firstTokenMs;
  const kind = ["tree-bar", row.endMs === null && "running", path && "under-path"];
  return (
    <div role="gridcell" className="tree-track" aria-label={said} title={said}>
      <i
        className={kind.filter(Boolean).join(" ")}
        style={{ ...box(row.startMs, end), color: colourOf(row) }}
      >
        {heard > row.startMs && heard < end && <Wait row={row} heard={heard} window={window} />}
      </i>
      {row.startMs < window.fromMs && (
        <ChevronLeft className="tree-beyond before" size={11} aria-hidden />
      )}
      {end > window.toMs && <ChevronRight className="tree-beyond after" size={11} aria-hidden />}
      {path &&
        joined(path, window).map((each) => (
          <i key={each.fromMs} className="path" style={box(each.fromMs, each.toMs)} />
        ))}
    </div>
  );
}

/** The part of a bar before its first token, paler than what came after. */
function Wait({ row, heard, window }: { row: Node["row"]; heard: number; window: Span }) {
  const start = Math.max(row.startMs, window.fromMs);
  const end = Math.min(row.endMs ?? window.toMs, window.toMs);
  const share = Math.min(1, Math.max(0, (heard - start) / Math.max(0.001, end - start)));
  return <i className="wait" style={{ width: `${share * 100}%` }} />;
}

/** Stretches inside the window; those that a screen cannot part are one, and slivers are none. */
export function joined(spans: readonly Span[], window: Span): Span[] {
  const least = lengthOf(window) / 400;
  const found: Span[] = [];
  for (const each of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    if (each.toMs < window.fromMs || each.fromMs > window.toMs) continue;
    const last = found.at(-1);
    if (last && each.fromMs - last.toMs < least) last.toMs = Math.max(last.toMs, each.toMs);
    else found.push({ ...each });
  }
  return found.filter((each) => lengthOf(each) >= least);
}
