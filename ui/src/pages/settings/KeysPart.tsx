/** API keys: what agents send with, and programs read with. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { type ApiError, post, write } from "../../api/client";
import { me } from "../../api/queries";
import type { SchemaKeyBody, SchemaMadeKey, SchemaScope } from "../../api/schema";
import { Copy } from "../../elements/Copy";
import { ConfirmButton, FormDialog } from "../../elements/dialogs";
import { Choice, Field } from "../../elements/Field";
import { Table } from "../../elements/Table";
import { exactInstant, instant } from "../../format/figures";
import { Asked } from "./Asked";
import { keys } from "./questions";
import { Section } from "./Section";

const SCOPES: readonly (readonly [SchemaScope, string])[] = [
  ["ingest", "send what happened in calls"],
  ["read", "read sessions, traces and figures"],
  ["admin", "change keys, prices and alerts"],
];
const LIVES = [
  ["", "never"],
  ["7", "after 7 days"],
  ["30", "after 30 days"],
  ["90", "after 90 days"],
  ["365", "after a year"],
] as const;

export function KeysPart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const question = useQuery(keys);
  return (
    <Section
      title="API keys"
      about="Agents send with a key, programs read with one. Only a hash of it is kept here."
      action={<CreateKey project={project} />}
    >
      <Asked question={question}>{(found) => <KeyTable rows={found.data} />}</Asked>
    </Section>
  );
}

function KeyTable({ rows }: { rows: readonly SchemaKeyBody[] }) {
  const queries = useQueryClient();
  async function revoke(key: SchemaKeyBody) {
    await write("DELETE", `/keys/${key.id}`);
    await queries.invalidateQueries({ queryKey: keys.queryKey });
  }
  return (
    <Table
      label="API keys"
      rows={rows}
      rowKey={(key) => key.id}
      empty="There is no key yet. Create one and give it to your agent."
      columns={[
        {
          name: "Name",
          cell: (key) => (
            <>
              <strong>{key.name}</strong> {!key.isActive && <span className="badge">at rest</span>}
              <div className="mono quiet small">{key.preview}</div>
            </>
          ),
        },
        {
          name: "Scopes",
          cell: (key) => (
            <span className="badges">
              {key.scopes.map((scope) => (
                <span key={scope} className={`badge${scope === "admin" ? " warn" : ""}`}>
                  {scope}
                </span>
              ))}
            </span>
          ),
        },
        { name: "Project", cell: (key) => key.project },
        { name: "Owner", cell: (key) => key.owner },
        { name: "Last used", cell: (key) => <When ms={key.lastUsedMs} never="not yet" /> },
        { name: "Expires", cell: (key) => <Expiry ms={key.expiresMs} /> },
        {
          name: "Revoke",
          isNameHidden: true,
          className: "end",
          cell: (key) => (
            <ConfirmButton
              action="Revoke"
              label={`Revoke ${key.name}`}
              title={`Revoke the key “${key.name}”?`}
              confirmed={() => revoke(key)}
            >
              Whatever sends or reads with <code>{key.preview}</code> is refused from now on. This
              cannot be undone.
            </ConfirmButton>
          ),
        },
      ]}
    />
  );
}

function CreateKey({ project }: { project: string }) {
  const queries = useQueryClient();
  const { data: person } = useQuery(me);
  const [made, setMade] = useState<SchemaMadeKey>();
  const mayAdminister = person?.role !== "member";

  async function create(form: FormData) {
    const days = String(form.get("expiresInDays") ?? "");
    const key = await post<SchemaMadeKey>(`/projects/${encodeURIComponent(project)}/keys`, {
      name: form.get("name"),
      scopes: form.getAll("scopes"),
      expiresInDays: days ? Number(days) : null,
    });
    setMade(key);
    void queries.invalidateQueries({ queryKey: keys.queryKey });
    return true;
  }
  return (
    <FormDialog
      title={made ? "Your new key" : "Create a key"}
      trigger={
        <button type="button" className="button primary">
          <Plus size={16} aria-hidden /> Create key
        </button>
      }
      submit="Create key"
      send={create}
      after={made && <Made made={made} />}
      onClose={() => setMade(undefined)}
    >
      {(wrong) => (
        <>
          <Field
            label="Name"
            name="name"
            placeholder="Where it is used, for example: support agent"
            error={wrong?.fields.name}
          />
          <Scopes mayAdminister={mayAdminister} wrong={wrong} />
          <Choice
            label="Expires"
            name="expiresInDays"
            options={LIVES}
            error={wrong?.fields.expiresInDays}
          />
          <p className="quiet small">It belongs to you and writes to the project “{project}”.</p>
        </>
      )}
    </FormDialog>
  );
}

function Scopes({ mayAdminister, wrong }: { mayAdminister: boolean; wrong: ApiError | undefined }) {
  return (
    <fieldset className="checks">
      <legend>May</legend>
      {SCOPES.filter(([scope]) => scope !== "admin" || mayAdminister).map(([scope, does]) => (
        <label key={scope}>
          <input type="checkbox" name="scopes" value={scope} defaultChecked={scope === "ingest"} />
          <span>
            <strong>{scope}</strong> <span className="quiet">{does}</span>
          </span>
        </label>
      ))}
      {wrong?.fields.scopes && (
        <p className="field-error" role="alert">
          {wrong.fields.scopes}
        </p>
      )}
    </fieldset>
  );
}

function Made({ made }: { made: SchemaMadeKey }) {
  return (
    <div className="form">
      <p className="notice">
        <KeyRound size={16} aria-hidden />
        <span>Copy it now: it is shown this once, and nobody can look it up later.</span>
      </p>
      <Copy text={made.secret} label="Secret key" />
      {made.key.scopes.includes("ingest") && (
        <>
          <h3>Send to this server</h3>
          <pre className="code">{`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${window.location.origin}/v1/traces
OTEL_EXPORTER_OTLP_HEADERS=x-api-key=${made.secret}`}</pre>
        </>
      )}
    </div>
  );
}

export function When({ ms, never }: { ms: number | null; never: string }) {
  if (ms === null) return <span className="quiet">{never}</span>;
  return (
    <span className="nowrap" title={exactInstant(ms)}>
      {instant(ms)}
    </span>
  );
}

function Expiry({ ms }: { ms: number | null }) {
  if (ms !== null && ms <= Date.now()) {
    return (
      <span className="badge bad" title={exactInstant(ms)}>
        expired
      </span>
    );
  }
  return <When ms={ms} never="never" />;
}
