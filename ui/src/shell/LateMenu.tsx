/** A button with a menu or a dialog whose code comes with the first sign that somebody wants it. */

import { type ReactElement, type ReactNode, Suspense, useState } from "react";

interface Props {
  className: string;
  label: string;
  opens?: "menu" | "dialog";
  /** What the button shows. */
  children: ReactNode;
  /** Fetches the code; called again it does nothing. */
  load: () => void;
  /** What is opened, open, with its button in it. */
  menu: (button: ReactElement) => ReactNode;
}

export function LateMenu({ className, label, opens = "menu", children, load, menu }: Props) {
  const [isWanted, setWanted] = useState(false);
  const button = (
    <button
      type="button"
      className={className}
      aria-label={label}
      aria-haspopup={opens}
      onPointerEnter={load}
      onFocus={load}
      onClick={() => setWanted(true)}
    >
      {children}
    </button>
  );
  return isWanted ? <Suspense fallback={button}>{menu(button)}</Suspense> : button;
}
