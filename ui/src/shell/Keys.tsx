/** The list of keys, behind the question mark. */

import { Keyboard } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { useKeys } from "./keys";

const KeysDialog = lazy(async () => ({ default: (await import("./KeysDialog")).KeysDialog }));

export function Keys() {
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  useKeys({ "?": () => setOpen(true) });
  function close() {
    setOpen(false);
    opener.current?.focus();
  }
  return (
    <>
      <button
        ref={opener}
        type="button"
        className="nav-link"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Keyboard size={17} aria-hidden />
        <span>Keys</span>
        <kbd>?</kbd>
      </button>
      {isOpen && (
        <Suspense>
          <KeysDialog onClose={close} />
        </Suspense>
      )}
    </>
  );
}
