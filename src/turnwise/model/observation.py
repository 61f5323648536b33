"""The fact that everything else is derived from: one timed unit of work."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from turnwise.model.ids import ProjectId


class Kind(StrEnum):
    """What a unit of work is, in the words of the trace surface."""

    SPAN = "SPAN"
    GENERATION = "GENERATION"
    EVENT = "EVENT"
    AGENT = "AGENT"
    TOOL = "TOOL"
    CHAIN = "CHAIN"
    RETRIEVER = "RETRIEVER"
    EVALUATOR = "EVALUATOR"
    EMBEDDING = "EMBEDDING"
    GUARDRAIL = "GUARDRAIL"


class Level(StrEnum):
    """How much attention an observation asks for."""

    DEBUG = "DEBUG"
    DEFAULT = "DEFAULT"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Framework(StrEnum):
    """Whose turn structure a span follows; GENERIC has none of its own."""

    LIVEKIT = "livekit"
    PIPECAT = "pipecat"
    GENERIC = "generic"


class Step(StrEnum):
    """The part that a unit of work plays in a conversation, whatever its sender calls it."""

    JOB = "job"
    """A worker's job around the session."""
    SESSION = "session"
    """The whole conversation; its end is the conversation's end."""
    USER_TURN = "user_turn"
    AGENT_TURN = "agent_turn"
    EXCHANGE = "exchange"
    """A user turn and the agent's answer in one span."""
    USER_SPEAKING = "user_speaking"
    AGENT_SPEAKING = "agent_speaking"
    EOU_WAIT = "eou_wait"
    """From the end of the caller's speech to the decision that the utterance is over."""
    EOU_DETECTION = "eou_detection"
    STT = "stt"
    LLM = "llm"
    """The request to the model that counts: one per generation."""
    LLM_NODE = "llm_node"
    """A wrapper around LLM; carries its time to first token, never its usage."""
    LLM_ATTEMPT = "llm_attempt"
    """One try of an LLM request."""
    TTS = "tts"
    """The synthesis that counts: carries time to first byte."""
    TTS_REQUEST = "tts_request"
    """A request to the voice below TTS; carries characters and audio length."""
    TTS_ATTEMPT = "tts_attempt"
    TOOL = "tool"
    HANDOFF = "handoff"
    CLOSE = "close"
    """The sender's statement why the session ended."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """A tool call that is known only from the messages of a later model request."""

    call_id: str
    name: str
    arguments: str | None = None
    output: str | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """What an observation says about the conversation; None where its sender said nothing.

    All durations are nanoseconds. Texts are what was said, not JSON.

    Attributes:
        agent_rank: precedence of `agent_name` (0 wins): a span that names its agent says more than
            one that only names its service.
        stt_ns: end of the caller's speech to the final transcript.
        eou_delay_ns: end of the caller's speech to the decision that the utterance is over.
        llm_ttft_ns: model request to first token.
        tts_ttfb_ns: text handed to the voice to its first audio byte.
        e2e_ns: end of the caller's speech to the agent's first audible sample, as reported.
        playout_position_ns: how much of the agent's audio was played when it was cut.
        detection_delay_ns: caller's onset to the recognised interruption, as reported.
        audio_ns: audio heard (STT) or made (TTS).
        characters: characters synthesised.
        user_text: the caller's words.
        agent_text: the agent's words: spoken ones on a turn, the model's whole text on an LLM step.
        tool_messages: see ToolMessage.
        close_reason: why the sender says that the session ended.
        eou_resumed: how often the caller went on while the end of the turn was awaited.
        requested_model: the model that was asked for, where another one answered.
        cached_tokens: 0 only where the sender says so.
        acquire_ns: time to get a connection to the provider.
        is_connection_reused: whether that connection was open already.
        is_cancelled: the request was given up before it was done.
        refused: metrics of this observation with a value that no length can have.
    """

    agent_name: str | None = None
    agent_rank: int = 0
    room_name: str | None = None
    room_sid: str | None = None
    job_id: str | None = None
    call_id: str | None = None
    user_text: str | None = None
    agent_text: str | None = None
    confidence: float | None = None
    stt_ns: int | None = None
    eou_delay_ns: int | None = None
    user_turn_completed_ns: int | None = None
    llm_ttft_ns: int | None = None
    tts_ttfb_ns: int | None = None
    e2e_ns: int | None = None
    interrupted: bool | None = None
    interruption_source: str | None = None
    playout_position_ns: int | None = None
    detection_delay_ns: int | None = None
    audio_ns: int | None = None
    characters: int | None = None
    turn_number: int | None = None
    turn_duration_ns: int | None = None
    ended_by_conversation_end: bool | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    tool_arguments: str | None = None
    tool_output: str | None = None
    tool_failed: bool | None = None
    tool_messages: tuple[ToolMessage, ...] = ()
    generation_id: str | None = None
    parent_generation_id: str | None = None
    retry_count: int | None = None
    handoff_from: str | None = None
    handoff_to: str | None = None
    close_reason: str | None = None
    eou_outcome: str | None = None
    error_type: str | None = None
    eou_resumed: int | None = None
    requested_model: str | None = None
    cached_tokens: int | None = None
    acquire_ns: int | None = None
    is_connection_reused: bool | None = None
    is_cancelled: bool | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One timed unit of work, keyed by (project, trace, span).

    Instants are nanoseconds since the epoch. `input`, `output`, `model_parameters`, `metadata`
    and `voice` content came from the sender; None means that the sender did not say.

    Attributes:
        parent_span_id: None for a root; may name a span that never arrives.
        session_ref: the text by which this very span names its session, None when it names none.
        session_rank: precedence of that name (0 wins); meaningless without `session_ref`.
        first_token_ns: instant of the first token or first audio byte.
        input, output: JSON text, so that answers can carry it without another parse.
        model_parameters, metadata: JSON text of an object.
        usage_details: token counts by name; `total` is the sum of the others unless given.
        cost_details: USD by name; `total` as in usage_details.
        cost_source: "reported", the name of the price row, or None while unpriced.
        run: what the run surface must give back and no other field holds, by field name: plain text
            for `run_type` and `dotted_order`, JSON text for all others. Partial updates win per key.
        stamps: JSON text of the per-field ordering of partial updates, None for whole records.
        version: set by the store; larger is newer.
    """

    project_id: ProjectId
    trace_id: str
    span_id: str
    start_ns: int
    parent_span_id: str | None = None
    end_ns: int | None = None
    name: str | None = None
    kind: Kind = Kind.SPAN
    step: Step = Step.OTHER
    framework: Framework = Framework.GENERIC
    session_ref: str | None = None
    session_rank: int = 0
    trace_name: str | None = None
    first_token_ns: int | None = None
    level: Level = Level.DEFAULT
    status_message: str | None = None
    model: str | None = None
    provider: str | None = None
    model_parameters: str | None = None
    input: str | None = None
    output: str | None = None
    metadata: str | None = None
    usage_details: dict[str, int | float] = field(default_factory=dict)
    cost_details: dict[str, Decimal] = field(default_factory=dict)
    cost_source: str | None = None
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    user_ref: str | None = None
    tags: tuple[str, ...] = ()
    voice: Voice = Voice()
    run: dict[str, str] = field(default_factory=dict)
    stamps: str | None = None
    version: int = 0

    @property
    def duration_ns(self) -> int | None:
        """End minus start; None while running or when the clocks contradict each other."""
        if self.end_ns is None or self.end_ns < self.start_ns:
            return None
        return self.end_ns - self.start_ns

    @property
    def total_cost_usd(self) -> Decimal | None:
        """USD of this observation alone, None while unpriced."""
        if not self.cost_details:
            return None
        return self.cost_details.get("total", sum(self.cost_details.values(), Decimal(0)))
