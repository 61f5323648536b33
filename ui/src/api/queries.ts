/** Every question to the server, with the key under which its answer is kept. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get, rememberToken } from "./client";
import type {
  SchemaAgentsBody,
  SchemaCasesBody,
  SchemaCausesBody,
  SchemaDashboardBody,
  SchemaFacetsBody,
  SchemaFaultsBody,
  SchemaLinePage,
  SchemaLogBody,
  SchemaLogPage,
  SchemaMe,
  SchemaObservationBody,
  SchemaPeersBody,
  SchemaServerState,
  SchemaSessionBody,
  SchemaTraceBody,
  SchemaVerdictBody,
} from "./schema";

const part = encodeURIComponent;

export const serverState = queryOptions({
  queryKey: ["state"],
  queryFn: ({ signal }) => get<SchemaServerState>("/state", signal),
  staleTime: 0,
});

export const me = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    const found = await get<SchemaMe>("/me", signal);
    rememberToken(found.csrf);
    return found;
  },
  staleTime: 5 * 60_000,
});

export const facets = (project: string) =>
  queryOptions({
    queryKey: ["facets", project],
    queryFn: ({ signal }) => get<SchemaFacetsBody>(`/projects/${part(project)}/facets`, signal),
    staleTime: 60_000,
  });

export const sessionLines = (project: string, search: URLSearchParams) =>
  infiniteQueryOptions({
    queryKey: ["sessions", project, search.toString()],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams(search);
      if (pageParam) asked.set("cursor", pageParam);
      return get<SchemaLinePage>(`/projects/${part(project)}/sessions?${asked}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextCursor,
    staleTime: 15_000,
  });

export const session = (id: string) =>
  queryOptions({
    queryKey: ["session", id],
    queryFn: ({ signal }) => get<SchemaSessionBody>(`/sessions/${part(id)}`, signal),
    staleTime: 15_000,
  });

export const sessionLogs = (id: string, severity: number, q: string) =>
  infiniteQueryOptions({
    queryKey: ["logs", id, severity, q],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ severity: String(severity) });
      if (q) asked.set("q", q);
      if (pageParam) asked.set("cursor", pageParam);
      return get<SchemaLogPage>(`/sessions/${part(id)}/logs?${asked}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    staleTime: 15_000,
  });

export const sessionLog = (id: string, log: string, whole: boolean) =>
  queryOptions({
    queryKey: ["log", id, log, whole],
    queryFn: ({ signal }) =>
      get<SchemaLogBody>(
        `/sessions/${part(id)}/logs/${part(log)}${whole ? "?whole=true" : ""}`,
        signal,
      ),
    staleTime: 60_000,
  });

export const trace = (id: string) =>
  queryOptions({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => get<SchemaTraceBody>(`/traces/${part(id)}`, signal),
    staleTime: 15_000,
  });

/** An observation's place under the pages' own API. */
export const observationPath = (traceId: string, id: string) =>
  `/traces/${part(traceId)}/observations/${part(id)}`;

export const observation = (traceId: string, id: string, whole = false) =>
  queryOptions({
    queryKey: ["observation", traceId, id, whole],
    queryFn: ({ signal }) =>
      get<SchemaObservationBody>(
        `${observationPath(traceId, id)}${whole ? "?whole=true" : ""}`,
        signal,
      ),
    staleTime: 60_000,
  });

export const peers = (traceId: string, id: string) =>
  queryOptions({
    queryKey: ["peers", traceId, id],
    queryFn: ({ signal }) => get<SchemaPeersBody>(`${observationPath(traceId, id)}/peers`, signal),
    staleTime: 60_000,
  });

export const dashboard = (project: string, search: URLSearchParams) =>
  board<SchemaDashboardBody>(project, "dashboard", search);

export const faults = (project: string, search: URLSearchParams) =>
  board<SchemaFaultsBody>(project, "faults", search);

export const causes = (project: string, search: URLSearchParams) =>
  board<SchemaCausesBody>(project, "causes", search);

export const agents = (project: string, search: URLSearchParams) =>
  board<SchemaAgentsBody>(project, "agents", search);

/** Unlike a board it never stays for another question: a verdict must be that of what is chosen. */
export const gate = (project: string, search: URLSearchParams) =>
  queryOptions({
    queryKey: ["gate", project, search.toString()],
    queryFn: ({ signal }) =>
      get<SchemaVerdictBody>(`/projects/${part(project)}/gate?${search}`, signal),
    staleTime: 30_000,
  });

export const gateCases = (project: string, search: URLSearchParams) =>
  queryOptions({
    queryKey: ["gate-cases", project, search.toString()],
    queryFn: ({ signal }) =>
      get<SchemaCasesBody>(`/projects/${part(project)}/gate/cases?${search}`, signal),
    staleTime: 30_000,
  });

/** Counts over many sessions; what was shown stays until another time of it has come. */
function board<T>(project: string, name: string, search: URLSearchParams) {
  return queryOptions({
    queryKey: [name, project, search.toString()],
    queryFn: ({ signal }) => get<T>(`/projects/${part(project)}/${name}?${search}`, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}
