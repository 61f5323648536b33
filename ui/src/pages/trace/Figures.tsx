/** The figures of one observation: times, model, tokens, money. */

import type { SchemaObservationBody } from "../../api/schema";
import { count, duration, exactInstant, money, NOTHING } from "../../format/figures";
import { Peers } from "./Peers";
import { instantLabel } from "./window";

const USAGE_NAMES: Record<string, string> = {
  input: "Input",
  input_cached_tokens: "of it cached",
  input_cache_creation: "written to the cache",
  output: "Output",
  output_reasoning_tokens: "of it reasoning",
};
const NOT_REPORTED = "not reported";

interface Props {
  shown: SchemaObservationBody;
  selfMs: number | null;
  startMs: number | undefined;
}

export function Figures({ shown, selfMs, startMs }: Props) {
  const cost = costOf(shown.costs);
  const isModel = shown.model !== null || Object.keys(shown.usage).length > 0;
  const hasFacts = isModel || shown.costSource !== null || shown.parameters;
  return (
    <>
      <dl className="obs-figures">
        <Figure
          name="Duration"
          value={shown.durationMs === null ? null : duration(shown.durationMs)}
        />
        <Figure
          name="Self time"
          value={selfMs === null ? null : duration(selfMs)}
          title="Time in which nothing below it ran"
        />
        <Figure
          name="Starts at"
          value={startMs === undefined ? null : startOf(startMs)}
          title={exactInstant(shown.startedMs)}
        />
        {isModel && (
          <>
            <Figure
              name="First token"
              value={shown.firstTokenMs === null ? null : duration(shown.firstTokenMs)}
            />
            <Figure name="Tokens" value={tokensOf(shown.usage)} />
            <Figure name="Cost" value={cost === null ? null : fine(cost)} />
          </>
        )}
      </dl>
      <Peers shown={shown} />
      {isModel && <Usage shown={shown} />}
      {hasFacts && (
        <dl className="facts">
          <Fact name="Model" value={[shown.model, shown.provider].filter(Boolean).join(" · ")} />
          <Fact name="Price from" value={shown.costSource} />
          <Fact name="Parameters" value={parametersOf(shown.parameters)} isCode />
        </dl>
      )}
    </>
  );
}

function kindOf({ kind, step }: SchemaObservationBody): string {
  const part = step.replaceAll("_", " ");
  return [...new Set([kind.toLowerCase(), part])].filter((each) => each !== "other").join(", ");
}

/** Tokens and money by what they were for. */
function Usage({ shown: { usage, costs } }: { shown: SchemaObservationBody }) {
  const names = partsOf(usage, costs);
  if (!names.length) return null;
  return (
    <table className="usage">
      <thead>
        <tr>
          <th scope="col">
            <span className="hidden-text">For</span>
          </th>
          <th scope="col">Tokens</th>
          <th scope="col">Cost</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr
            key={name}
            className={name.startsWith("input_") || name.startsWith("output_") ? "part" : ""}
          >
            <th scope="row">{label(name)}</th>
            <td>{count(usage[name])}</td>
            <td>{fine(costs[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The names of tokens and costs: input, its parts, output, its parts, then what else there is. */
export function partsOf(
  usage: Readonly<Record<string, number>>,
  costs: Readonly<Record<string, number>>,
): string[] {
  const rank = (name: string) => (name.startsWith("input") ? 0 : name.startsWith("output") ? 1 : 2);
  return [...new Set([...Object.keys(usage), ...Object.keys(costs)])]
    .filter((name) => name !== "total")
    .sort((a, b) => rank(a) - rank(b) || a.length - b.length || a.localeCompare(b));
}

/** US dollars of one request, of which `money` would leave little: `$0.000251`. */
export function fine(usd: number | undefined): string {
  if (usd === undefined) return NOTHING;
  return usd >= 0.01 || usd === 0
    ? money(usd)
    : `$${usd.toLocaleString("en", { maximumSignificantDigits: 3 })}`;
}

/** Where it came from. */
export function Origin({ shown }: { shown: SchemaObservationBody }) {
  return (
    <dl className="facts">
      <Fact name="Id" value={shown.id} isCode />
      <Fact name="Parent" value={shown.parent} isCode />
      <Fact name="Kind" value={kindOf(shown)} />
      <Fact name="Started" value={exactInstant(shown.startedMs)} />
      <Fact name="Environment" value={shown.environment} />
      <Fact name="Version" value={shown.appVersion} />
      <Fact name="Tags" value={shown.tags.join(", ")} />
    </dl>
  );
}

export function costOf(costs: Readonly<Record<string, number>>): number | null {
  const each = Object.values(costs);
  return each.length ? (costs.total ?? each.reduce((sum, usd) => sum + usd, 0)) : null;
}

/** When it starts, to a tenth of a second however late that is. */
function startOf(ms: number): string {
  if (ms < 60_000) return `+${duration(ms)}`;
  return `+${instantLabel(ms, { fromMs: ms, toMs: ms + 1_000 })}`;
}

function tokensOf(usage: Readonly<Record<string, number>>): string | null {
  const counts = Object.values(usage);
  if (!counts.length) return null;
  return count(usage.total ?? counts.reduce((sum, each) => sum + each, 0));
}

function label(name: string): string {
  const known = USAGE_NAMES[name];
  if (known) return known;
  const words = name.replaceAll("_", " ").replace(/ tokens$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function parametersOf(parameters: unknown): string | null {
  if (typeof parameters !== "object" || parameters === null) return null;
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
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
