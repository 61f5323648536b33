/** The settings: one address for each part, whose code comes when it is opened. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import {
  Activity,
  Bell,
  CircleDollarSign,
  CircleUser,
  Hourglass,
  KeyRound,
  Plug,
  ScrollText,
  Users,
} from "lucide-react";
import { me } from "../../api/queries";
import "./settings.css";

const PARTS = [
  { to: "/p/$project/settings/account", name: "Your account", icon: CircleUser, isForAll: true },
  { to: "/p/$project/settings/keys", name: "API keys", icon: KeyRound, isForAll: true },
  { to: "/p/$project/settings/intake", name: "Ingest health", icon: Activity, isForAll: true },
  { to: "/p/$project/settings/members", name: "Members", icon: Users, isForAll: false },
  { to: "/p/$project/settings/keeping", name: "Retention", icon: Hourglass, isForAll: false },
  { to: "/p/$project/settings/prices", name: "Prices", icon: CircleDollarSign, isForAll: false },
  { to: "/p/$project/settings/integrations", name: "Integrations", icon: Plug, isForAll: false },
  { to: "/p/$project/settings/alerts", name: "Alerts", icon: Bell, isForAll: false },
  { to: "/p/$project/settings/audit", name: "Audit log", icon: ScrollText, isForAll: false },
] as const;

export function SettingsPage() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const { data: person } = useQuery(me);
  const parts = PARTS.filter((part) => part.isForAll || person?.role !== "member");
  return (
    <div className="page settings">
      <div className="page-head">
        <h1>Settings</h1>
      </div>
      <div className="settings-body">
        <nav aria-label="Settings" className="settings-nav">
          <ul>
            {parts.map((part) => (
              <li key={part.to}>
                <Link to={part.to} params={{ project }} search={{}} className="settings-link">
                  <part.icon size={16} aria-hidden />
                  {part.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="settings-content">
          <Outlet />
        </div>
      </div>
    </div>
  );
}
