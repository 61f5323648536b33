/** The observations behind the chosen turn, and the traces of the call. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { useMemo } from "react";
import { trace as traceQuery } from "../../api/queries";
import { Failure, Loading } from "../../elements/states";
import { count, duration, money } from "../../format/figures";
import type { Call, Turn } from "./call";

export function TraceTab({ call, turn }: { call: Call; turn: Turn | undefined }) {
  if (!call.traces.length)
    return <p className="quiet">No trace belongs to this session: nobody sent any spans.</p>;
  return (
    <>
      {turn?.traceId && (
        <section aria-label="This turn">
          <h3>Turn {turn.index}</h3>
          <Steps call={call} turn={turn} traceId={turn.traceId} />
        </section>
      )}
      <section aria-label="Traces">
        <h3>{call.traces.length === 1 ? "The trace" : `${count(call.traces.length)} traces`}</h3>
        <ul className="traces">
          {call.traces.map((each) => (
            <li key={each.id}>
              <Link
                to="/p/$project/traces/$id"
                params={{ project: call.project, id: each.id }}
                search={{}}
              >
                {each.name ?? each.id}
              </Link>
              <span className="quiet small">
                {count(each.observations)}{" "}
                {each.observations === 1 ? "observation" : "observations"}
                {each.durationMs !== null && ` · ${duration(each.durationMs)}`}
                {` · ${money(each.costUsd)}`}
                {each.errors > 0 && (
                  <span className="late">
                    {" "}
                    · {each.errors} {each.errors === 1 ? "error" : "errors"}
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Steps({ call, turn, traceId }: { call: Call; turn: Turn; traceId: string }) {
  const found = useQuery(traceQuery(traceId));
  const own = useMemo(() => new Set(turn.spanIds), [turn.spanIds]);
  if (found.isPending) return <Loading lines={3} />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const rows = found.data.rows.filter((row) => own.has(row.id));
  if (!rows.length) return <p className="quiet">No observation says what happened here.</p>;
  return (
    <ul className="links">
      {rows.map((row) => (
        <li key={row.id}>
          <Link
            className="link-row step-row"
            to="/p/$project/traces/$id"
            params={{ project: call.project, id: traceId }}
            search={{ obs: row.id }}
          >
            <span className="clipped">
              {row.level === "ERROR" && (
                <CircleAlert size={13} className="late" aria-label="Error" />
              )}{" "}
              {row.name ?? row.id}
            </span>
            <span className="quiet small clipped">{row.model}</span>
            <span className="small number">
              {row.endMs === null ? "not ended" : duration(row.endMs - row.startMs)}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
