/** Names and values beside each other. */

import type { ReactNode } from "react";

export function Pairs({ children }: { children: ReactNode }) {
  return <dl className="pairs">{children}</dl>;
}

interface PairProps {
  name: string;
  value: ReactNode;
  /** A stage, whose colour stands before the name. */
  stage?: string;
  className?: string;
}

export function Pair({ name, value, stage, className = "" }: PairProps) {
  return (
    <div className={`pair ${className}`}>
      <dt>
        {stage && <i className={`dot ${stage}`} style={{ background: `var(--${stage})` }} />}
        {name}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}
