/** The form of a new alert; its signing secret is shown once it is there. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { BellPlus } from "lucide-react";
import { useState } from "react";
import { type ApiError, post } from "../../api/client";
import { facets } from "../../api/queries";
import { Copy } from "../../elements/Copy";
import { FormDialog } from "../../elements/dialogs";
import { Choice, Field } from "../../elements/Field";
import { metricName, OPERATORS } from "./alerts";
import { type Alert, alertMetrics, alerts } from "./questions";

type Scope = "window" | "session";

/** Stands for a family of figures, one for each type of issue; the type is typed. */
const ISSUES_OF_TYPE = "issues.TYPE";

interface Made extends Alert {
  signingSecret: string;
}

export function CreateAlert({ project }: { project: string }) {
  const queries = useQueryClient();
  const [made, setMade] = useState<Made>();

  async function create(form: FormData) {
    const said = (name: string) => String(form.get(name) ?? "").trim();
    const metric = said("metric");
    const threshold = said("threshold");
    const alert = await post<Made>(`/v1/alerts?project=${encodeURIComponent(project)}`, {
      name: said("name"),
      metric: metric === ISSUES_OF_TYPE ? `issues.${said("issueType")}` : metric,
      operator: said("operator"),
      threshold: threshold === "" ? null : Number(threshold),
      agentId: said("agentId") || null,
      windowMinutes: said("scope") === "window" ? Number(said("windowMinutes")) : null,
      ...(said("scope") === "window" ? { minSessions: Number(said("minSessions")) } : {}),
      channel: said("channel"),
      url: said("url"),
    });
    void queries.invalidateQueries({ queryKey: alerts.queryKey });
    if (alert.channel !== "webhook") return false;
    setMade(alert);
    return true;
  }
  return (
    <FormDialog
      title={made ? "The alert is set" : "Create an alert"}
      trigger={
        <button type="button" className="button primary">
          <BellPlus size={16} aria-hidden /> Create alert
        </button>
      }
      submit="Create alert"
      send={create}
      after={made && <Secret secret={made.signingSecret} />}
      onClose={() => setMade(undefined)}
    >
      {(wrong) => <Fields project={project} wrong={wrong} />}
    </FormDialog>
  );
}

function Fields({ project, wrong }: { project: string; wrong: ApiError | undefined }) {
  const { data: metrics } = useQuery(alertMetrics);
  const { data: known } = useQuery(facets(project));
  const [scope, setScope] = useState<Scope>("window");
  const [metric, setMetric] = useState<string>();
  const choices = (metrics?.[scope] ?? []).map(
    (each) => [each, each === ISSUES_OF_TYPE ? "issues of one type" : metricName(each)] as const,
  );
  const agents = (known?.agents ?? []).map((agent) => [agent, agent] as const);
  return (
    <>
      <Field label="Name" name="name" placeholder="Slow turns" error={wrong?.fields.name} />
      <Choice
        label="Look at"
        name="scope"
        options={[
          ["window", "all sessions of the last minutes together"],
          ["session", "each session once it has ended"],
        ]}
        onChange={(value) => {
          setScope(value as Scope);
          setMetric(undefined);
        }}
      />
      {/* Another list begins at its first entry. */}
      <Choice
        key={scope}
        label="Figure"
        name="metric"
        options={choices}
        onChange={setMetric}
        error={wrong?.fields.metric}
      />
      {metric === ISSUES_OF_TYPE && (
        <Field label="Type of issue" name="issueType" placeholder="high_latency" />
      )}
      <div className="form-pair">
        <Choice
          label="Fires when it"
          name="operator"
          options={OPERATORS}
          error={wrong?.fields.operator}
        />
        <Field
          label="Threshold"
          name="threshold"
          type="number"
          step="any"
          error={wrong?.fields.threshold}
        />
      </div>
      {scope === "window" && (
        <div className="form-pair">
          <Field
            label="Minutes"
            name="windowMinutes"
            type="number"
            min={1}
            defaultValue={15}
            error={wrong?.fields.windowMinutes}
          />
          <Field
            label="With at least so many sessions"
            name="minSessions"
            type="number"
            min={1}
            defaultValue={5}
            error={wrong?.fields.minSessions}
          />
        </div>
      )}
      <Choice
        label="Agent"
        name="agentId"
        options={[["", "all agents"], ...agents]}
        error={wrong?.fields.agentId}
      />
      <div className="form-pair">
        <Choice
          label="Tell"
          name="channel"
          options={[
            ["slack", "Slack-compatible"],
            ["webhook", "signed webhook"],
          ]}
          error={wrong?.fields.channel}
        />
        <Field
          label="Address"
          name="url"
          type="url"
          placeholder="https://"
          autoComplete="off"
          error={wrong?.fields.url}
        />
      </div>
    </>
  );
}

function Secret({ secret }: { secret: string }) {
  return (
    <div className="form">
      <p>Its messages are signed; the receiver checks them with this secret:</p>
      <Copy text={secret} label="Signing secret" />
    </div>
  );
}
