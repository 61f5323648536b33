/** Credentials of media servers and carriers that send webhooks for this project. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { post, write } from "../../api/client";
import type { SchemaIntegrationBody, SchemaIntegrationKind } from "../../api/schema";
import { Copy } from "../../elements/Copy";
import { ConfirmButton, FormDialog } from "../../elements/dialogs";
import { Choice, Field } from "../../elements/Field";
import { Table } from "../../elements/Table";
import { Asked } from "./Asked";
import { When } from "./KeysPart";
import { integrations } from "./questions";
import { Section } from "./Section";

interface Kind {
  name: string;
  key: string;
  keyHint: string;
  secret: string;
  hooks: readonly (readonly [what: string, path: string])[];
}

const KINDS: Record<SchemaIntegrationKind, Kind> = {
  livekit: {
    name: "LiveKit",
    key: "API key",
    keyHint: "As in the server's `keys`, for example APIxxxxxxxx.",
    secret: "API secret",
    hooks: [["Webhooks of the server", "/webhooks/livekit"]],
  },
  twilio: {
    name: "Twilio",
    key: "Account SID",
    keyHint: "AC and 32 hex digits, or the id of a shared key.",
    secret: "Auth token",
    hooks: [
      ["Call status callback", "/webhooks/twilio/call"],
      ["Recording status callback", "/webhooks/twilio/recording"],
    ],
  },
};
const CHOICES = Object.entries(KINDS).map(([kind, each]) => [kind, each.name] as const);

export function IntegrationsPart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const question = useQuery(integrations(project));
  return (
    <Section
      title="Integrations"
      about="Pairs that LiveKit and Twilio sign with. What comes under a pair goes to this project; secrets are sealed and never shown again."
      action={<AddIntegration project={project} />}
    >
      <Asked question={question}>
        {(found) => <IntegrationTable project={project} rows={found.data} />}
      </Asked>
      <h3>Where they send to</h3>
      <dl className="hooks">
        {Object.values(KINDS).flatMap((kind) =>
          kind.hooks.map(([what, path]) => (
            <div key={path}>
              <dt>
                {kind.name}: {what}
              </dt>
              <dd>
                <Copy text={window.location.origin + path} label={`${kind.name}: ${what}`} />
              </dd>
            </div>
          )),
        )}
      </dl>
    </Section>
  );
}

function IntegrationTable({
  project,
  rows,
}: {
  project: string;
  rows: readonly SchemaIntegrationBody[];
}) {
  const queries = useQueryClient();
  async function remove(id: string) {
    await write("DELETE", `/integrations/${id}`);
    await queries.invalidateQueries({ queryKey: integrations(project).queryKey });
  }
  return (
    <Table
      label="Integrations"
      rows={rows}
      rowKey={(one) => one.id}
      empty="None. OpenTelemetry and native JSON need an API key only."
      columns={[
        { name: "With", cell: (one) => <strong>{KINDS[one.kind].name}</strong> },
        { name: "Key", cell: (one) => <span className="mono">{one.key}</span> },
        { name: "Added", cell: (one) => <When ms={one.createdMs} never="" /> },
        {
          name: "Remove",
          isNameHidden: true,
          className: "end",
          cell: (one) => (
            <ConfirmButton
              action="Remove"
              label={`Remove ${one.key}`}
              title={`Remove ${KINDS[one.kind].name} ${one.key}?`}
              confirmed={() => remove(one.id)}
            >
              What is signed with this pair is refused from now on.
            </ConfirmButton>
          ),
        },
      ]}
    />
  );
}

function AddIntegration({ project }: { project: string }) {
  const queries = useQueryClient();
  const [kind, setKind] = useState<SchemaIntegrationKind>("livekit");
  const said = KINDS[kind];
  async function add(form: FormData) {
    await post(`/projects/${encodeURIComponent(project)}/integrations`, {
      kind,
      key: form.get("key"),
      secret: form.get("secret"),
    });
    await queries.invalidateQueries({ queryKey: integrations(project).queryKey });
  }
  return (
    <FormDialog
      title="Add an integration"
      trigger={
        <button type="button" className="button primary">
          <Plus size={16} aria-hidden /> Add integration
        </button>
      }
      submit="Add integration"
      send={add}
      onClose={() => setKind("livekit")}
    >
      {(wrong) => (
        <>
          <Choice
            label="With"
            name="kind"
            options={CHOICES}
            onChange={(value) => setKind(value as SchemaIntegrationKind)}
          />
          <Field
            label={said.key}
            name="key"
            hint={said.keyHint}
            autoComplete="off"
            error={wrong?.fields.key}
          />
          <Field
            label={said.secret}
            name="secret"
            type="password"
            autoComplete="new-password"
            error={wrong?.fields.secret}
          />
        </>
      )}
    </FormDialog>
  );
}
