/** What lies under the pointer on the timeline, in words. */

import { duration } from "../../format/figures";
import { AGENT_TOP, EVENTS_TOP, GAP_TOP, HEIGHT, RULER } from "./draw";
import { FLAG_NAMES, type Flag, type Marks, type ToolMark, type Wait } from "./marks";
import { STAGE_NAMES } from "./stages";

export interface Hit {
  text: string;
  turn: number | null;
  /** Where a click leads, when not to the instant itself. */
  toMs: number | null;
}

/** The mark at an instant and a height; `perPx` is how many milliseconds a pixel is. */
export function hitAt(marks: Marks, ms: number, y: number, perPx: number): Hit | null {
  const near = perPx * 6;
  const flag = marks.flags.find((each) => Math.abs(each.atMs - ms) <= near);
  if (flag && (y < RULER + 8 || Math.abs(flag.atMs - ms) <= perPx * 3)) return flagHit(flag);
  if (y >= GAP_TOP && y < AGENT_TOP) {
    const wait = marks.waits.find((each) => each.fromMs - near <= ms && each.toMs + near >= ms);
    if (wait) return waitHit(wait, ms);
  }
  if (y >= EVENTS_TOP && y <= HEIGHT) {
    const tool = marks.tools.find(
      (each) => each.fromMs - near <= ms && Math.max(each.toMs, each.fromMs + perPx * 60) >= ms,
    );
    if (tool) return toolHit(tool);
  }
  return null;
}

function flagHit(flag: Flag): Hit {
  const { bleedWords } = flag.of;
  const parts = [FLAG_NAMES[flag.kind]];
  if (flag.stoppedMs !== null && flag.kind === "barge_in")
    parts.push(`the agent was silent after ${duration(flag.stoppedMs - flag.atMs)}`);
  if (bleedWords !== null) parts.push(`${bleedWords} words too many`);
  return { text: parts.join(", "), turn: flag.turn, toMs: flag.atMs };
}

function waitHit(wait: Wait, ms: number): Hit {
  const part = wait.parts.find((each) => each.fromMs <= ms && each.toMs >= ms);
  const total = `of ${duration(wait.totalMs)} before turn ${wait.turn}`;
  const text = part
    ? `${STAGE_NAMES[part.stage]} ${duration(part.toMs - part.fromMs)} ${total}`
    : `${duration(wait.totalMs)} before turn ${wait.turn}`;
  return { text, turn: wait.turn, toMs: null };
}

function toolHit(tool: ToolMark): Hit {
  const took = tool.toMs > tool.fromMs ? ` ${duration(tool.toMs - tool.fromMs)}` : "";
  return {
    text: `${tool.name}${took}${tool.isError ? ", failed" : ""}`,
    turn: tool.turn,
    toMs: tool.fromMs,
  };
}
