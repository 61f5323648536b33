"""The calls that the diagnosis is measured with: the same each time, and true to themselves."""

import random
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.diagnosis_faults.ending import OPERATORS
from bench.diagnosis_faults.fault import EVERY_SHAPE, Fault, Operator, Scene
from bench.diagnosis_scores.cases import Case, Wanted, cases, history
from bench.diagnosis_shapes.shapes import tell
from bench.diagnosis_shapes.telling import Told
from bench.diagnosis_world.agents import CAST, Agent, Shape
from bench.diagnosis_world.call import Call
from bench.diagnosis_world.talk import LONGEST_CLEAN_WAIT, Speaker
from bench.diagnosis_world.timeline import lay_out
from turnwise.app.demo.otlp_bytes import message

NOW_NS = 1_795_000_000 * 1_000_000_000
WHOLE_CALL = {
    "prompt_growth", "no_prompt_cache", "cost_outlier", "telemetry_gap", "clock_skew",
    "region_network",
}  # fmt: skip
"""Types of faults that lie in no single turn."""


def a_call(agent: Agent, seed: int, exchanges: int = 10) -> Call:
    return Speaker(agent, random.Random(seed)).call(NOW_NS, exchanges)


def sent(told: Told) -> object:
    if told.trace is None:
        return [asdict(post) for post in told.posts]
    return message(told.trace, told.trace.spans).SerializeToString(deterministic=True)


def injected(operator: Operator, seed: int) -> Iterator[tuple[Call, list[Fault]]]:
    """The operator on one agent of each shape in which it can be seen."""
    for shape in sorted(operator.shapes):
        agents = [each for each in CAST.steady if each.shape is shape]
        for attempt in range(20):
            rng = random.Random(f"{operator.name} {shape} {seed} {attempt}")
            call = Speaker(rng.choice(agents), rng).call(NOW_NS, 11)
            if faults := operator.inject(Scene(call, rng)):
                yield call, faults
                break
        else:
            raise AssertionError(f"{operator.name} found no place in {shape}")


AGENTS = pytest.mark.parametrize("agent", CAST.everybody, ids=lambda each: each.name)
EACH_OPERATOR = pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)


def test_there_are_enough_agents_of_every_shape() -> None:
    assert len(CAST.steady) >= 12
    assert {each.shape for each in CAST.steady} == EVERY_SHAPE
    assert len({each.name for each in CAST.everybody}) == len(CAST.everybody)
    assert len({each.median for each in CAST.steady}) == len(CAST.steady)
    assert all(0.25 <= each.sigma <= 0.5 for each in CAST.everybody)


@AGENTS
def test_a_seed_gives_the_same_bytes_and_another_gives_others(agent: Agent) -> None:
    first, again, other = (sent(tell(a_call(agent, seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_run_is_the_same_for_the_same_seed() -> None:
    def made(seed: int) -> list[tuple[object, list[str]]]:
        wanted = Wanted(seed=seed, sessions=20, now_ns=NOW_NS)
        return [(sent(e.told), [fault.operator for fault in e.faults]) for e in cases(wanted)]

    assert made(3) == made(3)
    assert made(3) != made(4)


@given(seed=st.integers(0, 2**32), number=st.integers(0, len(CAST.steady) - 1))
@settings(max_examples=40)
def test_clean_calls_have_an_order_and_no_long_wait(seed: int, number: int) -> None:
    call = a_call(CAST.steady[number], seed)
    line = lay_out(call)
    for exchange, times in zip(call.exchanges, line.exchanges, strict=True):
        assert exchange.reply is not None
        assert times.heard
        assert all(span.start < span.end for span in times.heard)
        assert all(first.end <= second.start for first, second in pairwise(times.heard))
        for asked in times.asked:
            assert asked.start < asked.first <= asked.end
        if times.spoken is not None:
            assert times.spoken.end <= times.final <= times.decided <= times.called
            assert 0 < (times.felt or 0) < LONGEST_CLEAN_WAIT
        assert line.end >= times.heard[-1].end


@AGENTS
def test_spans_lie_within_the_call_and_hang_together(agent: Agent) -> None:
    told = tell(a_call(agent, 5))
    if told.trace is None:
        assert [post.method for post in told.posts][-1] == "PATCH"
        return
    ids = [span.span_id for span in told.trace.spans]
    assert len(ids) == len(set(ids))
    roots = [span for span in told.trace.spans if span.parent_id is None]
    assert len(roots) == 1
    for span in told.trace.spans:
        assert span.parent_id is None or span.parent_id in ids
        assert span.start_ns <= span.end_ns
        assert span.start_ns >= NOW_NS
        assert span.end_ns <= NOW_NS + round((told.line.end + 3) * 1e9)


@EACH_OPERATOR
def test_what_was_injected_can_be_found_again(operator: Operator) -> None:
    for call, faults in injected(operator, 1):
        told = tell(call)
        for fault in faults:
            if fault.turn is None:
                assert fault.type in WHOLE_CALL
            else:
                named = [
                    (call.exchanges.index(each), role) for each, role in (fault.turn, *fault.near)
                ]
                assert any(place in told.turns for place in named)
            ids = {
                name
                for exchange, part in fault.parts
                for name in told.ids.get((call.exchanges.index(exchange), part), ())
            }
            # A stage that the shape has no span for is one that nothing explains.
            is_hidden = not fault.parts or "unexplained" in fault.stages
            assert ids or is_hidden, (operator.name, call.agent.shape)
            known = {span.span_id for span in told.trace.spans} if told.trace else ids
            assert ids & known == ids or call.agent.shape is Shape.PIPECAT


@EACH_OPERATOR
def test_a_fault_changes_what_is_sent(operator: Operator) -> None:
    for shape in sorted(operator.shapes):
        agents = [each for each in CAST.steady if each.shape is shape]
        for attempt in range(20):
            rng = random.Random(f"{operator.name} {shape} {attempt}")
            call = Speaker(rng.choice(agents), rng).call(NOW_NS, 11)
            before = sent(tell(call))
            if operator.inject(Scene(call, rng)):
                assert sent(tell(call)) != before
                break


def test_delays_are_felt_only_when_the_caller_waits_longer() -> None:
    delays = [each for each in OPERATORS if each.name.startswith("delay ")]
    faults = [
        fault
        for seed in range(12)
        for operator in delays
        for _, made in injected(operator, seed)
        for fault in made
    ]
    assert all(fault.added >= 0.5 for fault in faults if fault.is_felt)
    small = [fault for fault in faults if fault.factor == 1.2]
    assert small
    assert not any(fault.is_felt for fault in small)
    assert any(fault.is_felt for fault in faults if fault.factor == 5)
    assert {fault.stage for fault in faults} == {
        "endpointing", "stt", "llm", "tts", "tool", "callback", "unexplained",
    }  # fmt: skip


def test_every_operator_takes_its_turn() -> None:
    made = cases(Wanted(seed=1, sessions=150, now_ns=NOW_NS))
    assert {fault.operator for each in made for fault in each.faults} >= {
        each.name for each in OPERATORS
    }
    conditions = {each.condition for each in made}
    assert conditions == {
        "clean", "one fault", "several faults", "no history", "always slow", "new version",
    }  # fmt: skip
    assert all(bool(each.faults) != (each.condition == "clean") for each in made)


def test_a_shape_and_a_type_can_be_asked_for() -> None:
    wanted = Wanted(
        seed=1,
        sessions=20,
        now_ns=NOW_NS,
        shapes=frozenset({Shape.PIPECAT}),
        types=frozenset({"slow_tool"}),
    )
    made = cases(wanted)
    told = [*history(wanted), *(each.told for each in made)]
    assert {each.call.agent.shape for each in told} == {Shape.PIPECAT}
    assert {fault.type for each in made for fault in each.faults} <= {"slow_tool", "high_latency"}


def test_history_comes_before_the_test_and_has_no_newer_version() -> None:
    wanted = Wanted(seed=1, sessions=30, now_ns=NOW_NS)
    made: list[Case] = cases(wanted)
    past = list(history(wanted))
    assert max(told.call.start_ns for told in past) < min(each.call.start_ns for each in made)
    assert {told.call.agent.version for told in past} == {"1.0.0"}
    newer = [each for each in made if each.condition == "new version"]
    assert {each.call.agent.version for each in newer} == {"1.1.0"}
