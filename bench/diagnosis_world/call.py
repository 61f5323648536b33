"""A call as it was: who spoke when, and what the agent did to answer. All times are seconds.

`Exchange`s say how long everything took; `timeline.lay_out` says when it was. Faults change the
former, so that what follows from a fault follows here as it does in a real call.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from bench.diagnosis_world.agents import Agent


@dataclass(slots=True)
class Speech:
    """What the caller says.

    Attributes:
        pause: silence before it.
        into: begins so long after the agent began to speak, instead of after a pause.
        wait: end of speech to the decision that the turn is over.
        stt: end of speech to the final transcript.
        callback: time in the agent's own hook at the end of the caller's turn.
        is_heard: whether a transcript came of it.
    """

    text: str
    seconds: float
    pause: float
    wait: float
    stt: float
    callback: float
    confidence: float
    into: float | None = None
    is_heard: bool = True


@dataclass(slots=True)
class Generation:
    """One request to the model.

    Attributes:
        ttft: request to first token.
        rest: first to last token.
        failures: seconds of each attempt that failed before the one that worked.
        reasoning: tokens of thought that nobody hears.
    """

    ttft: float
    rest: float
    prompt: int
    cached: int
    output: int
    model: str
    answered_by: str
    reasoning: int = 0
    failures: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ToolRun:
    """One run of a tool; `error` is what it failed with."""

    name: str
    seconds: float
    error: str | None = None


@dataclass(slots=True)
class Reply:
    """What the agent does to answer, and says.

    Attributes:
        steps: requests to the model; a tool ran after each of them but the last.
        filler: what is said before the tool, so that the caller knows why they wait.
        gap: time between the model and the voice that nothing accounts for.
        ttfb: text to first audio byte.
        lead: silence at the beginning of the audio.
        acquire: time to connect to the voice; None for a connection that was open.
        cut: for a reply that the caller cut off: caller's onset to the agent's silence.
        share: part of the text that was played.
        hesitates: offset and length of a pause for a noise that was no words.
        backchannel: offset and length of a short "mhm" of the caller that stops nobody.
        failed: the model gave no answer, with this error; nothing is said.
        side_error: an error beside the answer, which the caller does not notice.
        is_last_words: the call ended while it was being said.
    """

    text: str
    seconds: float
    steps: list[Generation]
    tools: list[ToolRun]
    ttfb: float
    filler: str | None = None
    filler_seconds: float = 0.0
    gap: float = 0.0
    lead: float = 0.0
    acquire: float | None = None
    cut: float | None = None
    share: float = 1.0
    hesitates: tuple[float, float] | None = None
    backchannel: tuple[float, float] | None = None
    failed: str | None = None
    side_error: str | None = None
    is_last_words: bool = False

    @property
    def said(self) -> str:
        """The words that were played."""
        words = self.text.split()
        return " ".join(words[: max(1, round(len(words) * self.share))])


@dataclass(slots=True, eq=False)
class Exchange:
    """The caller's turn and the answer to it; a greeting answers nobody.

    Attributes:
        wrong: seconds that are reported of a stage in place of the true ones.
    """

    speech: Speech | None
    reply: Reply | None
    wrong: dict[str, float] = field(default_factory=dict)


class Ending(StrEnum):
    """How a call ends."""

    AGENT = "user_initiated"
    """The agent's code closes it."""
    CALLER = "participant_disconnected"


@dataclass(slots=True)
class Reporting:
    """What is wrong with what is told of a call, where the call itself was as it should be.

    Attributes:
        missing: parts of which no span arrives.
        skewed: parts that a host stamps whose clock is off by `skew` seconds.
    """

    missing: frozenset[str] = frozenset()
    skewed: frozenset[str] = frozenset()
    skew: float = 0.0


@dataclass(slots=True)
class Call:
    """One call.

    Attributes:
        id: a UUID, by which every sender names it.
        start_ns: when it began.
    """

    id: str
    agent: Agent
    start_ns: int
    exchanges: list[Exchange]
    ending: Ending = Ending.CALLER
    reporting: Reporting = field(default_factory=Reporting)
