/** Which time a board is about, and which sessions of it. */

import { useQuery } from "@tanstack/react-query";
import { ChevronDown, X } from "lucide-react";
import { lazy } from "react";
import { facets } from "../api/queries";
import { instant } from "../format/figures";
import { RANGES, type Range } from "../pages/sessions/search";
import { LateMenu } from "../shell/LateMenu";
import { DEFAULT_RANGE, type PeriodSearch } from "./search";
import "./period.css";

const loadMenu = () => import("./ValuesMenu");
const ValuesMenu = lazy(async () => ({ default: (await loadMenu()).ValuesMenu }));

interface Props {
  project: string;
  search: PeriodSearch;
  onChange: (to: PeriodSearch) => void;
  /** What of the sessions may be chosen here. */
  choices?: readonly ("agent" | "version" | "env")[];
}

const NAMES = { agent: "Agent", version: "Version", env: "Environment" } as const;
const SHORT: Record<Range, string> = { "1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d" };

export function PeriodBar({
  project,
  search,
  onChange,
  choices = ["agent", "version", "env"],
}: Props) {
  const { data } = useQuery(facets(project));
  const isStretch = !search.range && search.from !== undefined;
  const all = { agent: data?.agents, version: data?.versions, env: data?.environments };
  return (
    <div className="period-bar">
      {choices.map((name) => (
        <Choose
          key={name}
          name={NAMES[name]}
          all={all[name] ?? []}
          chosen={search[name] ?? []}
          onChange={(chosen) => onChange({ ...search, [name]: chosen.length ? chosen : undefined })}
        />
      ))}
      <fieldset className="ranges">
        <legend className="hidden-text">Time</legend>
        {(Object.keys(RANGES) as Range[]).map((range) => (
          <label key={range} title={RANGES[range].name}>
            <input
              type="radio"
              name="range"
              checked={!isStretch && (search.range ?? DEFAULT_RANGE) === range}
              onChange={() => onChange({ ...search, range, from: undefined, to: undefined })}
            />
            <span>{SHORT[range]}</span>
          </label>
        ))}
      </fieldset>
      {isStretch && (
        <span className="chip">
          {instant(search.from ?? 0)} to {search.to === undefined ? "now" : instant(search.to)}
          <button
            type="button"
            aria-label="Forget this stretch of time"
            onClick={() => onChange({ ...search, from: undefined, to: undefined })}
          >
            <X size={13} aria-hidden />
          </button>
        </span>
      )}
    </div>
  );
}

interface ChooseProps {
  name: string;
  all: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

function Choose({ name, all, chosen, onChange }: ChooseProps) {
  // A value from the address can be taken back even when nothing has it any more.
  const offered = [...all, ...chosen.filter((each) => !all.includes(each))];
  const said = (chosen.length > 1 ? `${chosen.length} chosen` : chosen[0]) ?? "all";
  return (
    <LateMenu
      className="button choose"
      label={`${name} ${said}`}
      load={() => void loadMenu()}
      menu={(button) => <ValuesMenu {...{ offered, chosen, onChange, button }} />}
    >
      <span className="quiet">{name}</span> <span className="cut">{said}</span>
      <ChevronDown size={14} aria-hidden />
    </LateMenu>
  );
}
