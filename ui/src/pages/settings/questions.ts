/** What the settings ask the server, and the forms of answers of its published API. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type {
  SchemaAuditPage,
  SchemaIntakeBody,
  SchemaIntegrations,
  SchemaKeys,
  SchemaMembers,
  SchemaPolicyAnswer,
} from "../../api/schema";

const part = encodeURIComponent;
const INTAKE_AGAIN_MS = 5_000;

export const keys = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => get<SchemaKeys>("/keys", signal),
});

export const members = queryOptions({
  queryKey: ["members"],
  queryFn: ({ signal }) => get<SchemaMembers>("/members", signal),
});

export const audit = infiniteQueryOptions({
  queryKey: ["audit"],
  queryFn: ({ pageParam, signal }) =>
    get<SchemaAuditPage>(pageParam === null ? "/audit" : `/audit?before=${pageParam}`, signal),
  initialPageParam: null as number | null,
  getNextPageParam: (last) => last.nextBefore,
});

export const policy = (project: string) =>
  queryOptions({
    queryKey: ["policy", project],
    queryFn: ({ signal }) => get<SchemaPolicyAnswer>(`/projects/${part(project)}/policy`, signal),
  });

export const integrations = (project: string) =>
  queryOptions({
    queryKey: ["integrations", project],
    queryFn: ({ signal }) =>
      get<SchemaIntegrations>(`/projects/${part(project)}/integrations`, signal),
  });

export const intake = (project: string) =>
  queryOptions({
    queryKey: ["intake", project],
    queryFn: ({ signal }) => get<SchemaIntakeBody>(`/projects/${part(project)}/intake`, signal),
    refetchInterval: INTAKE_AGAIN_MS,
  });

/** A price of `/v1/prices`; `id` is null in the package's own table. */
export interface Price {
  id: string | null;
  /** built_in, everyone, tenant or project. */
  scope: string;
  project: string | null;
  name: string;
  stage: string;
  provider: string | null;
  match: string;
  unit: string;
  usd: string;
  per: number;
  tierCondition: string | null;
  startDate: string | null;
  endDate: string | null;
  sourceUrl: string | null;
  checkedOn: string | null;
}

export const prices = (project: string, builtIn: boolean) =>
  queryOptions({
    queryKey: ["prices", project, builtIn],
    queryFn: ({ signal }) =>
      get<{ data: Price[] }>(
        `/v1/prices?project=${part(project)}${builtIn ? "&builtIn=true" : ""}`,
        signal,
      ),
  });

export interface Alert {
  id: string;
  name: string;
  metric: string;
  operator: string;
  threshold: number;
  agentId: string | null;
  project: string | null;
  windowMinutes: number | null;
  minSessions: number;
  channel: "slack" | "webhook";
  url: string;
  isActive: boolean;
  createdAt: string;
  firingSince: string | null;
}

export interface Delivery {
  id: string;
  state: string;
  attempts: number;
  createdAt: string;
  doneAt: string | null;
  responseStatus: number | null;
  error: string | null;
  body: unknown;
}

export const alerts = queryOptions({
  queryKey: ["alerts"],
  queryFn: ({ signal }) => get<{ data: Alert[] }>("/v1/alerts", signal),
  refetchInterval: 30_000,
});

export const alertMetrics = queryOptions({
  queryKey: ["alert-metrics"],
  queryFn: ({ signal }) =>
    get<{ session: string[]; window: string[] }>("/v1/alerts/metrics", signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const deliveries = (id: string) =>
  queryOptions({
    queryKey: ["deliveries", id],
    queryFn: ({ signal }) => get<{ data: Delivery[] }>(`/v1/alerts/${part(id)}/deliveries`, signal),
    refetchInterval: 3_000,
  });
