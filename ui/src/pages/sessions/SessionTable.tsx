/** The rows of the list. Only those in sight are in the document. */

import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type CSSProperties, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { oneOf } from "../../addresses";
import type { SchemaLineBody } from "../../api/schema";
import { useKeys } from "../../shell/keys";
import { CELLS } from "./cells";
import { layout, shownColumns } from "./columns";
import { type SessionsSearch, SORTS, type Sort } from "./search";

const ROW_PX = 40;
const LOAD_AHEAD = 10;

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
  const columns = shownColumns(search.cols);
  const chosen = search.cols && layout(search.cols);
  return (
    <div
      ref={box}
      className={chosen ? "grid-box chosen" : "grid-box"}
      style={chosen && ({ "--columns": chosen.columns, "--least": chosen.least } as CSSProperties)}
      role="grid"
      aria-label="Sessions"
      aria-rowcount={hasMore ? -1 : lines.length + 1}
      aria-activedescendant={active >= 0 ? `row-${active}` : undefined}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <div className="grid-row grid-head" role="row" aria-rowindex={1} tabIndex={-1}>
        {columns.map((column) => {
          const by = oneOf(column.id, SORTS);
          return (
            <div
              key={column.id}
              role="columnheader"
              className={classOf(column)}
              aria-sort={by === sort ? (search.ascending ? "ascending" : "descending") : undefined}
            >
              {by ? (
                <SortButton
                  name={column.name}
                  by={by}
                  isSorted={by === sort}
                  ascending={search.ascending}
                  onSort={onSort}
                />
              ) : (
                column.name
              )}
            </div>
          );
        })}
      </div>
      <div style={{ height: rows.getTotalSize(), position: "relative" }} role="rowgroup">
        {shown.map((item) => {
          const line = lines[item.index];
          return line ? (
            <Row
              key={line.id}
              project={project}
              line={line}
              columns={columns}
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

interface SortProps {
  name: string;
  by: Sort;
  isSorted: boolean;
  ascending: true | undefined;
  onSort: (sort: Sort, ascending: boolean) => void;
}

function SortButton({ name, by, isSorted, ascending, onSort }: SortProps) {
  const Arrow = ascending ? ArrowUp : ArrowDown;
  return (
    <button type="button" className="sort" onClick={() => onSort(by, isSorted && !ascending)}>
      {name}
      {isSorted && <Arrow size={12} aria-hidden />}
    </button>
  );
}

type ShownColumn = ReturnType<typeof shownColumns>[number];

/** Chosen columns are all shown; of the usual ones there may be too many for the page. */
function classOf({ isNumber, less }: ShownColumn, more = ""): string {
  return `${isNumber ? "number" : ""} ${less ? `less-${less}` : ""} ${more}`;
}

interface RowProps {
  project: string;
  line: SchemaLineBody;
  columns: readonly ShownColumn[];
  index: number;
  top: number;
  isActive: boolean;
  isPicked: boolean;
  onPick: (id: string) => void;
}

function Row({ project, line, columns, index, top, isActive, isPicked, onPick }: RowProps) {
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
      {columns.map((column) => {
        const { content, className, title } = CELLS[column.id]({ project, line, isPicked, onPick });
        return (
          <div key={column.id} role="gridcell" className={classOf(column, className)} title={title}>
            {content}
          </div>
        );
      })}
    </div>
  );
}
