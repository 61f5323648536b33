/** One trace: its observations in time, and the contents of the one that is chosen. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { trace as traceQuery } from "../../api/queries";
import type { SchemaTraceBody } from "../../api/schema";
import { fitted, lengthOf, panned, type Span, writtenSpan, zoomed } from "../../axis/span";
import { SessionsCrumb } from "../../elements/SessionsCrumb";
import { Failure, Loading } from "../../elements/states";
import { Tiles } from "../../elements/Tiles";
import { count, duration, exactInstant, instant, money } from "../../format/figures";
import { useKeys } from "../../shell/keys";
import { allClosed, readClosed, writtenClosed } from "./closed";
import { type Family, familyOf } from "./family";
import { Overview } from "./Overview";
import { type TraceSearch, WHOLE, WIN_UNIT_MS, windowOf } from "./search";
import { Toolbar } from "./Toolbar";
import { criticalPath, selfMs } from "./times";
import { flatten, forest, lineage, matching, withAncestors } from "./tree";
import { arrival, turnOf } from "./turns";
import { Waterfall } from "./Waterfall";
import { timeOf, wholeOf } from "./window";
import "./trace.css";

/** Loaded when something is chosen, or is about to be. */
const details = () => import("./Observation");
const Observation = lazy(async () => ({ default: (await details()).Observation }));

const ROUTE = "/inside/p/$project/traces/$id";

export function TracePage() {
  const { id } = useParams({ from: ROUTE });
  const found = useQuery(traceQuery(id));
  if (found.isPending) return <Loading />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  return <Trace key={found.data.id} trace={found.data} />;
}

function Trace({ trace }: { trace: SchemaTraceBody }) {
  const { rows, durationMs: wholeMs } = trace;
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: "/p/$project/traces/$id" });
  const change = useCallback(
    (to: Partial<TraceSearch>) =>
      void navigate({ search: (old) => ({ ...old, ...to }), replace: true }),
    [navigate],
  );
  const byId = useMemo(() => new Map(rows.map((row) => [row.id, row])), [rows]);
  const whole = useMemo(() => forest(rows), [rows]);
  const fitting = useFitting(trace, search);
  const closed = useMemo(() => readClosed(search.closed, whole), [search.closed, whole]);
  const shown = useMemo(
    () => (fitting ? forest(withAncestors(rows, fitting)) : whole),
    [rows, fitting, whole],
  );
  const nodes = useMemo(() => flatten(shown, closed), [shown, closed]);
  const hasPath = search.view?.includes("path") ?? false;
  const path = useMemo(() => (hasPath ? criticalPath(whole) : undefined), [hasPath, whole]);
  const selfOf = useCallback(
    (row: SchemaTraceBody["rows"][number]) => selfMs(row, whole.childrenOf.get(row.id) ?? []),
    [whole],
  );
  const chosen = search.obs;
  const row = chosen === undefined ? undefined : byId.get(chosen);
  const { window, setWindow } = useWindow(trace, search, change, byId);
  const choose = useCallback(
    (obs: string) =>
      void navigate({
        // Once there is a choice, an address without a window would mean: around that choice.
        search: (old) => ({ ...old, obs, win: old.win ?? WHOLE }),
        replace: true,
      }),
    [navigate],
  );
  const closeOnly = useCallback(
    (of: (before: ReadonlySet<string>) => ReadonlySet<string>) =>
      void navigate({
        search: (old) => {
          const next = of(readClosed(old.closed, whole));
          // What is chosen stays in sight: its place is taken by the row that closed over it.
          const over = lineage(byId, old.obs).findLast((each) => next.has(each.id));
          return { ...old, closed: writtenClosed(next, whole), obs: over?.id ?? old.obs };
        },
        replace: true,
      }),
    [navigate, byId, whole],
  );
  const close = useCallback(
    (id: string, isClosed: boolean) =>
      closeOnly((before) => {
        const next = new Set(before);
        if (isClosed) next.add(id);
        else next.delete(id);
        return next;
      }),
    [closeOnly],
  );

  const fit = () => {
    if (row) setWindow(fitted(timeOf(row, wholeMs), wholeOf(wholeMs)), true);
  };
  const unfit = () => setWindow(wholeOf(wholeMs), true);
  const zoom = (factor: number) => {
    const middle = (window.fromMs + window.toMs) / 2;
    setWindow(zoomed(window, factor, middle, wholeOf(wholeMs)), true);
  };
  const pan = (share: number) =>
    setWindow(panned(window, lengthOf(window) * share, wholeOf(wholeMs)), true);
  const toNeighbour = (to: SchemaTraceBody["next"]) => {
    if (to) void navigate({ params: (old) => ({ ...old, id: to.id }), search: {} });
  };
  useKeys({
    f: fit,
    "0": unfit,
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    "[": () => pan(-0.5),
    "]": () => pan(0.5),
    c: () => change({ view: toggledPath(search) }),
    e: () => {
      const errors = nodes.filter((node) => node.row.level === "ERROR");
      const at = nodes.findIndex((node) => node.row.id === chosen);
      const next = errors.find((node) => nodes.indexOf(node) > at) ?? errors[0];
      if (next) choose(next.row.id);
    },
    n: () => toNeighbour(trace.next),
    p: () => toNeighbour(trace.previous),
    "/": (event) => {
      event.preventDefault();
      document.querySelector<HTMLInputElement>(".trace-search input")?.focus();
    },
    escape: () => change({ obs: undefined }),
  });

  return (
    <div className="page trace-page">
      <Head trace={trace} />
      <Toolbar
        search={search}
        counts={useMemo(() => countsOf(trace), [trace])}
        errors={trace.errors}
        shown={fitting ? fitting.size : -1}
        canFit={row !== undefined}
        onSearch={change}
        onFit={fit}
        onWhole={unfit}
        onCloseAll={() => closeOnly(() => allClosed(whole))}
        onOpenAll={() => change({ closed: undefined })}
      />
      <Overview
        rows={rows}
        turns={trace.turns}
        wholeMs={wholeMs}
        window={window}
        onWindow={setWindow}
      />
      {trace.isCut && (
        <p className="said">Only the first {count(rows.length)} observations are shown.</p>
      )}
      <div
        className={`trace-columns${chosen ? " with-details" : ""}`}
        onPointerEnter={() => void details()}
      >
        {nodes.length ? (
          <Waterfall
            nodes={nodes}
            chosen={chosen}
            fitting={fitting}
            closed={closed}
            wholeMs={wholeMs}
            window={window}
            selfOf={search.view?.includes("self") ? selfOf : undefined}
            path={path}
            onChoose={choose}
            onClose={close}
            onWindow={setWindow}
          />
        ) : (
          <p className="panel nothing-fits quiet">
            {rows.length ? "No observation fits." : "Nothing has come in for this trace yet."}
          </p>
        )}
        {chosen && (
          <section className="panel details" aria-label="Observation">
            <Suspense fallback={<Loading lines={5} />}>
              <Observation
                trace={trace}
                row={row}
                id={chosen}
                turn={turnOf(trace.turns, byId, chosen)}
                selfMs={row ? selfOf(row) : null}
                tab={search.tab ?? "content"}
                onTab={(tab) => change({ tab })}
                onClose={() => change({ obs: undefined })}
              />
            </Suspense>
          </section>
        )}
      </div>
    </div>
  );
}

function useFitting(trace: SchemaTraceBody, { q, type, err }: TraceSearch) {
  const families = type?.join(" ") ?? "";
  return useMemo(
    () =>
      matching(trace.rows, {
        text: q ?? "",
        families: families ? (families.split(" ") as Family[]) : [],
        errorsOnly: err === true,
      }),
    [trace.rows, q, families, err],
  );
}

/** The window of the address; while one is being drawn, that one. */
function useWindow(
  trace: SchemaTraceBody,
  search: TraceSearch,
  change: (to: Partial<TraceSearch>) => void,
  byId: Parameters<typeof arrival>[1],
) {
  const [draft, setDraft] = useState<Span>();
  // Who comes from a turn wants to see that turn, and to find it again at the same address.
  const opening =
    search.win === undefined && search.obs !== undefined
      ? arrival(trace, byId, search.obs)
      : undefined;
  const openingText = opening && writtenSpan(opening, WIN_UNIT_MS);
  useEffect(() => {
    if (openingText) change({ win: openingText });
  }, [openingText, change]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address has caught up
  useEffect(() => setDraft(undefined), [search.win]);
  const wholeMs = trace.durationMs;
  const { fromMs, toMs } = draft ?? opening ?? windowOf(search, wholeMs);
  const window = useMemo(() => ({ fromMs, toMs }), [fromMs, toMs]);
  const setWindow = useCallback(
    (to: Span, isDone: boolean) => {
      setDraft(to);
      const isWhole = to.fromMs <= 0 && to.toMs >= wholeMs;
      if (isDone) change({ win: isWhole ? WHOLE : writtenSpan(to, WIN_UNIT_MS) });
    },
    [change, wholeMs],
  );
  return { window, setWindow };
}

function toggledPath({ view = [] }: TraceSearch): TraceSearch["view"] {
  return view.includes("path") ? view.filter((each) => each !== "path") : [...view, "path"];
}

function countsOf(trace: SchemaTraceBody): Map<Family, number> {
  const found = new Map<Family, number>();
  for (const row of trace.rows) {
    const family = familyOf(row);
    found.set(family, (found.get(family) ?? 0) + 1);
  }
  return found;
}

/** What all rows cost; null where nobody reported or could price anything. */
export function costOf(rows: SchemaTraceBody["rows"]): number | null {
  const priced = rows.flatMap((row) => (row.costUsd === null ? [] : [row.costUsd]));
  return priced.length ? priced.reduce((sum, usd) => sum + usd, 0) : null;
}

function Head({ trace }: { trace: SchemaTraceBody }) {
  const cost = useMemo(() => costOf(trace.rows), [trace.rows]);
  const name = trace.name ?? trace.id;
  useEffect(() => {
    document.title = `${name} · Turnwise`;
  }, [name]);
  const tiles: [string, string][] = [
    ["Observations", count(trace.rows.length)],
    ["Duration", duration(trace.durationMs)],
    ["Errors", count(trace.errors)],
    ["Cost", cost === null ? "not reported" : money(cost)],
  ];
  return (
    <header className="page-head">
      <div>
        <nav className="crumbs" aria-label="Breadcrumb">
          <SessionsCrumb project={trace.project} /> /{" "}
          <Link
            to="/p/$project/sessions/$id"
            params={{ project: trace.project, id: trace.sessionId }}
            search={{}}
            className="mono"
          >
            {trace.sessionId.slice(5, 13)}
          </Link>{" "}
          / <span className="mono">{trace.id.slice(0, 8)}</span>
        </nav>
        <h1 className="breakable">{name}</h1>
        <p className="trace-facts">
          <span className="badge">{trace.agent}</span>
          <time
            className="quiet small"
            dateTime={new Date(trace.startedMs).toISOString()}
            title={exactInstant(trace.startedMs)}
          >
            {instant(trace.startedMs)}
          </time>
          <Neighbours trace={trace} />
        </p>
      </div>
      <Tiles figures={tiles} />
    </header>
  );
}

function Neighbours({ trace }: { trace: SchemaTraceBody }) {
  if (!trace.previous && !trace.next) return null;
  const link = (to: SchemaTraceBody["next"], title: string, icon: React.ReactNode) =>
    to && (
      <Link
        className="link"
        to="/p/$project/traces/$id"
        params={{ project: trace.project, id: to.id }}
        search={{}}
        title={to.name ?? to.id}
      >
        {icon}
        {title}
      </Link>
    );
  return (
    <span className="neighbours">
      {link(trace.previous, "Previous trace", <ChevronLeft size={14} aria-hidden />)}
      {link(trace.next, "Next trace", <ChevronRight size={14} aria-hidden />)}
    </span>
  );
}
