/** Filters whose values are typed. */

import type { ReactElement } from "react";
import { amount, text } from "../../addresses";
import { FormDialog } from "../../elements/dialogs";
import { Field } from "../../elements/Field";
import type { SessionsSearch } from "./search";

interface Props {
  search: SessionsSearch;
  onChange: (to: SessionsSearch) => void;
  button: ReactElement;
}

const MS_PER_SECOND = 1_000;

/** Seconds that were typed, in milliseconds. */
function typedMs(value: FormDataEntryValue | null): number | undefined {
  const seconds = amount(value);
  return seconds === undefined ? undefined : Math.round(seconds * MS_PER_SECOND);
}

/** Milliseconds of the address, in seconds. */
function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / MS_PER_SECOND;
}

const NUMBERS = [
  ["dearer", "Cost in US dollars, at least", (usd?: number) => usd],
  ["slower", "Response time p95 in seconds, at least", seconds],
  ["longer", "Duration in seconds, at least", seconds],
  ["shorter", "Duration in seconds, at most", seconds],
] as const;

export function MoreFilters({ search, onChange, button }: Props) {
  async function set(form: FormData) {
    const values = (name: "user" | "tag") => {
      const one = text(String(form.get(name)).trim());
      return one === undefined ? undefined : [one];
    };
    onChange({
      ...search,
      user: values("user"),
      tag: values("tag"),
      dearer: amount(form.get("dearer")),
      slower: typedMs(form.get("slower")),
      longer: typedMs(form.get("longer")),
      shorter: typedMs(form.get("shorter")),
    });
  }
  return (
    <FormDialog
      title="Filter by values"
      trigger={button}
      isOpenAtFirst
      submit="Show sessions"
      send={set}
    >
      {() => (
        <>
          <Field
            label="Caller"
            name="user"
            defaultValue={search.user?.[0]}
            hint="As telemetry names the user, whole."
          />
          <Field label="Tag" name="tag" defaultValue={search.tag?.[0]} hint="Of any span, whole." />
          {NUMBERS.map(([name, label, write]) => (
            <Field
              key={name}
              label={label}
              name={name}
              type="number"
              min={0}
              step="any"
              defaultValue={write(search[name])}
            />
          ))}
        </>
      )}
    </FormDialog>
  );
}
