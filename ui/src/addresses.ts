/** Search parameters of addresses: plain names and values, a list is a name that comes again. */

export type Search = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): Search {
  const found: Search = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const known = found[name];
    found[name] =
      known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) made.append(name, String(each));
  }
  const text = made.toString();
  return text ? `?${text}` : "";
}

export function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === undefined || value === null || value === "" ? [] : [String(value)];
}

export function text(value: unknown): string | undefined {
  const one = Array.isArray(value) ? value[0] : value;
  return one === undefined || one === null || one === "" ? undefined : String(one);
}

/** A whole number that is not negative, else nothing. */
export function whole(value: unknown): number | undefined {
  const one = text(value);
  return one !== undefined && /^\d{1,15}$/.test(one) ? Number(one) : undefined;
}

/** A number that is not negative, else nothing. */
export function amount(value: unknown): number | undefined {
  const found = Number(text(value) ?? Number.NaN);
  return Number.isFinite(found) && found >= 0 ? found : undefined;
}

/** Whether something is asked for; only "true" asks. */
export function flag(value: unknown): true | undefined {
  return value === true || text(value) === "true" ? true : undefined;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  const one = text(value);
  return allowed.find((each) => each === one);
}

/** Where to go after log-in: a place of this very site, else its front page. */
export function safeNext(next: string | undefined): string {
  const here = "http://here.invalid";
  // The browser's own reading decides: it knows of every slash and control sign that leads away.
  if (!next?.startsWith("/") || !URL.canParse(next, here)) return "/";
  const read = new URL(next, here);
  return read.origin === here ? read.pathname + read.search + read.hash : "/";
}
