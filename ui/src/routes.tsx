/** Every address of the app. A new page is one more route here and one folder in `pages/`. */

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  redirect,
  useRouter,
} from "@tanstack/react-router";
import { flag, parseSearch, safeNext, stringifySearch, text } from "./addresses";
import { me, serverState, session, trace } from "./api/queries";
import { Failure, Loading, NotFound } from "./elements/states";
import { latePage } from "./latePage";
import { agentsSearch } from "./pages/agents/search";
import { gateSearch } from "./pages/gate/search";
import { sessionSearch } from "./pages/session/search";
import { sessionsSearch } from "./pages/sessions/search";
import { traceSearch } from "./pages/trace/search";
import { type PeriodSearch, periodSearch } from "./period/search";
import { Shell } from "./shell/Shell";

/** `a` and `b` are the ids of the sessions. */
export interface CompareSearch {
  a?: string | undefined;
  b?: string | undefined;
}

/** `q` filters the prices, `all` shows every built-in one. */
export interface PricesSearch {
  q?: string | undefined;
  all?: true | undefined;
}

/** `log` is the id of the alert whose log is open. */
export interface AlertsSearch {
  log?: string | undefined;
}

/** `open` is the cause whose evidence is shown, "-" for none; at first it is the first one. */
export interface CausesSearch extends PeriodSearch {
  open?: string | undefined;
}

const causesSearch = (raw: Record<string, unknown>): CausesSearch => ({
  ...periodSearch(raw),
  open: text(raw.open),
});

/** `stage` narrows the list to one stage of the pipeline. */
export interface ErrorsSearch extends PeriodSearch {
  stage?: string | undefined;
}

const errorsSearch = (raw: Record<string, unknown>): ErrorsSearch => ({
  ...periodSearch(raw),
  stage: text(raw.stage),
});

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  notFoundComponent: () => <NotFound />,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (raw: Record<string, unknown>) => ({ next: text(raw.next) }),
  beforeLoad: async ({ context, search }) => {
    const state = await context.queries.fetchQuery(serverState);
    if (state.isLoggedIn) throw redirect({ href: safeNext(search.next), replace: true });
  },
  component: latePage(() => import("./pages/login/LoginPage"), "LoginPage"),
});

/** Everything behind the log-in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    if (context.queries.getQueryData(me.queryKey)) return;
    const state = await context.queries.fetchQuery(serverState);
    if (!state.isLoggedIn) {
      const next = location.href === "/" ? undefined : location.href;
      throw redirect({ to: "/login", search: { next }, replace: true });
    }
    await context.queries.ensureQueryData(me);
  },
  component: Shell,
});

const front = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: async ({ context }) => {
    const { projects } = await context.queries.ensureQueryData(me);
    const project = projects[0]?.name ?? "default";
    throw redirect({ to: "/p/$project", params: { project }, search: {}, replace: true });
  },
});

const project = createRoute({
  getParentRoute: () => inside,
  path: "/p/$project",
  notFoundComponent: () => <NotFound />,
});

const dashboard = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: periodSearch,
  // What one project shows is nothing to begin another with.
  remountDeps: ({ params }) => params,
  component: latePage(() => import("./pages/dashboard/DashboardPage"), "DashboardPage"),
});

const sessions = createRoute({
  getParentRoute: () => project,
  path: "/sessions",
  validateSearch: sessionsSearch,
  component: latePage(() => import("./pages/sessions/SessionsPage"), "SessionsPage"),
});

const oneSession = createRoute({
  getParentRoute: () => project,
  path: "/sessions/$id",
  validateSearch: sessionSearch,
  loader: ({ context, params }) => void context.queries.prefetchQuery(session(params.id)),
  component: latePage(() => import("./pages/session/SessionPage"), "SessionPage"),
});

const oneTrace = createRoute({
  getParentRoute: () => project,
  path: "/traces/$id",
  validateSearch: traceSearch,
  loader: ({ context, params }) => void context.queries.prefetchQuery(trace(params.id)),
  component: latePage(() => import("./pages/trace/TracePage"), "TracePage"),
});

const causes = createRoute({
  getParentRoute: () => project,
  path: "/causes",
  validateSearch: causesSearch,
  remountDeps: ({ params }) => params,
  component: latePage(() => import("./pages/causes/CausesPage"), "CausesPage"),
});

const errors = createRoute({
  getParentRoute: () => project,
  path: "/errors",
  validateSearch: errorsSearch,
  remountDeps: ({ params }) => params,
  component: latePage(() => import("./pages/faults/ErrorsPage"), "ErrorsPage"),
});

const gate = createRoute({
  getParentRoute: () => project,
  path: "/gate",
  validateSearch: gateSearch,
  remountDeps: ({ params }) => params,
  component: latePage(() => import("./pages/gate/GatePage"), "GatePage"),
});

const agents = createRoute({
  getParentRoute: () => project,
  path: "/agents",
  validateSearch: agentsSearch,
  remountDeps: ({ params }) => params,
  component: latePage(() => import("./pages/agents/AgentsPage"), "AgentsPage"),
});

const compare = createRoute({
  getParentRoute: () => project,
  path: "/compare",
  validateSearch: (raw: Record<string, unknown>): CompareSearch => ({
    a: text(raw.a),
    b: text(raw.b),
  }),
  component: latePage(() => import("./pages/compare/ComparePage"), "ComparePage"),
});

const settings = createRoute({
  getParentRoute: () => project,
  path: "/settings",
  component: latePage(() => import("./pages/settings/SettingsPage"), "SettingsPage"),
});

const settingsFront = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/p/$project/settings/keys", params, replace: true });
  },
});

const pricesSearch = (raw: Record<string, unknown>): PricesSearch => ({
  q: text(raw.q),
  all: flag(raw.all),
});
const alertsSearch = (raw: Record<string, unknown>): AlertsSearch => ({ log: text(raw.log) });

const settingsParts = [
  settingsFront,
  createRoute({
    getParentRoute: () => settings,
    path: "/account",
    component: latePage(() => import("./pages/settings/AccountPart"), "AccountPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/keys",
    component: latePage(() => import("./pages/settings/KeysPart"), "KeysPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/intake",
    component: latePage(() => import("./pages/settings/IntakePart"), "IntakePart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/members",
    component: latePage(() => import("./pages/settings/MembersPart"), "MembersPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/keeping",
    component: latePage(() => import("./pages/settings/KeepingPart"), "KeepingPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/prices",
    validateSearch: pricesSearch,
    component: latePage(() => import("./pages/settings/PricesPart"), "PricesPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/integrations",
    component: latePage(() => import("./pages/settings/IntegrationsPart"), "IntegrationsPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/alerts",
    validateSearch: alertsSearch,
    component: latePage(() => import("./pages/settings/AlertsPart"), "AlertsPart"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/audit",
    component: latePage(() => import("./pages/settings/AuditPart"), "AuditPart"),
  }),
] as const;

/** Addresses that other surfaces hand out, which know no project. */
const sessionByName = createRoute({
  getParentRoute: () => inside,
  path: "/sessions/view/$name",
  validateSearch: sessionSearch,
  loaderDeps: ({ search }) => search,
  loader: async ({ context, params, deps: search }) => {
    const found = await context.queries.ensureQueryData(session(params.name));
    context.queries.setQueryData(session(found.id).queryKey, found);
    const to = { project: found.project, id: found.id };
    throw redirect({ to: "/p/$project/sessions/$id", params: to, search, replace: true });
  },
});

const traceById = createRoute({
  getParentRoute: () => inside,
  path: "/traces/view/$id",
  validateSearch: traceSearch,
  loaderDeps: ({ search }) => search,
  loader: async ({ context, params, deps: search }) => {
    const found = await context.queries.ensureQueryData(trace(params.id));
    const to = { project: found.project, id: found.id };
    throw redirect({ to: "/p/$project/traces/$id", params: to, search, replace: true });
  },
});

const tree = root.addChildren([
  login,
  inside.addChildren([
    front,
    project.addChildren([
      dashboard,
      sessions,
      oneSession,
      oneTrace,
      compare,
      causes,
      errors,
      gate,
      agents,
      settings.addChildren(settingsParts),
    ]),
    sessionByName,
    traceById,
  ]),
]);

/** What a page shows that cannot be loaded or drawn; to try again is to load it again. */
function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return <Failure error={error} retry={() => void router.invalidate().then(reset)} />;
}

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: Loading,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: () => <NotFound />,
    scrollRestoration: true,
  });
}
