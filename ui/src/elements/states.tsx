/** What a page shows in place of its content: loading, nothing there, or something went wrong. */

import { Link } from "@tanstack/react-router";
import { CircleAlert, Compass, WifiOff } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { ApiError, documentRequestId, latestRequestId } from "../api/client";

export function State({
  icon,
  title,
  children,
}: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="state">
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ lines = 8 }: { lines?: number }) {
  const widths = ["62%", "48%", "71%", "55%"];
  return (
    <div
      role="status"
      aria-label="Loading"
      style={{ display: "grid", gap: "1.4rem", padding: "1.5rem" }}
    >
      {Array.from({ length: lines }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines never change places
          key={line}
          className="skeleton"
          style={{ width: widths[line % widths.length] }}
        />
      ))}
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error instanceof ApiError && error.status === 404) {
    return <NotFound said={error.message} requestId={error.requestId} />;
  }
  const isOffline = error instanceof ApiError && error.status === 0;
  const said = error instanceof Error ? error.message : "Something went wrong.";
  return (
    <div role="alert">
      <State
        icon={isOffline ? <WifiOff size={28} /> : <CircleAlert size={28} />}
        title={isOffline ? "No connection to the server" : "This could not be shown"}
      >
        <p>{said}</p>
        {retry && (
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        )}
        <RequestId id={error instanceof ApiError ? error.requestId : latestRequestId()} />
      </State>
    </div>
  );
}

/** By this name the server's log knows what is shown. */
export function RequestId({ id }: { id: string }) {
  if (!id) return null;
  return (
    <p className="small request-id">
      To ask about it, quote request <code>{id}</code>
    </p>
  );
}

export function NotFound({ said, requestId }: { said?: string; requestId?: string }) {
  useEffect(() => {
    document.title = "Not found · Turnwise";
  }, []);
  return (
    <State icon={<Compass size={28} />} title="There is nothing here">
      <p>
        {said ?? "The address leads nowhere."} It may have been deleted, or it belongs to somebody
        else.
      </p>
      <Link to="/" className="button">
        Go to the front page
      </Link>
      <RequestId id={requestId ?? documentRequestId()} />
    </State>
  );
}
