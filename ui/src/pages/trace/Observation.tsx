/** The contents of one observation. All of it came from outside: it is shown as text, never as HTML. */

import { useQuery } from "@tanstack/react-query";
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { observation } from "../../api/queries";
import type { SchemaContentBody, SchemaObservationBody } from "../../api/schema";
import { Failure, Loading } from "../../elements/states";
import { bytes, count, duration, money } from "../../format/figures";

export function Observation({ traceId, id }: { traceId: string; id: string }) {
  const [whole, setWhole] = useState<string>();
  const found = useQuery(observation(traceId, id, whole === id));
  if (found.isPending) return <Loading lines={5} />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const shown = found.data;
  return (
    <div className="tab-body">
      <div>
        <h2>{shown.name ?? shown.kind.toLowerCase()}</h2>
        <p className="session-facts">
          <span className="badge">{shown.kind.toLowerCase()}</span>
          {shown.level === "ERROR" && <span className="badge bad">error</span>}
          {shown.model && <span className="badge">{shown.model}</span>}
        </p>
      </div>
      {shown.statusMessage && <p className="field-error">{shown.statusMessage}</p>}
      <Figures shown={shown} />
      {(["input", "output", "metadata"] as const).map((name) => (
        <Content key={name} name={name} content={shown[name]} loadAll={() => setWhole(id)} />
      ))}
    </div>
  );
}

function Figures({ shown }: { shown: SchemaObservationBody }) {
  const cost = shown.costs.total ?? Object.values(shown.costs).reduce((sum, each) => sum + each, 0);
  const pairs: [string, string | null][] = [
    ["Duration", duration(shown.durationMs)],
    ["First token", shown.firstTokenMs === null ? null : duration(shown.firstTokenMs)],
    ["Provider", shown.provider],
    ...Object.entries(shown.usage).map(([name, value]): [string, string] => [
      `${name.replaceAll("_", " ")}`,
      count(value),
    ]),
    ["Cost", Object.keys(shown.costs).length ? money(cost) : null],
    ["Price from", shown.costSource],
  ];
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) =>
        value === null ? null : (
          <div className="pair" key={name}>
            <dt>{name}</dt>
            <dd className="breakable">{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** JSON in lines, a bare text as it is; what is no JSON (it was cut) as it came. */
export function readable(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}

function Content({
  name,
  content,
  loadAll,
}: {
  name: string;
  content: SchemaContentBody | null;
  loadAll: () => void;
}) {
  const [isCopied, setCopied] = useState(false);
  if (!content) return null;
  const text = readable(content.text);
  async function copy() {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  }
  return (
    <section className="content">
      <header>
        <h2>{name}</h2>
        <button
          type="button"
          className="button plain icon"
          aria-label={`Copy the ${name}`}
          onClick={() => void copy()}
        >
          {isCopied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <div className="code wrapped" role="group" tabIndex={0} aria-label={name}>
        {text}
      </div>
      {content.isCut && (
        <button type="button" className="button" onClick={loadAll}>
          Load all {bytes(content.bytes)}
        </button>
      )}
    </section>
  );
}
