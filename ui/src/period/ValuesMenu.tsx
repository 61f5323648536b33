/** Values of which any number can be chosen. */

import { DropdownMenu } from "radix-ui";
import type { ReactElement } from "react";
import { MenuMark } from "../elements/MenuMark";

interface Props {
  offered: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  button: ReactElement;
}

export function ValuesMenu({ offered, chosen, onChange, button }: Props) {
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
          {offered.map((value) => (
            <DropdownMenu.CheckboxItem
              key={value}
              className="menu-item"
              checked={chosen.includes(value)}
              onCheckedChange={(isOn) =>
                onChange(isOn ? [...chosen, value] : chosen.filter((each) => each !== value))
              }
              onSelect={(event) => event.preventDefault()}
            >
              <MenuMark />
              {value}
            </DropdownMenu.CheckboxItem>
          ))}
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item
            className="menu-item"
            disabled={!chosen.length}
            onSelect={() => onChange([])}
          >
            <span className="mark" />
            All
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
