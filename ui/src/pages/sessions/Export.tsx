/** The list as a file, with the filters and the order that are set. */

import { Download } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { address } from "../../api/client";

const FORMS = [
  ["csv", "CSV, for spreadsheets"],
  ["json", "JSON, for programs"],
] as const;

export function Export({ project, parameters }: { project: string; parameters: URLSearchParams }) {
  const place = (form: string) => {
    const asked = new URLSearchParams(parameters);
    asked.set("format", form);
    return address(`/projects/${encodeURIComponent(project)}/sessions/export?${asked}`);
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="button">
        <Download size={15} aria-hidden /> Export
      </DropdownMenu.Trigger>
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
