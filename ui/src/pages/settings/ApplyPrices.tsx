/** Prices the stored sessions by the prices of now, piece by piece, and says how far it is. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { asError, post } from "../../api/client";
import { count } from "../../format/figures";

interface Step {
  sessions: number;
  changed: number;
  cursor: string | null;
}

interface Progress {
  sessions: number;
  changed: number;
  isDone: boolean;
}

export function ApplyPrices({ project }: { project: string }) {
  const queries = useQueryClient();
  const [progress, setProgress] = useState<Progress>();
  const [wrong, setWrong] = useState<string>();
  const isStopped = useRef(false);
  useEffect(
    () => () => {
      isStopped.current = true;
    },
    [],
  );

  async function apply() {
    isStopped.current = false;
    setWrong(undefined);
    let [sessions, changed] = [0, 0];
    let cursor: string | null = null;
    try {
      do {
        setProgress({ sessions, changed, isDone: false });
        const step: Step = await post<Step>("/v1/prices/apply", { project, cursor });
        sessions += step.sessions;
        changed += step.changed;
        cursor = step.cursor;
      } while (cursor !== null && !isStopped.current);
    } catch (error) {
      setWrong(asError(error).message);
    }
    setProgress({ sessions, changed, isDone: true });
    void queries.invalidateQueries({ queryKey: ["sessions"] });
  }

  const isBusy = progress !== undefined && !progress.isDone;
  return (
    <>
      {isBusy ? (
        <button
          type="button"
          className="button"
          onClick={() => {
            isStopped.current = true;
          }}
        >
          Stop
        </button>
      ) : (
        <button type="button" className="button" onClick={() => void apply()}>
          Apply to stored sessions
        </button>
      )}
      <span role="status" className="quiet small">
        {progress &&
          `${count(progress.sessions)} sessions looked at, ${count(progress.changed)} cost something else now${progress.isDone ? "." : " …"}`}
      </span>
      {wrong && (
        <span className="field-error" role="alert">
          {wrong}
        </span>
      )}
    </>
  );
}
