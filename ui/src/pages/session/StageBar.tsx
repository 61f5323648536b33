/** The stages of one response as a bar, on the same scale in every turn of the page. */

import { duration } from "../../format/figures";
import { type Response, STAGE_NAMES } from "./stages";

export function StageBar({ response, scaleMs }: { response: Response; scaleMs: number }) {
  const { parts } = response;
  const said = parts.map((part) => `${STAGE_NAMES[part.stage]} ${duration(part.ms)}`).join(", ");
  return (
    <span className="stage-bar" role="img" aria-label={said || "No stage was reported"}>
      {parts.map((part) => (
        <i
          key={part.stage}
          style={{
            width: `${(100 * part.ms) / scaleMs}%`,
            background: `var(--${part.stage})`,
          }}
          title={`${STAGE_NAMES[part.stage]} ${duration(part.ms)}`}
        />
      ))}
    </span>
  );
}
