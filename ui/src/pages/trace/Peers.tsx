/** How long an observation took beside others of its kind. */

import { useQuery } from "@tanstack/react-query";
import { peers } from "../../api/queries";
import type { SchemaObservationBody, SchemaPeersBody } from "../../api/schema";
import { count, duration } from "../../format/figures";

/** With fewer others a share says nothing. */
const ENOUGH = 5;

export function Peers({ shown }: { shown: SchemaObservationBody }) {
  const { data } = useQuery(peers(shown.traceId, shown.id));
  if (!data || shown.durationMs === null) return <p className="peers-none" aria-hidden />;
  const kind = `${shown.name ?? shown.kind.toLowerCase()}${shown.model ? ` · ${shown.model}` : ""}`;
  if (data.others < ENOUGH) {
    return (
      <p className="quiet small peers-none">
        {data.others
          ? `Only ${count(data.others)} others of its kind in ${data.days} days: too few to compare.`
          : `The only one of its kind in ${data.days} days.`}
      </p>
    );
  }
  return (
    <figure className="peers">
      <figcaption>
        Slower than <strong>{share(data)}</strong> of {count(data.others)} others of{" "}
        <span className="breakable">{kind}</span> in {data.days} days
      </figcaption>
      <Strip data={data} ownMs={shown.durationMs} />
    </figure>
  );
}

/** Rounded so that only all is 100 % and only none is 0 %. */
export function share({ faster, others }: Pick<SchemaPeersBody, "faster" | "others">): string {
  const percent = (faster / others) * 100;
  if (percent > 99 && faster < others) return "99 %";
  if (percent < 1 && faster > 0) return "1 %";
  return `${Math.round(percent)} %`;
}

function Strip({ data, ownMs }: { data: SchemaPeersBody; ownMs: number }) {
  const { lowestMs, p25Ms, p50Ms, p75Ms, p95Ms, highestMs } = data;
  if (
    lowestMs === null || p25Ms === null || p50Ms === null || p75Ms === null || p95Ms === null ||
    highestMs === null
  ) return null; // biome-ignore format: one condition
  // Past the slow tail the scale would hide where most are.
  const end = Math.max(Math.min(highestMs, p95Ms * 1.25), ownMs);
  const start = Math.min(lowestMs, ownMs);
  const at = (ms: number) =>
    `${((Math.min(ms, end) - start) / Math.max(0.001, end - start)) * 100}%`;
  const width = (from: number, to: number) =>
    `${((Math.min(to, end) - from) / Math.max(0.001, end - start)) * 100}%`;
  return (
    <>
      <div
        className="peers-strip"
        role="img"
        aria-label={`Half of them took ${duration(p25Ms)} to ${duration(p75Ms)}, the median is ${duration(p50Ms)}, 95 % took at most ${duration(p95Ms)}.`}
      >
        <i className="peers-range" style={{ left: at(lowestMs), width: width(lowestMs, p95Ms) }} />
        <i className="peers-half" style={{ left: at(p25Ms), width: width(p25Ms, p75Ms) }} />
        <i className="peers-median" style={{ left: at(p50Ms) }} />
        <i className="peers-own" style={{ left: at(ownMs) }} />
      </div>
      <p className="peers-legend" aria-hidden>
        <span>p50 {duration(p50Ms)}</span>
        <span>p95 {duration(p95Ms)}</span>
        <span className="own">this {duration(ownMs)}</span>
      </p>
    </>
  );
}
