/** What stands at the axes of a chart, and where the values of stretches lie. */

const DAY = 86_400;

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Labels of instants (seconds since the epoch): dates, or hours with a date where a day begins. */
export function timeLabels(splits: readonly number[], stepSeconds: number): string[] {
  let day = "";
  return splits.map((split) => {
    const instant = new Date(split * 1000);
    const date = DATE.format(instant);
    if (stepSeconds >= DAY) return date;
    const isNew = date !== day;
    day = date;
    return isNew ? `${CLOCK.format(instant)}\n${date}` : CLOCK.format(instant);
  });
}

export interface Stretch {
  readonly startMs: number;
}

/** The start of every stretch between two instants, with those that nothing is known of. */
export function grid(fromMs: number, toMs: number, stepMs: number): number[] {
  const found: number[] = [];
  for (let at = Math.floor(fromMs / stepMs) * stepMs; at < toMs; at += stepMs) found.push(at);
  return found;
}

/** One value for each place of the grid; `nothing` where no stretch lies there. */
export function along<S extends Stretch, V>(
  places: readonly number[],
  stretches: readonly S[],
  value: (stretch: S) => V,
  nothing: V,
): V[] {
  const known = new Map(stretches.map((each) => [each.startMs, each]));
  return places.map((place) => {
    const found = known.get(place);
    return found ? value(found) : nothing;
  });
}
