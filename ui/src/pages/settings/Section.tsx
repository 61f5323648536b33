/** The frame of one part of the settings: its name, what it is for, and its main deed. */

import type { ReactNode } from "react";
import { useEffect } from "react";

interface Props {
  title: string;
  about: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}

export function Section({ title, about, action, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Settings · Turnwise`;
  }, [title]);
  return (
    <section className="settings-part" aria-labelledby="settings-part">
      <div className="settings-part-head">
        <div>
          <h2 id="settings-part">{title}</h2>
          <p className="quiet">{about}</p>
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
