/** The cases of the candidate: each to be heard where it stands, and to be called what it was. */

import { useQuery } from "@tanstack/react-query";
import { CircleCheck, Download, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { address } from "../../api/client";
import { gateCases } from "../../api/queries";
import type { SchemaCaseBody } from "../../api/schema";
import { Scrolls } from "../../elements/Scrolls";
import { Failure, Loading } from "../../elements/states";
import { count } from "../../format/figures";
import { useKeys } from "../../shell/keys";
import { Case } from "./Case";
import { useClips } from "./clip";
import { labelOfKey, useLabels } from "./labels";
import { Precision } from "./Precision";
import { KINDS, type Kind, ofKind, WHICH, type Which } from "./search";
import { KIND_NAMES } from "./words";

const WHICH_NAMES = { all: "All", labelled: "Labelled" } as const;

interface Props {
  project: string;
  /** Asks for the sessions of the candidate. */
  side: URLSearchParams;
  kind: Kind | undefined;
  which: Which | undefined;
  onChange: (kind: Kind | undefined, which: Which | undefined) => void;
}

export function Cases({ project, side, kind, which, onChange }: Props) {
  const asked = new URLSearchParams(side);
  if (which) asked.set("cases", which);
  const question = gateCases(project, asked);
  const found = useQuery(question);
  const labels = useLabels(question.queryKey);
  const cases = found.data?.data ?? [];
  const there = KINDS.filter((each) => cases.some((one) => one.kind === each));
  const place = (form: string) =>
    address(`/projects/${encodeURIComponent(project)}/gate/labels?${side}&format=${form}`);
  return (
    <>
      <section className="panel list-panel" aria-label="Cases">
        <header>
          <h2>
            {which ? `${WHICH_NAMES[which]} cases` : "Failing cases"}{" "}
            <span className="quiet">{found.data && count(ofKind(cases, kind).length)}</span>
          </h2>
          <div className="case-tools">
            <fieldset className="stages">
              <legend className="hidden-text">Which cases</legend>
              {[undefined, ...WHICH].map((each) => (
                <Toggle
                  key={each ?? "failing"}
                  name={each ? WHICH_NAMES[each] : "Failing"}
                  isOn={which === each}
                  onPress={() => onChange(undefined, each)}
                />
              ))}
            </fieldset>
            {there.length > 1 && (
              <fieldset className="stages">
                <legend className="hidden-text">Kind</legend>
                {[undefined, ...there].map((each) => (
                  <Toggle
                    key={each ?? "any"}
                    name={each ? KIND_NAMES[each] : "Any kind"}
                    isOn={kind === each}
                    onPress={() => onChange(each, which)}
                  />
                ))}
              </fieldset>
            )}
          </div>
        </header>
        {found.data ? (
          <List project={project} cases={ofKind(cases, kind)} which={which} labels={labels} />
        ) : found.isError ? (
          <Failure error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading lines={4} />
        )}
        {found.data?.hasMore && (
          <p className="quiet small">
            These are the latest {count(cases.length)}; narrow the time to see those before.
          </p>
        )}
      </section>
      {found.data && (
        <Precision rows={found.data.precision}>
          <span className="export-links">
            <Download size={15} aria-hidden />
            <a href={place("csv")} download>
              Labels as CSV
            </a>
            <a href={place("json")} download>
              as JSON
            </a>
          </span>
        </Precision>
      )}
    </>
  );
}

function Toggle({ name, isOn, onPress }: { name: string; isOn: boolean; onPress: () => void }) {
  return (
    <button type="button" className="button small" aria-pressed={isOn} onClick={onPress}>
      {name}
    </button>
  );
}

interface ListProps {
  project: string;
  cases: readonly SchemaCaseBody[];
  which: Which | undefined;
  labels: ReturnType<typeof useLabels>;
}

function List({ project, cases, which, labels }: ListProps) {
  const clips = useClips();
  const [active, setActive] = useState(-1);
  const body = useRef<HTMLTableSectionElement>(null);
  const chosen = cases[active];

  useEffect(() => {
    if (active >= 0) body.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const move = (to: number) => setActive(Math.max(0, Math.min(cases.length - 1, to)));
  const label = (event: KeyboardEvent) => {
    const said = labelOfKey(event.key);
    if (chosen && said !== undefined) labels.call(chosen, said);
  };
  useKeys({
    j: () => move(active + 1),
    k: () => move(active - 1),
    p: () => {
      if (chosen?.hasRecording && chosen.atMs !== null) {
        clips.toggle(nameOf(chosen, active), chosen.sessionId, chosen.atMs);
      }
    },
    u: () => labels.undo?.(),
    ...Object.fromEntries(["0", "1", "2", "3", "4"].map((key) => [key, label])),
  });

  if (!cases.length) {
    return (
      <p className="quiet fine">
        {which === "labelled" ? (
          "Nobody has labelled a case of this candidate in this time."
        ) : (
          <>
            <CircleCheck size={16} aria-hidden />
            {which ? "Both voices were never heard at once." : "No interruption broke a limit."}
          </>
        )}
      </p>
    );
  }
  return (
    <>
      <p className="quiet small case-help">
        <span>
          <kbd>J</kbd> <kbd>K</kbd> choose a case, <kbd>P</kbd> plays it, <kbd>1</kbd> to{" "}
          <kbd>4</kbd> say what it was, <kbd>0</kbd> takes that back.
        </span>
        {labels.undo && (
          <button type="button" className="button small-button" onClick={labels.undo}>
            <Undo2 size={14} aria-hidden /> Undo <kbd>U</kbd>
          </button>
        )}
      </p>
      {labels.error && (
        <p className="field-error" role="alert">
          {labels.error.message}
        </p>
      )}
      <Scrolls name="Cases">
        <table className="plain-table cases">
          <thead>
            <tr>
              <th scope="col">Clip</th>
              <th scope="col">Session</th>
              <th scope="col">Kind</th>
              <th scope="col">What people call it</th>
              <th scope="col" className="number">
                At
              </th>
              <th scope="col" className="number">
                Recognised after
              </th>
              <th scope="col" className="number">
                Silent after
              </th>
              <th scope="col" className="number">
                Words bled
              </th>
              <th scope="col">Counts against</th>
            </tr>
          </thead>
          <tbody ref={body}>
            {cases.map((each, index) => (
              <Case
                key={nameOf(each, index)}
                name={nameOf(each, index)}
                project={project}
                each={each}
                clips={clips}
                isActive={index === active}
                onActive={() => setActive(index)}
                onLabel={(said) => labels.call(each, said)}
              />
            ))}
          </tbody>
        </table>
      </Scrolls>
      <p className="hidden-text" role="status">
        {clips.state === "missing" && "This clip cannot be played: the recording is not here."}
      </p>
    </>
  );
}

/** One moment may have two cases that are told alike. */
const nameOf = (each: SchemaCaseBody, index: number) => `${each.sessionId} ${each.id} ${index}`;
