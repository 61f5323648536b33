/** What an alert has sent, and what became of it. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { X } from "lucide-react";
import { Table } from "../../elements/Table";
import { exactInstant, instant, NOTHING } from "../../format/figures";
import { Asked } from "./Asked";
import { type Alert, type Delivery, deliveries } from "./questions";

const KINDS: Record<string, string> = { delivered: "good", failed: "bad" };

export function AlertLog({ alert }: { alert: Alert }) {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const question = useQuery(deliveries(alert.id));
  return (
    <section aria-label={`Log of ${alert.name}`} className="settings-part">
      <div className="settings-part-head">
        <h3>What “{alert.name}” has sent</h3>
        <Link
          to="/p/$project/settings/alerts"
          params={{ project }}
          search={{}}
          className="button plain icon"
          aria-label="Close the log"
        >
          <X size={16} aria-hidden />
        </Link>
      </div>
      <Asked question={question}>{(found) => <Deliveries rows={found.data} />}</Asked>
    </section>
  );
}

function Deliveries({ rows }: { rows: readonly Delivery[] }) {
  return (
    <Table
      label="Messages"
      rows={rows}
      rowKey={(one) => one.id}
      empty="Nothing yet."
      columns={[
        {
          name: "When",
          cell: (one) => {
            const at = Date.parse(one.createdAt);
            return <span title={exactInstant(at)}>{instant(at)}</span>;
          },
        },
        {
          name: "State",
          cell: (one) => <span className={`badge ${KINDS[one.state] ?? ""}`}>{one.state}</span>,
        },
        { name: "Attempts", className: "number", cell: (one) => one.attempts },
        { name: "Answer", className: "number", cell: (one) => one.responseStatus ?? NOTHING },
        {
          name: "Message",
          cell: (one) => (
            <>
              {one.error && <div className="small refusal">{one.error}</div>}
              <details>
                <summary className="small">What was sent</summary>
                <pre className="code">{JSON.stringify(one.body, null, 2)}</pre>
              </details>
            </>
          ),
        },
      ]}
    />
  );
}
