/** Calls to the server: JSON in and out, errors as one class, the token that writes need. */

const PREFIX = "/ui/api";
const REQUEST_ID = "x-request-id";

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Messages by field name. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** What the server's log calls the request; empty where no server has answered. */
    readonly requestId = "",
  ) {
    super(message);
  }
}

/** What went wrong, in a form that fields can be asked of. */
export function asError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "error", String(error));
}

interface ErrorBody {
  error?: string;
  code?: string;
  issues?: { location: (string | number)[]; message: string }[];
}

let csrf = "";

/** Remembers the token of the session, as log-in and `/me` tell it. */
export function rememberToken(token: string): void {
  csrf = token;
}

let latestRequest = "";

/** The id of the request that was answered with the document. */
export function documentRequestId(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="request-id"]')?.content ?? "";
}

/** The id of the request that was answered last. */
export function latestRequestId(): string {
  return latestRequest || documentRequestId();
}

async function failure(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as ErrorBody;
  const fields: Record<string, string> = {};
  for (const issue of body.issues ?? []) fields[String(issue.location.at(-1))] = issue.message;
  const said = body.error ?? `The server answered ${answer.status}.`;
  const requestId = answer.headers.get(REQUEST_ID) ?? "";
  return new ApiError(answer.status, body.code ?? "error", said, fields, requestId);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address(path), { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The server cannot be reached.");
  }
  latestRequest = answer.headers.get(REQUEST_ID) ?? latestRequest;
  if (!answer.ok) throw await failure(answer);
  return answer;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, signal ? { signal } : {});
  return (await answer.json()) as T;
}

export async function getBytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await send(path, signal ? { signal } : {})).arrayBuffer();
}

export function post<T>(path: string, body?: unknown): Promise<T> {
  return write<T>("POST", path, body);
}

export async function write<T = void>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await send(path, {
    method,
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** The address of a path: of the published API when it begins with `/v1/`, else of the pages' own. */
export function address(path: string): string {
  return path.startsWith("/v1/") ? path : PREFIX + path;
}
