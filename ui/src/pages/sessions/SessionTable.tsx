/** The rows of the list. Only those in sight are in the document. */

import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, CircleAlert, Volume2 } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { SchemaLineBody } from "../../api/schema";
import { Status } from "../../elements/Status";
import { count, duration, exactInstant, instant, money, NOTHING } from "../../format/figures";
import { useKeys } from "../../shell/keys";
import type { SessionsSearch, Sort } from "./search";

const ROW_PX = 40;
/** From here a response is called slow: the limit from which a single turn counts as an issue. */
const SLOW_MS = 2_500;
const LOAD_AHEAD = 10;

interface Column {
  name: string;
  sort?: Sort;
  className?: string;
}

const COLUMNS: readonly Column[] = [
  { name: "Started", sort: "started" },
  { name: "Session" },
  { name: "Agent" },
  { name: "Status", className: "less-2" },
  { name: "Duration", sort: "duration", className: "number less-1" },
  { name: "Turns", sort: "turns", className: "number less-2" },
  { name: "p50", sort: "p50", className: "number less-2" },
  { name: "p95", sort: "p95", className: "number" },
  { name: "Interrupted", sort: "interruptions", className: "number less-3" },
  { name: "Errors", sort: "errors", className: "number less-3" },
  { name: "Cost", sort: "cost", className: "number less-1" },
];

interface Props {
  project: string;
  lines: readonly SchemaLineBody[];
  search: SessionsSearch;
  onSort: (sort: Sort, ascending: boolean) => void;
  onPick: (id: string) => void;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
}

export function SessionTable(props: Props) {
  const { project, lines, search, onSort, onPick, hasMore, isLoadingMore, loadMore } = props;
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const navigate = useNavigate();
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    scrollPaddingStart: ROW_PX,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= lines.length - LOAD_AHEAD) loadMore();
  }, [hasMore, isLoadingMore, last, lines.length, loadMore]);

  function move(to: number) {
    const next = Math.max(0, Math.min(lines.length - 1, to));
    setActive(next);
    rows.scrollToIndex(next);
    box.current?.focus({ preventScroll: true });
  }
  function open(index: number) {
    const line = lines[index];
    if (line)
      void navigate({
        to: "/p/$project/sessions/$id",
        params: { project, id: line.id },
        search: {},
      });
  }
  useKeys({
    j: () => move(active + 1),
    k: () => move(active - 1),
    c: () => {
      const line = lines[active];
      if (line) onPick(line.id);
    },
  });

  function pressed(event: KeyboardEvent) {
    const page = Math.floor((box.current?.clientHeight ?? 400) / ROW_PX) - 1;
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: lines.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === "Enter" && event.target === box.current) open(active);
  }

  const sort = search.sort ?? "started";
  return (
    <div
      ref={box}
      className="grid-box"
      role="grid"
      aria-label="Sessions"
      aria-rowcount={hasMore ? -1 : lines.length + 1}
      aria-activedescendant={active >= 0 ? `row-${active}` : undefined}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <div className="grid-row grid-head" role="row" aria-rowindex={1} tabIndex={-1}>
        {COLUMNS.map((column) => (
          <div
            key={column.name}
            role="columnheader"
            className={column.className}
            aria-sort={
              column.sort === sort ? (search.ascending ? "ascending" : "descending") : undefined
            }
          >
            {column.sort ? (
              <SortButton
                column={column}
                sort={sort}
                ascending={search.ascending}
                onSort={onSort}
              />
            ) : (
              column.name
            )}
          </div>
        ))}
      </div>
      <div style={{ height: rows.getTotalSize(), position: "relative" }} role="rowgroup">
        {shown.map((item) => {
          const line = lines[item.index];
          return line ? (
            <Row
              key={line.id}
              project={project}
              line={line}
              index={item.index}
              top={item.start}
              isActive={item.index === active}
              isPicked={line.id === search.pick}
              onPick={onPick}
            />
          ) : null;
        })}
      </div>
      {hasMore && (
        <div className="grid-more">
          <button type="button" className="button" onClick={loadMore} disabled={isLoadingMore}>
            {isLoadingMore ? "Loading …" : "Load more"}
          </button>
        </div>
      )}
    </div>
  );
}

function SortButton({
  column,
  sort,
  ascending,
  onSort,
}: {
  column: Column;
  sort: Sort;
  ascending: true | undefined;
  onSort: (sort: Sort, ascending: boolean) => void;
}) {
  const isSorted = column.sort === sort;
  const Arrow = ascending ? ArrowUp : ArrowDown;
  return (
    <button
      type="button"
      className="sort"
      onClick={() => column.sort && onSort(column.sort, isSorted && !ascending)}
    >
      {column.name}
      {isSorted && <Arrow size={12} aria-hidden />}
    </button>
  );
}

interface RowProps {
  project: string;
  line: SchemaLineBody;
  index: number;
  top: number;
  isActive: boolean;
  isPicked: boolean;
  onPick: (id: string) => void;
}

function Row({ project, line, index, top, isActive, isPicked, onPick }: RowProps) {
  const name = line.userRef ?? line.ref ?? line.id.slice(5, 13);
  return (
    <div
      id={`row-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isActive}
      tabIndex={-1}
      className={`grid-row grid-line${isActive ? " is-active" : ""}${isPicked ? " is-picked" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <Cell className="quiet when" title={exactInstant(line.startedMs)}>
        {instant(line.startedMs)}
      </Cell>
      <Cell>
        <Link
          to="/p/$project/sessions/$id"
          params={{ project, id: line.id }}
          search={{}}
          className="row-link"
          tabIndex={-1}
          onMouseDown={(event) => event.shiftKey && event.preventDefault()}
          onClick={(event) => {
            if (!event.shiftKey) return;
            event.preventDefault();
            onPick(line.id);
          }}
        >
          {name}
        </Link>
        {isPicked && <span className="badge row-mark">A</span>}
        {line.recordings > 0 && (
          <Volume2 size={14} className="row-mark" aria-label="has a recording" />
        )}
      </Cell>
      <Cell className="agent-cell">
        <span className="cut">{line.agent}</span>
        {line.appVersion && <span className="version">{line.appVersion}</span>}
      </Cell>
      <Cell className="less-2">
        <Status status={line.status} />
      </Cell>
      <Cell className="number less-1">{duration(line.durationMs)}</Cell>
      <Cell className="number less-2">{count(line.turns)}</Cell>
      <Cell className="number less-2">{duration(line.p50Ms)}</Cell>
      <Cell className={`number${(line.p95Ms ?? 0) >= SLOW_MS ? " slow" : ""}`}>
        {duration(line.p95Ms)}
      </Cell>
      <Cell className="number less-3">{line.interruptions || NOTHING}</Cell>
      <Cell className="number less-3">
        {line.errors ? (
          <span className="slow">
            <CircleAlert size={13} aria-hidden /> {count(line.errors)}
          </span>
        ) : (
          NOTHING
        )}
      </Cell>
      <Cell
        className="number less-1"
        title={line.unpriced ? `${line.unpriced} requests have no known price` : undefined}
      >
        {money(line.costUsd)}
        {line.unpriced > 0 && "+"}
      </Cell>
    </div>
  );
}

function Cell({
  className,
  title,
  children,
}: {
  className?: string;
  title?: string | undefined;
  children: React.ReactNode;
}) {
  return (
    <div role="gridcell" className={className} title={title}>
      {children}
    </div>
  );
}
