/** The list of sessions: searched, filtered and sorted by the server, shown by its window alone. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Columns2, Columns3, Download, Search, SearchX } from "lucide-react";
import { lazy, useEffect, useMemo, useRef, useState } from "react";
import { sessionLines } from "../../api/queries";
import type { SchemaLineBody, SchemaLinePage } from "../../api/schema";
import { Connect } from "../../elements/Connect";
import { Failure, Loading, State } from "../../elements/states";
import { useKeys } from "../../shell/keys";
import { LateMenu } from "../../shell/LateMenu";
import { FilterBar } from "./FilterBar";
import { SessionTable } from "./SessionTable";
import { asked, chips, type SessionsSearch, unfiltered } from "./search";
import "./sessions.css";

const TYPING_MS = 250;

const loadExportMenu = () => import("./ExportMenu");
const ExportMenu = lazy(async () => ({ default: (await loadExportMenu()).ExportMenu }));
const loadColumnMenu = () => import("./ColumnMenu");
const ColumnMenu = lazy(async () => ({ default: (await loadColumnMenu()).ColumnMenu }));

export function SessionsPage() {
  const { project } = useParams({ from: "/inside/p/$project/sessions" });
  const search = useSearch({ from: "/inside/p/$project/sessions" });
  const navigate = useNavigate({ from: "/p/$project/sessions" });
  // The stretch of time ends when the filter is set, so that pages of one list belong together.
  const { pick: _pick, cols: _cols, ...wanted } = search;
  const key = JSON.stringify(wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is wanted is what it says
  const parameters = useMemo(() => asked(wanted, Date.now()), [key]);
  const found = useInfiniteQuery(sessionLines(project, parameters));
  const lines = useMemo(() => everyOnce(found.data?.pages ?? []), [found.data]);
  const isNarrowed = search.q !== undefined || chips(search, String).length > 0;

  useEffect(() => {
    document.title = "Sessions · Turnwise";
  }, []);

  const change = (to: SessionsSearch, replace = false) => void navigate({ search: to, replace });
  function pick(id: string) {
    if (search.pick === undefined) change({ ...search, pick: id }, true);
    else if (search.pick === id) change({ ...search, pick: undefined }, true);
    else {
      const both = { a: search.pick, b: id };
      void navigate({ to: "/p/$project/compare", params: { project }, search: both });
    }
  }

  return (
    <div className="page sessions-page">
      <div className="page-head">
        <h1>Sessions</h1>
        <div className="sessions-tools">
          <SearchBox value={search.q ?? ""} onChange={(q) => change({ ...search, q }, true)} />
          <LateMenu
            className="button"
            label="Columns"
            load={() => void loadColumnMenu()}
            menu={(button) => (
              <ColumnMenu
                chosen={search.cols}
                onChange={(cols) => change({ ...search, cols }, true)}
                button={button}
              />
            )}
          >
            <Columns3 size={15} aria-hidden /> Columns
          </LateMenu>
          <LateMenu
            className="button"
            label="Export"
            load={() => void loadExportMenu()}
            menu={(button) => (
              <ExportMenu project={project} parameters={parameters} button={button} />
            )}
          >
            <Download size={15} aria-hidden /> Export
          </LateMenu>
        </div>
      </div>
      <FilterBar project={project} search={search} onChange={change} />
      {search.pick !== undefined && (
        <p className="picked" role="status">
          <Columns2 size={16} aria-hidden />
          <span>
            One session is chosen. Shift+click another one, or press C on it, to compare the two.
          </span>
          <button
            type="button"
            className="button small-button"
            onClick={() => change({ ...search, pick: undefined }, true)}
          >
            Never mind
          </button>
        </p>
      )}
      <section className="panel sessions-panel" aria-label="Sessions" aria-busy={found.isFetching}>
        {found.isPending ? (
          <Loading />
        ) : found.isError && !lines.length ? (
          <Failure error={found.error} retry={() => void found.refetch()} />
        ) : lines.length ? (
          <SessionTable
            project={project}
            lines={lines}
            search={search}
            onSort={(sort, ascending) =>
              change({
                ...search,
                sort: sort === "started" ? undefined : sort,
                ascending: ascending || undefined,
              })
            }
            onPick={pick}
            hasMore={found.hasNextPage}
            isLoadingMore={found.isFetchingNextPage}
            loadMore={() => void found.fetchNextPage()}
          />
        ) : isNarrowed ? (
          <State icon={<SearchX size={28} aria-hidden />} title="No session fits">
            <p>Nothing matches all of these filters. Words are found as they were said, whole.</p>
            <button type="button" className="button" onClick={() => change(unfiltered(search))}>
              Clear all filters
            </button>
          </State>
        ) : (
          <Connect project={project} />
        )}
      </section>
    </div>
  );
}

/** The lines of all pages; a live session that has moved since its page was read stays where it was. */
function everyOnce(pages: readonly SchemaLinePage[]): SchemaLineBody[] {
  const found = new Map<string, SchemaLineBody>();
  for (const line of pages.flatMap((page) => page.data))
    if (!found.has(line.id)) found.set(line.id, line);
  return [...found.values()];
}

function SearchBox({
  value,
  onChange,
}: {
  value: string;
  onChange: (q: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useKeys({
    "/": (event) => {
      event.preventDefault();
      field.current?.select();
    },
  });
  // Back and forward change the address without typing.
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <search className="search-box">
      <Search size={16} aria-hidden />
      <input
        ref={field}
        className="input"
        type="search"
        aria-label="Search in transcripts"
        placeholder="Words that were said, a caller, an id"
        value={typed}
        maxLength={200}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setTyped(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onChange(next.trim() || undefined), TYPING_MS);
        }}
      />
      <kbd aria-hidden>/</kbd>
    </search>
  );
}
