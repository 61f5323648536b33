"""What a fault is, how it is put into a call, and what an analyser has to say of it.

The issue types and their severities are those of the catalogue that the product publishes; whether
something is a fault at all is judged by what the caller felt, not by any limit of the analyser.
"""

import copy
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from bench.diagnosis_world.agents import Agent, Shape
from bench.diagnosis_world.call import Call, Exchange, Generation, Reply, Speech, ToolRun
from bench.diagnosis_world.talk import spoken_seconds, usual_waits
from bench.diagnosis_world.timeline import Times, lay_out

EVERY_SHAPE = frozenset(Shape)
LONGEST_USUAL_SHARE = 0.99
"""A wait is out of the ordinary when it is longer than this share of the agent's clean waits."""
NOTICED_SECONDS = 0.5
"""By how much a wait must have grown for the caller to notice: more than twice the 0.2 s that
people leave between turns, and beyond the spread of their own gaps."""

At = tuple[Exchange, str]
"""A part of a call: an exchange, and "user", "agent" or a stage."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that was made to go wrong, with what has to be said of it.

    Attributes:
        operator: the fault operator that did it.
        type: the issue type of the catalogue.
        also: other types that are right, because the catalogue lists them in the same row, or
            because the shape cannot tell the two apart.
        turn: the turn that it lies in, None for the whole session.
        near: other turns that may be named, because the fault lies between two turns.
        of_session: whether it may be said of the whole session as well, where the catalogue does.
        stages: stages that may be named; empty where none has to be.
        parts: where one of these left spans, one of those must be cited.
        severities: what the catalogue gives it.
        symptoms: types that follow directly from it in the same or the next turns.
        factor: how many times longer the stage took, None where it is no delay.
        stage: the stage that was delayed, for the detection curve.
        added: seconds by which the caller's wait grew.
        is_felt: whether it is one by the rule of harm; if not, only the detection curve has it.
    """

    operator: str
    type: str
    also: frozenset[str] = frozenset()
    turn: At | None = None
    near: tuple[At, ...] = ()
    of_session: bool = False
    stages: frozenset[str] = frozenset()
    parts: tuple[At, ...] = ()
    severities: frozenset[str] = frozenset({"medium"})
    symptoms: frozenset[str] = frozenset()
    factor: float | None = None
    stage: str | None = None
    added: float = 0.0
    is_felt: bool = True


@dataclass(slots=True)
class Scene:
    """A call in which faults are put; `taken` are exchanges that already have one."""

    call: Call
    rng: random.Random
    taken: list[Exchange] = field(default_factory=list)

    @property
    def agent(self) -> Agent:
        return self.call.agent

    def pick(self, first: int = 1) -> int | None:
        """An exchange with a caller, away from the good bye and from other faults."""
        exchanges = self.call.exchanges
        near = {
            index + by
            for index, each in enumerate(exchanges)
            if any(each is taken for taken in self.taken)
            for by in (-1, 0, 1)
        }
        usable = [
            index
            for index in range(first, len(exchanges) - 1)
            if index not in near and _is_plain(exchanges, index)
        ]
        if not usable:
            return None
        index = self.rng.choice(usable)
        self.taken.append(exchanges[index])
        return index

    def times(self, exchange: Exchange) -> Times:
        """When everything in an exchange was, as the call now is."""
        return lay_out(self.call).exchanges[self.call.exchanges.index(exchange)]

    def insert(self, index: int, exchange: Exchange) -> None:
        self.call.exchanges.insert(index, exchange)
        self.taken.append(exchange)

    def again(self, exchange: Exchange, text: str, answer: str) -> Exchange:
        """Another exchange like one that there is, with other words."""
        made = copy.deepcopy(exchange)
        speech, reply = made.speech, made.reply
        assert speech is not None
        assert reply is not None
        speech.text, speech.seconds = text, spoken_seconds(text)
        set_answer(reply, answer)
        reply.filler, reply.tools, reply.steps = None, [], reply.steps[-1:]
        reply.backchannel = None
        return made


def _is_plain(exchanges: list[Exchange], index: int) -> bool:
    """Whether nobody cuts in, neither before nor after."""
    here, after = exchanges[index], exchanges[index + 1]
    if here.speech is None or here.reply is None or here.reply.cut is not None:
        return False
    return here.speech.into is None and (after.speech is None or after.speech.into is None)


def set_answer(reply: Reply, text: str) -> None:
    """Have the agent say something else."""
    reply.text, reply.seconds = text, spoken_seconds(text)
    reply.steps[-1].output = len(text) // 4 + 4


def parts_of(exchange: Exchange) -> tuple[Speech, Reply]:
    """Both halves of an exchange that has both."""
    assert exchange.speech is not None
    assert exchange.reply is not None
    return exchange.speech, exchange.reply


def with_tool(scene: Scene, exchange: Exchange) -> ToolRun:
    """The tool of an exchange, made where there is none, and nothing said while it runs."""
    _, reply = parts_of(exchange)
    if not reply.tools:
        step = reply.steps[0]
        asked = Generation(
            step.ttft, 0.12, step.prompt, step.cached, 18, step.model, step.answered_by
        )
        reply.steps.insert(0, asked)
        agent = scene.agent
        reply.tools = [ToolRun(scene.rng.choice(agent.tools), agent.median.tool)]
    reply.filler = None
    return reply.tools[0]


@cache
def _longest_usual(agent: Agent) -> float:
    waits = usual_waits(agent, seed=1)
    return waits[int(len(waits) * LONGEST_USUAL_SHARE)]


def is_felt(agent: Agent, before: float | None, after: float | None) -> bool:
    """The rule of harm for delays.

    The caller's wait grew by half a second or more, and is longer than 99 of 100 waits of calls
    with this agent in which nothing is wrong.
    """
    if before is None or after is None:
        return False
    return after - before >= NOTICED_SECONDS and after > _longest_usual(agent)


def by_wait(felt: float) -> frozenset[str]:
    """Severities of a wait of so many seconds."""
    if felt > 8:
        return frozenset({"critical"})
    if felt > 4:
        return frozenset({"high"})
    return frozenset({"medium"}) if felt > 2.5 else frozenset({"low", "medium"})


def by_silence(seconds: float) -> frozenset[str]:
    """Severities of a silence."""
    if seconds >= 8:
        return frozenset({"critical"})
    return frozenset({"high"}) if seconds >= 5 else frozenset({"low"})


Inject = Callable[[Scene], "list[Fault]"]
"""Puts faults into the call of a scene; an empty list when there is no place for it."""


InTurn = Callable[[Scene, int], Fault]
"""Puts a fault into the exchange of this number."""


def somewhere_from(first: int) -> Callable[[InTurn], Inject]:
    """Have the fault put into one of the exchanges from this one on, where one is free."""

    def choose(put: InTurn) -> Inject:
        def inject(scene: Scene) -> list[Fault]:
            index = scene.pick(first=first)
            return [] if index is None else [put(scene, index)]

        return inject

    return choose


somewhere = somewhere_from(1)


@dataclass(frozen=True, slots=True)
class Operator:
    """A way in which calls go wrong, and the shapes in which that can be seen at all."""

    name: str
    type: str
    inject: Inject
    shapes: frozenset[Shape] = EVERY_SHAPE


def but(*shapes: Shape) -> frozenset[Shape]:
    return EVERY_SHAPE - set(shapes)


def types_of(faults: Iterable[Fault]) -> frozenset[str]:
    """All types that are right for some of the faults."""
    return frozenset(kind for fault in faults for kind in (fault.type, *fault.also))
