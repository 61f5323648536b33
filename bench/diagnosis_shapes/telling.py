"""What is sent of a call, and where in it each part of the call can be found again."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.diagnosis_world.agents import Shape
from bench.diagnosis_world.call import Call, Exchange
from bench.diagnosis_world.timeline import Timeline, lay_out
from turnwise.app.demo.otlp_bytes import Event, Span, Trace, Value

Place = tuple[int, str]
"""A part of a call: the number of its exchange, and "user", "agent" or a stage."""

_NAMES_ERRORS = frozenset({Shape.LIVEKIT, Shape.GENAI})
"""Shapes whose failed spans have the type of the error as an attribute, not only in an event."""
_SHORTEST_SOUND_TURN = 0.5
"""Seconds of speech without words that a voice framework reports as a turn of its own."""


@dataclass(frozen=True, slots=True)
class Post:
    """One request of a sender that writes JSON itself."""

    method: str
    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class Told:
    """A call as its sender tells it.

    Attributes:
        trace: its spans, None for a sender of plain JSON.
        posts: its requests; the first one comes before all others.
        ids: the ids of the spans (or items) of each part.
        turns: the index of each turn among the session's turns.
    """

    call: Call
    line: Timeline
    turns: dict[Place, int]
    trace: Trace | None = None
    posts: list[Post] = field(default_factory=list)
    ids: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))


class Spans:
    """Collects the spans of one call."""

    def __init__(self, call: Call, scope: str):
        self.call = call
        self.line = lay_out(call)
        self.told = Told(call, self.line, turn_places(call))
        self._scope = scope
        self._rng = random.Random(f"ids {call.id}")
        self._spans: list[Span] = []

    def new_id(self) -> str:
        return f"{self._rng.getrandbits(64) or 1:016x}"

    def word(self, prefix: str) -> str:
        """An id in the form in which providers give theirs."""
        return f"{prefix}{self._rng.getrandbits(40):010x}"

    def ns(self, seconds: float) -> int:
        return self.call.start_ns + round(seconds * 1e9)

    def add(
        self,
        name: str,
        parent: str | None,
        start: float,
        end: float,
        attributes: Mapping[str, Value],
        *,
        part: Place | None = None,
        span_id: str | None = None,
        error: str | None = None,
        error_type: str = "APIConnectionError",
        scope: str | None = None,
    ) -> str:
        """Add a span, unless its part goes missing; gives its id all the same."""
        made = span_id or self.new_id()
        reporting = self.call.reporting
        if name in reporting.missing:
            return made
        shift = reporting.skew if name in reporting.skewed else 0.0
        events = []
        if error is not None:
            told = {"exception.type": error_type, "exception.message": error}
            events.append(Event("exception", self.ns(end + shift), told))
            if self.call.agent.shape in _NAMES_ERRORS:
                attributes = {**attributes, "error.type": error_type}
        self._spans.append(
            Span(
                scope=scope or self._scope,
                name=name,
                span_id=made,
                parent_id=parent,
                start_ns=self.ns(start + shift),
                end_ns=self.ns(end + shift),
                attributes=attributes,
                events=events,
                error=error,
            )
        )
        if part is not None:
            self.told.ids[part].add(made)
        return made

    def finish(self, resource: Mapping[str, Value]) -> Told:
        trace_id = f"{self._rng.getrandbits(128) or 1:032x}"
        agent = self.call.agent
        common = {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "service.name": agent.name,
            "service.version": agent.version,
        }
        self.told.trace = Trace(trace_id, {**common, **resource}, self._spans)
        return self.told


def reported(call: Call, index: int, stage: str, seconds: float) -> float:
    """What the sender says that a stage took."""
    return call.exchanges[index].wrong.get(stage, seconds)


def is_told(call: Call, exchange: Exchange) -> bool:
    """Whether the caller's speech shows as a turn."""
    speech = exchange.speech
    if speech is None:
        return False
    if speech.is_heard:
        return True
    speaks_of_sound = call.agent.shape not in (Shape.GENAI, Shape.LANGFUSE)
    return speaks_of_sound and speech.seconds >= _SHORTEST_SOUND_TURN


def turn_places(call: Call) -> dict[Place, int]:
    """The index of each turn of a call among the turns of its session."""
    found: dict[Place, int] = {}
    for index, exchange in enumerate(call.exchanges):
        if is_told(call, exchange):
            found[index, "user"] = len(found)
        reply = exchange.reply
        if reply is None or reply.failed is not None:
            continue
        if reply.filler is not None and call.agent.shape is Shape.LIVEKIT_OLD:
            found[index, "filler"] = len(found)
        found[index, "agent"] = len(found)
    return found


def messages_before(call: Call, index: int) -> list[dict[str, Any]]:
    """The conversation that the model is given for an exchange, in the form of OpenAI's API."""
    found: list[dict[str, Any]] = []
    for exchange in call.exchanges[:index]:
        if exchange.speech is not None and exchange.speech.is_heard:
            found.append({"role": "user", "content": exchange.speech.text})
        if exchange.reply is not None and exchange.reply.failed is None:
            found.append({"role": "assistant", "content": exchange.reply.text})
    speech = call.exchanges[index].speech
    if speech is not None and speech.is_heard:
        found.append({"role": "user", "content": speech.text})
    return found
