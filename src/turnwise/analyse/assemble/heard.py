"""What was heard in the recordings, placed on the session's clock and beside what was reported.

Where both spoke at once counts among what the session tells of that, unless telemetry tells of the
same moment already; it is never counted twice.

The recording's first sample is placed where most of the agent's onsets meet reported ones: the
median of (reported start - heard onset) over the agent turns that match, with its median absolute
deviation as the quality. Without a match the recording's own start counts. Source: voice.md 3.1.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

import msgspec

from turnwise.analyse.assemble.statements import Body, int_of, text_of
from turnwise.model.audio import AudioReport, HeardOverlap
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.recording import Analysis, Recording
from turnwise.model.session import Interruption, InterruptionKind, Session, Turn
from turnwise.model.speaker import Speaker

COMPARABLE_NS = 250 * NS_PER_MS
"""With a larger deviation no turn is compared with what was heard (voice.md 3.1)."""
_NEAR_NS = 600 * NS_PER_MS
"""How far a heard onset may be from the reported one that it is taken for."""
_TRUSTED_NS = 5 * NS_PER_SECOND
"""How far from its stated start a recording may turn out to have begun."""
_SAME_MOMENT_NS = 2 * NS_PER_SECOND
_SURE = 0.5
"""What was heard with less confidence counts as nothing that happened."""
_CANDIDATES = 100
"""Onsets of each side that are tried against each other."""

_decoder = msgspec.json.Decoder(AudioReport)


def with_hearing(session: Session, bodies: Mapping[str, Body]) -> Session:
    """The session with what was heard of it, and voices at once that only the recording tells of.

    Args:
        session: as reported.
        bodies: facts of the kind AUDIO, by recording.
    """
    if not session.recordings:
        return session
    reports = {each.id: _report(each, bodies.get(each.id, {})) for each in session.recordings}
    told = [(each, report) for each in session.recordings if (report := reports[each.id])]
    audio = None
    if told:
        recording, report = min(told, key=_worth)
        audio = _aligned(report, session.turns, _stated_start(recording, session.started_ns))
    heard = [] if audio is None else _only_heard(session, audio)
    cuts = [each for each in heard if each.kind is InterruptionKind.BARGE_IN]
    others = [each for each in heard if each.kind is not InterruptionKind.BARGE_IN]
    return replace(
        session,
        audio=audio,
        recordings=tuple(
            replace(each, analysis=_analysis(each, reports[each.id])) for each in session.recordings
        ),
        interruptions=_in_order(session.interruptions, cuts),
        overlaps=_in_order(session.overlaps, others),
    )


def _report(recording: Recording, body: Body) -> AudioReport | None:
    """The report of this very audio; None when it has been replaced since, or cannot be read."""
    text = text_of(body, "report")
    if recording.file is None or text is None:
        return None
    if int_of(body, "created_ns") != recording.created_ns:
        return None
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, ValueError):
        return None


def _analysis(recording: Recording, report: AudioReport | None) -> Analysis | None:
    if recording.file is None:
        return None
    if report is None:
        return Analysis.PENDING
    return Analysis.FAILED if report.problem else Analysis.DONE


def _worth(pair: tuple[Recording, AudioReport]) -> tuple[bool, int, int, str]:
    """What could be measured before what could not, then the longest."""
    recording, report = pair
    return report.problem is not None, -report.channels, -report.duration_ns, recording.id


def _stated_start(recording: Recording, started_ns: int) -> int | None:
    return None if recording.offset_ns is None else started_ns + recording.offset_ns


def _aligned(report: AudioReport, turns: Sequence[Turn], stated_ns: int | None) -> AudioReport:
    """The report on the telemetry's clock, as far as it can be placed there."""
    said = [turn for turn in turns if turn.speaker is Speaker.AGENT]
    reported = sorted(turn.start_ns for turn in said)
    onsets = [each.start_ns for each in report.turns if each.speaker is Speaker.AGENT]
    start_ns = _best_start(reported, onsets, stated_ns)
    matches = [] if start_ns is None else _matches(reported, onsets, start_ns)
    needed = 1 if stated_ns is not None or min(len(reported), len(onsets)) < 2 else 2
    if start_ns is None or len(matches) < needed:
        return replace(report, started_ns=stated_ns)
    # The mean of two instants since the epoch is more than a float can tell apart.
    exact = start_ns + round(median(each - start_ns for each in matches))
    deviation = round(median(abs(each - exact) for each in matches))
    aligned = replace(report, started_ns=exact, alignment_mad_ns=deviation)
    return aligned if deviation > COMPARABLE_NS else _with_turns(aligned, exact, said)


def _best_start(
    reported: Sequence[int], onsets: Sequence[int], stated_ns: int | None
) -> int | None:
    """The start at which most onsets meet; of equals the one nearest to what was stated."""
    candidates = [
        start - onset for start in reported[:_CANDIDATES] for onset in onsets[:_CANDIDATES]
    ]
    if stated_ns is not None:
        candidates = [each for each in candidates if abs(each - stated_ns) <= _TRUSTED_NS]
    if not candidates:
        return None
    ordered = sorted(candidates)

    def met(start: int) -> int:
        """How many pairs lie within the reach of this start."""
        return bisect_left(ordered, start + _NEAR_NS // 2) - bisect_left(
            ordered, start - _NEAR_NS // 2
        )

    aim = reported[0] - onsets[0] if stated_ns is None else stated_ns
    return max(ordered, key=lambda each: (met(each), -abs(each - aim), -each))


def _matches(reported: Sequence[int], onsets: Sequence[int], start_ns: int) -> list[int]:
    """For each reported start the start of the recording by the onset next to it."""
    found = []
    for each in reported:
        at = bisect_left(onsets, each - start_ns)
        near = onsets[max(0, at - 1) : at + 1]
        apart = [each - onset for onset in near if abs(start_ns + onset - each) <= _NEAR_NS]
        if apart:
            found.append(min(apart, key=lambda start: abs(start - start_ns)))
    return found


def _with_turns(report: AudioReport, start_ns: int, said: Sequence[Turn]) -> AudioReport:
    """Each response with the turn that it begins."""

    def turn_at(instant_ns: int) -> int | None:
        near = [turn for turn in said if abs(turn.start_ns - instant_ns) <= _NEAR_NS]
        return min(near, key=lambda t: abs(t.start_ns - instant_ns)).index if near else None

    responses = tuple(
        replace(each, turn_index=turn_at(start_ns + each.agent_start_ns))
        for each in report.responses
    )
    return replace(report, responses=responses)


def _in_order(
    told: tuple[Interruption, ...], heard: Sequence[Interruption]
) -> tuple[Interruption, ...]:
    """Both by their onsets; what was told stays as it was when nothing was heard beside it."""

    def place(each: Interruption) -> tuple[int, int, str]:
        return each.onset_ns or 0, each.agent_turn_index or 0, each.id

    return tuple(sorted([*told, *heard], key=place)) if heard else told


def _only_heard(session: Session, audio: AudioReport) -> list[Interruption]:
    """Both voices at once, where telemetry tells of no such moment."""
    if audio.confidence < _SURE:
        return []
    if (audio.alignment_mad_ns or 0) > COMPARABLE_NS:
        return []
    known, turns = [*session.interruptions, *session.overlaps], session.turns
    started_ns = audio.started_ns
    if started_ns is None:
        # Without a clock in common nobody can say which moments are the same.
        if known or any(turn.speaker is Speaker.AGENT for turn in turns):
            return []
        started_ns = session.started_ns
    found = [_cut(each, audio.recording_id, started_ns, turns) for each in audio.overlaps]
    return [each for each in found if not any(_is_same(each, other) for other in known)]


def _cut(
    overlap: HeardOverlap, recording_id: str, started_ns: int, turns: Sequence[Turn]
) -> Interruption:
    onset_ns = started_ns + overlap.onset_ns
    kind = InterruptionKind(overlap.kind)
    is_premature = kind is InterruptionKind.PREMATURE
    # Whoever comes second begins at the onset, give or take what the clocks are apart.
    agent_by, user_by = (_NEAR_NS, 0) if is_premature else (0, _SAME_MOMENT_NS)
    agent = _last_turn(turns, Speaker.AGENT, onset_ns + agent_by)
    user = _last_turn(turns, Speaker.USER, onset_ns + user_by)
    if not is_premature and user is not None and user.start_ns < onset_ns - _SAME_MOMENT_NS:
        user = None
    return Interruption(
        id=f"{recording_id}:{overlap.onset_ns // NS_PER_MS}",
        kind=kind,
        agent_turn_index=None if agent is None else agent.index,
        user_turn_index=None if user is None else user.index,
        onset_ns=onset_ns,
        stopped_ns=None if overlap.stopped_ns is None else started_ns + overlap.stopped_ns,
        source="audio",
    )


def _last_turn(turns: Sequence[Turn], speaker: Speaker, until_ns: int) -> Turn | None:
    begun = [turn for turn in turns if turn.speaker is speaker and turn.start_ns <= until_ns]
    return begun[-1] if begun else None


def _is_same(heard: Interruption, other: Interruption) -> bool:
    """Whether telemetry tells of the same moment, by an instant or by the turn that it is about."""
    instants = [other.onset_ns, other.detected_ns, other.stopped_ns]
    known = [each for each in instants if each is not None]
    is_same_turn = (
        heard.agent_turn_index is not None and heard.agent_turn_index == other.agent_turn_index
    )
    if heard.kind is other.kind is InterruptionKind.PREMATURE and is_same_turn:
        # Telemetry takes the caller's onset for the beginning of it.
        return True
    if not known:
        return is_same_turn
    first, last = heard.onset_ns or 0, heard.stopped_ns or heard.onset_ns or 0
    return any(first - _SAME_MOMENT_NS <= at <= last + _SAME_MOMENT_NS for at in known)
