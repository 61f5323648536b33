/** What stands in each column of the list. */

import { Link } from "@tanstack/react-router";
import { CircleAlert, Volume2 } from "lucide-react";
import type { ReactNode } from "react";
import type { SchemaLineBody } from "../../api/schema";
import { Status } from "../../elements/Status";
import { count, duration, exactInstant, instant, money, NOTHING } from "../../format/figures";
import type { ColumnId } from "./columns";

/** From here a response is called slow: the limit from which a single turn counts as an issue. */
const SLOW_MS = 2_500;

interface CellContent {
  content: ReactNode;
  className?: string;
  title?: string | undefined;
}

interface Row {
  project: string;
  line: SchemaLineBody;
  isPicked: boolean;
  onPick: (id: string) => void;
}

export const CELLS: Readonly<Record<ColumnId, (row: Row) => CellContent>> = {
  started: ({ line }) => ({
    content: instant(line.startedMs),
    className: "quiet when",
    title: exactInstant(line.startedMs),
  }),
  session: (row) => ({ content: <Name {...row} /> }),
  caller: ({ line }) => ({ content: line.userRef ?? NOTHING, title: line.userRef ?? undefined }),
  agent: ({ line }) => ({
    content: (
      <>
        <span className="cut">{line.agent}</span>
        {line.appVersion && <span className="version">{line.appVersion}</span>}
      </>
    ),
    className: "agent-cell",
  }),
  environment: ({ line }) => ({ content: line.environment ?? NOTHING }),
  status: ({ line }) => ({ content: <Status status={line.status} /> }),
  duration: ({ line }) => ({ content: duration(line.durationMs) }),
  turns: ({ line }) => ({ content: count(line.turns) }),
  tools: ({ line }) => ({ content: count(line.tools) }),
  p50: ({ line }) => ({ content: duration(line.p50Ms) }),
  p95: ({ line }) => ({
    content: duration(line.p95Ms),
    className: (line.p95Ms ?? 0) >= SLOW_MS ? "slow" : "",
  }),
  interruptions: ({ line }) => ({ content: line.interruptions || NOTHING }),
  errors: ({ line }) => ({
    content: line.errors ? (
      <span className="slow">
        <CircleAlert size={13} aria-hidden /> {count(line.errors)}
      </span>
    ) : (
      NOTHING
    ),
  }),
  cost: ({ line }) => ({
    content: `${money(line.costUsd)}${line.unpriced > 0 ? "+" : ""}`,
    title: line.unpriced ? `${line.unpriced} requests have no known price` : undefined,
  }),
};

function Name({ project, line, isPicked, onPick }: Row) {
  return (
    <>
      <Link
        to="/p/$project/sessions/$id"
        params={{ project, id: line.id }}
        search={{}}
        className="row-link"
        tabIndex={-1}
        onMouseDown={(event) => event.shiftKey && event.preventDefault()}
        onClick={(event) => {
          if (!event.shiftKey) return;
          event.preventDefault();
          onPick(line.id);
        }}
      >
        {line.ref ?? line.id.slice(5, 13)}
      </Link>
      {isPicked && <span className="badge row-mark">A</span>}
      {line.recordings > 0 && (
        <Volume2 size={14} className="row-mark" aria-label="has a recording" />
      )}
    </>
  );
}
