/** The columns of the list: what there is to choose from, and how wide each is. */

interface Column {
  id: string;
  name: string;
  /** In rem; the first of two is the least. */
  rem: readonly [least: number, share?: number];
  isNumber?: boolean;
  /** Where there is little room, 3 goes first, unless the columns were chosen. */
  less?: 1 | 2 | 3;
  /** Shown only when it is chosen. */
  isExtra?: boolean;
}

const ALL = [
  { id: "started", name: "Started", rem: [7.2] },
  { id: "session", name: "Session", rem: [6, 1] },
  { id: "caller", name: "Caller", rem: [5.5, 1], less: 3 },
  { id: "agent", name: "Agent", rem: [9, 1.6] },
  { id: "environment", name: "Environment", rem: [7], isExtra: true },
  { id: "status", name: "Status", rem: [5.6], less: 2 },
  { id: "duration", name: "Duration", rem: [4.6], isNumber: true, less: 1 },
  { id: "turns", name: "Turns", rem: [3], isNumber: true, less: 2 },
  { id: "tools", name: "Tools", rem: [3.2], isNumber: true, isExtra: true },
  { id: "p50", name: "p50", rem: [4.2], isNumber: true, less: 2 },
  { id: "p95", name: "p95", rem: [4.2], isNumber: true },
  { id: "interruptions", name: "Interrupted", rem: [5.2], isNumber: true, less: 3 },
  { id: "errors", name: "Errors", rem: [3.6], isNumber: true, less: 3 },
  { id: "cost", name: "Cost", rem: [4.6], isNumber: true, less: 1 },
] as const satisfies readonly Column[];

export type ColumnId = (typeof ALL)[number]["id"];
export const COLUMNS: readonly (Column & { id: ColumnId })[] = ALL;

/** What leads to a session is always there. */
export const FIXED: ColumnId = "session";
const GAP_REM = 0.75;

/** The columns that are named, in their own order; nothing where they are the usual ones. */
export function columnIds(named: readonly string[]): ColumnId[] | undefined {
  if (!named.length) return undefined;
  const found = COLUMNS.filter(({ id }) => id === FIXED || named.includes(id));
  const usual = COLUMNS.filter((each) => !each.isExtra);
  const isUsual = found.length === usual.length && found.every((each) => !each.isExtra);
  return isUsual ? undefined : found.map(({ id }) => id);
}

/** The columns to show. */
export function shownColumns(chosen: readonly ColumnId[] | undefined) {
  return COLUMNS.filter((each) => (chosen ? chosen.includes(each.id) : !each.isExtra));
}

/** How chosen columns share a row, and how wide it is at least; the usual ones are in the styles. */
export function layout(chosen: readonly ColumnId[]): { columns: string; least: string } {
  const shown = shownColumns(chosen);
  const least = shown.reduce((sum, { rem }) => sum + rem[0] + GAP_REM, 2);
  const columns = shown.map(({ rem: [width, share] }) =>
    share === undefined ? `${width}rem` : `minmax(${width}rem, ${share}fr)`,
  );
  return { columns: columns.join(" "), least: `${least}rem` };
}
