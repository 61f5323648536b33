/** A text to be taken elsewhere: shown whole, selected at once, copied by a button. */

import { Check, Copy as CopyIcon } from "lucide-react";
import { useRef, useState } from "react";

export function Copy({ text, label }: { text: string; label: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  async function copy() {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without a secure address the browser gives no clipboard; the text is selected instead.
    }
  }
  return (
    <div className="copy">
      <input
        ref={field}
        className="input mono"
        aria-label={label}
        value={text}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
      />
      <button type="button" className="button" onClick={() => void copy()}>
        {isCopied ? <Check size={15} aria-hidden /> : <CopyIcon size={15} aria-hidden />}
        {isCopied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
