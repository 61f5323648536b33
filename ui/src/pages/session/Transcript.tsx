/** The turns as they were said, each with what the caller waited for it; only those in sight. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { AudioLines, Flag as FlagIcon, TriangleAlert, Wrench } from "lucide-react";
import { Fragment, memo, useCallback, useEffect, useMemo, useRef } from "react";
import type { SchemaToolBody } from "../../api/schema";
import { clock, duration } from "../../format/figures";
import type { Turn } from "./call";
import { useLive } from "./live";
import { FLAG_NAMES, type Flag, isMild, type Marks } from "./marks";
import type { Playhead } from "./playhead";
import { StageBar } from "./StageBar";
import { percentile, type Response, SLOW_MS } from "./stages";
import { piecesOf, wordAt } from "./words";

const ROW_PX = 84;
/** Below this a transcript is doubted (voice.md 1.5). */
const UNSURE = 0.6;

interface Props {
  turns: readonly Turn[];
  responses: ReadonlyMap<number, Response>;
  tools: ReadonlyMap<number, readonly SchemaToolBody[]>;
  marks: Marks;
  current: number | undefined;
  playhead: Playhead;
  /** Whether the list follows the current turn. */
  isFollowing: boolean;
  /** Whether new turns are to be seen as they come. */
  isGrowing: boolean;
  /** Somebody has scrolled. */
  onScrolled: () => void;
  onChoose: (turn: number) => void;
}

export function Transcript(props: Props) {
  const { turns, responses, tools, marks, current, isFollowing, isGrowing } = props;
  const { playhead, onChoose } = props;
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: turns.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: (place) => turns[place]?.id ?? place,
    overscan: 6,
  });
  const flags = useMemo(() => {
    const found = new Map<number, Flag[]>();
    for (const flag of marks.flags)
      if (flag.turn !== null) found.set(flag.turn, [...(found.get(flag.turn) ?? []), flag]);
    return found;
  }, [marks]);
  // One very slow turn must not make every other bar a sliver.
  const scaleMs = useMemo(() => {
    const totals = [...responses.values()].flatMap(({ totalMs }) => totalMs ?? []);
    return Math.max(1_500, (percentile(totals, 0.9) ?? 0) * 1.15);
  }, [responses]);

  const place = turns.findIndex((each) => each.index === current);
  useEffect(() => {
    if (place < 0 || !isFollowing) return;
    const { startIndex = 0, endIndex = -1 } = rows.range ?? {};
    const isInSight = place > startIndex && place < endIndex;
    rows.scrollToIndex(place, { align: isInSight ? "auto" : "center" });
  }, [place, isFollowing, rows]);
  const { length } = turns;
  useEffect(() => {
    if (isGrowing && length) rows.scrollToIndex(length - 1, { align: "end" });
  }, [isGrowing, length, rows]);

  return (
    <div
      ref={box}
      className="transcript-box"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys that scroll must reach it
      tabIndex={0}
      role="region"
      aria-label="What was said"
      onWheel={props.onScrolled}
      onTouchMove={props.onScrolled}
      onKeyDown={(event) => {
        if (/^(Arrow(Up|Down)|Page|Home|End)/.test(event.key)) props.onScrolled();
      }}
    >
      <ol className="transcript" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const turn = turns[item.index];
          return turn ? (
            <li
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              data-turn={turn.index}
              aria-posinset={item.index + 1}
              aria-setsize={turns.length}
              aria-current={turn.index === current ? "true" : undefined}
              className={`turn ${turn.speaker}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Row
                turn={turn}
                response={responses.get(turn.index)}
                tools={tools.get(turn.index) ?? NO_TOOLS}
                flags={flags.get(turn.index) ?? NO_FLAGS}
                scaleMs={scaleMs}
                playhead={turn.index === current && turn.words.length ? playhead : null}
                onChoose={onChoose}
              />
            </li>
          ) : null;
        })}
      </ol>
    </div>
  );
}

const wordsOf = (turn: Turn) =>
  turn.text ?? (turn.words.map((each) => each.text).join(" ") || null);

/** What was said, with the word that is heard lit up. */
function Words({ turn, playhead }: { turn: Turn; playhead: Playhead }) {
  const pieces = useMemo(() => piecesOf(turn), [turn]);
  const heard = useLive(playhead.atMs, (ms) => wordAt(turn.words, ms));
  return (
    <p>
      {pieces.map((piece, place) =>
        piece.word !== undefined && piece.word === heard ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text never change places
          <mark key={place}>{piece.text}</mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Fragment key={place}>{piece.text}</Fragment>
        ),
      )}
    </p>
  );
}

const NO_TOOLS: readonly SchemaToolBody[] = [];
const NO_FLAGS: readonly Flag[] = [];

interface RowProps {
  turn: Turn;
  response: Response | undefined;
  tools: readonly SchemaToolBody[];
  flags: readonly Flag[];
  scaleMs: number;
  /** Of the turn whose words are followed one by one. */
  playhead: Playhead | null;
  onChoose: (turn: number) => void;
}

const Row = memo(function Row(props: RowProps) {
  const { turn, response, tools, flags, scaleMs, playhead, onChoose } = props;
  const choose = useCallback(() => onChoose(turn.index), [onChoose, turn.index]);
  const isSlow = (response?.totalMs ?? 0) >= SLOW_MS;
  const isUnsure = turn.confidence !== null && turn.confidence < UNSURE;
  return (
    <>
      <button type="button" className="turn-at mono" onClick={choose}>
        <span className="hidden-text">Turn {turn.index} at </span>
        {clock(turn.startMs)}
      </button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button does the same by keys */}
      <div className="turn-body" onClick={() => getSelection()?.isCollapsed !== false && choose()}>
        <div className="turn-who">
          <span className="speaker">{turn.speaker === "agent" ? "Agent" : "Caller"}</span>
          {flags.map((flag) => (
            <span key={flag.id} className={`badge ${isMild(flag.kind) ? "warn" : "bad"}`}>
              <FlagIcon size={12} aria-hidden />
              {flag.kind === "barge_in" ? "Interrupted" : FLAG_NAMES[flag.kind]} at{" "}
              {clock(flag.atMs)}
            </span>
          ))}
          {turn.interrupted && flags.length === 0 && (
            <span className="badge bad">
              <AudioLines size={12} aria-hidden />
              Interrupted
            </span>
          )}
          {turn.error !== null && (
            <span className="badge bad" title={turn.error}>
              <TriangleAlert size={12} aria-hidden />
              <span className="clipped">{turn.error}</span>
            </span>
          )}
          {turn.confidence !== null && (
            <span
              className={isUnsure ? "badge warn" : "quiet small"}
              title="How sure the transcription is"
            >
              {Math.round(turn.confidence * 100)} % sure
            </span>
          )}
          {tools.map((tool) => (
            <span key={tool.id} className={`badge ${tool.isError ? "bad" : ""}`}>
              <Wrench size={12} aria-hidden />
              {tool.name}
              {tool.startMs !== null &&
                tool.endMs !== null &&
                ` ${duration(tool.endMs - tool.startMs)}`}
              {tool.isError && " failed"}
            </span>
          ))}
        </div>
        {playhead ? (
          <Words turn={turn} playhead={playhead} />
        ) : (
          <p className={turn.text ? "" : "quiet"}>
            {wordsOf(turn) ?? "Nobody reported the words."}
          </p>
        )}
        {turn.interimText !== null && (
          <p className="quiet small">
            First heard as <q>{turn.interimText}</q>
          </p>
        )}
        {response && (response.totalMs !== null || response.parts.length > 0) && (
          <div className="turn-time">
            <StageBar response={response} scaleMs={scaleMs} />
            {response.totalMs !== null && (
              <strong className={isSlow ? "late" : ""}>{duration(response.totalMs)}</strong>
            )}
          </div>
        )}
      </div>
    </>
  );
});
