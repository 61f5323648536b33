/** What was done in the tenant, by whom, and when. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { LoadMore } from "../../elements/LoadMore";
import { Failure, Loading } from "../../elements/states";
import { Table } from "../../elements/Table";
import { When } from "./KeysPart";
import { audit } from "./questions";
import { Section } from "./Section";

export function AuditPart() {
  const found = useInfiniteQuery(audit);
  const rows = found.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Section
      title="Audit log"
      about="Every deed of an owner, an admin, the command line and the server itself; nothing is ever taken out."
    >
      {found.isPending ? (
        <Loading lines={6} />
      ) : found.isError && !rows.length ? (
        <Failure error={found.error} retry={() => void found.refetch()} />
      ) : (
        <Table
          label="Audit log"
          rows={rows}
          rowKey={(entry) => entry.id}
          empty="Nothing was done yet."
          columns={[
            { name: "When", cell: (entry) => <When ms={entry.atMs} never="" /> },
            { name: "Who", cell: (entry) => entry.actor },
            { name: "Did", cell: (entry) => <span className="mono">{entry.action}</span> },
            { name: "To", cell: (entry) => <span className="mono small">{entry.target}</span> },
            { name: "Details", cell: (entry) => <Details details={entry.details} /> },
          ]}
        />
      )}
      <LoadMore of={found} />
    </Section>
  );
}

function Details({ details }: { details: Readonly<Record<string, unknown>> }) {
  return (
    <span className="small quiet">
      {Object.entries(details)
        .map(
          ([name, value]) =>
            `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
        )
        .join(", ")}
    </span>
  );
}
