/** The stages of one response as a bar, on the same scale in every turn of the page. */

import { duration } from "../../format/figures";
import { type Response, STAGE_NAMES } from "./stages";

const WIDEST_REM = 24;

export function StageBar({ response, scaleMs }: { response: Response; scaleMs: number }) {
  const { parts } = response;
  const lengthMs = parts.reduce((sum, part) => sum + part.ms, 0);
  const said = parts.map((part) => `${STAGE_NAMES[part.stage]} ${duration(part.ms)}`).join(", ");
  return (
    <span
      className="stage-bar"
      role="img"
      aria-label={said || "No stage was reported"}
      style={{ width: `${(WIDEST_REM * lengthMs) / scaleMs}rem` }}
    >
      {parts.map((part) => (
        <i
          key={part.stage}
          style={{
            flex: `${part.ms} 0 0`,
            background: `var(--${part.stage})`,
          }}
          title={`${STAGE_NAMES[part.stage]} ${duration(part.ms)}`}
        />
      ))}
    </span>
  );
}
