/** The tick before a chosen item of a menu; its place is kept where nothing is chosen. */

import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";

export function MenuMark() {
  return (
    <span className="mark">
      <DropdownMenu.ItemIndicator>
        <Check size={14} aria-hidden />
      </DropdownMenu.ItemIndicator>
    </span>
  );
}
