/** Which columns the list shows; the address keeps the choice. */

import { DropdownMenu } from "radix-ui";
import type { ReactElement } from "react";
import { MenuMark } from "../../elements/MenuMark";
import { COLUMNS, type ColumnId, columnIds, FIXED, shownColumns } from "./columns";

interface Props {
  chosen: readonly ColumnId[] | undefined;
  onChange: (chosen: ColumnId[] | undefined) => void;
  button: ReactElement;
}

export function ColumnMenu({ chosen, onChange, button }: Props) {
  const shown = shownColumns(chosen).map((each) => each.id);
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
          <DropdownMenu.Label className="menu-label">Kept in the address</DropdownMenu.Label>
          {COLUMNS.map(({ id, name }) => (
            <DropdownMenu.CheckboxItem
              key={id}
              className="menu-item"
              checked={shown.includes(id)}
              disabled={id === FIXED}
              onCheckedChange={(isOn) =>
                onChange(columnIds(isOn ? [...shown, id] : shown.filter((each) => each !== id)))
              }
              // Several are chosen one after the other.
              onSelect={(event) => event.preventDefault()}
            >
              <MenuMark />
              {name}
            </DropdownMenu.CheckboxItem>
          ))}
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item
            className="menu-item"
            disabled={!chosen}
            onSelect={() => onChange(undefined)}
          >
            <span className="mark" />
            The usual ones
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
