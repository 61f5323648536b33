"""Pipecat against a running server: every number as it was, as far as its spans tell it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.clients.calls import Call, Line, Played, Scene
from tests.clients.truths import (
    AUDIO_SECOND_USD,
    Gap,
    extent,
    far_stages,
    far_starts,
    fatal_errors,
    instant,
    silences,
    speech_usd,
    started_at,
    told_generations,
    told_llm_costs,
    told_tools,
    told_turns,
    told_usd,
    total_usd,
    true_generations,
    true_llm_costs,
    true_tools,
    true_turns,
)
from tests.server import RunningServer

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("clients")]

STAGE_MS = 2
SPEECH_S = 0.5
"""What a busy machine may put between a sound and its span; recordings are held to 0.07 s."""


def scene(scenario: str) -> Scene:
    return Scene("pipecat_call.py", "pipecat-1.14", scenario)


PLAIN, TOOL, CUT = scene("plain"), scene("tool"), scene("interruption")
FAILED, SHORT = scene("llm_error"), scene("ends_early")
ALL = [PLAIN, TOOL, CUT, FAILED, SHORT]


@pytest.fixture(scope="module")
def played(server: RunningServer) -> Iterator[Played]:
    """All calls of this module, on their way."""
    line = Line(server, server.new_user(), "/otel/v1/traces", "Authorization=Bearer ")
    playing = Played(line, ALL)
    yield playing
    playing.close()


@pytest.fixture
def call(played: Played, request: pytest.FixtureRequest) -> Call:
    """The call of the scene that a test names."""
    return played.call(request.param)


def of(*scenes: Scene) -> pytest.MarkDecorator:
    """Give the test the calls of these scenes, one by one."""
    return pytest.mark.parametrize("call", scenes, indirect=True, ids=str)


@of(*ALL)
def test_the_turns_are_those_of_the_call(call: Call) -> None:
    # How much of a cut answer was heard stands on no span of the answer itself.
    assert told_turns(call.detail) == true_turns(call.truth, cut_texts=False)


@of(*ALL)
def test_each_stage_took_what_the_sdk_says(call: Call) -> None:
    assert far_stages(call, STAGE_MS) == []


@of(*ALL)
def test_each_turn_begins_when_its_party_was_heard(call: Call) -> None:
    assert far_starts(call, SPEECH_S) == []


@of(*ALL)
def test_each_turn_ends_no_earlier_than_its_sound_and_no_later_than_the_next_one(
    call: Call,
) -> None:
    turns, wrong = call.detail["turns"], []
    for index, at in silences(call.truth).items():
        told = started_at(call) + turns[index]["endMs"] / 1000
        after = call.truth["turns"][index + 1 : index + 2]
        latest = max([at, *(each["started_at"] for each in after)])
        if not at - SPEECH_S <= told <= latest + SPEECH_S:
            wrong.append(Gap(index, "end", told, at))
    assert wrong == []


@of(*ALL)
def test_the_session_knows_its_tools(call: Call) -> None:
    assert told_tools(call) == true_tools(call.truth)
    assert call.detail["metrics"]["toolExecutions"] == len(call.truth["tools"])


@of(TOOL)
def test_the_tool_is_known_from_what_the_next_request_says_of_it(call: Call) -> None:
    (tool,), (true,) = call.detail["toolExecutions"], call.truth["tools"]
    assert tool["id"] == true["call_id"]
    _, asking, telling, _ = call.typed("GENERATION")
    ran_s = instant(telling["startTime"]) - instant(asking["endTime"])
    assert tool["durationMs"] == pytest.approx(ran_s * 1000, abs=2)
    assert tool["durationMs"] >= call.truth["scripted"]["tool_ms"] - 1
    messages = telling["input"]
    (asked,) = [each["tool_calls"][0] for each in messages if each.get("tool_calls")]
    assert asked["id"] == true["call_id"]
    assert '"42"' in asked["function"]["arguments"]


@of(*ALL)
def test_every_request_to_the_model_is_there_once_with_its_tokens(call: Call) -> None:
    assert told_generations(call) == true_generations(call.truth)
    failed = [each for each in call.typed("GENERATION") if each["level"] == "ERROR"]
    assert len(failed) == len(fatal_errors(call.truth))
    assert all(each["usageDetails"] == each["costDetails"] == {} for each in failed)


@of(*ALL)
def test_costs_are_exactly_those_of_the_price_table(call: Call) -> None:
    assert told_llm_costs(call) == true_llm_costs(call.truth)
    said = [turn["full_text"] for turn in call.truth["turns"] if turn["speaker"] == "agent"]
    heard = [each for each in call.observations if each["name"] == "stt"]
    seconds = [
        Decimal(str(float(each["metadata"]["attributes"]["metrics.audio_seconds"])))
        for each in heard
    ]
    for each, length in zip(heard, seconds, strict=True):
        told = Decimal(each["costDetails"]["total"])
        assert abs(told - length * AUDIO_SECOND_USD) < Decimal("1e-12")
    listening = sum((Decimal(each["costDetails"]["total"]) for each in heard), Decimal(0))
    speaking = speech_usd(said)
    assert told_usd(call) == total_usd(true_llm_costs(call.truth)) + speaking + listening
    assert call.detail["unpricedUsage"] == 0


@of(FAILED)
def test_a_request_that_failed_is_an_error_with_its_reason(call: Call) -> None:
    (failed,) = [each for each in call.observations if each["level"] == "ERROR"]
    (true,) = call.truth["errors"]
    assert failed["type"] == "GENERATION"
    assert failed["statusMessage"].split(": ")[1] == true["message"].split(": ")[1]


@of(CUT)
def test_only_the_turn_that_was_cut_is_interrupted(call: Call) -> None:
    (true,) = call.truth["interruptions"]
    cut = [turn["index"] for turn in call.detail["turns"] if turn["interrupted"]]
    assert cut == [true["turn"]]


@of(SHORT)
def test_a_pipeline_that_ends_after_its_last_word_cuts_nothing(call: Call) -> None:
    assert not any(turn["interrupted"] for turn in call.detail["turns"])
    told = [each for each in call.truth["notes"] if each.endswith("interrupted True")]
    assert len(told) == 1, "the SDK says so of its last turn, and is not believed"


@of(*ALL)
def test_the_list_of_traces_counts_and_measures_what_the_detail_shows(call: Call) -> None:
    ((line,), (trace,)) = call.lines, call.traces
    assert line["name"] == "conversation"
    assert line["observationCount"] == len(trace["observations"])
    assert float(line["latencySeconds"]) == pytest.approx(extent(trace), abs=0.0011)


@of(*ALL)
def test_the_call_is_complete_when_its_conversation_has_come(call: Call) -> None:
    detail, (line,) = call.detail, call.lines
    assert detail["status"] == "completed"
    seconds = float(line["latencySeconds"])
    assert abs(instant(detail["startedAt"]) - started_at(call)) <= 0.5
    assert abs(instant(detail["endedAt"]) - started_at(call) - seconds) <= 0.501
    assert detail["metrics"]["totalDurationMs"] == pytest.approx(seconds * 1000, abs=1)


@of(*ALL)
def test_the_agent_greets_before_anybody_speaks(call: Call) -> None:
    greeting, answer = call.detail["turns"][0], call.detail["turns"][1]
    assert (greeting["speaker"], answer["speaker"]) == ("agent", "user")
    assert greeting["startMs"] < answer["startMs"]
