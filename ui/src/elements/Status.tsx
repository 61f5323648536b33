/** Where a session is in its life. */
export function Status({ status }: { status: string }) {
  const kind = { active: "good live", failed: "bad" }[status] ?? "";
  return <span className={`badge ${kind}`}>{status === "active" ? "live" : status}</span>;
}
