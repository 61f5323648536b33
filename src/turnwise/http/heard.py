"""What was heard in a recording, as JSON: the same shape wherever it is shown.

Milliseconds. `interruptions` are those in which the agent gave way or should have; sounds of a
listening caller and an agent that began too early are lists of their own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from turnwise.model.audio import AudioReport, HeardKind, HeardOverlap, HeardResponse
from turnwise.model.instants import ms_from_ns
from turnwise.model.session import Session, Turn

_INTERRUPTIONS = (HeardKind.BARGE_IN, HeardKind.MISSED)


class HeardTurnBody(msgspec.Struct, rename="camel", frozen=True):
    """Speech of one party."""

    speaker: str
    start_ms: int
    end_ms: int


class OverlapBody(msgspec.Struct, rename="camel", frozen=True):
    """Both at once; `stopLatencyMs` is null when nobody gave way."""

    kind: str
    start_ms: int
    stop_latency_ms: int | None


class SilenceBody(msgspec.Struct, rename="camel", frozen=True):
    """Neither of them for at least three seconds."""

    start_ms: int
    end_ms: int
    owed_by: str | None


class ResponseBody(msgspec.Struct, rename="camel", frozen=True, omit_defaults=True):
    """The caller's end to the agent's onset; beside it what the agent reported for that turn."""

    user_end_ms: int
    agent_start_ms: int
    latency_ms: int
    turn: int | None = None
    reported_ms: int | None = None
    difference_ms: int | None = None


class LatencyBody(msgspec.Struct, rename="camel", frozen=True):
    """Percentiles by linear interpolation."""

    count: int
    avg: float | None
    p50: float | None
    p95: float | None
    max: float | None


class HeardBody(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One recording, measured; instants since its start, or since the session's where aligned."""

    channels: int
    duration_ms: int
    confidence: float
    problem: str | None
    notes: Sequence[str]
    agent_channel: int | None
    turns: list[HeardTurnBody]
    interruptions: list[OverlapBody]
    backchannels: list[OverlapBody]
    premature: list[OverlapBody]
    dead_air: list[SilenceBody]
    response_latency_ms: LatencyBody
    responses: list[ResponseBody]
    talk_ratio: float | None
    agent_speech_ms: int
    user_speech_ms: int
    overlap_ms: int
    snr_db: float | None
    clipped_share: float | None


class SessionAudioBody(HeardBody, rename="camel", frozen=True, kw_only=True):
    """The same of a session; `startMs` is where the recording begins in it, null when unknown."""

    recording_id: str
    start_ms: int | None
    alignment_mad_ms: int | None


def heard_body(report: AudioReport) -> HeardBody:
    """The published form of a report by itself."""
    return HeardBody(**_fields(report, 0, ()))


def session_audio(session: Session) -> SessionAudioBody | None:
    """The published form of what was heard of a session; None when nothing was yet."""
    report = session.audio
    if report is None:
        return None
    offset_ns = None if report.started_ns is None else report.started_ns - session.started_ns
    return SessionAudioBody(
        recording_id=report.recording_id,
        start_ms=_ms(offset_ns),
        alignment_mad_ms=_ms(report.alignment_mad_ns),
        **_fields(report, offset_ns or 0, session.turns),
    )


def _fields(report: AudioReport, offset_ns: int, turns: Sequence[Turn]) -> dict[str, Any]:
    def at(instant_ns: int) -> int:
        return ms_from_ns(instant_ns + offset_ns)

    def overlaps(*kinds: HeardKind) -> list[OverlapBody]:
        return [
            OverlapBody(kind=each.kind, start_ms=at(each.onset_ns), stop_latency_ms=_stop(each))
            for each in report.overlaps
            if each.kind in kinds
        ]

    heard = report.response_ms
    return {
        "channels": report.channels,
        "duration_ms": ms_from_ns(report.duration_ns),
        "confidence": report.confidence,
        "problem": report.problem,
        "notes": report.notes,
        "agent_channel": report.agent_channel,
        "turns": [
            HeardTurnBody(each.speaker, at(each.start_ns), at(each.end_ns)) for each in report.turns
        ],
        "interruptions": overlaps(*_INTERRUPTIONS),
        "backchannels": overlaps(HeardKind.BACKCHANNEL),
        "premature": overlaps(HeardKind.PREMATURE),
        "dead_air": [
            SilenceBody(at(each.start_ns), at(each.end_ns), each.owed_by)
            for each in report.silences
        ],
        "response_latency_ms": LatencyBody(
            heard.count, *(_tenth(each) for each in (heard.avg, heard.p50, heard.p95, heard.max))
        ),
        "responses": [_response(each, at, turns) for each in report.responses],
        "talk_ratio": None if report.talk_ratio is None else round(report.talk_ratio, 3),
        "agent_speech_ms": ms_from_ns(report.agent_speech_ns),
        "user_speech_ms": ms_from_ns(report.user_speech_ns),
        "overlap_ms": ms_from_ns(report.overlap_ns),
        "snr_db": report.snr_db,
        "clipped_share": report.clipped_share,
    }


def _response(
    response: HeardResponse, at: Callable[[int], int], turns: Sequence[Turn]
) -> ResponseBody:
    latency_ms = ms_from_ns(response.latency_ns)
    index = response.turn_index
    reported_ms = _ms(turns[index].e2e_ns) if index is not None and index < len(turns) else None
    return ResponseBody(
        user_end_ms=at(response.user_end_ns),
        agent_start_ms=at(response.agent_start_ns),
        latency_ms=latency_ms,
        turn=index,
        reported_ms=reported_ms,
        difference_ms=None if reported_ms is None else latency_ms - reported_ms,
    )


def _stop(overlap: HeardOverlap) -> int | None:
    return None if overlap.stopped_ns is None else ms_from_ns(overlap.stopped_ns - overlap.onset_ns)


def _ms(duration_ns: int | None) -> int | None:
    return None if duration_ns is None else ms_from_ns(duration_ns)


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
