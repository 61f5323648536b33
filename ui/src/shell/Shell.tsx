/** The frame around every page behind the log-in: where one is, where one can go, who one is. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import {
  AudioLines,
  BookOpen,
  Bot,
  ChevronsUpDown,
  CircleAlert,
  CircleUser,
  Gauge,
  Settings,
  ShieldCheck,
  Stethoscope,
} from "lucide-react";
import { lazy } from "react";
import { me } from "../api/queries";
import { carried } from "../period/search";
import { useConnection } from "./connection";
import { Keys } from "./Keys";
import { LateMenu } from "./LateMenu";
import { Mark } from "./Mark";

/** The pages of a project, in the order of the navigation. A page is listed once it exists. */
const PAGES = [
  { to: "/p/$project", name: "Dashboard", icon: Gauge },
  { to: "/p/$project/sessions", name: "Sessions", icon: AudioLines },
  { to: "/p/$project/causes", name: "Root causes", icon: Stethoscope },
  { to: "/p/$project/errors", name: "Errors", icon: CircleAlert },
  { to: "/p/$project/gate", name: "Interruption gate", icon: ShieldCheck },
  { to: "/p/$project/agents", name: "Agents", icon: Bot },
  { to: "/p/$project/settings", name: "Settings", icon: Settings },
] as const;

const loadProjectMenu = () => import("./ProjectMenu");
const loadPersonMenu = () => import("./PersonMenu");
const ProjectMenu = lazy(async () => ({ default: (await loadProjectMenu()).ProjectMenu }));
const PersonMenu = lazy(async () => ({ default: (await loadPersonMenu()).PersonMenu }));

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
          <Person project={project} />
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
  return (
    <LateMenu
      className="switcher"
      label={`Project ${project}; choose another`}
      load={() => void loadProjectMenu()}
      menu={(button) => <ProjectMenu project={project} button={button} />}
    >
      <span className="switcher-name">{project}</span>
      <ChevronsUpDown size={14} aria-hidden />
    </LateMenu>
  );
}

function Person({ project }: { project: string }) {
  const { data } = useQuery(me);
  const email = data?.email ?? "…";
  return (
    <LateMenu
      className="nav-link person"
      label={`${email}, account and theme`}
      load={() => void loadPersonMenu()}
      menu={(button) => <PersonMenu button={button} project={project} />}
    >
      <CircleUser size={17} aria-hidden />
      <span className="person-name">{email}</span>
    </LateMenu>
  );
}
