/** What programs wrote while the call went on, each record with its turn and its observation. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Info, Search, TriangleAlert } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { sessionLog, sessionLogs } from "../../api/queries";
import type { SchemaContentBody, SchemaLogLineBody } from "../../api/schema";
import { LoadMore } from "../../elements/LoadMore";
import { Failure, Loading } from "../../elements/states";
import { bytes, clock, exactInstant } from "../../format/figures";
import type { Call } from "./call";
import { LEAST, levelName, toneOf, turnsOfRecords } from "./logs";
import { LEVELS, type Level, type SessionSearch } from "./search";
import "./logs.css";

/** How often a live call is asked for new records. */
const LOOK_MS = 3_000;
const LEVEL_NAMES: Record<Level, string> = {
  info: "Info and worse",
  warn: "Warnings and worse",
  error: "Errors",
};

interface Props {
  call: Call;
  current: number | undefined;
  search: SessionSearch;
  onSearch: (to: SessionSearch) => void;
  onTurn: (index: number) => void;
  onSeek: (ms: number) => void;
}

export function LogsTab({ call, current, search, onSearch, onTurn, onSeek }: Props) {
  const { level, q, log } = search;
  const found = useInfiniteQuery({
    ...sessionLogs(call.id, level ? LEAST[level] : 0, q ?? ""),
    refetchInterval: call.isOpen ? LOOK_MS : false,
  });
  const turnOf = useMemo(() => turnsOfRecords(call.turns), [call.turns]);
  const records = found.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Filter key={q} level={level} q={q} onSearch={onSearch} />
      {found.isPending ? (
        <Loading lines={4} />
      ) : !found.data ? (
        <Failure error={found.error} retry={() => void found.refetch()} />
      ) : records.length ? (
        <ul className="logs" aria-label="Log records">
          {records.map((record) => (
            <Item
              key={record.id}
              call={call}
              record={record}
              turn={turnOf(record)}
              current={current}
              isOpen={record.id === log}
              onToggle={() => onSearch({ log: record.id === log ? undefined : record.id })}
              onTurn={onTurn}
              onSeek={onSeek}
            />
          ))}
        </ul>
      ) : level || q ? (
        <p className="quiet">No record fits.</p>
      ) : (
        <p className="quiet">Nobody sent any log records for this session.</p>
      )}
      <LoadMore of={found} />
    </>
  );
}

function Filter({
  level,
  q,
  onSearch,
}: Pick<SessionSearch, "level" | "q"> & Pick<Props, "onSearch">) {
  const [text, setText] = useState(q ?? "");
  function search() {
    const wanted = text.trim() || undefined;
    if (wanted !== q) onSearch({ q: wanted, log: undefined });
  }
  function submitted(event: FormEvent) {
    event.preventDefault();
    search();
  }
  return (
    <form className="logs-filter" role="search" aria-label="Log records" onSubmit={submitted}>
      <label>
        <span className="hidden-text">Level</span>
        <select
          className="input"
          value={level ?? ""}
          onChange={(event) =>
            onSearch({
              level: LEVELS.find((each) => each === event.currentTarget.value),
              log: undefined,
            })
          }
        >
          <option value="">All levels</option>
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {LEVEL_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="logs-search">
        <span className="hidden-text">Text of the records</span>
        <Search size={14} aria-hidden />
        <input
          className="input"
          type="search"
          maxLength={200}
          placeholder="Text"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onBlur={search}
        />
      </label>
    </form>
  );
}

interface ItemProps extends Omit<Props, "search" | "onSearch"> {
  record: SchemaLogLineBody;
  turn: number | undefined;
  isOpen: boolean;
  onToggle: () => void;
}

function Item({ call, record, turn, current, isOpen, onToggle, onTurn, onSeek }: ItemProps) {
  const tone = toneOf(record.severity);
  const Icon = tone === "bad" ? CircleAlert : tone === "warn" ? TriangleAlert : Info;
  const isCurrent = turn !== undefined && turn === current;
  return (
    <li className={`log ${tone}`} aria-current={isCurrent ? "true" : undefined}>
      <div className="log-head">
        <button
          type="button"
          className="link-button mono"
          title="Go to this second"
          onClick={() => onSeek(record.atMs)}
        >
          {record.atMs < 0 ? "before" : clock(record.atMs)}
        </button>
        <span className={`badge ${tone}`}>
          <Icon size={12} aria-hidden />
          {levelName(record)}
        </span>
        {record.logger && <span className="quiet small clipped">{record.logger}</span>}
      </div>
      <p className="log-text">
        {record.text || <span className="quiet">No text</span>}
        {record.isCut && "…"}
      </p>
      <div className="log-links">
        <button type="button" className="link-button" aria-expanded={isOpen} onClick={onToggle}>
          {isOpen ? "Less" : "More"}
        </button>
        {turn !== undefined && (
          <button type="button" className="link-button" onClick={() => onTurn(turn)}>
            Turn {turn}
          </button>
        )}
        {record.traceId && (
          <Link
            className="link"
            to="/p/$project/traces/$id"
            params={{ project: call.project, id: record.traceId }}
            search={record.spanId ? { obs: record.spanId } : {}}
          >
            {record.spanId ? "Observation" : "Trace"}
          </Link>
        )}
      </div>
      {isOpen && <Whole session={call.id} record={record} />}
    </li>
  );
}

/** All of a record; what it says is text, whatever it looks like. */
function Whole({ session, record }: { session: string; record: SchemaLogLineBody }) {
  const [isAll, setAll] = useState(false);
  const found = useQuery({
    ...sessionLog(session, record.id, isAll),
    placeholderData: (before) => (before?.id === record.id ? before : undefined),
  });
  if (found.isPending) return <Loading lines={2} />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const { text, attributes, writtenMs } = found.data;
  const cut = [text, attributes].filter((each): each is SchemaContentBody => each?.isCut === true);
  return (
    <div className="log-whole">
      <time className="quiet small" dateTime={new Date(writtenMs).toISOString()}>
        {exactInstant(writtenMs)}
      </time>
      {record.isCut && text && <pre className="code">{text.text}</pre>}
      {attributes ? (
        <Attributes json={attributes.text} />
      ) : (
        <p className="quiet small">No attributes</p>
      )}
      {cut.length > 0 && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Load all {bytes(cut.reduce((sum, each) => sum + each.bytes, 0))}
        </button>
      )}
    </div>
  );
}

function Attributes({ json }: { json: string }) {
  const pairs = useMemo((): [string, unknown][] | null => {
    try {
      return Object.entries(JSON.parse(json) as Record<string, unknown>);
    } catch {
      return null; // It was cut.
    }
  }, [json]);
  if (!pairs) return <pre className="code">{json}</pre>;
  return (
    <dl className="log-attributes">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt className="mono breakable">{name}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
