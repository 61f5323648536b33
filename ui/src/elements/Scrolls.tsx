import type { ReactNode } from "react";

/** What scrolls sideways where it does not fit, by the keys too. */
export function Scrolls({ name, children }: { name: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keys
    <section className="table-box" tabIndex={0} aria-label={`Table: ${name}`}>
      {children}
    </section>
  );
}
