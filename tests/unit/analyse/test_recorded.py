"""Sessions assembled from recorded calls against what the emitters say has happened."""

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analyse.build import facts_of
from tests.unit.analyse.recorded import names, recording
from turnwise.analyse.assemble import assemble
from turnwise.model.session import Session, SessionStatus, Turn

NAMES = names()
VOICE = [name for name in NAMES if name.startswith(("livekit/", "pipecat/"))]
CUT_TEXT_IS_UNKNOWN = ("pipecat/",)
"""Pipecat never says how much of a cut text was heard."""

FEW_MS = 3.0
FRAME_S = 0.07


def _session(name: str) -> Session:
    session = assemble(recording(name).facts)
    assert session is not None
    return session


def _truth(name: str) -> dict[str, Any]:
    return recording(name).truth


def _pairs(name: str) -> list[tuple[Turn, dict[str, Any]]]:
    return list(zip(_session(name).turns, _truth(name)["turns"], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_turns_are_those_of_the_call(name: str) -> None:
    truth = _truth(name)
    told = [(turn.speaker.value, turn.interrupted) for turn in _session(name).turns]
    assert told == [(each["speaker"], each["interrupted"]) for each in truth["turns"]]
    for turn, each in _pairs(name):
        if not truth["pii"]:
            assert turn.text is None
        elif each["interrupted"] and name.startswith(CUT_TEXT_IS_UNKNOWN):
            assert turn.text == each["full_text"]
        else:
            assert turn.text == each["text"]


@pytest.mark.parametrize("name", VOICE)
def test_the_full_text_is_kept_where_it_is_more(name: str) -> None:
    for turn, each in _pairs(name):
        if turn.text is not None and turn.text != each["full_text"]:
            assert turn.full_text == each["full_text"]
        else:
            assert turn.full_text is None


@pytest.mark.parametrize("name", VOICE)
@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("stt_ns", "stt_ms"),
        ("llm_ns", "llm_ttft_ms"),
        ("tts_ns", "tts_ttfb_ms"),
        ("e2e_ns", "e2e_ms"),
    ],
)
def test_the_numbers_of_a_turn_are_the_reported_ones(name: str, field: str, told: str) -> None:
    for turn, each in _pairs(name):
        value = getattr(turn, field)
        if each[told] is None:
            assert value is None
        else:
            assert value is not None
            assert value / 1e6 == pytest.approx(each[told], abs=FEW_MS)


@pytest.mark.parametrize("name", VOICE)
def test_a_turn_begins_when_its_party_is_heard(name: str) -> None:
    coughs = [each["onset_at"] for each in _truth(name)["interruptions"] if each.get("is_false")]
    for turn, each in _pairs(name):
        if any(abs(each["started_at"] - cough) < FRAME_S for cough in coughs):
            # the SDK's history lets the turn begin with the cough, 5 s before the words
            assert turn.start_ns / 1e9 - each["started_at"] > 5
        elif each["started_at"] is not None:
            assert turn.start_ns / 1e9 == pytest.approx(each["started_at"], abs=FRAME_S)


@pytest.mark.parametrize("name", NAMES)
def test_the_tools_belong_to_the_turn_that_speaks_their_result(name: str) -> None:
    truth = _truth(name)
    told = [(each["name"], each["call_id"], each["turn"]) for each in truth["tools"]]
    tools = _session(name).tools
    assert [(tool.name, tool.call_id, tool.turn_index) for tool in tools] == told
    scripted = truth["scripted"].get("tool_ms")
    for tool, each in zip(tools, truth["tools"], strict=True):
        assert tool.is_error is bool(each["error"])
        if scripted and tool.start_ns and tool.end_ns and each["name"] != "to_billing":
            assert (tool.end_ns - tool.start_ns) / 1e6 == pytest.approx(scripted, abs=25)


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_counted_once(name: str) -> None:
    calls = _truth(name)["llm_calls"]
    usage = _session(name).usage
    assert sum(row.input_tokens for row in usage) == sum(
        each["input_tokens"] or 0 for each in calls
    )
    assert sum(row.output_tokens for row in usage) == sum(
        each["output_tokens"] or 0 for each in calls
    )


@pytest.mark.parametrize("name", VOICE)
def test_interruptions_are_found_where_they_happened(name: str) -> None:
    truth = _truth(name)["interruptions"]
    found = _session(name).interruptions
    assert [(each.agent_turn_index, each.is_false) for each in found] == [
        (each["turn"], bool(each.get("is_false"))) for each in truth
    ]
    for interruption, each in zip(found, truth, strict=True):
        assert interruption.onset_ns is not None
        assert interruption.onset_ns / 1e9 == pytest.approx(each["onset_at"], abs=FRAME_S)
        assert interruption.stopped_ns is not None
        assert interruption.stopped_ns / 1e9 == pytest.approx(each["audio_stopped_at"], abs=FRAME_S)


@pytest.mark.parametrize("name", VOICE)
def test_a_failure_for_good_counts_once_and_a_retry_not_at_all(name: str) -> None:
    truth = _truth(name)
    fatal = [each for each in truth["errors"] if not each.get("recoverable")]
    broken = [each for each in truth["tools"] if each["error"]]
    session = _session(name)
    assert session.error_count == len(fatal) + len(broken)
    assert len([turn for turn in session.turns if turn.error]) == len(fatal)


@pytest.mark.parametrize("name", VOICE)
def test_only_a_killed_worker_leaves_the_session_open(name: str) -> None:
    session = _session(name)
    is_killed = _truth(name)["ended"] == "killed"
    assert (session.ended_ns is None) is is_killed
    assert session.status is (SessionStatus.ACTIVE if is_killed else SessionStatus.COMPLETED)
    assert session.finalized_ns is None


@pytest.mark.parametrize("name", NAMES)
def test_what_has_arrived_so_far_is_readable(name: str) -> None:
    said: list[int] = []
    for arrived in accumulate(recording(name).batches):
        session = assemble(facts_of(*arrived))
        assert session is not None
        assert [turn.index for turn in session.turns] == list(range(len(session.turns)))
        said.append(len(session.turns))
    assert said == sorted(said)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12)
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_session(name: str, data: st.DataObject) -> None:
    whole = recording(name).facts.observations
    shuffled = data.draw(st.permutations(whole))
    again = data.draw(st.lists(st.sampled_from(whole), max_size=20))
    assert assemble(facts_of(*shuffled, *again)) == assemble(facts_of(*whole))
