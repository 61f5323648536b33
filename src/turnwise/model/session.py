"""What is derived from the facts: sessions, turns, tools, interruptions, traces."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from turnwise.model.audio import AudioReport
from turnwise.model.call import Call
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.metrics import Conduct, Failure, Mark, Response
from turnwise.model.observation import Framework
from turnwise.model.recording import Recording
from turnwise.model.speaker import Speaker as Speaker
from turnwise.model.usage import LINES, ModelUsage


class SessionStatus(StrEnum):
    """Where a session is in its life."""

    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was said; nanoseconds since the epoch, `end_ns` None where nobody told it."""

    text: str
    start_ns: int
    end_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One party's hold of the floor.

    Instants are nanoseconds since the epoch, durations nanoseconds; None is "nobody reported".

    Attributes:
        id: stable under re-assembly: the span or item that the turn was made from.
        index: 0-based place in the session.
        text: what was heard: for an interrupted agent turn only the spoken part.
        full_text: what the model wrote, where that is more than `text`.
        interim_text: what the recogniser took it for before it was sure, where that differs.
        words: the words of `text` with their times, in order; empty where nobody told them.
        start_ns, end_ns: the speech interval.
        stt_ns: user turns: end of speech to final transcript.
        eou_delay_ns: user turns: end of speech to the end-of-utterance decision.
        llm_ns: agent turns: time to first token of the generation that spoke.
        tts_ns: agent turns: time to first audio byte.
        e2e_ns: agent turns: end of the caller's speech to first audible sample, as reported.
        response: agent turns: how it came about and where the wait went.
        resumed: user turns: how often the caller went on after a wait for the end of the turn.
        span_ids: the observations that the turn was made from, in time order.
    """

    id: str
    index: int
    speaker: Speaker
    text: str | None = None
    full_text: str | None = None
    interim_text: str | None = None
    words: tuple[Word, ...] = ()
    start_ns: int
    end_ns: int | None = None
    stt_ns: int | None = None
    eou_delay_ns: int | None = None
    llm_ns: int | None = None
    tts_ns: int | None = None
    e2e_ns: int | None = None
    interrupted: bool = False
    confidence: float | None = None
    error: str | None = None
    model: str | None = None
    trace_id: str | None = None
    response: Response | None = None
    resumed: int | None = None
    span_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolExecution:
    """One run of a tool.

    Attributes:
        turn_index: the agent turn that asked for it, None when none can be named.
        arguments, output: JSON text.
        error: text of the failure, None when it succeeded.
        start_ns, end_ns: of a call known only from messages, the model requests between which it
            ran; None when one of them is missing.
    """

    id: str
    name: str
    turn_index: int | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None
    is_error: bool = False
    error: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    trace_id: str | None = None
    span_id: str | None = None


class InterruptionKind(StrEnum):
    """What became of two voices at once (voice.md 1.4)."""

    BARGE_IN = "barge_in"
    """The caller took the floor and the agent fell silent."""
    FALSE_ALARM = "false_alarm"
    """The agent fell silent, and the caller had not taken the floor."""
    BACKCHANNEL = "backchannel"
    """A short word of the caller; the agent spoke on, as it should."""
    MISSED = "missed"
    """The caller spoke over the agent, and the agent went on."""
    PREMATURE = "premature"
    """The agent began while the caller was not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """The caller takes the floor while the agent speaks.

    Attributes:
        kind: what became of it.
        onset_ns: the caller begins to speak.
        detected_ns: the agent recognises it.
        stopped_ns: the agent is silent.
        bleed_words: words of the agent's turn heard after the onset.
        is_false: the caller did not take the floor after all.
        source: where the times come from: "reported", "spans", "audio".
    """

    id: str
    kind: InterruptionKind = InterruptionKind.BARGE_IN
    agent_turn_index: int | None = None
    user_turn_index: int | None = None
    onset_ns: int | None = None
    detected_ns: int | None = None
    stopped_ns: int | None = None
    bleed_words: int | None = None
    is_false: bool = False
    source: str = "spans"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One trace of a session.

    Attributes:
        latency_ns: latest end minus earliest start; None when nothing has ended and there is but
            one start.
        cost_usd: sum over observations; 0 when nothing is priced.
    """

    trace_id: str
    name: str | None
    start_ns: int
    latency_ns: int | None
    cost_usd: Decimal
    observation_count: int
    error_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One conversation between a person and an agent, with everything derived from its facts.

    Attributes:
        ref: the sender's own name for it when that is no UUID.
        agent: the agent's slug.
        started_ns, ended_ns: `ended_ns` is None while live.
        last_seen_ns: latest instant inside any fact; stands for the end of a live session.
        last_arrival_ns: when the newest fact came in; silence is judged by it.
        finalized_ns: when the session was closed for good, None while it is open.
        metadata: JSON text of an object.
        cost_usd: of the models; the same on every surface.
        audio: what was heard in the recording that tells most.
        unpriced: observations with usage and no known price.
        created_by: user number of whoever sent the first fact.
        overlaps: both voices at once without the agent yielding: backchannels, missed barge-ins,
            and an agent that began too early. What made it fall silent is in `interruptions`.
        conduct: how the parties talked.
        failures: observations that failed, by start.
        marks: what in the telemetry must not be believed.
        facts_version: the newest fact that this was made from.
    """

    project_id: ProjectId
    id: SessionId
    ref: str | None = None
    agent: str
    framework: Framework = Framework.GENERIC
    status: SessionStatus
    started_ns: int
    ended_ns: int | None = None
    last_seen_ns: int
    last_arrival_ns: int
    finalized_ns: int | None = None
    close_reason: str | None = None
    call_id: str | None = None
    room_name: str | None = None
    room_sid: str | None = None
    job_id: str | None = None
    user_ref: str | None = None
    user_identity: str | None = None
    origin_url: str | None = None
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    metadata: str = "{}"
    turns: tuple[Turn, ...] = ()
    tools: tuple[ToolExecution, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    overlaps: tuple[Interruption, ...] = ()
    conduct: Conduct = field(default_factory=Conduct)
    failures: tuple[Failure, ...] = ()
    marks: tuple[Mark, ...] = ()
    traces: tuple[TraceSummary, ...] = ()
    call: Call | None = None
    recordings: tuple[Recording, ...] = ()
    audio: AudioReport | None = None
    usage: tuple[ModelUsage, ...] = ()
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    error_count: int = 0
    created_by: int = 0
    facts_version: int = 0

    @property
    def line_cost_usd(self) -> Decimal | None:
        """What the carrier and the platform cost, which is no part of `cost_usd`; None: unknown."""
        known = [row.cost_usd for row in self.usage if row.stage in LINES and row.cost_usd]
        return sum(known, Decimal(0)) if known else None

    def duration_ns(self, now_ns: int) -> int:
        """Wall-clock length: to its end, or to now while it is live."""
        end = self.ended_ns if self.ended_ns is not None else max(now_ns, self.last_seen_ns)
        return max(0, end - self.started_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHead:
    """One line of a session list."""

    project_id: ProjectId
    id: SessionId
    agent: str
    status: SessionStatus
    started_ns: int
    ended_ns: int | None
    turn_count: int
