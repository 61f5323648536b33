/** Moves through the call: by keys, by clicks, with the recording; the address says where one is. */

import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../../shell/keys";
import type { Call } from "./call";
import { useLive } from "./live";
import { afterSilence, marksOf, turnAt } from "./marks";
import { usePlayhead } from "./playhead";
import type { SessionSearch } from "./search";
import { responsesOf, toolsByTurn } from "./stages";
import { useView } from "./view";

const STEP_MS = 5_000;
/** How much of what came before an interruption is heard when one goes to it. */
const BEFORE_MS = 2_000;

export function useSteering(call: Call, search: SessionSearch, skipsSilence: boolean) {
  const navigate = useNavigate({ from: "/p/$project/sessions/$id" });
  const responses = useMemo(() => responsesOf(call.turns), [call.turns]);
  const tools = useMemo(() => toolsByTurn(call.tools), [call.tools]);
  const marks = useMemo(() => marksOf(call, responses), [call, responses]);
  const { turns } = call;
  const playhead = usePlayhead();
  playhead.endMs = marks.whole.toMs;
  playhead.skip = skipsSilence ? (atMs) => afterSilence(marks.speech, atMs) : null;

  const write = useCallback(
    (changes: SessionSearch) =>
      void navigate({ search: (old) => ({ ...old, ...changes }), replace: true }),
    [navigate],
  );
  const startMs =
    search.t !== undefined
      ? search.t * 1000
      : (turns.find((each) => each.index === search.turn)?.startMs ?? 0);
  const view = useView({
    whole: marks.whole,
    playhead,
    zoom: search.zoom,
    startMs,
    onZoom: (zoom) => write({ zoom }),
  });
  const [isFollowing, setFollowing] = useState(true);
  const isPlaying = useLive(playhead.isPlaying, (value) => value);
  const playing = useLive(playhead.atMs, (ms) => turnAt(turns, ms));
  const current = isPlaying ? (playing ?? search.turn) : search.turn;

  // What the page wrote itself is no wish to go anywhere.
  const known = useRef<string>(undefined);
  useEffect(() => {
    const place = `${search.turn} ${search.t}`;
    if (known.current === place) return;
    known.current = place;
    playhead.seek(startMs);
    view.show(startMs);
  }, [search.turn, search.t, startMs, playhead, view]);
  const goTo = useCallback(
    (ms: number, turn: number | undefined, t: number | undefined) => {
      known.current = `${turn} ${t}`;
      playhead.seek(ms);
      view.show(playhead.atMs.value);
      setFollowing(true);
      write({ turn, t });
    },
    [playhead, view, write],
  );
  const seek = useCallback(
    (ms: number, turn?: number) =>
      goTo(ms, turn ?? turnAt(turns, ms), Math.max(0, Math.round(ms / 100) / 10)),
    [goTo, turns],
  );
  const choose = useCallback(
    (index: number) => {
      const chosen = turns.find((each) => each.index === index);
      if (chosen) goTo(chosen.startMs, index, undefined);
    },
    [goTo, turns],
  );
  const step = useCallback(
    (by: number) => {
      const place = turns.findIndex((each) => each.index === current);
      const next = turns[place < 0 ? 0 : place + by];
      if (next) choose(next.index);
    },
    [turns, current, choose],
  );

  useEffect(() => {
    if (!isPlaying || playing === undefined) return;
    known.current = `${playing} undefined`;
    write({ turn: playing, t: undefined });
  }, [isPlaying, playing, write]);
  const wasPlaying = useRef(false);
  useEffect(() => {
    if (wasPlaying.current && !isPlaying) {
      const t = Math.max(0, Math.round(playhead.atMs.value / 100) / 10);
      const turn = turnAt(turns, playhead.atMs.value);
      known.current = `${turn} ${t}`;
      write({ turn, t });
    }
    wasPlaying.current = isPlaying;
  }, [isPlaying, playhead, turns, write]);

  const fitTurn = useCallback(() => {
    const turn = marks.speech.find((each) => each.turn === current);
    const wait = marks.waits.find((each) => each.turn === current);
    if (turn) view.fit({ fromMs: wait?.fromMs ?? turn.fromMs, toMs: turn.toMs });
  }, [marks, current, view]);
  const fitWhole = useCallback(() => view.fit(marks.whole), [marks, view]);
  const next = <T extends { turn: number | null }>(all: readonly T[]) =>
    all.find((each) => (each.turn ?? -1) > (current ?? -1)) ?? all[0];

  useKeys({
    " ": (event) => {
      // What can be pressed takes the key for itself.
      if (event.target instanceof Element && event.target.closest("button, summary")) return;
      event.preventDefault();
      playhead.toggle();
    },
    j: () => step(1),
    k: () => step(-1),
    i: () => {
      const flag = next(marks.flags.filter((each) => each.kind !== "backchannel"));
      if (!flag) return;
      const turn = turns.find((each) => each.index === flag.turn);
      seek(Math.max(turn?.startMs ?? 0, flag.atMs - BEFORE_MS), flag.turn ?? undefined);
    },
    e: () => {
      const fault = next(marks.faults);
      if (fault) choose(fault.turn);
    },
    f: fitTurn,
    0: fitWhole,
    "+": () => view.zoom(0.5),
    "=": () => view.zoom(0.5),
    "-": () => view.zoom(2),
    arrowleft: () => seek(playhead.atMs.value - STEP_MS),
    arrowright: () => seek(Math.min(playhead.atMs.value + STEP_MS, marks.whole.toMs)),
  });

  return {
    responses,
    tools,
    marks,
    playhead,
    view,
    current,
    isPlaying,
    isFollowing,
    follow: useCallback(() => setFollowing(true), []),
    scrolled: useCallback(() => setFollowing(false), []),
    seek,
    choose,
    step,
    fitTurn,
    fitWhole,
  };
}
