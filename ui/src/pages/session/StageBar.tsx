/** The stages of one response as a bar, on the same scale in every turn of the page. */

import { duration } from "../../format/figures";
import { partName, type Response } from "./stages";

const WIDEST_REM = 24;

interface Props {
  response: Response;
  /** What a bar of full width stands for; null to have each fill its place. */
  scaleMs: number | null;
}

export function StageBar({ response, scaleMs }: Props) {
  const { parts } = response;
  const lengthMs = parts.reduce((sum, part) => sum + part.ms, 0);
  const said = parts.map((part) => `${partName(part.part)} ${duration(part.ms)}`).join(", ");
  const width = scaleMs === null ? "100%" : `${(WIDEST_REM * lengthMs) / scaleMs}rem`;
  return (
    <span
      className="stage-bar"
      role="img"
      aria-label={said || "No stage was reported"}
      style={{ width }}
    >
      {parts.map((part, place) => (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: parts come in one order
          key={place}
          className={part.stage}
          style={{ flex: `${part.ms} 0 0`, background: `var(--${part.stage})` }}
          title={`${partName(part.part)} ${duration(part.ms)}`}
        />
      ))}
    </span>
  );
}
