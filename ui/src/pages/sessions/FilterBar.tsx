/** Filters: menus to set them, and a chip for each that is set. */

import { ListFilter, SlidersHorizontal, X } from "lucide-react";
import { lazy } from "react";
import { duration } from "../../format/figures";
import { LateMenu } from "../../shell/LateMenu";
import { chips, type SessionsSearch, unfiltered } from "./search";

const loadFilterMenu = () => import("./FilterMenu");
const loadMoreFilters = () => import("./MoreFilters");
const FilterMenu = lazy(async () => ({ default: (await loadFilterMenu()).FilterMenu }));
const MoreFilters = lazy(async () => ({ default: (await loadMoreFilters()).MoreFilters }));

interface Props {
  project: string;
  search: SessionsSearch;
  onChange: (to: SessionsSearch) => void;
}

export function FilterBar({ project, search, onChange }: Props) {
  const set = chips(search, duration);
  return (
    <div className="filters">
      <LateMenu
        className="button"
        label="Filter"
        load={() => void loadFilterMenu()}
        menu={(button) => (
          <FilterMenu project={project} search={search} onChange={onChange} button={button} />
        )}
      >
        <ListFilter size={15} aria-hidden /> Filter
      </LateMenu>
      <LateMenu
        className="button"
        label="Caller, tag, cost and more"
        opens="dialog"
        load={() => void loadMoreFilters()}
        menu={(button) => <MoreFilters search={search} onChange={onChange} button={button} />}
      >
        <SlidersHorizontal size={15} aria-hidden /> Caller, tag, cost …
      </LateMenu>
      <ul className="chips" aria-label="Filters that are set">
        {set.map((chip) => (
          <li key={chip.key} className="chip">
            {chip.name}
            <button
              type="button"
              aria-label={`Remove the filter ${chip.name}`}
              onClick={() => onChange(chip.without)}
            >
              <X size={13} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {set.length > 1 && (
        <button
          type="button"
          className="button plain small"
          onClick={() => onChange({ ...unfiltered(search), q: search.q })}
        >
          Clear all
        </button>
      )}
    </div>
  );
}
