/** Who one is, which theme one likes, and the way out. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { KeyRound, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { post } from "../api/client";
import { me } from "../api/queries";
import { MenuMark } from "../elements/MenuMark";
import { choose, THEMES, type Theme, useTheme } from "./theme";

const THEME_ICONS: Record<Theme, ReactNode> = {
  system: <Monitor size={16} />,
  light: <Sun size={16} />,
  dark: <Moon size={16} />,
};
const THEME_NAMES: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };

export function PersonMenu({ button, project }: { button: ReactElement; project: string }) {
  const { data } = useQuery(me);
  const theme = useTheme();
  const queries = useQueryClient();
  const navigate = useNavigate();
  async function logOut() {
    await post("/logout");
    queries.clear();
    await navigate({ to: "/login", search: { next: undefined } });
  }
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="top" align="start" sideOffset={6}>
          <DropdownMenu.Label className="menu-label">
            {data?.email}
            <br />
            {data?.role} of {data?.tenant}
          </DropdownMenu.Label>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Label className="menu-label">Theme</DropdownMenu.Label>
          <DropdownMenu.RadioGroup value={theme} onValueChange={(value) => choose(value as Theme)}>
            {THEMES.map((each) => (
              <DropdownMenu.RadioItem key={each} value={each} className="menu-item">
                <MenuMark />
                {THEME_NAMES[each]}
                <span className="end">{THEME_ICONS[each]}</span>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item asChild>
            <Link to="/p/$project/settings/account" params={{ project }} className="menu-item">
              <span className="mark" />
              Password and log-ins
              <span className="end">
                <KeyRound size={16} aria-hidden />
              </span>
            </Link>
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => void logOut()}>
            <span className="mark" />
            Log out
            <span className="end">
              <LogOut size={16} aria-hidden />
            </span>
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
