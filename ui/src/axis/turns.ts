/** Which turn of a call something belongs to that happened at an instant. */

export interface Told {
  speaker: "agent" | "user";
  startMs: number;
  endMs: number | null;
}

/** The turn that goes on; else the agent's turn that is being worked for, which is the next one. */
export function turnAround<T extends Told>(turns: readonly T[], ms: number): T | undefined {
  const going = turns.findLast((turn) => turn.startMs <= ms);
  if (going && (going.endMs === null || going.endMs > ms)) return going;
  return turns.find((turn) => turn.speaker === "agent" && turn.startMs > ms);
}
