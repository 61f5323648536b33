/** What a project without sessions shows: how the first one gets here. */

import { AudioLines, KeyRound } from "lucide-react";
import { useState } from "react";
import { asError, post } from "../api/client";
import type { SchemaMadeKey, SchemaNewKey } from "../api/schema";
import { State } from "./states";

const FIRST_KEY: SchemaNewKey = {
  name: "First agent",
  scopes: ["ingest"],
  expiresInDays: null,
};

export function Connect({ project }: { project: string }) {
  const [secret, setSecret] = useState<string>();
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const endpoint = `${window.location.origin}/v1/traces`;

  async function create() {
    setBusy(true);
    setWrong(undefined);
    try {
      const path = `/projects/${encodeURIComponent(project)}/keys`;
      setSecret((await post<SchemaMadeKey>(path, FIRST_KEY)).secret);
    } catch (error) {
      setWrong(asError(error).message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <State icon={<AudioLines size={28} aria-hidden />} title="No sessions yet">
      <p>
        Point your agent’s OpenTelemetry exporter here and make a call; it shows up while it is
        going on.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre className="code" tabIndex={0}>{`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${endpoint}
OTEL_EXPORTER_OTLP_HEADERS=x-api-key=${secret ?? "YOUR_KEY"}`}</pre>
      {secret ? (
        <p role="status">This key is shown now and never again. It may send, and nothing else.</p>
      ) : (
        <button
          type="button"
          className="button primary"
          disabled={isBusy}
          onClick={() => void create()}
        >
          <KeyRound size={15} aria-hidden /> Put a new key in
        </button>
      )}
      {wrong && (
        <p className="field-error" role="alert">
          {wrong}
        </p>
      )}
      <a className="button" href="/docs">
        API reference
      </a>
    </State>
  );
}
