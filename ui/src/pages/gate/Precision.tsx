/** How right the analysis was, by what people have called its cases. */

import type { ReactNode } from "react";
import type { SchemaPrecisionBody } from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { count, percent } from "../../format/figures";
import { wilson } from "../../period/change";
import { LABELS } from "./labels";
import { KIND_NAMES } from "./words";

const NAMES = Object.fromEntries(LABELS);

interface Props {
  rows: readonly SchemaPrecisionBody[];
  /** Where the labels are to be had. */
  children: ReactNode;
}

export function Precision({ rows, children }: Props) {
  return (
    <section className="panel list-panel" aria-label="Precision">
      <header>
        <h2>How right the analysis is</h2>
        {rows.length > 0 && children}
      </header>
      {rows.length ? (
        <Scrolls name="Precision">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">The analysis says</th>
                <th scope="col">Right if people say</th>
                <th scope="col" className="number">
                  Labelled
                </th>
                <th scope="col" className="number">
                  Right
                </th>
                <th scope="col" className="number">
                  Precision, with 95 % range
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ kind, agreeing, labelled, right }) => (
                <tr key={kind}>
                  <th scope="row">{KIND_NAMES[kind]}</th>
                  <td>{NAMES[agreeing]}</td>
                  <td className="number">{count(labelled)}</td>
                  <td className="number">{count(right)}</td>
                  <td className="number">
                    <b>{percent(right / labelled)}</b>{" "}
                    <span className="quiet small">
                      {wilson(right, labelled)?.map(percent).join(" to ")}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      ) : (
        <p className="quiet">
          Say of some cases above what they were, best of all kinds and not only of failing ones,
          and it is told here.
        </p>
      )}
      <p className="quiet small precision-note">
        The labels of the candidate in this time are counted. They change neither the counts above
        nor the verdict.
      </p>
    </section>
  );
}
