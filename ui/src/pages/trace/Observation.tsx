/** The contents of one observation. All of it came from outside: it is shown as text, never as HTML. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { AudioLines, CircleAlert, X } from "lucide-react";
import { Tabs } from "radix-ui";
import { useMemo, useState } from "react";
import { address } from "../../api/client";
import { observation, observationPath } from "../../api/queries";
import type {
  SchemaObservationBody,
  SchemaRowBody,
  SchemaTraceBody,
  SchemaTurnMark,
} from "../../api/schema";
import { Failure, Loading } from "../../elements/states";
import { clock, count, duration } from "../../format/figures";
import { Body, CopyButton } from "./content/Body";
import { JsonTree } from "./content/JsonTree";
import { type Json, parse, readable } from "./content/json";
import { ContentSource, Shown } from "./content/Media";
import { instructionsIn, type Metadata, metadataOf } from "./content/metadata";
import { Figures, Origin } from "./Figures";
import { RowIcon } from "./icons";
import { TABS, type Tab } from "./search";
import "./observation.css";

const TAB_NAMES: Record<Tab, string> = {
  content: "Input / output",
  attributes: "Attributes",
  events: "Events",
  json: "JSON",
};

interface Props {
  trace: SchemaTraceBody;
  /** Its row, unless the trace was too long to hold it. */
  row: SchemaRowBody | undefined;
  id: string;
  turn: SchemaTurnMark | undefined;
  selfMs: number | null;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onClose: () => void;
}

export function Observation({ trace, row, id, turn, selfMs, tab, onTab, onClose }: Props) {
  const [whole, setWhole] = useState<string>();
  const found = useQuery({
    ...observation(trace.id, id, whole === id),
    // While all of it comes, the part that is there stays.
    placeholderData: (before) => (before?.id === id ? before : undefined),
  });
  const head = found.data ?? row;
  return (
    <>
      <header className="obs-head">
        {head && <RowIcon row={head} size={17} />}
        <h2 className="breakable">
          {head?.name ?? head?.kind.toLowerCase() ?? id}
          {row?.tool && <span className="obs-tool">{row.tool}</span>}
        </h2>
        <button
          type="button"
          className="button plain icon"
          aria-label="Close the details"
          onClick={onClose}
        >
          <X size={16} aria-hidden />
        </button>
      </header>
      <div className="obs-body">
        <TurnLink trace={trace} turn={turn} startMs={row?.startMs ?? turn?.startMs} />
        {found.data ? (
          <Details
            shown={found.data}
            startMs={row?.startMs}
            selfMs={selfMs}
            tab={tab}
            onTab={onTab}
            onWhole={() => setWhole(id)}
          />
        ) : found.isPending ? (
          <Loading lines={5} />
        ) : (
          <Failure error={found.error} retry={() => void found.refetch()} />
        )}
      </div>
    </>
  );
}

function TurnLink({
  trace,
  turn,
  startMs,
}: {
  trace: SchemaTraceBody;
  turn: SchemaTurnMark | undefined;
  startMs: number | undefined;
}) {
  if (startMs === undefined) return null;
  // The second at which the observation began, where the recording is then played from.
  const atMs = Math.max(0, trace.offsetMs + startMs);
  const search = { turn: turn?.index, t: Math.round(atMs / 100) / 10 };
  return (
    <Link
      className="turn-link"
      to="/p/$project/sessions/$id"
      params={{ project: trace.project, id: trace.sessionId }}
      search={search}
      title="Go to it in the call"
    >
      <AudioLines size={15} aria-hidden />
      <span>
        {turn
          ? `Turn ${turn.index}, ${turn.speaker === "agent" ? "agent" : "caller"}`
          : "In the call"}
        , {clock(atMs)}
      </span>
      {turn?.text && <q>{turn.text}</q>}
    </Link>
  );
}

interface DetailsProps {
  shown: SchemaObservationBody;
  startMs: number | undefined;
  selfMs: number | null;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onWhole: () => void;
}

function Details({ shown, startMs, selfMs, tab, onTab, onWhole }: DetailsProps) {
  const metadata = useMemo(() => metadataOf(shown.metadata), [shown.metadata]);
  return (
    <>
      {shown.statusMessage && (
        <p className={shown.level === "ERROR" ? "said bad" : "said"}>
          <CircleAlert size={15} aria-hidden />
          <span className="breakable">{shown.statusMessage}</span>
        </p>
      )}
      <Figures shown={shown} selfMs={selfMs} startMs={startMs} />
      <Tabs.Root value={tab} onValueChange={(to) => onTab(to as Tab)}>
        <Tabs.List className="obs-tabs" aria-label="Parts of the observation">
          {TABS.map((each) => (
            <Tabs.Trigger key={each} value={each} className="obs-tab">
              {TAB_NAMES[each]}
              {each === "events" && metadata.events.length > 0 && (
                <span className="badge">{count(metadata.events.length)}</span>
              )}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="content" className="obs-tab-body">
          <Contents shown={shown} metadata={metadata} onWhole={onWhole} />
        </Tabs.Content>
        <Tabs.Content value="attributes" className="obs-tab-body">
          <Attributes shown={shown} metadata={metadata} onWhole={onWhole} />
        </Tabs.Content>
        <Tabs.Content value="events" className="obs-tab-body">
          <Events shown={shown} metadata={metadata} />
        </Tabs.Content>
        <Tabs.Content value="json" className="obs-tab-body">
          <AllJson shown={shown} />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}

function Contents({
  shown,
  metadata,
  onWhole,
}: {
  shown: SchemaObservationBody;
  metadata: Metadata;
  onWhole: () => void;
}) {
  const path = observationPath(shown.traceId, shown.id);
  const before = useMemo(() => instructionsIn(metadata.attributes), [metadata]);
  const titles = titlesOf(shown);
  const none = { text: "[]", bytes: 2, isCut: false };
  const input = shown.input ?? (before.length ? none : null);
  if (!input && !shown.output && !shown.files.length) {
    return <p className="quiet">Nobody reported what went in or came out.</p>;
  }
  return (
    <>
      {input && (
        <Body
          title={titles.input}
          side="input"
          content={input}
          path={path}
          onWhole={onWhole}
          before={before}
        />
      )}
      {shown.output && (
        <Body
          title={titles.output}
          side="output"
          content={shown.output}
          path={path}
          onWhole={onWhole}
        />
      )}
      {shown.files.length > 0 && (
        <section className="content" aria-label="Files">
          <header>
            <h3>Files</h3>
          </header>
          {shown.files.map(({ name, mediaType: type, sizeBytes }, place) => (
            <Shown
              key={name}
              name={name}
              file={{ type, sizeBytes }}
              url={address(`${path}/files/${place}`)}
            />
          ))}
        </section>
      )}
    </>
  );
}

function titlesOf({ kind, step }: SchemaObservationBody): { input: string; output: string } {
  if (step === "tool" || kind === "TOOL") return { input: "Arguments", output: "Result" };
  if (kind === "GENERATION" || step.startsWith("llm")) return { input: "Prompt", output: "Answer" };
  return { input: "Input", output: "Output" };
}

function Attributes({
  shown,
  metadata,
  onWhole,
}: {
  shown: SchemaObservationBody;
  metadata: Metadata;
  onWhole: () => void;
}) {
  const attributes = Object.entries(metadata.attributes);
  return (
    <ContentSource value={{ path: observationPath(shown.traceId, shown.id), side: "metadata" }}>
      <Origin shown={shown} />
      {!shown.metadata && <p className="quiet">Nobody reported any attributes.</p>}
      {attributes.length > 0 && (
        <dl className="attributes">
          {attributes.map(([name, value]) => (
            <div key={name}>
              <dt className="mono breakable">{name}</dt>
              <dd>
                <JsonTree value={unpackedForShow(value)} openLevels={0} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {Object.keys(metadata.others).length > 0 && (
        <div className="code">
          <JsonTree value={metadata.others} openLevels={1} />
        </div>
      )}
      {shown.metadata?.isCut && (
        <button type="button" className="button" onClick={onWhole}>
          Load all of it
        </button>
      )}
    </ContentSource>
  );
}

/** An attribute can hold JSON as a text; it is easier to read opened. */
function unpackedForShow(value: Json): Json {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return parse(value) ?? value;
}

function Events({ shown, metadata }: { shown: SchemaObservationBody; metadata: Metadata }) {
  if (!metadata.events.length) return <p className="quiet">Nobody reported any.</p>;
  return (
    <ContentSource value={{ path: observationPath(shown.traceId, shown.id), side: "metadata" }}>
      <ol className="events">
        {metadata.events.map((event, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: events never change places
          <li key={place}>
            <p>
              <span className="number quiet small">
                {event.atMs === null ? "" : `+${duration(event.atMs - shown.startedMs)}`}
              </span>{" "}
              <strong className="breakable">{event.name}</strong>
            </p>
            <JsonTree value={event.attributes} openLevels={event.name === "exception" ? 1 : 0} />
          </li>
        ))}
      </ol>
    </ContentSource>
  );
}

function AllJson({ shown }: { shown: SchemaObservationBody }) {
  const value = useMemo(() => {
    const opened = (content: SchemaObservationBody["input"]) =>
      content && (parse(content.text, content.isCut) ?? content.text);
    const { input, output, metadata, ...rest } = shown;
    return {
      ...rest,
      tags: [...rest.tags],
      files: rest.files.map((each) => ({ ...each })),
      input: opened(input),
      output: opened(output),
      metadata: opened(metadata),
    } as Json;
  }, [shown]);
  return (
    <section className="content" aria-label="The observation as JSON">
      <header>
        <h3>As JSON</h3>
        <span className="content-acts">
          <CopyButton what="JSON" text={() => readable(value)} />
        </span>
      </header>
      <div className="code">
        <JsonTree value={value} openLevels={1} />
      </div>
    </section>
  );
}
