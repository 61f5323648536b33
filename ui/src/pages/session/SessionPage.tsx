/** One call: what was said and heard, what it waited for, and what went wrong. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { address, getBytes } from "../../api/client";
import { session as sessionQuery } from "../../api/queries";
import type { SchemaRecordingBody, SchemaSessionBody } from "../../api/schema";
import { Failure, Loading } from "../../elements/states";
import type { Call } from "./call";
import type { Sound } from "./draw";
import { Head } from "./Head";
import { Legend } from "./Legend";
import { offsetOf } from "./marks";
import { Player } from "./Player";
import { readPeaks } from "./peaks";
import { SidePanel } from "./SidePanel";
import { useSteering } from "./steering";
import { Timeline } from "./Timeline";
import { Transcript } from "./Transcript";
import "./timeline.css";
import "./panel.css";
import "./session.css";

const ROUTE = "/inside/p/$project/sessions/$id";

export function SessionPage() {
  const { id } = useParams({ from: ROUTE });
  const found = useQuery(sessionQuery(id));
  useGrowth(id, found.data);
  if (found.isPending) return <Loading />;
  if (!found.data) return <Failure error={found.error} retry={() => void found.refetch()} />;
  return <Session key={found.data.id} call={found.data} />;
}

/** Takes the session anew whenever it grows, until it is closed. */
function useGrowth(id: string, session: SchemaSessionBody | undefined): void {
  const queries = useQueryClient();
  const isOpen = session?.isOpen === true;
  useEffect(() => {
    if (!isOpen) return;
    const events = new EventSource(address(`/sessions/${encodeURIComponent(id)}/events`));
    events.addEventListener("session", (event) => {
      queries.setQueryData(sessionQuery(id).queryKey, JSON.parse(event.data) as SchemaSessionBody);
    });
    events.addEventListener("end", () => events.close());
    return () => events.close();
  }, [id, isOpen, queries]);
}

function Session({ call }: { call: Call }) {
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: "/p/$project/sessions/$id" });
  const recording = call.recordings.find((each) => each.isPlayable);
  const offsetMs = recording ? offsetOf(call, recording) : 0;
  const sound = useSound(call, recording, offsetMs);
  const [skipsSilence, setSkipsSilence] = useState(false);
  const steering = useSteering(call, search, skipsSilence);
  const { marks, responses, tools, playhead, view, current } = steering;
  const audio = useRef<HTMLAudioElement>(null);
  const name = call.userRef ?? call.ref ?? call.id.slice(5, 13);
  const turn = call.turns.find((each) => each.index === current);

  useEffect(() => {
    document.title = `${name} · Turnwise`;
  }, [name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another recording is another element
  useEffect(() => playhead.attach(audio.current, offsetMs), [playhead, offsetMs, recording?.id]);

  const sides = useMemo(() => {
    if (recording?.channels !== 2) return null;
    const agent = agentChannel(call, recording);
    return { caller: 1 - agent, agent };
  }, [call, recording]);
  const isLive = call.status === "active";
  return (
    <div className="page session-page">
      <Head call={call} name={name} marks={marks} responses={responses} />
      <section className="panel player" aria-label="The call in time">
        {recording && (
          // biome-ignore lint/a11y/useMediaCaption: the transcript stands below
          <audio
            ref={audio}
            preload="metadata"
            src={address(
              `/sessions/${encodeURIComponent(call.id)}/recordings/${recording.id}/audio`,
            )}
          />
        )}
        <Timeline
          marks={marks}
          sound={sound}
          span={view.span}
          playhead={playhead}
          current={current}
          onMoved={view.moved}
          onSeek={steering.seek}
        />
        <Player
          sessionId={call.id}
          recording={recording}
          sides={sides}
          lengthMs={marks.whole.toMs}
          playhead={playhead}
          skipsSilence={skipsSilence}
          onSkipsSilence={setSkipsSilence}
          onZoom={view.zoom}
          onFit={steering.fitTurn}
          onWhole={steering.fitWhole}
        />
        <Legend marks={marks} />
      </section>
      <div className="session-columns">
        <section className="panel transcript-panel" aria-label="Transcript">
          {!steering.isFollowing && steering.isPlaying && (
            <button type="button" className="button follow" onClick={steering.follow}>
              Resume following
            </button>
          )}
          {call.turns.length ? (
            <Transcript
              turns={call.turns}
              responses={responses}
              tools={tools}
              marks={marks}
              current={current}
              playhead={playhead}
              isFollowing={steering.isFollowing}
              isGrowing={isLive && steering.isFollowing && current === undefined}
              onScrolled={steering.scrolled}
              onChoose={steering.choose}
            />
          ) : (
            <p className="quiet empty-transcript">Nothing has been said yet.</p>
          )}
        </section>
        <SidePanel
          call={call}
          turn={turn}
          responses={responses}
          tools={tools}
          search={search}
          onSearch={(to) => void navigate({ search: (old) => ({ ...old, ...to }), replace: true })}
          onTurn={steering.choose}
          onStep={steering.step}
          onSeek={steering.seek}
        />
      </div>
    </div>
  );
}

/** The second channel is the agent's, as recorders put it, unless listening has shown another. */
function agentChannel(call: Call, recording: SchemaRecordingBody): number {
  const heard = call.audio?.recordingId === recording.id ? call.audio.agentChannel : null;
  return heard ?? 1;
}

function useSound(
  call: Call,
  recording: SchemaRecordingBody | undefined,
  offsetMs: number,
): Sound | null {
  const { data: peaks } = useQuery({
    queryKey: ["peaks", recording?.id],
    queryFn: async ({ signal }) => {
      const place = `/sessions/${encodeURIComponent(call.id)}/recordings/${recording?.id}`;
      return readPeaks(await getBytes(`${place}/peaks`, signal));
    },
    enabled: recording !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const channel = recording ? agentChannel(call, recording) : 1;
  return useMemo(
    () => (peaks ? { peaks, offsetMs, agentChannel: channel } : null),
    [peaks, offsetMs, channel],
  );
}
