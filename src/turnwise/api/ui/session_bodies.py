"""A session as its page shows it: times in milliseconds since its start, None where unreported."""

from collections.abc import Mapping

import msgspec

from turnwise.api.ui.answers import MaybeMoney, Money, maybe_ms, ms_since
from turnwise.api.ui.answers import ms as ms
from turnwise.api.ui.measured_bodies import (
    AudioBody,
    ConductBody,
    ResponseBody,
    audio_body,
    conduct_body,
    response_body,
)
from turnwise.http.json_text import money, raw
from turnwise.model.diagnosis import Diagnosis, Issue, IssueGroup, Severity
from turnwise.model.ids import public_session_id
from turnwise.model.observation import Framework
from turnwise.model.overview import response_times_ns
from turnwise.model.recording import Recording, RecordingStatus
from turnwise.model.session import (
    Interruption,
    InterruptionKind,
    Session,
    SessionStatus,
    Speaker,
    ToolExecution,
    TraceSummary,
    Turn,
    Word,
)
from turnwise.model.usage import ModelUsage, Stage


class WordBody(msgspec.Struct, rename="camel", frozen=True):
    """One word of a turn as it was said."""

    text: str
    start_ms: float
    end_ms: float | None


class TurnBody(msgspec.Struct, rename="camel", frozen=True):
    """One turn.

    Attributes:
        full_text: what the model wrote, where more than was heard.
        interim_text: what the recogniser took it for at first, where that was something else.
        words: empty where nobody told their times.
        response_ms: what the caller waited for this turn.
        e2e_ms: the same as the agent reported it.
        response: agent turns: where that wait went; None for those of old derivations.
    """

    id: str
    index: int
    speaker: Speaker
    text: str | None
    full_text: str | None
    interim_text: str | None
    words: list[WordBody]
    start_ms: float
    end_ms: float | None
    response_ms: float | None
    e2e_ms: float | None
    eou_ms: float | None
    stt_ms: float | None
    llm_ms: float | None
    tts_ms: float | None
    interrupted: bool
    confidence: float | None
    error: str | None
    model: str | None
    trace_id: str | None
    span_ids: tuple[str, ...]
    response: ResponseBody | None


class ToolBody(msgspec.Struct, rename="camel", frozen=True):
    """One run of a tool; arguments and output are the sender's own JSON, as text."""

    id: str
    name: str
    turn_index: int | None
    start_ms: float | None
    end_ms: float | None
    is_error: bool
    error: str | None
    arguments: str | None
    output: str | None
    trace_id: str | None
    span_id: str | None


class InterruptionBody(msgspec.Struct, rename="camel", frozen=True):
    """Both voices at once, and what became of it."""

    id: str
    kind: InterruptionKind
    agent_turn_index: int | None
    user_turn_index: int | None
    onset_ms: float | None
    detected_ms: float | None
    stopped_ms: float | None
    bleed_words: int | None
    is_false: bool
    source: str


class RecordingBody(msgspec.Struct, rename="camel", frozen=True):
    """Audio; `offset_ms` is where its start lies in the session, `is_playable` whether it is here."""

    id: str
    status: RecordingStatus
    is_playable: bool
    content_type: str | None
    duration_ms: float | None
    channels: int | None
    offset_ms: float | None


class IssueBody(msgspec.Struct, rename="camel", frozen=True):
    """What went wrong, and what proves it."""

    type: str
    turn: int | None
    description: str
    recommendation: str
    severity: Severity
    stage: str | None
    start_ms: float | None
    end_ms: float | None
    span_ids: tuple[str, ...]
    evidence: Mapping[str, float | int | str]
    confidence: float
    caused_by: str | None


class IssueGroupBody(msgspec.Struct, rename="camel", frozen=True):
    """The issues of one type and stage; `excess_ms` is how much longer than usual was waited."""

    type: str
    stage: str | None
    severity: Severity
    count: int
    turns: tuple[int, ...]
    excess_ms: float


class TraceLineBody(msgspec.Struct, rename="camel", frozen=True):
    """One trace of the session."""

    id: str
    name: str | None
    start_ms: float
    duration_ms: float | None
    observations: int
    errors: int
    cost_usd: Money


class UsageBody(msgspec.Struct, rename="camel", frozen=True):
    """What one model consumed."""

    stage: Stage
    provider: str | None
    model: str | None
    requests: int
    input_tokens: int
    output_tokens: int
    audio_ms: float
    characters: int
    cost_usd: MaybeMoney


class SessionBody(msgspec.Struct, rename="camel", frozen=True):
    """A whole session; `started_ms` is since the epoch, all other times since that instant.

    Attributes:
        overlaps: both voices at once without the agent yielding.
        audio: what was heard in the recording; None until somebody listened.
    """

    id: str
    uuid: str
    project: str
    ref: str | None
    agent: str
    app_version: str | None
    environment: str | None
    user_ref: str | None
    status: SessionStatus
    is_open: bool
    version: int
    started_ms: float
    duration_ms: float
    close_reason: str | None
    call_id: str | None
    room_name: str | None
    framework: Framework
    cost_usd: Money
    unpriced: int
    errors: int
    turns: list[TurnBody]
    tools: list[ToolBody]
    interruptions: list[InterruptionBody]
    overlaps: list[InterruptionBody]
    conduct: ConductBody
    audio: AudioBody | None
    recordings: list[RecordingBody]
    issues: list[IssueBody]
    issue_groups: list[IssueGroupBody]
    traces: list[TraceLineBody]
    usage: list[UsageBody]
    metadata: msgspec.Raw


def session_body(session: Session, project: str, found: Diagnosis, now_ns: int) -> SessionBody:
    """The session; `now_ns` stands for the end of a live one."""
    start = session.started_ns
    responses = response_times_ns(session)
    return SessionBody(
        id=public_session_id(session.id),
        uuid=session.id,
        project=project,
        ref=session.ref,
        agent=session.agent,
        app_version=session.app_version or session.release,
        environment=session.environment,
        user_ref=session.user_identity or session.user_ref,
        status=session.status,
        is_open=session.finalized_ns is None,
        version=session.facts_version,
        started_ms=ms(start),
        duration_ms=ms(session.duration_ns(now_ns)),
        close_reason=session.close_reason,
        call_id=session.call_id,
        room_name=session.room_name,
        framework=session.framework,
        cost_usd=money(session.cost_usd),
        unpriced=session.unpriced,
        errors=session.error_count,
        turns=[_turn(each, start, responses.get(each.index)) for each in session.turns],
        tools=[_tool(each, start) for each in session.tools],
        interruptions=[_interruption(each, start) for each in session.interruptions],
        overlaps=[_interruption(each, start) for each in session.overlaps],
        conduct=conduct_body(session.conduct),
        audio=None if session.audio is None else audio_body(session.audio, start),
        recordings=[_recording(each) for each in session.recordings],
        issues=[issue_body(each, start) for each in found.issues],
        issue_groups=[_group(each) for each in found.groups],
        traces=[_trace(each, start) for each in session.traces],
        usage=[_usage(each) for each in session.usage],
        metadata=raw(session.metadata),
    )


def _turn(turn: Turn, start_ns: int, response_ns: int | None) -> TurnBody:
    return TurnBody(
        id=turn.id,
        index=turn.index,
        speaker=turn.speaker,
        text=turn.text,
        full_text=turn.full_text,
        interim_text=turn.interim_text,
        words=[_word(each, start_ns) for each in turn.words],
        start_ms=ms(turn.start_ns - start_ns),
        end_ms=ms_since(start_ns, turn.end_ns),
        response_ms=maybe_ms(response_ns),
        e2e_ms=maybe_ms(turn.e2e_ns),
        eou_ms=maybe_ms(turn.eou_delay_ns),
        stt_ms=maybe_ms(turn.stt_ns),
        llm_ms=maybe_ms(turn.llm_ns),
        tts_ms=maybe_ms(turn.tts_ns),
        interrupted=turn.interrupted,
        confidence=turn.confidence,
        error=turn.error,
        model=turn.model,
        trace_id=turn.trace_id,
        span_ids=turn.span_ids,
        response=None if turn.response is None else response_body(turn.response, start_ns),
    )


def _word(word: Word, start_ns: int) -> WordBody:
    return WordBody(word.text, ms(word.start_ns - start_ns), ms_since(start_ns, word.end_ns))


def _tool(tool: ToolExecution, start_ns: int) -> ToolBody:
    return ToolBody(
        id=tool.id,
        name=tool.name,
        turn_index=tool.turn_index,
        start_ms=ms_since(start_ns, tool.start_ns),
        end_ms=ms_since(start_ns, tool.end_ns),
        is_error=tool.is_error,
        error=tool.error,
        arguments=tool.arguments,
        output=tool.output,
        trace_id=tool.trace_id,
        span_id=tool.span_id,
    )


def _interruption(each: Interruption, start_ns: int) -> InterruptionBody:
    return InterruptionBody(
        id=each.id,
        kind=InterruptionKind.FALSE_ALARM if each.is_false else each.kind,
        agent_turn_index=each.agent_turn_index,
        user_turn_index=each.user_turn_index,
        onset_ms=ms_since(start_ns, each.onset_ns),
        detected_ms=ms_since(start_ns, each.detected_ns),
        stopped_ms=ms_since(start_ns, each.stopped_ns),
        bleed_words=each.bleed_words,
        is_false=each.is_false,
        source=each.source,
    )


def _recording(each: Recording) -> RecordingBody:
    return RecordingBody(
        id=each.id,
        status=each.status,
        is_playable=each.file is not None,
        content_type=each.content_type,
        duration_ms=maybe_ms(each.duration_ns),
        channels=each.channels,
        offset_ms=maybe_ms(each.offset_ns),
    )


def issue_body(each: Issue, start_ns: int) -> IssueBody:
    """An issue of a session that began at an instant."""
    return IssueBody(
        type=each.type,
        turn=each.turn,
        description=each.description,
        recommendation=each.recommendation,
        severity=each.severity,
        stage=each.stage,
        start_ms=ms_since(start_ns, each.start_ns),
        end_ms=ms_since(start_ns, each.end_ns),
        span_ids=each.span_ids,
        evidence=each.evidence,
        confidence=each.confidence,
        caused_by=each.caused_by,
    )


def _group(each: IssueGroup) -> IssueGroupBody:
    return IssueGroupBody(
        type=each.type,
        stage=each.stage,
        severity=each.severity,
        count=each.count,
        turns=each.turns,
        excess_ms=ms(each.excess_ns),
    )


def _trace(each: TraceSummary, start_ns: int) -> TraceLineBody:
    return TraceLineBody(
        id=each.trace_id,
        name=each.name,
        start_ms=ms(each.start_ns - start_ns),
        duration_ms=maybe_ms(each.latency_ns),
        observations=each.observation_count,
        errors=each.error_count,
        cost_usd=money(each.cost_usd),
    )


def _usage(each: ModelUsage) -> UsageBody:
    return UsageBody(
        stage=each.stage,
        provider=each.provider,
        model=each.model,
        requests=each.requests,
        input_tokens=each.input_tokens,
        output_tokens=each.output_tokens,
        audio_ms=ms(each.audio_ns),
        characters=each.characters,
        cost_usd=money(each.cost_usd) if each.cost_usd is not None else raw(None),
    )
