"""A plain OpenTelemetry program in OTLP/JSON against a running server: turns from generations."""

from collections.abc import Iterator

import pytest

from tests.clients.calls import Call, Line, Played, Scene
from tests.clients.truths import (
    extent,
    far_ends,
    far_stages,
    far_starts,
    fatal_errors,
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

ROUNDING_S = 0.0011
"""The program sets its own clock, so only our rounding to milliseconds lies between."""

ALL = [Scene("otel_json.py", None, name) for name in ("plain", "tool", "llm_error")]
PLAIN, TOOL, FAILED = ALL

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("clients")]


@pytest.fixture(scope="module")
def played(server: RunningServer) -> Iterator[Played]:
    """All calls of this module, on their way."""
    line = Line(server, server.new_user(), "/api/public/otel", "x-api-key=")
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
def test_the_turns_are_those_of_the_exchange(call: Call) -> None:
    assert told_turns(call.detail) == true_turns(call.truth)
    assert far_stages(call, 0) == []
    assert far_starts(call, ROUNDING_S) == []
    assert far_ends(call, ROUNDING_S) == []


@of(*ALL)
def test_tools_have_their_arguments_results_and_times(call: Call) -> None:
    assert told_tools(call) == true_tools(call.truth)
    assert told_tool_runs(call) == true_tool_runs(call.truth)
    scripted = round(call.truth["scripted"]["tool_ms"])
    assert all(each["durationMs"] == scripted for each in call.detail["toolExecutions"])


@of(*ALL)
def test_requests_to_the_model_have_their_tokens_and_exact_costs(call: Call) -> None:
    assert told_generations(call) == true_generations(call.truth)
    assert told_llm_costs(call) == true_llm_costs(call.truth)
    assert told_usd(call) == total_usd(true_llm_costs(call.truth))
    assert call.detail["unpricedUsage"] == 0


@of(*ALL)
def test_failures_are_errors_with_their_reason(call: Call) -> None:
    told = [each["statusMessage"] for each in call.observations if each["level"] == "ERROR"]
    assert told == [each["message"] for each in fatal_errors(call.truth)]


@of(*ALL)
def test_each_exchange_is_a_trace_of_the_session_newest_first(call: Call) -> None:
    exchanges = sum(turn["speaker"] == "user" for turn in call.truth["turns"])
    assert [line["name"] for line in call.lines] == ["invoke_agent lamp-shop-desk"] * exchanges
    times = [line["timestamp"] for line in call.lines]
    assert times == sorted(times, reverse=True)
    for line, trace in zip(call.lines, call.traces, strict=True):
        assert line["observationCount"] == len(trace["observations"])
        assert float(line["latencySeconds"]) == pytest.approx(extent(trace), abs=ROUNDING_S)


@of(*ALL)
def test_the_session_stays_open_because_nothing_says_that_it_is_over(call: Call) -> None:
    assert (call.detail["status"], call.detail["endedAt"]) == ("active", None)
