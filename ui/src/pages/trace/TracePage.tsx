/** One trace: its observations in time, and the contents of the one that is chosen. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight, CircleAlert, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { trace as traceQuery } from "../../api/queries";
import type { SchemaRowBody, SchemaTraceBody } from "../../api/schema";
import { Failure, Loading } from "../../elements/states";
import { Tiles } from "../../elements/Tiles";
import { count, duration, exactInstant, instant, money } from "../../format/figures";
import { Observation } from "./Observation";
import { flatten, matching, type Node } from "./tree";
import "./trace.css";

const ROW_PX = 28;

export function TracePage() {
  const { id } = useParams({ from: "/inside/p/$project/traces/$id" });
  const found = useQuery(traceQuery(id));
  if (found.isPending) return <Loading />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  return <Trace trace={found.data} />;
}

function Trace({ trace }: { trace: SchemaTraceBody }) {
  const search = useSearch({ from: "/inside/p/$project/traces/$id" });
  const navigate = useNavigate({ from: "/p/$project/traces/$id" });
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => matching(trace.rows, search.q ?? ""), [trace.rows, search.q]);
  const nodes = useMemo(() => flatten(rows, closed), [rows, closed]);
  const cost = trace.rows.reduce((sum, row) => sum + (row.costUsd ?? 0), 0);
  const chosen = search.obs;
  const name = trace.name ?? trace.id;

  useEffect(() => {
    document.title = `${name} · Turnwise`;
  }, [name]);

  const choose = (obs: string) =>
    void navigate({ search: (old) => ({ ...old, obs }), replace: true });

  return (
    <div className="page trace-page">
      <header className="page-head">
        <div>
          <nav className="crumbs" aria-label="Breadcrumb">
            <Link
              to="/p/$project/sessions"
              activeOptions={{ exact: true }}
              params={{ project: trace.project }}
              search={{}}
            >
              Sessions
            </Link>{" "}
            /{" "}
            <Link
              to="/p/$project/sessions/$id"
              params={{ project: trace.project, id: trace.sessionId }}
              search={{}}
              className="mono"
            >
              {trace.sessionId.slice(5, 13)}
            </Link>
          </nav>
          <h1>{name}</h1>
          <p className="session-facts">
            <span className="badge">{trace.agent}</span>
            <span className="quiet small" title={exactInstant(trace.startedMs)}>
              {instant(trace.startedMs)}
            </span>
          </p>
        </div>
        <Tiles
          figures={[
            ["Observations", count(trace.rows.length)],
            ["Duration", duration(trace.durationMs)],
            ["Errors", count(trace.errors)],
            ["Cost", money(cost)],
          ]}
        />
      </header>
      <search className="search-box trace-search">
        <Search size={16} aria-hidden />
        <input
          className="input"
          type="search"
          aria-label="Find an observation"
          placeholder="Find by name, type or model"
          value={search.q ?? ""}
          onChange={(event) => {
            const q = event.currentTarget.value || undefined;
            void navigate({ search: (old) => ({ ...old, q }), replace: true });
          }}
        />
      </search>
      <div className="session-columns">
        <Tree
          trace={trace}
          nodes={nodes}
          chosen={chosen}
          onChoose={choose}
          closed={closed}
          onClose={(id, isClosed) => {
            const next = new Set(closed);
            if (isClosed) next.add(id);
            else next.delete(id);
            setClosed(next);
          }}
        />
        <section className="panel side-panel" aria-label="Observation">
          {chosen ? (
            <Observation traceId={trace.id} id={chosen} />
          ) : (
            <p className="quiet tab-body">Choose an observation to see its contents.</p>
          )}
        </section>
      </div>
    </div>
  );
}

interface TreeProps {
  trace: SchemaTraceBody;
  nodes: readonly Node[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
  closed: ReadonlySet<string>;
  onClose: (id: string, isClosed: boolean) => void;
}

function Tree({ trace, nodes, chosen, onChoose, closed, onClose }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const place = nodes.findIndex((node) => node.row.id === chosen);
  const rows = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  const scrollTo = rows.scrollToIndex;
  useEffect(() => {
    if (place >= 0) scrollTo(place);
  }, [place, scrollTo]);

  function pressed(event: KeyboardEvent) {
    const node = nodes[place];
    const page = Math.floor((box.current?.clientHeight ?? 400) / ROW_PX) - 1;
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
    } else if (event.key === "ArrowLeft" && node) {
      if (node.hasChildren && !closed.has(node.row.id)) onClose(node.row.id, true);
      else if (node.row.parent) onChoose(node.row.parent);
    } else if (event.key === "ArrowRight" && node) onClose(node.row.id, false);
    else return;
    event.preventDefault();
  }

  return (
    <div
      ref={box}
      className="panel tree"
      role="treegrid"
      aria-label="Observations"
      aria-rowcount={nodes.length}
      aria-activedescendant={place >= 0 ? `obs-${place}` : undefined}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <div style={{ height: rows.getTotalSize(), position: "relative" }} role="rowgroup">
        {rows.getVirtualItems().map((item) => {
          const node = nodes[item.index];
          if (!node) return null;
          const isClosed = closed.has(node.row.id);
          return (
            <div
              key={node.row.id}
              id={`obs-${item.index}`}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + 1}
              aria-level={node.level}
              aria-expanded={node.hasChildren ? !isClosed : undefined}
              aria-selected={node.row.id === chosen}
              className="tree-row"
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => onChoose(node.row.id)}
            >
              <div
                role="gridcell"
                className="tree-name"
                style={{ paddingLeft: `${(Math.min(node.level, 14) - 1) * 14 + 6}px` }}
              >
                {node.hasChildren ? (
                  <button
                    type="button"
                    className="tree-toggle"
                    tabIndex={-1}
                    aria-label={isClosed ? "Open" : "Close"}
                    onClick={(event) => {
                      event.stopPropagation();
                      onClose(node.row.id, !isClosed);
                    }}
                  >
                    {isClosed ? <ChevronRight size={14} /> : <ChevronDown size={14} />}
                  </button>
                ) : (
                  <span className="tree-toggle" />
                )}
                {node.row.level === "ERROR" && (
                  <CircleAlert size={13} className="slow" aria-label="error" />
                )}
                <span className="cut">{node.row.name ?? node.row.kind.toLowerCase()}</span>
                {node.row.model && <span className="version">{node.row.model}</span>}
              </div>
              <div role="gridcell" className="tree-track">
                <Bar row={node.row} wholeMs={trace.durationMs} />
              </div>
              <div role="gridcell" className="number quiet small">
                {duration(node.row.endMs === null ? null : node.row.endMs - node.row.startMs)}
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The colour of an observation's bar: that of the stage it belongs to. */
function colourOf(row: SchemaRowBody): string {
  if (row.level === "ERROR") return "var(--interruption)";
  if (row.step.startsWith("stt")) return "var(--stt)";
  if (row.step.startsWith("tts")) return "var(--tts)";
  if (row.step.startsWith("eou")) return "var(--eou)";
  if (row.step.startsWith("llm") || row.kind === "GENERATION") return "var(--llm)";
  if (row.step === "tool" || row.kind === "TOOL") return "var(--tool)";
  return "var(--rest)";
}

function Bar({ row, wholeMs }: { row: SchemaRowBody; wholeMs: number }) {
  const scale = 100 / Math.max(1, wholeMs);
  const length = Math.max(0, (row.endMs ?? row.startMs) - row.startMs);
  return (
    <i
      style={{
        left: `${Math.min(99.6, row.startMs * scale)}%`,
        width: `${length * scale}%`,
        background: colourOf(row),
      }}
    />
  );
}
