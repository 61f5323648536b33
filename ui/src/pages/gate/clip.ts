/** Four seconds around a moment of a call, played where it is listed: one at a time. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { address } from "../../api/client";
import { session } from "../../api/queries";

/** What is heard of a case: enough before the moment to know who spoke. */
export const BEFORE_MS = 1_500;
export const LENGTH_MS = 4_000;

export type ClipState = "loading" | "playing" | "missing";

export interface Clips {
  /** The clip that was asked for last. */
  key: string | undefined;
  state: ClipState | undefined;
  toggle: (key: string, sessionId: string, atMs: number) => void;
}

export function useClips(): Clips {
  const queries = useQueryClient();
  const audio = useRef<HTMLAudioElement>(undefined);
  const [key, setKey] = useState<string>();
  const [state, setState] = useState<ClipState>();
  const wanted = useRef<string>(undefined);
  const stop = useRef<() => void>(() => undefined);

  useEffect(() => () => stop.current(), []);

  async function play(next: string, sessionId: string, atMs: number) {
    setKey(next);
    setState("loading");
    try {
      const found = await queries.ensureQueryData(session(sessionId));
      const recording = found.recordings.find((each) => each.isPlayable);
      if (wanted.current !== next) return;
      if (!recording) {
        setState("missing");
        return;
      }
      const from = Math.max(0, atMs - (recording.offsetMs ?? 0) - BEFORE_MS) / 1000;
      const element = audio.current ?? new Audio();
      audio.current = element;
      stop.current = cut(element, from + LENGTH_MS / 1000, () => {
        if (wanted.current === next) setState(undefined);
      });
      // The fragment has the browser ask for the range of these seconds alone.
      const path = `/sessions/${encodeURIComponent(found.id)}/recordings/${encodeURIComponent(recording.id)}/audio`;
      element.src = `${address(path)}#t=${from.toFixed(2)}`;
      await element.play();
      if (wanted.current === next) setState("playing");
    } catch (error) {
      // Another clip was asked for while this one was loading.
      if (error instanceof DOMException && error.name === "AbortError") return;
      if (wanted.current === next) setState("missing");
    }
  }

  return {
    key,
    state,
    toggle: (next, sessionId, atMs) => {
      stop.current();
      if (key === next && (state === "playing" || state === "loading")) {
        wanted.current = undefined;
        setState(undefined);
        return;
      }
      wanted.current = next;
      void play(next, sessionId, atMs);
    },
  };
}

/** Has the sound end at a second; what it returns ends it at once. */
function cut(element: HTMLAudioElement, endSeconds: number, ended: () => void): () => void {
  const finish = () => {
    element.removeEventListener("timeupdate", look);
    element.removeEventListener("ended", finish);
    element.pause();
    ended();
  };
  const look = () => {
    if (element.currentTime >= endSeconds) finish();
  };
  element.addEventListener("timeupdate", look);
  element.addEventListener("ended", finish);
  return finish;
}
