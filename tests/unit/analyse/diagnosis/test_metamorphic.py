"""The same call told otherwise has the same issues; less telemetry never makes new blame."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analyse.build import facts_of
from tests.unit.analyse.diagnosis.calls import Call, Tool, alarms, history, issues_of
from tests.unit.analyse.recorded import names, recording
from tests.unit.analyse.test_any_input import everything
from turnwise.analyse.assemble import assemble
from turnwise.analyse.diagnosis import PRESETS, Baselines, History, diagnose
from turnwise.model.diagnosis import Issue
from turnwise.model.facts import SessionFacts
from turnwise.model.observation import Level, Observation, Step

USUAL = history(6)
SHIFT_NS = 86_400 * 10**9 * 11


def troubled() -> Call:
    """A call in which several things go wrong."""
    line = "Can you please tell me where my parcel is"
    call = Call().greets().talks(2)
    call.says(eou=2600).answers("Sorry for that.", attempts=2)
    call.says().answers("No order there.", tools=[Tool(error="not found")])
    call.says(line, confidence=0.3)
    call.clock += 4000
    call.says(line).answers("It is on its way.", tts=1900)
    return call.talks(2).ends()


def told(issues: list[Issue]) -> list[Any]:
    return [
        (each.type, each.turn, each.stage, each.severity, each.caused_by, each.evidence,
         each.description, set(each.span_ids))
        for each in issues
    ]  # fmt: skip


def found_in(spans: list[Observation]) -> list[Issue]:
    session = assemble(facts_of(*spans))
    assert session is not None
    return issues_of(session, USUAL)


EXPECTED = told(issues_of(troubled(), USUAL))


def test_the_troubled_call_has_what_went_wrong() -> None:
    kinds = {each[0] for each in EXPECTED}
    assert kinds >= {
        "high_latency", "retry", "tool_failure", "failed_turn", "stt_low_confidence",
        "agent_misunderstanding",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_repetition_has_the_same_issues(seed: int) -> None:
    spans = troubled().spans
    shuffled = [*spans, *random.Random(seed).sample(spans, len(spans) // 2)]
    random.Random(seed).shuffle(shuffled)
    assert told(found_in(shuffled)) == EXPECTED


def test_another_time_has_the_same_issues() -> None:
    moved = [
        replace(
            each,
            start_ns=each.start_ns + SHIFT_NS,
            end_ns=None if each.end_ns is None else each.end_ns + SHIFT_NS,
            first_token_ns=None if each.first_token_ns is None else each.first_token_ns + SHIFT_NS,
        )
        for each in troubled().spans
    ]
    issues = found_in(moved)
    assert told(issues) == EXPECTED
    starts = [each.start_ns for each in issues_of(troubled(), USUAL)]
    assert [each.start_ns for each in issues] == [
        None if at is None else at + SHIFT_NS for at in starts
    ]


def test_unrelated_spans_change_nothing() -> None:
    call = troubled()
    call.add(Step.OTHER, 10, 90_000, "metrics", "session", name="metrics loop")
    for number in range(20):
        call.add(Step.OTHER, 100 * number, 100 * number + 7, f"http{number}", "metrics", name="GET")
    assert told(issues_of(call, USUAL)) == EXPECTED


def test_a_trace_for_each_turn_has_the_same_issues() -> None:
    """Each turn with what is below it in a trace of its own."""
    spans = troubled().spans
    parents = {each.span_id: each.parent_span_id for each in spans}

    def top(span_id: str) -> str:
        above = parents.get(span_id)
        return span_id if above in (None, "session") else top(above)

    split = [
        replace(
            each,
            trace_id=top(each.span_id),
            parent_span_id=None if each.parent_span_id == "session" else each.parent_span_id,
        )
        for each in spans
    ]
    assert told(found_in(split)) == EXPECTED


@settings(max_examples=60)
@given(st.sets(st.integers(0, 400), max_size=25))
def test_spans_that_are_lost_from_a_good_call_blame_nobody(lost: set[int]) -> None:
    """Steps inside turns: whole turns that are gone leave silences that were heard by nobody."""
    inner = {
        Step.TTS, Step.LLM, Step.LLM_NODE, Step.LLM_ATTEMPT, Step.EOU_WAIT, Step.OTHER, Step.TOOL,
    }  # fmt: skip
    spans = Call().greets().talks(6).ends().spans
    kept = [each for at, each in enumerate(spans) if at not in lost or each.step not in inner]
    assert alarms(found_in(kept)) == []


@pytest.mark.parametrize("name", names())
def test_recorded_calls_have_the_issues_that_were_made_in_them_and_no_others(name: str) -> None:
    session = assemble(recording(name).facts)
    assert session is not None
    spans = [each for batch in recording(name).batches for each in batch]
    expected = set()
    if any(each.step is Step.TOOL and each.level is Level.ERROR for each in spans):
        expected.add("tool_failure")
    if any(each.voice.retry_count for each in spans if each.level is not Level.ERROR):
        expected.add("retry")
    if any(each.error for each in session.turns):
        expected.add("failed_turn")
    if any(each.is_false for each in session.interruptions):
        expected.add("false_interruption")
    assert {kind for kind, _ in alarms(issues_of(session))} == expected


@settings(max_examples=80)
@given(everything())
def test_whatever_comes_in_is_diagnosed_without_an_exception(facts: SessionFacts) -> None:
    session = assemble(facts)
    if session is not None:
        for preset in PRESETS.values():
            found = diagnose(session, Baselines(agent=USUAL, version="1"), preset)
            again = diagnose(session, Baselines(agent=USUAL, version="1"), preset)
            assert found == again
            turns = range(len(session.turns))
            assert all(each.turn is None or each.turn in turns for each in found.issues)
            assert all(each.value >= 0 for each in found.samples)


def test_a_long_call_is_diagnosed_like_a_short_one() -> None:
    call = Call().greets().talks(100).ends()
    session = call.session()
    assert len(session.turns) == 201
    assert alarms(issues_of(session, History())) == []
