/** The controls of the call: listen, how fast, to whom, and how near to look. */

import {
  Download,
  Maximize2,
  Pause,
  Play,
  Scan,
  Volume2,
  VolumeX,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import type { ReactNode } from "react";
import { address } from "../../api/client";
import type { SchemaRecordingBody } from "../../api/schema";
import { clock } from "../../format/figures";
import { useLive } from "./live";
import type { Playhead } from "./playhead";

const RATES = [0.75, 1, 1.25, 1.5, 2];

interface Props {
  sessionId: string;
  recording: SchemaRecordingBody | undefined;
  /** Channel of the caller and of the agent; null when they cannot be told apart. */
  sides: { caller: number; agent: number } | null;
  lengthMs: number;
  playhead: Playhead;
  skipsSilence: boolean;
  onSkipsSilence: (skips: boolean) => void;
  onZoom: (factor: number) => void;
  onFit: () => void;
  onWhole: () => void;
}

export function Player(props: Props) {
  const { sessionId, recording, sides, lengthMs, playhead, onZoom, onFit, onWhole } = props;
  const isPlaying = useLive(playhead.isPlaying, (value) => value);
  const rate = useLive(playhead.rate, (value) => value);
  return (
    <div className="player-controls">
      <button
        type="button"
        className="button primary play"
        onClick={() => playhead.toggle()}
        title={recording ? undefined : "There is no recording: the turns go by in their own time"}
      >
        {isPlaying ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />}
        {isPlaying ? "Pause" : "Play"}
      </button>
      <Clock playhead={playhead} lengthMs={lengthMs} />
      <label>
        <span className="hidden-text">Speed</span>
        <select
          className="input"
          value={rate}
          onChange={(event) => playhead.setRate(Number(event.currentTarget.value))}
        >
          {RATES.map((each) => (
            <option key={each} value={each}>
              {each}×
            </option>
          ))}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={props.skipsSilence}
          onChange={(event) => props.onSkipsSilence(event.currentTarget.checked)}
        />
        Skip silence
      </label>
      {recording && sides && (
        <fieldset className="sides" aria-label="Who is heard">
          <Side playhead={playhead} channel={sides.caller} name="Caller" colour="caller" />
          <Side playhead={playhead} channel={sides.agent} name="Agent" colour="agent" />
        </fieldset>
      )}
      {recording ? (
        <a
          className="button plain icon"
          href={address(
            `/sessions/${encodeURIComponent(sessionId)}/recordings/${recording.id}/audio`,
          )}
          download
          aria-label="Download the recording"
          title="Download the recording"
        >
          <Download size={16} aria-hidden />
        </a>
      ) : (
        <span className="quiet small">No recording</span>
      )}
      <fieldset className="zoom" aria-label="Zoom">
        <Tool name="Nearer (+)" onClick={() => onZoom(0.5)} icon={<ZoomIn size={16} />} />
        <Tool name="Farther (−)" onClick={() => onZoom(2)} icon={<ZoomOut size={16} />} />
        <Tool name="Fit the turn (F)" onClick={onFit} icon={<Scan size={16} />} />
        <Tool name="Whole call (0)" onClick={onWhole} icon={<Maximize2 size={15} />} />
      </fieldset>
    </div>
  );
}

function Tool({ name, icon, onClick }: { name: string; icon: ReactNode; onClick: () => void }) {
  return (
    <button
      type="button"
      className="button plain icon"
      aria-label={name}
      title={name}
      onClick={onClick}
    >
      {icon}
    </button>
  );
}

function Clock({ playhead, lengthMs }: { playhead: Playhead; lengthMs: number }) {
  const second = useLive(playhead.atMs, (ms) => Math.floor(ms / 1000 + 0.001));
  return (
    <span className="mono clock" role="timer" aria-live="off">
      {clock(second * 1000)} <span className="quiet">/ {clock(lengthMs)}</span>
    </span>
  );
}

function Side({
  playhead,
  channel,
  name,
  colour,
}: {
  playhead: Playhead;
  channel: number;
  name: string;
  colour: "caller" | "agent";
}) {
  const isMuted = useLive(playhead.muted, (muted) => muted.has(channel));
  return (
    <button
      type="button"
      className={`button plain side-switch ${colour}`}
      aria-pressed={!isMuted}
      title={isMuted ? `${name} is silenced` : `${name} is heard`}
      onClick={() => playhead.mute(channel, !isMuted)}
    >
      {isMuted ? <VolumeX size={15} aria-hidden /> : <Volume2 size={15} aria-hidden />}
      {name}
    </button>
  );
}
