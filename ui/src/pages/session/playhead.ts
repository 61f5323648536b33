/** Where the page is in the call: with the recording where there is one, else by its own clock. */

import { useEffect, useState } from "react";
import { Channels } from "./channels";
import { Live } from "./live";

export class Playhead {
  /** Milliseconds since the session's start. */
  readonly atMs = new Live(0);
  readonly isPlaying = new Live(false);
  readonly rate = new Live(1);
  readonly muted = new Live<ReadonlySet<number>>(new Set());
  /** Where to go on from an instant; null to go on from there. */
  skip: ((atMs: number) => number | null) | null = null;
  endMs = 0;

  #audio: HTMLAudioElement | null = null;
  #channels: Channels | null = null;
  #offsetMs = 0;
  #frame = 0;
  #sinceMs = 0;

  /** Follows an audio element whose start lies `offsetMs` after the session's; null for none. */
  attach(audio: HTMLAudioElement | null, offsetMs: number): () => void {
    this.#offsetMs = offsetMs;
    this.#audio = audio;
    if (!audio) return () => this.pause();
    audio.playbackRate = this.rate.value;
    this.seek(this.atMs.value);
    const changed = () => {
      this.isPlaying.set(!audio.paused);
      if (!audio.paused) this.#run();
      this.#look();
    };
    const events = ["play", "pause", "seeked", "ended", "timeupdate"] as const;
    for (const name of events) audio.addEventListener(name, changed);
    return () => {
      for (const name of events) audio.removeEventListener(name, changed);
      cancelAnimationFrame(this.#frame);
      this.#channels = null;
    };
  }

  play(): void {
    if (this.#audio) {
      // A refusal (no audio device, say) shows as a player that stays paused.
      this.#audio.play().catch(() => undefined);
      return;
    }
    if (this.atMs.value >= this.endMs) this.atMs.set(0);
    this.isPlaying.set(true);
    this.#sinceMs = performance.now();
    this.#run();
  }

  pause(): void {
    this.#audio?.pause();
    if (this.#audio) return;
    cancelAnimationFrame(this.#frame);
    this.isPlaying.set(false);
  }

  toggle(): void {
    if (this.isPlaying.value) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    const to = Math.min(Math.max(ms, Math.min(0, this.#offsetMs)), Math.max(this.endMs, ms));
    if (this.#audio) this.#audio.currentTime = Math.max(0, (to - this.#offsetMs) / 1000);
    this.#sinceMs = performance.now();
    this.atMs.set(to);
  }

  setRate(rate: number): void {
    this.rate.set(rate);
    if (this.#audio) this.#audio.playbackRate = rate;
  }

  /** Silences a channel of the recording, or lets it be heard again. */
  mute(channel: number, isMuted: boolean): void {
    if (!this.#audio) return;
    this.#channels ??= new Channels(this.#audio);
    this.#channels.mute(channel, isMuted);
    const muted = new Set(this.muted.value);
    if (isMuted) muted.add(channel);
    else muted.delete(channel);
    this.muted.set(muted);
  }

  #run(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#look();
      const next = this.skip?.(this.atMs.value) ?? null;
      if (next !== null) this.seek(next);
      if (this.isPlaying.value) this.#run();
    });
  }

  #look(): void {
    if (this.#audio) {
      this.atMs.set(this.#audio.currentTime * 1000 + this.#offsetMs);
      return;
    }
    const now = performance.now();
    const toMs = this.atMs.value + (now - this.#sinceMs) * this.rate.value;
    this.#sinceMs = now;
    this.atMs.set(Math.min(toMs, this.endMs));
    if (toMs >= this.endMs) this.pause();
  }
}

export function usePlayhead(): Playhead {
  const [playhead] = useState(() => new Playhead());
  useEffect(() => () => playhead.pause(), [playhead]);
  return playhead;
}
