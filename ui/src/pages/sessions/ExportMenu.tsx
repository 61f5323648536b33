/** The list as a file, with the filters and the order that are set. */

import { DropdownMenu } from "radix-ui";
import type { ReactElement } from "react";
import { address } from "../../api/client";

const FORMS = [
  ["csv", "CSV, for spreadsheets"],
  ["json", "JSON, for programs"],
] as const;

interface Props {
  project: string;
  parameters: URLSearchParams;
  button: ReactElement;
}

export function ExportMenu({ project, parameters, button }: Props) {
  const place = (form: string) => {
    const asked = new URLSearchParams(parameters);
    asked.set("format", form);
    return address(`/projects/${encodeURIComponent(project)}/sessions/export?${asked}`);
  };
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
          <DropdownMenu.Label className="menu-label">All that fits the filters</DropdownMenu.Label>
          {FORMS.map(([form, name]) => (
            <DropdownMenu.Item key={form} asChild>
              <a className="menu-item" href={place(form)} download>
                {name}
              </a>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
