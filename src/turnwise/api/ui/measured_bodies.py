"""What was measured of a session, as its page shows it: the way of each answer, talk, and sound.

Durations in milliseconds, instants in milliseconds since the session's start; None where nobody
reported.
"""

import msgspec

from turnwise.api.ui.answers import maybe_ms, ms, ms_since
from turnwise.model.audio import AudioReport
from turnwise.model.metrics import Conduct, Generation, Part, PathPart, Response, TurnKind


class PathPartBody(msgspec.Struct, rename="camel", frozen=True):
    """See model.metrics.PathPart; the parts' `held_ms` sum to the wait."""

    part: Part
    duration_ms: float
    held_ms: float
    start_ms: float | None
    model: str | None
    provider: str | None
    span_ids: tuple[str, ...]
    is_cancelled: bool


class GenerationBody(msgspec.Struct, rename="camel", frozen=True):
    """See model.metrics.Generation."""

    model: str | None
    requested_model: str | None
    provider: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    thinking_ms: float | None
    attempts: int


class ResponseBody(msgspec.Struct, rename="camel", frozen=True):
    """See model.metrics.Response."""

    kind: TurnKind
    asked_turn: int | None
    from_ms: float | None
    heard_ms: float | None
    latency_ms: float | None
    parts: list[PathPartBody]
    is_timed: bool
    generation: GenerationBody | None


class ConductBody(msgspec.Struct, rename="camel", frozen=True):
    """See model.metrics.Conduct."""

    first_word_ms: float | None
    agent_speech_ms: float | None
    user_speech_ms: float | None
    overlap_ms: float | None
    talk_ratio: float | None
    agent_words_per_minute: float | None
    longest_monologue_ms: float | None


class HeardBody(msgspec.Struct, rename="camel", frozen=True):
    """The wait before one turn as it was heard; negative when the two overlap."""

    turn: int | None
    latency_ms: float


class AudioBody(msgspec.Struct, rename="camel", frozen=True):
    """See model.audio.AudioReport; the percentiles are of `responses`.

    Attributes:
        start_ms: where the recording begins in the session; None where that could not be heard.
    """

    recording_id: str
    start_ms: float | None
    agent_channel: int | None
    confidence: float
    problem: str | None
    notes: tuple[str, ...]
    alignment_mad_ms: float | None
    responses: list[HeardBody]
    p50_ms: float | None
    p95_ms: float | None
    snr_db: float | None
    clipped_share: float | None


def response_body(response: Response, start_ns: int) -> ResponseBody:
    """The way of an answer; `start_ns` is when the session began."""
    made = response.generation
    return ResponseBody(
        kind=response.kind,
        asked_turn=response.asked_turn,
        from_ms=ms_since(start_ns, response.from_ns),
        heard_ms=ms_since(start_ns, response.heard_ns),
        latency_ms=maybe_ms(response.latency_ns),
        parts=[_part(each, start_ns) for each in response.parts],
        is_timed=response.is_timed,
        generation=None if made is None else _generation(made),
    )


def _part(part: PathPart, start_ns: int) -> PathPartBody:
    return PathPartBody(
        part=part.part,
        duration_ms=ms(part.duration_ns),
        held_ms=ms(part.held_ns),
        start_ms=ms_since(start_ns, part.start_ns),
        model=part.model,
        provider=part.provider,
        span_ids=part.span_ids,
        is_cancelled=part.is_cancelled,
    )


def _generation(made: Generation) -> GenerationBody:
    return GenerationBody(
        model=made.model,
        requested_model=made.requested_model,
        provider=made.provider,
        prompt_tokens=made.prompt_tokens,
        cached_tokens=made.cached_tokens,
        output_tokens=made.output_tokens,
        reasoning_tokens=made.reasoning_tokens,
        thinking_ms=maybe_ms(made.thinking_ns),
        attempts=made.attempts,
    )


def conduct_body(conduct: Conduct) -> ConductBody:
    """How the parties talked."""
    return ConductBody(
        first_word_ms=maybe_ms(conduct.first_word_ns),
        agent_speech_ms=maybe_ms(conduct.agent_speech_ns),
        user_speech_ms=maybe_ms(conduct.user_speech_ns),
        overlap_ms=maybe_ms(conduct.overlap_ns),
        talk_ratio=conduct.talk_ratio,
        agent_words_per_minute=conduct.agent_words_per_minute,
        longest_monologue_ms=maybe_ms(conduct.longest_monologue_ns),
    )


def audio_body(report: AudioReport, start_ns: int) -> AudioBody:
    """What was heard; `start_ns` is when the session began."""
    return AudioBody(
        recording_id=report.recording_id,
        start_ms=ms_since(start_ns, report.started_ns),
        agent_channel=report.agent_channel,
        confidence=report.confidence,
        problem=report.problem,
        notes=report.notes,
        alignment_mad_ms=maybe_ms(report.alignment_mad_ns),
        responses=[HeardBody(each.turn_index, ms(each.latency_ns)) for each in report.responses],
        p50_ms=report.response_ms.p50,
        p95_ms=report.response_ms.p95,
        snr_db=report.snr_db,
        clipped_share=report.clipped_share,
    )
