"""A recording heard from its first sample to its report.

The file is decoded once, into ten-millisecond frames; a second time, and only the caller's channel,
where noise or voices in the background ask for the neural detector.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.echo import LAGS, Echo, find_echo, without_echo
from turnwise.analyse.hearing.frames import QUIETEST_DB, Frames, Heard, Levels, Mask, hop_of
from turnwise.analyse.hearing.neural import SpeechDetector
from turnwise.analyse.hearing.roles import Roles, roles_of
from turnwise.analyse.hearing.spans import Span, mask_of, overlap, spans_of, total
from turnwise.analyse.hearing.talk import silences_of, talk_of
from turnwise.analyse.hearing.voice import (
    ENOUGH_FRAMES,
    LIKELY,
    Loudness,
    by_level,
    by_network,
    by_spectrum,
    likelihoods,
    loud_of,
    loudness_of,
    smoothed,
    speech_spans,
    without_tones,
)
from turnwise.analyse.release.statistics import spread
from turnwise.model.audio import AudioReport, HeardResponse
from turnwise.model.diagnosis import Spread
from turnwise.model.errors import BadInput
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.speaker import Speaker

VERSION = 2
"""Of the analysis; a report of a lower one may be asked for anew."""
LONGEST_SECONDS = 4 * 3_600
"""What comes later in a file is not heard, so that memory is bounded."""
SILENT_DB = -60.0
"""A recording without a louder sample is silent."""

_BUSY_SHARE = 0.6
_OVER_SHARE = 0.3
_CLOSE_DB = 12.0
_LIVELY_DB = 2.5
"""Noise that does not change stays within this of its median for nearly all of the time."""
_NEAR_DB = 30.0
"""A background further below the caller than that changes nothing of when they are heard."""

Progress = Callable[[float], None]
"""Told how much of the work is done, 0 to 1."""


class Sound(Protocol):
    """A decoded recording, from its beginning as often as it is asked for."""

    rate: int
    channels: int
    frames: int
    """Samples of each channel as the header promises; fewer may come."""

    def blocks(self) -> Iterator[NDArray[numpy.float32]]:
        """Consecutive samples of shape (count, channels), -1 to 1.

        Raises:
            BadInput: the rest cannot be decoded.
        """
        ...


@dataclass(slots=True)
class _Doubts:
    """What lowers the confidence, and by how much."""

    confidence: float = 1.0
    notes: tuple[str, ...] = ()

    def add(self, share: float, note: str) -> None:
        self.confidence *= 1 - share
        self.notes += (note,)


def hear(
    recording_id: str,
    sound: Sound,
    *,
    agent_channel: int | None = None,
    agent_turns: Sequence[tuple[int, int]] = (),
    progress: Progress | None = None,
) -> AudioReport:
    """Measure a recording.

    Never raises for what is in the file: what cannot be measured has its reason in `problem`.

    Args:
        recording_id: for the report.
        sound: what is heard.
        agent_channel: 0 or 1 where it is known; else it is judged by what is heard.
        agent_turns: start and end of the agent's turns as reported, in nanoseconds of any clock.
        progress: told of it.
    """
    doubts = _Doubts()
    frames = _listen(sound, doubts, progress or (lambda _: None))
    empty = AudioReport(
        recording_id=recording_id,
        version=VERSION,
        channels=sound.channels,
        duration_ns=round(frames.samples * NS_PER_SECOND / sound.rate),
        clipped_share=frames.clipped_share,
    )
    if not frames.samples:
        reason = doubts.notes[0] if doubts.notes else "The file holds no sound at all."
        return replace(empty, problem=reason, clipped_share=None)
    if frames.peak_db < SILENT_DB:
        reason = f"The recording is silent: no sample is louder than {SILENT_DB:.0f} dBFS."
        return replace(empty, problem=reason)
    clock = _Clock(frames.hop, frames.rate)
    heard = frames.finish()
    if (why_not := _why_not_two(sound.channels, frames)) is not None:
        return _silences_only(replace(empty, problem=why_not), heard, clock)
    if frames.clipped_share > 0.001:
        doubts.add(0.15, f"{frames.clipped_share:.1%} of the samples are clipped.")
    return _conversation(
        empty, sound, heard, clock, doubts,
        agent_channel, [clock.frames(turn) for turn in agent_turns],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Clock:
    """Frames and nanoseconds."""

    hop: int
    rate: int

    def instant(self, frame: int) -> int:
        return round(frame * self.hop * NS_PER_SECOND / self.rate)

    def spans(self, spans: Sequence[Span]) -> list[Span]:
        return [(self.instant(start), self.instant(end)) for start, end in spans]

    def frames(self, turn: tuple[int, int]) -> Span:
        per_frame = self.hop * NS_PER_SECOND / self.rate
        return round(turn[0] / per_frame), round(turn[1] / per_frame)


def _listen(sound: Sound, doubts: _Doubts, progress: Progress) -> Frames:
    frames = Frames(sound.rate, sound.channels)
    promised = max(1, sound.frames)
    try:
        for block in sound.blocks():
            frames.add(block)
            progress(min(1.0, frames.samples / promised))
            if frames.samples >= LONGEST_SECONDS * sound.rate:
                doubts.add(0.0, f"Only the first {LONGEST_SECONDS // 3_600} hours were heard.")
                return frames
    except BadInput as error:
        doubts.add(0.2, error.message)
        return frames
    if frames.samples < sound.frames * 0.99:
        seconds, all_seconds = (each / sound.rate for each in (frames.samples, sound.frames))
        doubts.add(0.2, f"The file ends after {seconds:.1f} of {all_seconds:.1f} s.")
    return frames


def _why_not_two(channels: int, frames: Frames) -> str | None:
    if channels == 1:
        return (
            "The recording has one channel: who speaks cannot be told from it, so only silences "
            "are measured. Record caller and agent on channels of their own."
        )
    if channels > 2:
        return f"The recording has {channels} channels; caller and agent need one each."
    if frames.is_one_sound_twice:
        return "Both channels carry the same sound: who speaks cannot be told from it."
    return None


def _silences_only(report: AudioReport, heard: Sequence[Heard], clock: _Clock) -> AudioReport:
    """Where no channel has speech in it."""
    spoken: Mask = numpy.zeros(len(heard[0].levels), numpy.bool_)
    for each in heard:
        spoken |= _look(each, None)
    silences = silences_of([], clock.spans(speech_spans(spoken)), report.duration_ns)
    return replace(report, silences=tuple(replace(each, owed_by=None) for each in silences))


def _conversation(
    empty: AudioReport,
    sound: Sound,
    heard: Sequence[Heard],
    clock: _Clock,
    doubts: _Doubts,
    agent_channel: int | None,
    agent_turns: Sequence[Span],
) -> AudioReport:
    first_looks = _first_looks(heard)
    echoes = [find_echo(heard[n], heard[1 - n]) for n in range(2)]
    roles = Roles(agent_channel, is_certain=True) if agent_channel is not None else None
    roles = roles or roles_of(heard, first_looks, echoes, agent_turns)
    if not roles.is_certain:
        doubts.add(0.3, "Which channel is the agent's is uncertain.")
    agent, user = heard[roles.agent], heard[1 - roles.agent]
    echo = echoes[roles.agent]
    returned = echoes[1 - roles.agent]
    other = first_looks[1 - roles.agent]
    if echo is not None:
        other = without_echo(other, echo, agent.levels, user.levels)
    agent_mask = _agent_mask(agent, first_looks[roles.agent], other)
    if agent.is_tonal or user.is_tonal:
        doubts.add(0.4, "A channel holds nothing but tones; they are taken for speech.")
    if returned is not None and (echo is None or returned.gain_db <= -_CLOSE_DB):
        # With an echo of the agent its own voice may seem to be one of the caller's, but no faint one.
        agent_mask = without_echo(agent_mask, returned, user.levels, agent.levels)
        doubts.add(0.05, "The caller is heard in the agent's channel.")
    user_mask = _user_mask(sound, 1 - roles.agent, user, agent, agent_mask, echo, doubts)
    agent_spans = clock.spans(speech_spans(agent_mask))
    user_spans = clock.spans(speech_spans(user_mask))
    if not agent_spans or not user_spans:
        silent = "agent" if user_spans else "caller"
        silent = silent if agent_spans or user_spans else "agent's and the caller"
        doubts.add(0.5, f"No speech was found on the {silent}'s channel.")
    talk = talk_of(agent_spans, user_spans, empty.duration_ns)
    agent_said, user_said = (
        [(turn.start_ns, turn.end_ns) for turn in talk.turns if turn.speaker is each]
        for each in (Speaker.AGENT, Speaker.USER)
    )
    level = loudness_of(user.levels, user_mask)
    return replace(
        empty,
        agent_channel=roles.agent,
        confidence=round(doubts.confidence, 3),
        notes=doubts.notes,
        snr_db=round(level.snr_db, 1) if user_spans else None,
        turns=talk.turns,
        overlaps=talk.overlaps,
        responses=talk.responses,
        response_ms=_spread(talk.responses),
        silences=talk.silences,
        user_speech_ns=total(user_said),
        agent_speech_ns=total(agent_said),
        overlap_ns=total(overlap(agent_said, user_said)),
    )


def _spread(responses: Sequence[HeardResponse]) -> Spread:
    return spread([each.latency_ns / NS_PER_MS for each in responses])


def _first_looks(heard: Sequence[Heard]) -> list[Mask]:
    """Where each of two channels has speech, before it is known whose is which.

    The one that seems to have more of it may have a background that comes and goes, so it is looked
    at again first: what it has while the other one speaks tells.
    """
    looks = [_look(each, None) for each in heard]
    busier = int(looks[1].mean() > looks[0].mean())
    for n in (busier, 1 - busier):
        looks[n] = _look(heard[n], looks[1 - n])
    return looks


def _look(heard: Heard, other: Mask | None) -> Mask:
    if heard.is_tonal:
        return by_level(heard)
    return without_tones(by_spectrum(heard, other=other), heard.tones)


def _agent_mask(agent: Heard, by_its_spectrum: Mask, other: Mask) -> Mask:
    """By level, unless the line is too noisy for that."""
    mask = without_tones(by_level(agent, other), agent.tones)
    return mask if loudness_of(agent.levels, mask).snr_db >= 2 * _CLOSE_DB else by_its_spectrum


def _user_mask(
    sound: Sound,
    channel: int,
    user: Heard,
    agent: Heard,
    agent_mask: Mask,
    echo: Echo | None,
    doubts: _Doubts,
) -> Mask:
    """By spectrum; by the network where that cannot be trusted."""

    def own(mask: Mask) -> Mask:
        mask = without_tones(mask, user.tones)
        return without_echo(mask, echo, agent.levels, user.levels) if echo else mask

    if user.is_tonal:
        return own(by_level(user))
    expected = echo.bands(agent.bands) if echo else None
    mask = without_tones(by_spectrum(user, expected, agent_mask), user.tones)
    level = loudness_of(user.levels, mask)
    if echo is not None:
        doubts.add(0.05, f"The agent is heard in the caller's channel, {echo.gain_db:.0f} dB down.")
    # An echo fades within the reach of its model; behind that nothing of the agent is left.
    listening = agent_mask if echo is None else ~_widened(agent_mask, LAGS)
    is_trusted = _is_trusted(mask, agent_mask, level)
    is_lively = is_trusted and _is_lively(user.levels, listening & ~mask)
    if is_trusted and not is_lively:
        if level.snr_db < 2 * _CLOSE_DB and mask.any():
            doubts.add(0.1, f"The caller is only {level.snr_db:.0f} dB above the noise.")
        return mask
    likely = _probabilities(sound, channel)
    seconds = sound_frame_seconds(sound)
    voices = likelihoods(likely, len(mask), seconds)[listening] >= LIKELY
    if is_lively and float(voices.mean()) < _OVER_SHARE:
        doubts.add(0.1, "There are sounds in the background of the caller.")
        return mask
    doubts.add(0.3, "Noise or voices on the caller's channel: judged by the neural detector.")
    return own(by_network(likely, user, seconds, agent_mask if echo is None else None))


def _is_lively(levels: Levels, background: Mask) -> bool:
    """Whether what is heard beside the caller changes and comes near to the caller's own level."""
    if int(background.sum()) < ENOUGH_FRAMES:
        return False
    usual, highest = numpy.percentile(smoothed(levels)[background], [50, 95])
    near = loud_of(levels) - _NEAR_DB
    return bool(highest - usual >= _LIVELY_DB and highest >= near)


def _widened(mask: Mask, frames: int) -> Mask:
    """With so many frames more behind each stretch."""
    return mask_of([(start, end + frames) for start, end in spans_of(mask)], len(mask))


def sound_frame_seconds(sound: Sound) -> float:
    """How long one frame of this recording is."""
    return hop_of(sound.rate) / sound.rate


def _is_trusted(mask: Mask, agent_mask: Mask, level: Loudness) -> bool:
    """Whether what was taken for the caller's speech can be that (voice.md 3.2, 5)."""
    if not mask.any():
        return level.noise_db < QUIETEST_DB + 40.0
    both = float((mask & agent_mask).sum())
    return (
        float(mask.mean()) <= _BUSY_SHARE
        and level.snr_db >= _CLOSE_DB
        and both <= _OVER_SHARE * max(1.0, float(agent_mask.sum()))
    )


def _probabilities(sound: Sound, channel: int) -> NDArray[numpy.float32]:
    detector = SpeechDetector(sound.rate)
    found, samples = [], 0
    try:
        for block in sound.blocks():
            found.append(detector.listen(numpy.ascontiguousarray(block[:, channel])))
            samples += len(block)
            if samples >= LONGEST_SECONDS * sound.rate:
                break
    except BadInput:
        # The first time told of it; what came before is as good as it was then.
        pass
    found.append(detector.finish())
    return numpy.concatenate(found)
