/** One call: what was said and heard, what it waited for, and what went wrong. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { address } from "../../api/client";
import { session as sessionQuery } from "../../api/queries";
import type { SchemaSessionBody, SchemaTurnBody } from "../../api/schema";
import { Failure, Loading } from "../../elements/states";
import { Tiles } from "../../elements/Tiles";
import { clock, count, duration, exactInstant, instant, money } from "../../format/figures";
import { useKeys } from "../../shell/keys";
import { Status } from "../sessions/SessionTable";
import { Player } from "./Player";
import { usePlayback } from "./playback";
import { SidePanel, TABS, type Tab } from "./SidePanel";
import { percentile } from "./stages";
import { Transcript } from "./Transcript";
import "./session.css";

export function SessionPage() {
  const { id } = useParams({ from: "/inside/p/$project/sessions/$id" });
  const found = useQuery(sessionQuery(id));
  useLive(id, found.data);
  if (found.isPending) return <Loading />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  return <Session session={found.data} />;
}

/** Takes the session anew whenever it grows, until it is closed. */
function useLive(id: string, session: SchemaSessionBody | undefined): void {
  const queries = useQueryClient();
  const isLive = session?.status === "active";
  useEffect(() => {
    if (!isLive) return;
    const events = new EventSource(address(`/sessions/${encodeURIComponent(id)}/events`));
    events.addEventListener("session", (event) => {
      queries.setQueryData(sessionQuery(id).queryKey, JSON.parse(event.data) as SchemaSessionBody);
    });
    events.addEventListener("end", () => events.close());
    return () => events.close();
  }, [id, isLive, queries]);
}

function Session({ session }: { session: SchemaSessionBody }) {
  const search = useSearch({ from: "/inside/p/$project/sessions/$id" });
  const navigate = useNavigate({ from: "/p/$project/sessions/$id" });
  const playback = usePlayback();
  const recording = session.recordings.find((each) => each.isPlayable);
  const offsetMs = recording?.offsetMs ?? 0;
  const tab: Tab = TABS.find((each) => each === search.tab) ?? "turn";
  const [isFollowing, setFollowing] = useState(true);
  const name = session.userRef ?? session.ref ?? session.id.slice(5, 13);

  useEffect(() => {
    document.title = `${name} · Turnwise`;
  }, [name]);

  const playing = playback.isPlaying ? turnAt(session.turns, playback.atMs + offsetMs) : undefined;
  const current = playing ?? search.turn;
  const turn = session.turns.find((each) => each.index === current);

  const { seek } = playback;
  const choose = useCallback(
    (index: number) => {
      const chosen = session.turns.find((each) => each.index === index);
      if (!chosen) return;
      seek(chosen.startMs - offsetMs);
      setFollowing(true);
      void navigate({ search: (old) => ({ ...old, turn: index }), replace: true });
    },
    [session.turns, seek, offsetMs, navigate],
  );
  const step = (by: number) => {
    const place = session.turns.findIndex((each) => each.index === current);
    const next = session.turns[place < 0 ? 0 : place + by];
    if (next) choose(next.index);
  };
  useKeys({
    " ": (event) => {
      if (!recording) return;
      event.preventDefault();
      playback.toggle();
    },
    j: () => step(1),
    k: () => step(-1),
    i: () => {
      const cut = session.turns.filter((each) => each.interrupted);
      const next = cut.find((each) => each.index > (current ?? -1)) ?? cut[0];
      if (next) choose(next.index);
    },
    arrowleft: () => seek(playback.atMs - 5_000),
    arrowright: () => seek(playback.atMs + 5_000),
  });

  return (
    <div className="page session-page">
      <Head session={session} name={name} />
      {recording && <Player sessionId={session.id} recording={recording} playback={playback} />}
      <div className="session-columns">
        <section
          className="panel transcript-panel"
          aria-label="Transcript"
          onWheel={() => setFollowing(false)}
        >
          {!isFollowing && playback.isPlaying && (
            <button type="button" className="button follow" onClick={() => setFollowing(true)}>
              Follow the recording
            </button>
          )}
          {session.turns.length ? (
            <Transcript
              session={session}
              current={current}
              isFollowing={isFollowing}
              onChoose={(chosen) => choose(chosen.index)}
            />
          ) : (
            <p className="quiet empty-transcript">Nothing has been said yet.</p>
          )}
        </section>
        <SidePanel
          session={session}
          turn={turn}
          tab={tab}
          onTab={(to) => void navigate({ search: (old) => ({ ...old, tab: to }), replace: true })}
          onTurn={choose}
        />
      </div>
    </div>
  );
}

function Head({ session, name }: { session: SchemaSessionBody; name: string }) {
  const responses = useMemo(
    () => session.turns.flatMap((each) => (each.responseMs === null ? [] : [each.responseMs])),
    [session.turns],
  );
  const real = session.interruptions.filter((each) => !each.isFalse).length;
  const tiles: [string, string][] = [
    ["Duration", clock(session.durationMs)],
    ["Turns", count(session.turns.length)],
    ["Response p50", duration(percentile(responses, 0.5))],
    ["Response p95", duration(percentile(responses, 0.95))],
    ["Cost", money(session.costUsd)],
  ];
  return (
    <header className="page-head">
      <div>
        <nav className="crumbs" aria-label="Breadcrumb">
          <Link
            to="/p/$project/sessions"
            activeOptions={{ exact: true }}
            params={{ project: session.project }}
            search={{}}
          >
            Sessions
          </Link>{" "}
          / <span className="mono">{session.id.slice(5, 13)}</span>
        </nav>
        <h1>{name}</h1>
        <p className="session-facts">
          <Status status={session.status} />
          <span className="badge">
            {session.agent} {session.appVersion}
          </span>
          <time
            className="quiet small"
            dateTime={new Date(session.startedMs).toISOString()}
            title={exactInstant(session.startedMs)}
          >
            {instant(session.startedMs)}
          </time>
          {real > 0 && <span className="badge warn">{real} interruptions</span>}
          {session.errors > 0 && <span className="badge bad">{session.errors} errors</span>}
        </p>
      </div>
      <Tiles figures={tiles} />
    </header>
  );
}

/** The turn that goes on at an instant, else the one before it. */
export function turnAt(turns: readonly SchemaTurnBody[], ms: number): number | undefined {
  return turns.findLast((each) => each.startMs <= ms)?.index;
}
