/** Rules that tell somebody when a figure is not as it should be, and the log of what they sent. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Pause, Play } from "lucide-react";
import { post, write } from "../../api/client";
import { ConfirmButton } from "../../elements/dialogs";
import { Table } from "../../elements/Table";
import { exactInstant, instant } from "../../format/figures";
import { AlertLog } from "./AlertLog";
import { Asked } from "./Asked";
import { ruleText } from "./alerts";
import { CreateAlert } from "./CreateAlert";
import { type Alert, alerts, deliveries } from "./questions";
import { Section } from "./Section";

export function AlertsPart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const { log } = useSearch({ from: "/inside/p/$project/settings/alerts" });
  const question = useQuery(alerts);
  return (
    <Section
      title="Alerts"
      about="A message to Slack or a webhook when a session, or the last minutes together, are not as they should be."
      action={<CreateAlert project={project} />}
    >
      <Asked question={question}>
        {(found) => (
          <>
            <AlertTable rows={found.data} />
            {found.data
              .filter((alert) => alert.id === log)
              .map((alert) => (
                <AlertLog key={alert.id} alert={alert} />
              ))}
          </>
        )}
      </Asked>
    </Section>
  );
}

function AlertTable({ rows }: { rows: readonly Alert[] }) {
  return (
    <Table
      label="Alerts"
      rows={rows}
      rowKey={(alert) => alert.id}
      empty="None. Create one, and send yourself a test message."
      columns={[
        {
          name: "Alert",
          cell: (alert) => (
            <>
              <strong>{alert.name}</strong>
              <div className="quiet small">{ruleText(alert)}</div>
            </>
          ),
        },
        { name: "Project", cell: (alert) => alert.project },
        {
          name: "Agent",
          cell: (alert) => alert.agentId ?? <span className="quiet">all</span>,
        },
        {
          name: "Tells",
          cell: (alert) => (
            <>
              {alert.channel === "slack" ? "Slack" : "Webhook"}
              <div className="mono quiet small">{alert.url}</div>
            </>
          ),
        },
        { name: "State", cell: (alert) => <AlertState alert={alert} /> },
        {
          name: "Deeds",
          isNameHidden: true,
          className: "end",
          cell: (alert) => <Deeds alert={alert} />,
        },
      ]}
    />
  );
}

function AlertState({ alert }: { alert: Alert }) {
  if (!alert.isActive) return <span className="badge">paused</span>;
  if (alert.firingSince === null) return <span className="badge good">quiet</span>;
  const since = Date.parse(alert.firingSince);
  return (
    <span className="badge bad" title={exactInstant(since)}>
      firing since {instant(since)}
    </span>
  );
}

function Deeds({ alert }: { alert: Alert }) {
  const queries = useQueryClient();
  const navigate = useNavigate({ from: "/p/$project/settings/alerts" });
  const again = () => queries.invalidateQueries({ queryKey: alerts.queryKey });
  const path = `/v1/alerts/${encodeURIComponent(alert.id)}`;
  const test = useMutation({
    mutationFn: () => post(`${path}/test`),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: deliveries(alert.id).queryKey });
      await navigate({ search: { log: alert.id }, replace: true });
    },
  });
  const turn = useMutation({
    mutationFn: () => write("PATCH", path, { isActive: !alert.isActive }),
    onSettled: again,
  });
  async function remove() {
    await write("DELETE", path);
    await again();
  }
  const Turn = alert.isActive ? Pause : Play;
  const turnName = `${alert.isActive ? "Pause" : "Resume"} ${alert.name}`;
  return (
    <span className="deeds">
      <button
        type="button"
        className="button small-button"
        disabled={test.isPending}
        aria-label={`Test ${alert.name}`}
        onClick={() => test.mutate()}
      >
        Test
      </button>
      <button
        type="button"
        className="button small-button"
        aria-label={`Log of ${alert.name}`}
        onClick={() => void navigate({ search: { log: alert.id } })}
      >
        Log
      </button>
      <button
        type="button"
        className="button small-button"
        disabled={turn.isPending}
        aria-label={turnName}
        title={turnName}
        onClick={() => turn.mutate()}
      >
        <Turn size={14} aria-hidden />
      </button>
      <ConfirmButton
        action="Delete"
        label={`Delete ${alert.name}`}
        title={`Delete the alert “${alert.name}”?`}
        confirmed={remove}
      >
        Its log goes with it.
      </ConfirmButton>
    </span>
  );
}
