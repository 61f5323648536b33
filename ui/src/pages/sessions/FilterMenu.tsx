/** The filters whose values are known, to be ticked. */

import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { facets } from "../../api/queries";
import { MenuMark } from "../../elements/MenuMark";
import { duration } from "../../format/figures";
import { RANGES, type Range, type SessionsSearch, STATUSES } from "./search";

type Offered = "agent" | "version" | "env" | "status";

const RESPONSES_MS = [1_000, 1_500, 2_500, 4_000];
const DURATIONS_MS = [30_000, 60_000, 300_000, 900_000];

interface Props {
  project: string;
  search: SessionsSearch;
  onChange: (to: SessionsSearch) => void;
  button: ReactElement;
}

export function FilterMenu({ project, search, onChange, button }: Props) {
  const { data: known } = useQuery(facets(project));
  const without = (name: Offered, value: string, isOn: boolean) => {
    const rest = (search[name] ?? []).filter((each) => each !== value);
    const next = isOn ? [...rest, value] : rest;
    onChange({ ...search, [name]: next.length ? next : undefined });
  };
  const values = (name: Offered, all: readonly string[]) =>
    all.map((value) => (
      <Tick
        key={value}
        isOn={search[name]?.includes(value) ?? false}
        onChange={(isOn) => without(name, value, isOn)}
      >
        {value}
      </Tick>
    ));
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={6}>
          <Branch name="Agent" isEmpty={!known?.agents.length}>
            {values("agent", known?.agents ?? [])}
          </Branch>
          <Branch name="Version" isEmpty={!known?.versions.length}>
            {values("version", known?.versions ?? [])}
          </Branch>
          <Branch name="Environment" isEmpty={!known?.environments.length}>
            {values("env", known?.environments ?? [])}
          </Branch>
          <Branch name="Status">{values("status", STATUSES)}</Branch>
          <Branch name="Time">
            <Choice
              value={search.range}
              options={Object.keys(RANGES) as Range[]}
              name={(range) => RANGES[range].name}
              onChange={(range) => onChange({ ...search, range, from: undefined, to: undefined })}
            />
          </Branch>
          <Branch name="Response time, p95">
            <Choice
              value={search.slower}
              options={RESPONSES_MS}
              name={(ms) => `at least ${duration(ms)}`}
              onChange={(slower) => onChange({ ...search, slower })}
            />
          </Branch>
          <Branch name="Duration">
            <Choice
              value={search.longer}
              options={DURATIONS_MS}
              name={(ms) => `at least ${duration(ms)}`}
              onChange={(longer) => onChange({ ...search, longer })}
            />
          </Branch>
          <DropdownMenu.Separator className="menu-line" />
          <Tick
            isOn={search.errors ?? false}
            onChange={(isOn) => onChange({ ...search, errors: isOn || undefined })}
          >
            With errors
          </Tick>
          <Tick
            isOn={search.interrupted ?? false}
            onChange={(isOn) => onChange({ ...search, interrupted: isOn || undefined })}
          >
            With interruptions
          </Tick>
          <Tick
            isOn={search.recorded ?? false}
            onChange={(isOn) => onChange({ ...search, recorded: isOn || undefined })}
          >
            With a recording
          </Tick>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Branch({
  name,
  isEmpty = false,
  children,
}: {
  name: string;
  isEmpty?: boolean;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Sub>
      <DropdownMenu.SubTrigger className="menu-item" disabled={isEmpty}>
        {name}
        <ChevronRight className="end" size={14} aria-hidden />
      </DropdownMenu.SubTrigger>
      <DropdownMenu.Portal>
        <DropdownMenu.SubContent className="menu" sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.SubContent>
      </DropdownMenu.Portal>
    </DropdownMenu.Sub>
  );
}

function Tick({
  isOn,
  onChange,
  children,
}: {
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.CheckboxItem
      className="menu-item"
      checked={isOn}
      onCheckedChange={onChange}
      // Several are chosen one after the other.
      onSelect={(event) => event.preventDefault()}
    >
      <MenuMark />
      {children}
    </DropdownMenu.CheckboxItem>
  );
}

function Choice<T extends string | number>({
  value,
  options,
  name,
  onChange,
}: {
  value: T | undefined;
  options: readonly T[];
  name: (option: T) => string;
  onChange: (option: T | undefined) => void;
}) {
  return (
    <DropdownMenu.RadioGroup
      value={value === undefined ? "" : String(value)}
      onValueChange={(chosen) => onChange(options.find((each) => String(each) === chosen))}
    >
      <DropdownMenu.RadioItem className="menu-item" value="">
        <MenuMark />
        Any
      </DropdownMenu.RadioItem>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option} className="menu-item" value={String(option)}>
          <MenuMark />
          {name(option)}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
