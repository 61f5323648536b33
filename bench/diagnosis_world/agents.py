"""The agents whose calls are made up: how fast their stages are, what they use, who reports them.

Medians and spreads follow what clean agents in the field report (first token 0.3 to 0.9 s, first
audio byte 0.12 to 0.45 s, end-of-turn decision 0.3 to 0.9 s); no two agents are alike, and none of
the numbers comes from the analyser that is judged here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType


class Shape(StrEnum):
    """Who tells of the call, and so which of its stages can be seen."""

    LIVEKIT = "livekit-1.8"
    LIVEKIT_OLD = "livekit-1.5"
    PIPECAT = "pipecat"
    GENAI = "otel-genai"
    LANGFUSE = "langfuse"
    NATIVE = "native"


LIVEKITS = frozenset({Shape.LIVEKIT, Shape.LIVEKIT_OLD})


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds of each stage of an answer.

    Attributes:
        wait: end of the caller's speech to the decision that it is over.
        stt: end of the caller's speech to the final transcript.
        llm: model request to first token.
        tts: text to first audio byte.
        tool: one run of a tool.
    """

    wait: float
    stt: float
    llm: float
    tts: float
    tool: float


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Attributes:
        sigma: spread of the logarithms of its stage durations.
        shared: part of that spread, as a fraction of its variance, which all stages of a turn have
            in common.
        prompt: tokens of the first request of a call.
        growth: tokens by which a request is longer than the one before it.
        is_cached: whether its provider reads from a cache; the prompts of the others stay short of
            the 1,024 tokens at which providers begin to.
        begins_early: whether the model is asked before the caller's turn is surely over.
        answers_as: the model's name in answers where it differs from the requested one.
        thinks: share of the callers' answers that are preceded by a long pause for thought.
        is_phone: whether its callers come over the telephone network.
        version: of the agent's code.
    """

    name: str
    shape: Shape
    median: Stages
    sigma: float
    tools: tuple[str, ...]
    prompt: int
    growth: int
    shared: float = 0.2
    is_cached: bool = True
    begins_early: bool = True
    model: str = "gpt-4o-mini"
    answers_as: str | None = None
    voice: str = "sonic-2"
    hearing: str = "nova-3"
    thinks: float = 0.06
    is_phone: bool = False
    version: str = "1.0.0"

    @property
    def answering_model(self) -> str:
        return self.answers_as or self.model


@dataclass(frozen=True, slots=True)
class Slower:
    """A second version of an agent: one stage takes `factor` times as long."""

    stage: str
    factor: float
    version: str = "1.1.0"


@dataclass(frozen=True, slots=True)
class Cast:
    """All agents.

    Attributes:
        steady: agents as they should be.
        slow: agents that were always slow in one stage, with the name of that stage.
        newer: agents that were fine until their second version.
    """

    steady: tuple[Agent, ...]
    slow: Mapping[Agent, str] = field(default_factory=dict)
    newer: Mapping[Agent, Slower] = field(default_factory=dict)

    @property
    def everybody(self) -> tuple[Agent, ...]:
        return (*self.steady, *self.slow, *self.newer)


_DESK = Agent("front-desk", Shape.LIVEKIT, Stages(0.55, 0.16, 0.42, 0.18, 0.6), 0.28,
              ("find_booking", "free_rooms"), 1_450, 60, answers_as="gpt-4o-mini-2024-07-18")  # fmt: skip
_LAMPS = Agent("lamp-orders", Shape.LIVEKIT, Stages(0.62, 0.22, 0.48, 0.22, 0.35), 0.30,
               ("lookup_order",), 480, 30, is_cached=False, is_phone=True)  # fmt: skip
_CLINIC = Agent("clinic-line", Shape.LIVEKIT, Stages(0.80, 0.30, 0.38, 0.15, 0.9), 0.26,
                ("free_slots", "book_slot"), 2_600, 75, model="gpt-4.1-mini", is_phone=True,
                thinks=0.12)  # fmt: skip
_TAXI = Agent("taxi-now", Shape.LIVEKIT, Stages(0.35, 0.12, 0.33, 0.14, 0.5), 0.40,
              ("quote", "send_car"), 430, 30, is_cached=False, begins_early=False)  # fmt: skip
_POWER = Agent("power-help", Shape.LIVEKIT_OLD, Stages(0.58, 0.20, 0.50, 0.24, 0.8), 0.30,
               ("outages",), 1_800, 70, begins_early=False)  # fmt: skip
_PARCEL = Agent("parcel-track", Shape.LIVEKIT_OLD, Stages(0.45, 0.15, 0.36, 0.30, 0.4), 0.35,
                ("track",), 400, 30, is_cached=False, is_phone=True)  # fmt: skip
_BANK = Agent("bank-cards", Shape.PIPECAT, Stages(0.50, 0.26, 0.45, 0.20, 0.7), 0.27,
              ("block_card", "balance"), 2_100, 65, begins_early=False, is_phone=True,
              answers_as="gpt-4o-mini-2024-07-18")  # fmt: skip
_PIZZA = Agent("pizza-place", Shape.PIPECAT, Stages(0.38, 0.20, 0.34, 0.17, 0.3), 0.35,
               ("menu", "place_order"), 1_100, 50, begins_early=False)  # fmt: skip
_TUTOR = Agent("language-tutor", Shape.PIPECAT, Stages(0.85, 0.35, 0.62, 0.22, 0.5), 0.30,
               ("lesson",), 1_500, 80, begins_early=False, model="gpt-4.1", thinks=0.15)  # fmt: skip
_DENTAL = Agent("dental-desk", Shape.NATIVE, Stages(0.52, 0.18, 0.44, 0.21, 0.6), 0.25,
                ("free_slots",), 1_200, 60, begins_early=False, is_phone=True)  # fmt: skip
_HOTEL = Agent("hotel-bell", Shape.NATIVE, Stages(0.60, 0.24, 0.55, 0.28, 1.0), 0.32,
               ("rates", "reserve"), 1_700, 60, begins_early=False)  # fmt: skip
_WATER = Agent("water-works", Shape.GENAI, Stages(0.55, 0.22, 0.50, 0.25, 0.7), 0.30,
               ("meter",), 1_400, 55, begins_early=False)  # fmt: skip
_SHOES = Agent("shoe-shop", Shape.GENAI, Stages(0.42, 0.16, 0.40, 0.18, 0.4), 0.45,
               ("stock",), 450, 30, begins_early=False, is_cached=False)  # fmt: skip
_BOOKS = Agent("book-club", Shape.LANGFUSE, Stages(0.50, 0.20, 0.46, 0.22, 0.5), 0.30,
               ("find_book",), 1_300, 60, begins_early=False)  # fmt: skip
_GARDEN = Agent("garden-care", Shape.LANGFUSE, Stages(0.45, 0.18, 0.38, 0.19, 0.6), 0.28,
                ("advice",), 1_900, 70, begins_early=False, model="gpt-4.1-mini")  # fmt: skip

STEADY = (_DESK, _LAMPS, _CLINIC, _TAXI, _POWER, _PARCEL, _BANK, _PIZZA, _TUTOR, _DENTAL, _HOTEL,
          _WATER, _SHOES, _BOOKS, _GARDEN)  # fmt: skip

SLOW = {
    replace(_LAMPS, name="old-voice", median=replace(_LAMPS.median, tts=1.5)): "tts",
    replace(_BANK, name="far-model", median=replace(_BANK.median, llm=1.9)): "llm",
    replace(_DENTAL, name="tired-voice", median=replace(_DENTAL.median, tts=1.6)): "tts",
    replace(_WATER, name="deep-thought", median=replace(_WATER.median, llm=2.0)): "llm",
    replace(_PARCEL, name="slow-ear", median=replace(_PARCEL.median, stt=1.5, wait=1.6)): "stt",
}

NEWER = {
    replace(_DESK, name="desk-renewed"): Slower("llm", 2.0),
    replace(_PIZZA, name="pizza-renewed"): Slower("tts", 2.6),
    replace(_GARDEN, name="garden-renewed"): Slower("llm", 1.9),
    replace(_POWER, name="power-renewed"): Slower("tts", 2.2),
}

CAST = Cast(STEADY, MappingProxyType(SLOW), MappingProxyType(NEWER))


def slowed(agent: Agent, slower: Slower) -> Agent:
    """The agent's second version."""
    seconds = getattr(agent.median, slower.stage) * slower.factor
    median = replace(agent.median, **{slower.stage: seconds})
    return replace(agent, median=median, version=slower.version)
