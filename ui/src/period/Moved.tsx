/** How a figure moved, in words, with an arrow, and coloured where it is good or bad. */

import { ArrowDown, ArrowUp, Minus } from "lucide-react";
import type { Change } from "./change";

const ARROWS = { up: ArrowUp, down: ArrowDown, same: Minus } as const;
const SAID = { good: "better", bad: "worse", neutral: "" } as const;

export function Moved({ change, since }: { change: Change | null; since: string }) {
  if (!change) return <span className="moved">nothing {since}</span>;
  const Arrow = ARROWS[change.direction];
  return (
    <span className={`moved ${change.verdict}`} title={`Against ${since}`}>
      <Arrow size={12} aria-hidden />
      {change.text}
      <span className="hidden-text">
        {SAID[change.verdict]} than {since}
      </span>
    </span>
  );
}
