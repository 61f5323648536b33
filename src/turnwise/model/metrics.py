"""What is measured in a session: how the wait for each answer was spent, and how people talked.

Instants are nanoseconds since the epoch, durations nanoseconds; None is "nobody reported". The
formulas and their sources are in docs/metrics.md.
"""

from dataclasses import dataclass
from enum import StrEnum


class PipelineStage(StrEnum):
    """A stage that can be to blame for a wait."""

    ENDPOINTING = "endpointing"
    STT = "stt"
    CALLBACK = "callback"
    LLM = "llm"
    TOOL = "tool"
    TTS = "tts"
    TRANSPORT = "transport"
    UNEXPLAINED = "unexplained"


class Part(StrEnum):
    """A piece of the way from the end of the caller's speech to the agent's first sound."""

    STT = "stt"
    """End of speech to the final transcript."""
    ENDPOINTING = "endpointing"
    """Final transcript to the decision that the turn is over."""
    CALLBACK = "callback"
    """The agent's own code between that decision and the model."""
    LLM = "llm"
    """Model request to first token, of the generation that spoke."""
    ASKING = "asking"
    """A whole generation that only asked for tools."""
    WORDING = "wording"
    """First token to the first text that the voice was given, while the model was writing."""
    TOOL = "tool"
    TTS = "tts"
    """Text handed to the voice to its first audio byte."""
    TRANSPORT = "transport"
    """First audio byte to the first sound that was played."""
    UNEXPLAINED = "unexplained"
    """What no span covers."""

    @property
    def stage(self) -> PipelineStage:
        """The stage that it belongs to."""
        if self in (Part.ASKING, Part.WORDING):
            return PipelineStage.LLM
        return PipelineStage(self.value)


class TurnKind(StrEnum):
    """Turns that may be compared with each other (voice.md 2.3)."""

    FIRST = "first"
    PLAIN = "plain"
    WITH_TOOL = "with_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPart:
    """One piece of the way to an answer.

    Attributes:
        duration_ns: its own length, as reported or measured.
        held_ns: for how long the answer waited for it alone; at most its length. What ran beside
            something slower (preemptive generation) held less or nothing.
        start_ns: None where only its length is known.
        model: of the model or the voice, the name of a tool.
        span_ids: the observations that show it, the most telling first.
        is_cancelled: the request was given up, so that its length says nothing.
    """

    part: Part
    duration_ns: int
    held_ns: int
    start_ns: int | None = None
    model: str | None = None
    provider: str | None = None
    span_ids: tuple[str, ...] = ()
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The model requests of one agent turn, the one that spoke before all others.

    Attributes:
        model, requested_model: as answered, and as asked for where that is another name.
        prompt_tokens: the whole prompt, cached tokens included.
        cached_tokens: 0 only where the sender says so.
        thinking_ns: about how long the model thought before it answered: reasoning tokens times
            the time that it took for each visible one, at most the time to the first token.
        attempts: tries of the most tried request; 1 when it went through at once.
        attempt_span_ids: the tries that failed.
    """

    model: str | None = None
    requested_model: str | None = None
    provider: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    thinking_ns: int | None = None
    attempts: int = 1
    attempt_span_ids: tuple[str, ...] = ()
    span_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How an agent turn came about.

    Attributes:
        asked_turn: index of the caller's turn that it answers, None for a greeting or a second
            remark.
        from_ns: when the wait began: the caller fell silent, or the first step of a greeting.
        heard_ns: the agent's first sound.
        latency_ns: the wait by the instants (`heard_ns - from_ns`), else as the agent reported it;
            never a sum of stages. None for what answers nobody.
        reported_ns: as the agent reported it.
        parts: in time order; `unexplained` among them.
        is_timed: the parts have instants of their own; otherwise only lengths are known.
        tool_ns: how long tools held the answer.
        acquire_ns: the longest connection set-up among the turn's requests.
        is_connection_new: whether one of them had to connect first.
    """

    kind: TurnKind
    asked_turn: int | None = None
    from_ns: int | None = None
    heard_ns: int | None = None
    latency_ns: int | None = None
    reported_ns: int | None = None
    parts: tuple[PathPart, ...] = ()
    is_timed: bool = False
    tool_ns: int | None = None
    generation: Generation | None = None
    acquire_ns: int | None = None
    is_connection_new: bool | None = None
    connection_span_ids: tuple[str, ...] = ()

    def held_ns(self, stage: PipelineStage) -> int:
        """For how long a stage held the answer."""
        return sum(each.held_ns for each in self.parts if each.part.stage is stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An observation that failed.

    Attributes:
        span_ids: the outermost span that failed, then those below it that did too.
        turn: index of the turn that it belongs to, None for the session.
        step: the part that it plays in the conversation.
        is_attempt: one try of a request that may have gone on.
        is_recovered: something made it good: the turn was spoken all the same.
    """

    span_ids: tuple[str, ...]
    name: str | None
    step: str
    message: str
    start_ns: int
    end_ns: int | None = None
    turn: int | None = None
    is_attempt: bool = False
    is_recovered: bool = False


class Doubt(StrEnum):
    """Why telemetry cannot be taken at its word."""

    REFUSED = "refused"
    """A duration that cannot be: negative, not a number, or longer than a year."""
    TOO_LONG = "too_long"
    """A duration of more than a minute."""
    CONTRADICTED = "contradicted"
    """Two figures for the same thing that differ."""
    SKEWED = "skewed"
    """Instants that contradict each other."""
    MISSING = "missing"
    """Spans or stages that should be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something in the telemetry that must not be believed.

    Attributes:
        what: the metric or relation, by name.
        turn: index of the turn, None for the session.
        value_ns: the figure in question, where there is one.
        count: how many observations show it.
    """

    doubt: Doubt
    what: str
    turn: int | None = None
    value_ns: int | None = None
    count: int = 1
    span_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Silence of both parties; `after` and `before` are the turns around it.

    Attributes:
        is_owed_by_agent: the caller spoke last, or the agent was at work.
    """

    start_ns: int
    end_ns: int
    after: int
    before: int | None = None
    is_owed_by_agent: bool = True

    @property
    def length_ns(self) -> int:
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the parties talked; None where turns have no times or no words.

    Attributes:
        first_word_ns: start of the session to the agent's first sound.
        agent_speech_ns, user_speech_ns: summed speech of each party.
        overlap_ns: both at once.
        talk_ratio: the agent's speech among all speech, 0 to 1.
        agent_words_per_minute: over the agent's speech, not the call.
        longest_monologue_ns: the longest uninterrupted speech of the agent.
        gaps: silences of a second and more between turns.
    """

    first_word_ns: int | None = None
    agent_speech_ns: int | None = None
    user_speech_ns: int | None = None
    overlap_ns: int | None = None
    talk_ratio: float | None = None
    agent_words_per_minute: float | None = None
    longest_monologue_ns: int | None = None
    gaps: tuple[Gap, ...] = ()
