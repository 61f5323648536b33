/** The chosen turn, the observations behind it, what went wrong, and what else is known. */

import { type KeyboardEvent, lazy, Suspense, useEffect, useId, useRef } from "react";
import { Loading } from "../../elements/states";
import type { Call, Turn } from "./call";
import { type SessionSearch, TABS, type Tab } from "./search";
import type { Response, toolsByTurn } from "./stages";
import { TurnTab } from "./TurnTab";

const CausesTab = lazy(async () => ({ default: (await import("./CausesTab")).CausesTab }));
const LogsTab = lazy(async () => ({ default: (await import("./LogsTab")).LogsTab }));
const MetadataTab = lazy(async () => ({ default: (await import("./MetadataTab")).MetadataTab }));
const TraceTab = lazy(async () => ({ default: (await import("./TraceTab")).TraceTab }));

const NAMES: Record<Tab, string> = {
  turn: "Turn",
  trace: "Trace",
  causes: "Root cause",
  metadata: "Metadata",
  logs: "Logs",
};

export interface DetailsProps {
  call: Call;
  turn: Turn | undefined;
  responses: ReadonlyMap<number, Response>;
  tools: ReturnType<typeof toolsByTurn>;
  search: SessionSearch;
  onSearch: (to: SessionSearch) => void;
  onTurn: (index: number) => void;
  onStep: (by: number) => void;
  onSeek: (ms: number) => void;
}

export function Details(props: DetailsProps) {
  const { call, turn, tools, search, onSearch } = props;
  const { tab = "turn" } = search;
  const onTab = (to: Tab) => onSearch({ tab: to });
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  // Where there is no room for all of them, the chosen one is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is another element
  useEffect(() => {
    const chosen = list.current?.querySelector("[aria-selected=true]");
    chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [tab]);
  function pressed(event: KeyboardEvent) {
    const place = TABS.indexOf(tab);
    const to = {
      ArrowRight: (place + 1) % TABS.length,
      ArrowLeft: (place + TABS.length - 1) % TABS.length,
      Home: 0,
      End: TABS.length - 1,
    }[event.key];
    const next = to === undefined ? undefined : TABS[to];
    if (next === undefined || to === undefined) return;
    event.preventDefault();
    onTab(next);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[to]?.focus();
  }
  return (
    <section className="panel side-panel" aria-label="Details">
      <div ref={list} className="tabs" role="tablist" aria-label="Details" onKeyDown={pressed}>
        {TABS.map((each) => (
          <button
            key={each}
            type="button"
            id={`${id}${each}`}
            className="tab"
            role="tab"
            aria-selected={each === tab}
            aria-controls={`${id}body`}
            tabIndex={each === tab ? 0 : -1}
            onClick={() => onTab(each)}
          >
            {NAMES[each]}
            {each === "causes" && call.issues.length > 0 && (
              <span className="badge bad">{call.issues.length}</span>
            )}
          </button>
        ))}
      </div>
      <div id={`${id}body`} className="tab-body" role="tabpanel" aria-labelledby={`${id}${tab}`}>
        <Suspense fallback={<Loading lines={4} />}>
          {tab === "turn" && (
            <TurnTab
              call={call}
              turn={turn}
              responses={props.responses}
              tools={(turn && tools.get(turn.index)) ?? []}
              onTurn={props.onTurn}
              onStep={props.onStep}
            />
          )}
          {tab === "trace" && <TraceTab call={call} turn={turn} />}
          {tab === "causes" && (
            <CausesTab call={call} onTurn={props.onTurn} onSeek={props.onSeek} />
          )}
          {tab === "metadata" && <MetadataTab call={call} />}
          {tab === "logs" && (
            <LogsTab
              call={call}
              current={turn?.index}
              search={search}
              onSearch={onSearch}
              onTurn={props.onTurn}
              onSeek={props.onSeek}
            />
          )}
        </Suspense>
      </div>
    </section>
  );
}
