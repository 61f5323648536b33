/** JSON that can be opened part by part. Only what is open is in the document. */

import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { count } from "../../../format/figures";
import { isObject, type Json } from "./json";
import { Media } from "./Media";
import { fileOf } from "./media";

/** More members than that are shown on demand only. */
const PAGE = 100;
const SHOWN_TEXT = 2_000;

export function JsonTree({ value, openLevels = 2 }: { value: Json; openLevels?: number }) {
  return (
    <div className="json">
      <Value value={value} depth={0} openLevels={openLevels} />
    </div>
  );
}

interface Props {
  name?: string;
  value: Json;
  depth: number;
  openLevels: number;
}

function Value({ name, value, depth, openLevels }: Props) {
  if (Array.isArray(value) || isObject(value)) {
    return (
      <Branch
        value={value}
        depth={depth}
        openLevels={openLevels}
        {...(name === undefined ? {} : { name })}
      />
    );
  }
  return (
    <div className="json-line">
      {name !== undefined && <span className="json-name">{name}: </span>}
      <Leaf value={value} />
    </div>
  );
}

function Branch({ name, value, depth, openLevels }: Props & { value: object }) {
  const members = Object.entries(value) as [string, Json][];
  const isList = Array.isArray(value);
  const [isOpen, setOpen] = useState(depth < openLevels && members.length > 0);
  const [shown, setShown] = useState(PAGE);
  const what = isList ? `[${count(members.length)}]` : `{${count(members.length)}}`;
  const said = `${name ?? (isList ? "list" : "object")}, ${members.length} members`;
  return (
    <div className="json-branch">
      <button
        type="button"
        className="json-toggle"
        aria-expanded={isOpen}
        aria-label={said}
        disabled={!members.length}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? <ChevronDown size={13} aria-hidden /> : <ChevronRight size={13} aria-hidden />}
        {name !== undefined && <span className="json-name">{name}</span>}
        <span className="json-size">{what}</span>
      </button>
      {isOpen && (
        <div className="json-members">
          {members.slice(0, shown).map(([key, each]) => (
            <Value key={key} name={key} value={each} depth={depth + 1} openLevels={openLevels} />
          ))}
          {members.length > shown && (
            <button type="button" className="link" onClick={() => setShown(shown + 10 * PAGE)}>
              {count(members.length - shown)} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ value }: { value: string | number | boolean | null }) {
  const [isWhole, setWhole] = useState(false);
  if (typeof value !== "string") return <span className="json-plain">{String(value)}</span>;
  const file = fileOf(value);
  if (file) return <Media file={file} />;
  if (value.length <= SHOWN_TEXT || isWhole) return <span className="json-text">"{value}"</span>;
  return (
    <span className="json-text">
      "{value.slice(0, SHOWN_TEXT)}…"{" "}
      {value.length <= 50 * SHOWN_TEXT && (
        <button type="button" className="link" onClick={() => setWhole(true)}>
          all {count(value.length)} characters
        </button>
      )}
    </span>
  );
}
