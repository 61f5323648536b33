/** What a project without sessions shows: how the first one gets here. */

import { AudioLines } from "lucide-react";
import { State } from "./states";

export function Connect() {
  const endpoint = `${window.location.origin}/v1/traces`;
  return (
    <State icon={<AudioLines size={28} aria-hidden />} title="No sessions yet">
      <p>
        Point your agent’s OpenTelemetry exporter here and make a call; it shows up while it is
        going on.
      </p>
      <pre className="code">{`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${endpoint}
OTEL_EXPORTER_OTLP_HEADERS=x-api-key=YOUR_KEY`}</pre>
      <a className="button" href="/docs">
        API reference
      </a>
    </State>
  );
}
