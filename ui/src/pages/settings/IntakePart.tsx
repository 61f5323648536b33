/** Whether what is sent arrives: by kind of sender, with what was refused and how late it comes. */

import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { SchemaIntakeBody, SchemaSourceBody } from "../../api/schema";
import { Table } from "../../elements/Table";
import { Tiles } from "../../elements/Tiles";
import { count, duration, instant } from "../../format/figures";
import { Asked } from "./Asked";
import { When } from "./KeysPart";
import { intake } from "./questions";
import { Section } from "./Section";

const SOURCES: Record<string, string> = {
  livekit: "LiveKit Agents",
  pipecat: "Pipecat",
  generic: "OpenTelemetry and others",
  told: "Native JSON, reports, webhooks",
};

export function IntakePart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const question = useQuery(intake(project));
  return (
    <Section title="Ingest health" about="Whether what your agents send arrives, and in time.">
      <Asked question={question}>{(found) => <Health found={found} />}</Asked>
    </Section>
  );
}

function Health({ found }: { found: SchemaIntakeBody }) {
  const sum = (of: (source: SchemaSourceBody) => number) =>
    count(found.sources.reduce((total, source) => total + of(source), 0));
  return (
    <>
      {found.problems.length ? (
        <div className="notice bad" role="alert">
          <TriangleAlert size={16} aria-hidden />
          <ul>
            {found.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </div>
      ) : (
        <p className="notice good">
          <CircleCheck size={16} aria-hidden />
          <span>The stores are well.</span>
        </p>
      )}
      <Tiles
        figures={[
          ["Records taken", sum((source) => source.records)],
          ["Records refused", sum((source) => source.refused)],
          ["Waiting to be derived", count(found.pending)],
          ["Counted since", instant(found.sinceMs)],
        ]}
      />
      <Table
        label="Sources"
        rows={found.sources}
        rowKey={(source) => source.source}
        empty="Nothing came in for this project in the last day, nor since this server started."
        columns={[
          {
            name: "Source",
            cell: (source) => (
              <>
                <strong>{SOURCES[source.source] ?? source.source}</strong>
                {source.lastRefusal && (
                  <div className="small refusal">Refused: {source.lastRefusal}</div>
                )}
              </>
            ),
          },
          {
            name: "Last batch",
            cell: (source) => (
              <When ms={source.lastBatchMs ?? source.lastArrivalMs} never="none known" />
            ),
          },
          {
            name: "Sessions, 24 h",
            className: "number",
            cell: (source) => count(source.sessions),
          },
          { name: "Batches", className: "number", cell: (source) => count(source.batches) },
          { name: "Records", className: "number", cell: (source) => count(source.records) },
          {
            name: "Refused",
            className: "number",
            cell: (source) => (
              <span className={source.refused ? "slow" : undefined}>{count(source.refused)}</span>
            ),
          },
          {
            name: "Unpriced",
            className: "number",
            cell: (source) => (
              <span title="Requests of models that no price is known for, in the last day">
                {count(source.unpriced)}
              </span>
            ),
          },
          {
            name: "Lag",
            className: "number",
            cell: (source) => (
              <span title="How long after its newest instant the last batch came">
                {duration(source.lagMs)}
              </span>
            ),
          },
        ]}
      />
    </>
  );
}
