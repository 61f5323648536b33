/** A few bars that show when something happened. */

import { count, instant } from "../format/figures";
import { grid } from "./axes";

interface Props {
  /** [start in milliseconds, count] of each stretch that has any. */
  course: readonly (readonly [number, number])[];
  fromMs: number;
  toMs: number;
  stepMs: number;
  label: string;
  colour: string;
}

const HEIGHT = 24;
const MOST_BARS = 40;

export function Spark({ course, fromMs, toMs, stepMs, label, colour }: Props) {
  const wide = stepMs * Math.max(1, Math.ceil((toMs - fromMs) / stepMs / MOST_BARS));
  const places = grid(fromMs, toMs, wide);
  const sums = places.map((start) =>
    course.reduce((sum, [at, some]) => (at >= start && at < start + wide ? sum + some : sum), 0),
  );
  const most = Math.max(1, ...sums);
  const peak = sums.indexOf(Math.max(...sums));
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${places.length * 4} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: most, ${count(sums[peak] ?? 0)}, from ${instant(places[peak] ?? fromMs)}`}
    >
      {sums.map((sum, index) => {
        const height = sum ? Math.max(3, (sum / most) * HEIGHT) : 1;
        return (
          <rect
            key={places[index]}
            x={index * 4}
            y={HEIGHT - height}
            width={3}
            height={height}
            fill={`var(--${sum ? colour : "line-strong"})`}
          />
        );
      })}
    </svg>
  );
}
