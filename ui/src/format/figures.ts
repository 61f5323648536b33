/** How figures are written: short, with a unit that fits; what nobody reported is a dash. */

export const NOTHING = "–";

/** A duration of an event: `<1 ms`, `840 ms`, `1.84 s`, `12.3 s`, `4 m 27 s`, `1 h 37 m`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms > 0 && ms < 0.5) return "<1 ms";
  if (Math.abs(ms) < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

const UNITS = [
  ["week", 7 * 86_400_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** A length of time in one whole unit: `3 hours`, `day`; another one as a duration. */
export function stretch(ms: number): string {
  const [name, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? [];
  if (!name || !size) return duration(ms);
  return ms === size ? name : `${ms / size} ${name}s`;
}

/** A place in a call, as a player shows it: `1:07`, `1:02:33`. */
export function clock(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NOTHING;
  const whole = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** US dollars with as many digits as tell something: `$12.40`, `$0.0413`, `$0`. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return NOTHING;
  if (usd === 0) return "$0";
  if (usd >= 1)
    return `$${usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (usd < 0.00005) return "<$0.0001";
  return `$${usd.toFixed(4)}`;
}

/** A count with separators. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : value.toLocaleString("en");
}

/** A number with at most two digits behind the point: `0.4`, `3.25`, `12`. */
export function decimal(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 });
}

/** A share between 0 and 1 in per cent: `0 %`, `2.4 %`, `46 %`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NOTHING;
  const value = share * 100;
  return `${value === 0 || value >= 10 ? Math.round(value) : Math.max(0.1, value).toFixed(1)} %`;
}

/** Bytes as people say them. */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}

const SAME_YEAR = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const OTHER_YEAR = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** An instant in the reader's own time zone: `21 Nov, 07:16`. */
export function instant(ms: number, now: number = Date.now()): string {
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? SAME_YEAR : OTHER_YEAR).format(ms);
}

/** The same to the second and with its zone, for titles. */
export function exactInstant(ms: number): string {
  return EXACT.format(ms);
}
