/** A button with a menu whose code comes with the first sign that somebody wants it. */

import { type ReactElement, type ReactNode, Suspense, useState } from "react";

interface Props {
  className: string;
  label: string;
  /** What the button shows. */
  children: ReactNode;
  /** Fetches the code; called again it does nothing. */
  load: () => void;
  /** The menu, open, with its button in it. */
  menu: (button: ReactElement) => ReactNode;
}

export function LateMenu({ className, label, children, load, menu }: Props) {
  const [isWanted, setWanted] = useState(false);
  const button = (
    <button
      type="button"
      className={className}
      aria-label={label}
      aria-haspopup="menu"
      onPointerEnter={load}
      onFocus={load}
      onClick={() => setWanted(true)}
    >
      {children}
    </button>
  );
  return isWanted ? <Suspense fallback={button}>{menu(button)}</Suspense> : button;
}
