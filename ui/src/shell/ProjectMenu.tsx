/** The projects that one can go to. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { DropdownMenu } from "radix-ui";
import type { ReactElement } from "react";
import { me } from "../api/queries";
import { MenuMark } from "../elements/MenuMark";

interface Props {
  project: string;
  button: ReactElement;
}

export function ProjectMenu({ project, button }: Props) {
  const { data } = useQuery(me);
  const navigate = useNavigate();
  const projects = data?.projects ?? [];
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={6}>
          <DropdownMenu.Label className="menu-label">Projects</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={project}
            onValueChange={(name) =>
              void navigate({ to: "/p/$project", params: { project: name }, search: {} })
            }
          >
            {projects.map((each) => (
              <DropdownMenu.RadioItem key={each.id} value={each.name} className="menu-item">
                <MenuMark />
                {each.name}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
