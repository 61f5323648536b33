/** What the colours and shapes of the timeline mean; only those that this call has. */

import { FLAG_NAMES, type FlagKind, type Marks } from "./marks";
import { STAGE_NAMES, STAGES } from "./stages";

const SHAPES: Record<FlagKind, string> = {
  barge_in: "M1 1 11 6 1 11Z",
  false_alarm: "M1.5 1.5 10 6 1.5 10.5Z",
  backchannel: "M6 2a4 4 0 1 0 0 8 4 4 0 1 0 0-8Z",
  missed: "M1 2h10v8H1Z",
  premature: "M11 1 1 6 11 11Z",
};

export function Legend({ marks }: { marks: Marks }) {
  const stages = new Set(marks.waits.flatMap((each) => each.parts.map((part) => part.stage)));
  const kinds = new Set(marks.flags.map((each) => each.kind));
  if (!stages.size && !kinds.size) return null;
  return (
    <ul className="marks-legend small" aria-label="Legend">
      {STAGES.filter((stage) => stages.has(stage)).map((stage) => (
        <li key={stage}>
          <i className={`dot ${stage}`} style={{ background: `var(--${stage})` }} />
          {STAGE_NAMES[stage]}
        </li>
      ))}
      {(Object.keys(SHAPES) as FlagKind[])
        .filter((kind) => kinds.has(kind))
        .map((kind) => (
          <li key={kind}>
            <svg viewBox="0 0 12 12" className={`flag ${kind}`} aria-hidden>
              <path d={SHAPES[kind]} />
            </svg>
            {FLAG_NAMES[kind]}
          </li>
        ))}
    </ul>
  );
}
