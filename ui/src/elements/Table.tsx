/** A plain table of settings; it scrolls inside its box where it is wider than the page. */

import type { ReactNode } from "react";

interface Column<T> {
  name: string;
  /** Shown in its cell; a name that nobody needs to see is still read. */
  cell: (row: T) => ReactNode;
  className?: string;
  isNameHidden?: boolean;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  empty: ReactNode;
}

export function Table<T>({ label, columns, rows, rowKey, empty }: Props<T>) {
  if (!rows.length) return <p className="panel table-empty quiet">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className="panel table-box" aria-label={label} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.className}>
                {column.isNameHidden ? (
                  <span className="hidden-text">{column.name}</span>
                ) : (
                  column.name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.name} className={column.className}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
