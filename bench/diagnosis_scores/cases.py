"""Which calls are made: the history from which an agent's usual numbers form, and the test."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench.diagnosis_faults.ending import OPERATORS
from bench.diagnosis_faults.fault import Fault, Operator, Scene
from bench.diagnosis_shapes.shapes import tell
from bench.diagnosis_shapes.telling import Told
from bench.diagnosis_world.agents import CAST, Agent, Shape, slowed
from bench.diagnosis_world.call import Call
from bench.diagnosis_world.talk import Speaker

HISTORY_CALLS = 15
"""Clean calls of each agent before the test: about 130 answers."""

_CLEAN_SHARE = 0.35
_SEVERAL_SHARE = 0.12
_NEWCOMER_SHARE = 0.08
_DELAY_COPIES = 2
"""How much more often delays are made than other faults: their sizes make the detection curve."""
_SLOW_CALLS = 3
"""Test calls of each agent that was always slow, and of each second version."""
_HOUR_NS = 3_600 * 1_000_000_000
_TRIES = 12
_NEED_HISTORY = frozenset({"region_network", "cost_outlier"})
"""Types that are only what they are beside the agent's other calls."""


@dataclass(slots=True)
class Case:
    """A call of the test, with what is wrong with it.

    Attributes:
        condition: "clean", "one fault", "several faults", "no history", "always slow" or
            "new version".
    """

    call: Call
    condition: str
    faults: list[Fault] = field(default_factory=list)
    told: Told = field(init=False)

    def __post_init__(self) -> None:
        self.told = tell(self.call)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run was asked for; empty sets mean everything."""

    seed: int
    sessions: int
    now_ns: int
    shapes: frozenset[Shape] = frozenset()
    types: frozenset[str] = frozenset()

    def agents(self, agents: Sequence[Agent]) -> list[Agent]:
        return [each for each in agents if not self.shapes or each.shape in self.shapes]


def history(wanted: Wanted) -> Iterator[Told]:
    """Clean calls of every agent, over the six days before the test."""
    for agent in wanted.agents(CAST.everybody):
        rng = random.Random(f"history {wanted.seed} {agent.name}")
        speaker = Speaker(agent, rng)
        for _ in range(HISTORY_CALLS):
            start_ns = wanted.now_ns - round(rng.uniform(26, 168) * _HOUR_NS)
            yield tell(speaker.call(start_ns, rng.randint(7, 12)))


def cases(wanted: Wanted) -> list[Case]:
    """The test, in any order."""
    rng = random.Random(f"cases {wanted.seed}")
    found = list(_of_steady(wanted, rng))
    if not wanted.types or "chronic_latency" in wanted.types:
        found += _of_slow(wanted, rng)
    if not wanted.types or "latency_regression" in wanted.types:
        found += _of_newer(wanted, rng)
    rng.shuffle(found)
    return found


def _new_call(
    agent: Agent, wanted: Wanted, rng: random.Random, exchanges: int | None = None
) -> Call:
    start_ns = wanted.now_ns - round(rng.uniform(1, 22) * _HOUR_NS)
    return Speaker(agent, rng).call(start_ns, exchanges or rng.randint(7, 12))


def _of_steady(wanted: Wanted, rng: random.Random) -> Iterator[Case]:
    agents = wanted.agents(CAST.steady)
    clean = round(wanted.sessions * _CLEAN_SHARE) if agents else 0
    order = itertools.cycle(rng.sample(agents, len(agents)))
    for _ in range(clean):
        yield Case(_new_call(next(order), wanted, rng), "clean")
    drawn = _operators(wanted, agents, rng)
    for number in range(wanted.sessions - clean if agents else 0):
        operator = next(drawn, None)
        if operator is None:
            return
        share = (number * 0.618) % 1
        several = share < _SEVERAL_SHARE
        is_new = not several and share < _SEVERAL_SHARE + _NEWCOMER_SHARE
        is_new = is_new and operator.type not in _NEED_HISTORY
        case = _faulty(wanted, rng, operator, agents, several=several, number=number * is_new)
        if case is not None:
            yield case


def _operators(wanted: Wanted, agents: Sequence[Agent], rng: random.Random) -> Iterator[Operator]:
    """Operators for which there is an agent, each as often as the others, delays more often."""
    shapes = {agent.shape for agent in agents}
    usable = [
        operator
        for operator in OPERATORS
        if operator.shapes & shapes and (not wanted.types or operator.type in wanted.types)
    ]
    delays = [each for each in usable if each.name.startswith("delay ")]
    deck = usable + delays * (_DELAY_COPIES - 1)
    while deck:
        yield from rng.sample(deck, len(deck))


def _faulty(
    wanted: Wanted,
    rng: random.Random,
    operator: Operator,
    agents: Sequence[Agent],
    *,
    several: bool,
    number: int,
) -> Case | None:
    """A call with the fault; `number` other than 0: of an agent that nobody has heard of."""
    shape = rng.choice(sorted({agent.shape for agent in agents} & operator.shapes))
    for _ in range(_TRIES):
        agent = rng.choice([each for each in agents if each.shape is shape])
        if number:
            agent = replace(agent, name=f"{agent.name}-{number}")
        call = _new_call(agent, wanted, rng, rng.randint(9, 12))
        scene = Scene(call, rng)
        faults = operator.inject(scene)
        if not faults:
            continue
        for _ in range(rng.randint(1, 2) if several else 0):
            faults += rng.choice(_meeting(wanted, shape)).inject(scene)
        condition = "several faults" if len(faults) > 1 else "one fault"
        return Case(call, "no history" if number else condition, faults)
    return None


def _meeting(wanted: Wanted, shape: Shape) -> list[Operator]:
    """Faults that can meet others in a call: those of single turns that end nothing."""
    return [
        each
        for each in OPERATORS
        if shape in each.shapes
        and each.type != "abrupt_hangup"
        and (not wanted.types or each.type in wanted.types)
    ]


def _of_slow(wanted: Wanted, rng: random.Random) -> Iterator[Case]:
    for agent in wanted.agents(list(CAST.slow)):
        for _ in range(_SLOW_CALLS):
            call = _new_call(agent, wanted, rng)
            fault = _everywhere(call, "chronic_latency", CAST.slow[agent])
            yield Case(call, "always slow", [fault])


def _of_newer(wanted: Wanted, rng: random.Random) -> Iterator[Case]:
    for agent in wanted.agents(list(CAST.newer)):
        slower = CAST.newer[agent]
        for _ in range(_SLOW_CALLS):
            call = _new_call(slowed(agent, slower), wanted, rng)
            yield Case(call, "new version", [_everywhere(call, "latency_regression", slower.stage)])


def _everywhere(call: Call, kind: str, stage: str) -> Fault:
    """A stage that is slow in all turns of a call."""
    part = "user" if stage == "stt" else stage
    # The end of a turn cannot be decided before its transcript is there.
    stages = {"stt", "endpointing"} if stage == "stt" else {stage}
    return Fault(
        operator="slow stage" if kind == "chronic_latency" else "slower version",
        type=kind,
        stages=frozenset(stages),
        parts=tuple((each, part) for each in call.exchanges),
        severities=frozenset({"medium", "high"}),
        symptoms=frozenset({"high_latency", "chronic_latency", "dead_air", "region_network"}),
    )
