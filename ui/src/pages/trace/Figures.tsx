/** The figures of one observation: times, model, tokens, money. */

import type { SchemaObservationBody } from "../../api/schema";
import { count, duration, exactInstant, money } from "../../format/figures";

const USAGE_NAMES: Record<string, string> = {
  input: "Input",
  output: "Output",
  total: "Total",
  input_cached_tokens: "of it cached",
  input_cache_creation: "written to the cache",
  output_reasoning_tokens: "of it reasoning",
};
const USAGE_ORDER = [
  "input",
  "input_cached_tokens",
  "input_cache_creation",
  "output",
  "output_reasoning_tokens",
];
const NOT_REPORTED = "not reported";

interface Props {
  shown: SchemaObservationBody;
  selfMs: number | null;
  startMs: number | undefined;
}

export function Figures({ shown, selfMs, startMs }: Props) {
  const cost = costOf(shown.costs);
  const isModel = shown.model !== null || Object.keys(shown.usage).length > 0;
  return (
    <>
      <dl className="figures">
        <Figure
          name="Duration"
          value={shown.durationMs === null ? null : duration(shown.durationMs)}
        />
        <Figure
          name="Itself"
          value={selfMs === null ? null : duration(selfMs)}
          title="Time in which nothing below it ran"
        />
        <Figure
          name="Starts at"
          value={startMs === undefined ? null : `+${duration(startMs)}`}
          title={exactInstant(shown.startedMs)}
        />
        {isModel && (
          <>
            <Figure
              name="First token"
              value={shown.firstTokenMs === null ? null : duration(shown.firstTokenMs)}
            />
            <Figure name="Tokens" value={tokensOf(shown.usage)} />
            <Figure name="Cost" value={cost === null ? null : money(cost)} />
          </>
        )}
      </dl>
      <dl className="facts">
        <Fact name="Model" value={[shown.model, shown.provider].filter(Boolean).join(" · ")} />
        {usageRows(shown.usage).map(([name, value]) => (
          <Fact key={name} name={`${label(name)} tokens`} value={count(value)} />
        ))}
        {Object.entries(shown.costs)
          .filter(([name]) => name !== "total")
          .map(([name, usd]) => (
            <Fact key={name} name={`${label(name)} cost`} value={money(usd)} />
          ))}
        <Fact name="Price from" value={shown.costSource} />
        {parametersOf(shown.parameters).map(([name, value]) => (
          <Fact key={name} name={name} value={value} isCode />
        ))}
        <Fact name="Environment" value={shown.environment} />
        <Fact name="Version" value={shown.appVersion} />
        <Fact name="Id" value={shown.id} isCode />
      </dl>
    </>
  );
}

export function costOf(costs: Readonly<Record<string, number>>): number | null {
  const each = Object.values(costs);
  return each.length ? (costs.total ?? each.reduce((sum, usd) => sum + usd, 0)) : null;
}

function tokensOf(usage: Readonly<Record<string, number>>): string | null {
  const counts = Object.values(usage);
  if (!counts.length) return null;
  return count(usage.total ?? counts.reduce((sum, each) => sum + each, 0));
}

function usageRows(usage: Readonly<Record<string, number>>): [string, number][] {
  const rank = (name: string) => {
    const place = USAGE_ORDER.indexOf(name);
    return place < 0 ? USAGE_ORDER.length : place;
  };
  return Object.entries(usage)
    .filter(([name]) => name !== "total")
    .sort(([a], [b]) => rank(a) - rank(b));
}

function label(name: string): string {
  const known = USAGE_NAMES[name];
  if (known) return known;
  const words = name.replaceAll("_", " ").replace(/ tokens$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function parametersOf(parameters: unknown): [string, string][] {
  if (typeof parameters !== "object" || parameters === null) return [];
  return Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

function Figure({ name, value, title }: { name: string; value: string | null; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd className={value === null ? "not-reported" : ""}>{value ?? NOT_REPORTED}</dd>
    </div>
  );
}

function Fact({
  name,
  value,
  isCode = false,
}: {
  name: string;
  value: string | null;
  isCode?: boolean;
}) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isCode ? "mono" : ""}>{value}</dd>
    </div>
  );
}
