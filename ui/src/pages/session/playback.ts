/** The one audio element of the page: where it is, and what the page asks of it. */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

export interface Playback {
  audio: RefObject<HTMLAudioElement | null>;
  isPlaying: boolean;
  /** Where it is, in milliseconds of the recording. */
  atMs: number;
  toggle: () => void;
  seek: (ms: number) => void;
  setRate: (rate: number) => void;
}

export function usePlayback(): Playback {
  const audio = useRef<HTMLAudioElement>(null);
  const [isPlaying, setPlaying] = useState(false);
  const [atMs, setAt] = useState(0);

  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    let frame = 0;
    const look = () => {
      setAt(element.currentTime * 1000);
      if (!element.paused) frame = requestAnimationFrame(look);
    };
    const changed = () => {
      setPlaying(!element.paused);
      cancelAnimationFrame(frame);
      look();
    };
    const events = ["play", "pause", "seeked", "ended", "timeupdate"] as const;
    for (const name of events) element.addEventListener(name, changed);
    return () => {
      cancelAnimationFrame(frame);
      for (const name of events) element.removeEventListener(name, changed);
    };
  });

  const toggle = useCallback(() => {
    const element = audio.current;
    if (!element) return;
    // A refusal (no audio device, say) shows as a player that stays paused.
    if (element.paused) element.play().catch(() => undefined);
    else element.pause();
  }, []);
  const seek = useCallback((ms: number) => {
    const element = audio.current;
    if (element) element.currentTime = Math.max(0, ms / 1000);
  }, []);
  const setRate = useCallback((rate: number) => {
    if (audio.current) audio.current.playbackRate = rate;
  }, []);
  return { audio, isPlaying, atMs, toggle, seek, setRate };
}
