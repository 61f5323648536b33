/** Which turn of a call something belongs to that happened at an instant. */

export interface Told {
  speaker: "agent" | "user";
  startMs: number;
  endMs: number | null;
}

/** The turn that goes on; else the next one if it is the agent's, who works for it by then. */
export function turnAround<T extends Told>(turns: readonly T[], ms: number): T | undefined {
  const going = turns.findLast((turn) => turn.startMs <= ms);
  if (going && (going.endMs === null || going.endMs > ms)) return going;
  const next = turns.find((turn) => turn.startMs > ms);
  return next?.speaker === "agent" ? next : undefined;
}
