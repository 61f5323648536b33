/** What is shown of a trace: a text, kinds of rows, errors, and how time is looked at. */

import { ChevronsDownUp, ChevronsUpDown, CircleAlert, Maximize2, Scan, Search } from "lucide-react";
import type { ReactNode } from "react";
import { count } from "../../format/figures";
import { FAMILIES, FAMILY_NAMES, type Family } from "./family";
import { FAMILY_ICONS } from "./icons";
import type { TraceSearch, View } from "./search";

interface Props {
  search: TraceSearch;
  /** How many rows there are of each family. */
  counts: ReadonlyMap<Family, number>;
  errors: number;
  shown: number;
  canFit: boolean;
  onSearch: (change: Partial<TraceSearch>) => void;
  onFit: () => void;
  onWhole: () => void;
  onCloseAll: () => void;
  onOpenAll: () => void;
}

export function Toolbar(props: Props) {
  const { search, counts, errors, onSearch } = props;
  const types = search.type ?? [];
  const views = search.view ?? [];
  const toggled = <T,>(list: readonly T[], each: T) =>
    list.includes(each) ? list.filter((other) => other !== each) : [...list, each];
  const view = (each: View) => onSearch({ view: toggled(views, each) });
  return (
    <div className="trace-tools">
      <div className="trace-tools-line">
        <search className="trace-search">
          <Search size={16} aria-hidden />
          <input
            className="input"
            type="search"
            aria-label="Find an observation"
            placeholder="Find by name, type or model"
            value={search.q ?? ""}
            onChange={(event) => onSearch({ q: event.currentTarget.value || undefined })}
          />
          <kbd aria-hidden>/</kbd>
        </search>
        <Toggle
          isOn={search.err === true}
          onToggle={() => onSearch({ err: search.err ? undefined : true })}
        >
          <CircleAlert size={15} aria-hidden />
          Errors only
          <span className="quiet">{count(errors)}</span>
        </Toggle>
        <span className="trace-tools-end">
          <Toggle isOn={views.includes("path")} onToggle={() => view("path")}>
            Critical path <kbd aria-hidden>C</kbd>
          </Toggle>
          <Toggle isOn={views.includes("self")} onToggle={() => view("self")}>
            Self time
          </Toggle>
          <span className="button-group">
            <button
              type="button"
              className="button icon"
              onClick={props.onCloseAll}
              aria-label="Collapse all"
              title="Collapse all"
            >
              <ChevronsDownUp size={15} aria-hidden />
            </button>
            <button
              type="button"
              className="button icon"
              onClick={props.onOpenAll}
              aria-label="Expand all"
              title="Expand all"
            >
              <ChevronsUpDown size={15} aria-hidden />
            </button>
          </span>
          <button type="button" className="button" disabled={!props.canFit} onClick={props.onFit}>
            <Scan size={15} aria-hidden />
            Fit selection <kbd aria-hidden>F</kbd>
          </button>
          <button type="button" className="button" onClick={props.onWhole}>
            <Maximize2 size={15} aria-hidden />
            Whole trace <kbd aria-hidden>0</kbd>
          </button>
        </span>
      </div>
      <div className="trace-types" role="group" aria-label="Kinds of observations">
        {FAMILIES.filter((family) => counts.has(family)).map((family) => {
          const Icon = FAMILY_ICONS[family];
          return (
            <Toggle
              key={family}
              isSmall
              isOn={types.includes(family)}
              onToggle={() => onSearch({ type: toggled(types, family) })}
            >
              <Icon size={13} aria-hidden color={iconColour(family)} />
              {FAMILY_NAMES[family]}
              <span className="quiet">{count(counts.get(family))}</span>
            </Toggle>
          );
        })}
        {props.shown >= 0 && (
          <span className="quiet small" role="status">
            {count(props.shown)} found{" "}
            <button
              type="button"
              className="link"
              onClick={() => onSearch({ q: undefined, type: undefined, err: undefined })}
            >
              Show all
            </button>
          </span>
        )}
      </div>
    </div>
  );
}

function iconColour(family: Family): string {
  if (family === "turn" || family === "other") return "var(--rest)";
  return family === "speech" ? "var(--agent)" : `var(--${family})`;
}

function Toggle({
  isOn,
  onToggle,
  isSmall = false,
  children,
}: {
  isOn: boolean;
  onToggle: () => void;
  isSmall?: boolean;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={isSmall ? "toggle" : "button"}
      aria-pressed={isOn}
      onClick={onToggle}
    >
      {children}
    </button>
  );
}
