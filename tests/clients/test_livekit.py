"""LiveKit Agents, both span generations, against a running server: every number as it was."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.clients.calls import Call, Line, Played, Scene
from tests.clients.truths import (
    extent,
    far_ends,
    far_stages,
    far_starts,
    fatal_errors,
    instant,
    speech_usd,
    started_at,
    told_generations,
    told_llm_costs,
    told_tool_runs,
    told_tools,
    told_turns,
    told_usd,
    total_usd,
    true_generations,
    true_llm_costs,
    true_tool_runs,
    true_tools,
    true_turns,
)
from tests.server import RunningServer

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("clients")]

STAGE_MS = 2
"""Our whole milliseconds against the SDK's own fractions of its own clock."""

REQUEST_MS = 100
"""The same for spans and metrics that begin at different moments, also on a busy machine."""

SPEECH_S = 0.5
"""What a busy machine may put between a sound and its span; recordings are held to 0.07 s."""


def scene(version: str, scenario: str, *options: str) -> Scene:
    return Scene("livekit_call.py", f"livekit-{version}", scenario, options)


FULL, FULL_15 = scene("1.8", "full"), scene("1.5", "full")
CUT, PAUSED = scene("1.8", "interruption"), scene("1.8", "false_interruption")
KILLED, KILLED_15 = scene("1.8", "killed"), scene("1.5", "killed")
FAILED, TEXT, JOB = scene("1.8", "llm_failure"), scene("1.8", "text"), scene("1.8", "job")
PRIVATE = scene("1.8", "plain", "--no-pii")

SPOKEN = [FULL, FULL_15, CUT, PAUSED, FAILED, KILLED, KILLED_15, JOB, PRIVATE]
ALL = [*SPOKEN, TEXT]
ENDED = [each for each in ALL if each not in (KILLED, KILLED_15)]


def said_texts(call: Call) -> list[str]:
    """What was given to the TTS; a killed worker may leave its last text unsaid."""
    if call.truth["scenario"] == "text":
        return []
    said = [turn["full_text"] for turn in call.truth["turns"] if turn["speaker"] == "agent"]
    begun = "died while saying: "
    last = [note.removeprefix(begun) for note in call.truth["notes"] if note.startswith(begun)]
    requests = [each for each in call.observations if each["name"] == "tts_request"]
    return [*said, *last][: max(len(said), len(requests))]


@pytest.fixture(scope="module")
def played(server: RunningServer) -> Iterator[Played]:
    """All calls of this module, on their way."""
    playing = Played(Line(server, server.new_user(), "/v1/traces", "x-api-key="), ALL)
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
    assert told_turns(call.detail) == true_turns(call.truth)


@of(*ALL)
def test_each_stage_took_what_the_sdk_says(call: Call) -> None:
    assert far_stages(call, STAGE_MS) == []


@of(*SPOKEN)
def test_each_turn_begins_and_ends_when_its_party_was_heard(call: Call) -> None:
    assert far_starts(call, SPEECH_S) == []
    assert far_ends(call, SPEECH_S) == []


@of(TEXT)
def test_typed_turns_begin_in_their_order(call: Call) -> None:
    starts = [turn["startMs"] for turn in call.detail["turns"]]
    assert starts == sorted(starts)
    assert far_starts(call, 1) == []


@of(*ALL)
def test_the_session_knows_its_tools(call: Call) -> None:
    assert told_tools(call) == true_tools(call.truth)
    assert call.detail["metrics"]["toolExecutions"] == len(call.truth["tools"])


@of(FULL, FULL_15, TEXT)
def test_the_trace_has_the_arguments_and_results_of_tools(call: Call) -> None:
    assert told_tool_runs(call) == true_tool_runs(call.truth)
    assert [each["id"] for each in call.detail["toolExecutions"]] == [
        each["id"] for each in call.typed("TOOL")
    ]
    waited = [
        each["durationMs"] for each in call.detail["toolExecutions"] if each["name"] != "to_billing"
    ]
    assert min(waited) >= call.truth["scripted"]["tool_ms"] - 1


@of(FULL)
def test_a_tool_that_raises_is_an_error_on_its_own_observation(call: Call) -> None:
    levels = {each["id"]: each["level"] for each in call.typed("TOOL")}
    failed = [each for each in call.detail["toolExecutions"] if each["status"] == "error"]
    assert [each["name"] for each in failed] == ["check_stock"]
    assert levels[failed[0]["id"]] == "ERROR"


@of(*ALL)
def test_every_request_to_the_model_is_there_once_with_its_tokens(call: Call) -> None:
    assert told_generations(call) == true_generations(call.truth)
    failed = [each for each in call.typed("GENERATION") if each["level"] == "ERROR"]
    assert len(failed) == len(fatal_errors(call.truth))
    assert all(each["usageDetails"] == each["costDetails"] == {} for each in failed)


@of(*ALL)
def test_the_first_token_came_when_the_sdk_says(call: Call) -> None:
    times = [
        instant(each["completionStartTime"]) - instant(each["startTime"])
        for each in call.typed("GENERATION")
        if each["level"] != "ERROR"
    ]
    told = [
        (told * 1000, true["ttft_ms"])
        for told, true in zip(times, call.truth["llm_calls"], strict=True)
    ]
    assert [pair for pair in told if abs(pair[0] - pair[1]) > REQUEST_MS] == []


@of(*ALL)
def test_costs_are_exactly_those_of_the_price_table(call: Call) -> None:
    assert told_llm_costs(call) == true_llm_costs(call.truth)
    thinking = total_usd(true_llm_costs(call.truth))
    assert told_usd(call) - thinking == speech_usd(said_texts(call))
    assert call.detail["unpricedUsage"] == 0


@of(FULL, FULL_15, FAILED)
def test_each_attempt_that_failed_is_an_error_with_its_reason(call: Call) -> None:
    attempts = [
        each["statusMessage"]
        for each in call.observations
        if each["name"] == "llm_request_run" and each["level"] == "ERROR"
    ]
    assert len(attempts) == len(call.truth["errors"])
    assert all(
        told.endswith(true["message"])
        for told, true in zip(attempts, call.truth["errors"], strict=True)
    )


@of(*ALL)
def test_handoffs_are_told(call: Call) -> None:
    told = call.detail["metadata"].get("handoffs", [])
    assert [{"from": each["from"], "to": each["to"]} for each in told] == call.truth["handoffs"]
    turns = call.detail["turns"]
    for each in told:
        introduced = next(turn for turn in turns if turn["text"].startswith("Billing desk"))
        assert turns[introduced["index"] - 1]["startMs"] - 1000 < each["atMs"]
        assert each["atMs"] < introduced["startMs"]


@of(*ALL)
def test_the_list_of_traces_counts_and_measures_what_the_detail_shows(call: Call) -> None:
    ((line,), (trace,)) = call.lines, call.traces
    assert line["observationCount"] == len(trace["observations"])
    assert float(line["latencySeconds"]) == pytest.approx(extent(trace), abs=0.0011)
    costs = [Decimal(each["costDetails"].get("total", 0)) for each in trace["observations"]]
    assert sum(costs) == line["totalCostUsd"]
    assert {name: trace[name] for name in line if name != "observationCount"} == {
        name: value for name, value in line.items() if name != "observationCount"
    }


@of(*ENDED)
def test_a_call_that_was_closed_is_complete_and_as_long_as_it_was(call: Call) -> None:
    detail, (line,) = call.detail, call.lines
    assert detail["status"] == "completed"
    assert line["name"] == "agent_session"
    assert abs(instant(detail["startedAt"]) - started_at(call)) <= 0.5
    seconds = float(line["latencySeconds"])
    assert detail["metrics"]["totalDurationMs"] == pytest.approx(seconds * 1000, abs=1)
    assert abs(instant(detail["endedAt"]) - started_at(call) - seconds) <= 0.501


@of(KILLED, KILLED_15)
def test_a_killed_worker_leaves_what_it_had_sent_and_an_open_session(call: Call) -> None:
    assert (call.detail["status"], call.detail["endedAt"]) == ("active", None)
    assert call.detail["turns"][-1]["speaker"] == "user"
    assert len(call.typed("GENERATION")) == len(call.truth["llm_calls"]) >= 2


@of(*(each for each in SPOKEN if each not in (KILLED, KILLED_15)))
def test_the_call_was_readable_while_it_went_on(call: Call) -> None:
    assert call.live is not None
    assert (call.live["status"], call.live["endedAt"]) == ("active", None)
    shown = len(call.live["turns"])
    assert 1 <= shown < len(call.truth["turns"])
    assert told_turns(call.live)[0] == true_turns(call.truth)[0]


@of(*SPOKEN)
def test_the_agent_greets_before_anybody_speaks(call: Call) -> None:
    greeting, answer = call.detail["turns"][0], call.detail["turns"][1]
    assert (greeting["speaker"], answer["speaker"]) == ("agent", "user")
    assert greeting["sttMs"] == 0
    assert greeting["endMs"] <= answer["startMs"]


@of(FULL, FULL_15, CUT)
def test_the_agent_falls_silent_soon_after_the_caller_cuts_in(call: Call) -> None:
    (true,) = call.truth["interruptions"]
    cut = call.detail["turns"][true["turn"]]
    onset = call.detail["turns"][true["turn"] + 1]
    stop_ms = 1000 * (true["audio_stopped_at"] - true["onset_at"])
    assert cut["endMs"] - onset["startMs"] == pytest.approx(stop_ms, abs=SPEECH_S * 1000)


@of(PAUSED)
def test_a_cough_is_no_interruption(call: Call) -> None:
    assert [each["is_false"] for each in call.truth["interruptions"]] == [True]
    assert not any(turn["interrupted"] for turn in call.detail["turns"])


@of(PRIVATE)
def test_without_contents_every_number_stays(call: Call) -> None:
    assert not any(turn["text"] for turn in call.detail["turns"])
    assert all(each["input"] is None is each["output"] for each in call.typed("GENERATION"))
    assert call.detail["turns"][1]["sttMs"] > 0
