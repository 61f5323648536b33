/** The frame around every page behind the log-in: where one is, where one can go, who one is. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import {
  AudioLines,
  BookOpen,
  Bot,
  ChevronsUpDown,
  CircleAlert,
  CircleUser,
  Gauge,
  LogOut,
  Monitor,
  Moon,
  ShieldCheck,
  Stethoscope,
  Sun,
} from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { post } from "../api/client";
import { me } from "../api/queries";
import { MenuMark } from "../elements/MenuMark";
import { carried } from "../period/search";
import { useConnection } from "./connection";
import { Keys } from "./Keys";
import { Mark } from "./Mark";
import { choose, THEMES, type Theme, useTheme } from "./theme";

/** The pages of a project, in the order of the navigation. A page is listed once it exists. */
const PAGES = [
  { to: "/p/$project", name: "Dashboard", icon: Gauge },
  { to: "/p/$project/sessions", name: "Sessions", icon: AudioLines },
  { to: "/p/$project/causes", name: "Root causes", icon: Stethoscope },
  { to: "/p/$project/errors", name: "Errors", icon: CircleAlert },
  { to: "/p/$project/gate", name: "Interruption gate", icon: ShieldCheck },
  { to: "/p/$project/agents", name: "Agents", icon: Bot },
] as const;

const THEME_ICONS: Record<Theme, ReactNode> = {
  system: <Monitor size={16} />,
  light: <Sun size={16} />,
  dark: <Moon size={16} />,
};
const THEME_NAMES: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };

export function Shell() {
  const { data } = useQuery(me);
  const params = useParams({ strict: false });
  const project = params.project ?? data?.projects[0]?.name ?? "default";
  const isConnected = useConnection();
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="side">
        <Link to="/" className="brand" aria-label="Turnwise, front page">
          <Mark />
          <span>Turnwise</span>
        </Link>
        <ProjectSwitcher project={project} />
        <nav aria-label="Pages">
          <ul>
            {PAGES.map((page) => (
              <li key={page.to}>
                <Link
                  to={page.to}
                  params={{ project }}
                  // The time that one looks at goes along.
                  search={(old) => carried({ ...old })}
                  activeOptions={{
                    exact: page.to === "/p/$project",
                    includeSearch: false,
                  }}
                  className="nav-link"
                >
                  <page.icon size={17} aria-hidden />
                  <span>{page.name}</span>
                </Link>
              </li>
            ))}
            <li>
              <a className="nav-link" href="/docs">
                <BookOpen size={17} aria-hidden />
                <span>API reference</span>
              </a>
            </li>
          </ul>
        </nav>
        <div className="side-end">
          <Keys />
          <Person />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {!isConnected && (
          <p className="banner" role="status">
            The server does not answer. What is shown may be old; it goes on by itself.
          </p>
        )}
        <Outlet />
      </main>
    </div>
  );
}

function ProjectSwitcher({ project }: { project: string }) {
  const { data } = useQuery(me);
  const navigate = useNavigate();
  const projects = data?.projects ?? [];
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="switcher" aria-label={`Project ${project}; choose another`}>
        <span className="switcher-name">{project}</span>
        <ChevronsUpDown size={14} aria-hidden />
      </DropdownMenu.Trigger>
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

function Person() {
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
    <DropdownMenu.Root>
      <DropdownMenu.Trigger
        className="nav-link person"
        aria-label={`${data?.email ?? "…"}, account and theme`}
      >
        <CircleUser size={17} aria-hidden />
        <span className="person-name">{data?.email ?? "…"}</span>
      </DropdownMenu.Trigger>
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
