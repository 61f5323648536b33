"""The calls of `./dev bench diagnosis` on a real server: the turns, tools and cuts that they have."""

import random
from collections import defaultdict
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.diagnosis_faults.ending import OPERATORS
from bench.diagnosis_faults.fault import Fault, Scene
from bench.diagnosis_scores.cases import Case
from bench.diagnosis_scores.delivery import read, send
from bench.diagnosis_scores.judge import Verdict, judge
from bench.diagnosis_shapes.shapes import tell
from bench.diagnosis_shapes.telling import Told
from bench.diagnosis_world.agents import CAST, Shape
from bench.diagnosis_world.talk import Speaker
from tests.contract.captured import CAPTURES, requests_of
from tests.server import RunningServer

RECORDED = {
    Shape.LIVEKIT: "livekit/1.8.9",
    Shape.LIVEKIT_OLD: "livekit/1.5.17",
    Shape.PIPECAT: "pipecat/1.14.0",
}
OF_THE_USER = {"session.id", "gen_ai.conversation.id", "room_id", "job_id"}
"""What is stamped on every span, which the recorded calls have under another name or not in all."""
NOT_RECORDED = {
    # Read in livekit-agents 1.8.9, telemetry/gen_ai.py, and pipecat-ai 1.14.0, utils/tracing: the
    # recorded models do not think, and no recorded call was left in the middle.
    ("llm_request", "gen_ai.usage.reasoning.output_tokens"),
    ("llm", "gen_ai.usage.reasoning.output_tokens"),
    ("turn", "turn.ended_by_conversation_end"),
}
NOW_NS = 1_795_000_000 * 1_000_000_000
ONLY_LATER = {f"delay {stage}" for stage in ("endpointing", "stt", "llm", "tts", "callback")}
"""Operators that move turns and make none."""
TOLD_WRONG = {"removed spans", "clock skew"}
"""Operators that falsify the report, and with it what can be made of it."""


def calls(shape: Shape) -> dict[str, Told]:
    """Clean calls of the agents of a shape, and one call for each fault."""
    agents = [each for each in CAST.steady if each.shape is shape]
    made = {}
    for agent in agents:
        rng = random.Random(f"{agent.name} {shape}")
        made[f"clean {agent.name}"] = tell(Speaker(agent, rng).call(NOW_NS, 10))
    for operator in OPERATORS:
        if shape not in operator.shapes or operator.name in TOLD_WRONG | ONLY_LATER:
            continue
        rng = random.Random(f"{operator.name} {shape}")
        faults: list[Fault] = []
        while not faults:
            call = Speaker(rng.choice(agents), rng).call(NOW_NS, 10)
            faults = operator.inject(Scene(call, rng))
        made[operator.name] = tell(call)
    return made


def speakers_of(told: Told) -> list[str]:
    """Who speaks, turn by turn."""
    places = sorted(told.turns, key=lambda place: told.turns[place])
    return ["user" if role == "user" else "agent" for _, role in places]


def tools_of(told: Told) -> list[int]:
    """The turn of each tool: in LiveKit 1.5 the words before it are a turn of their own."""
    return [
        told.turns.get((index, "filler"), told.turns[index, "agent"])
        for index, exchange in enumerate(told.call.exchanges)
        if exchange.reply is not None and exchange.reply.failed is None
        for _ in exchange.reply.tools
    ]


def detail(client: httpx2.Client, told: Told) -> dict[str, Any]:
    answer = client.get(f"/v1/observability/sessions/{told.call.id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("shape", list(Shape), ids=str)
def test_the_server_sees_the_turns_and_tools_that_the_call_had(
    server: RunningServer, shape: Shape
) -> None:
    made = calls(shape)
    with server.client(server.new_user()) as client:
        send(client, list(made.values()), "test", lambda done, total: None)
        seen = {name: detail(client, told) for name, told in made.items()}
    expected = {name: (speakers_of(told), tools_of(told)) for name, told in made.items()}
    found = {
        name: (
            [turn["speaker"] for turn in told["turns"]],
            [tool["turnIndex"] for tool in told["toolExecutions"]],
        )
        for name, told in seen.items()
    }
    assert found == expected


def recorded(capture: str) -> dict[str, set[str]]:
    """Names of attributes in the recorded calls of a client, by name of span."""
    found: dict[str, set[str]] = defaultdict(set)
    for scenario in sorted((CAPTURES / capture).iterdir()):
        for sent in requests_of(f"{capture}/{scenario.name}"):
            for group in ExportTraceServiceRequest.FromString(sent.body).resource_spans:
                for scope in group.scope_spans:
                    for span in scope.spans:
                        found[span.name] |= {pair.key for pair in span.attributes}
    return found


@pytest.mark.parametrize("shape", list(RECORDED), ids=str)
def test_no_client_is_made_to_say_what_it_does_not(shape: Shape) -> None:
    known = recorded(RECORDED[shape])
    invented = {
        (span.name, attribute)
        for told in calls(shape).values()
        if told.trace is not None
        for span in told.trace.spans
        if span.scope != "crm"
        for attribute in span.attributes
        if attribute not in known.get(span.name, set())
    }
    assert {each for each in invented if each[1] not in OF_THE_USER} <= NOT_RECORDED


def test_a_fault_that_is_found_is_a_hit_and_a_clean_call_has_no_alarm(
    server: RunningServer,
) -> None:
    rng = random.Random(7)
    [agent] = [each for each in CAST.steady if each.name == "front-desk"]
    clean = Case(Speaker(agent, rng).call(NOW_NS, 8), "clean")
    call = Speaker(agent, rng).call(NOW_NS, 8)
    [operator] = [each for each in OPERATORS if each.name == "tool error"]
    faulty = Case(call, "one fault", operator.inject(Scene(call, rng)))
    with server.client(server.new_user()) as client:
        send(client, [clean.told, faulty.told], "test", lambda done, total: None)
        quiet, loud = (judge(case, read(client, case.told)) for case in (clean, faulty))
    assert quiet.found == []
    assert Verdict.FALSE not in {verdict for _, verdict in quiet.others}
    [found] = loud.found
    assert found.issue is not None
    assert found.issue["type"] == "tool_failure"
    assert (found.exact_turn, found.right_stage, found.grounded) == (True, True, True)
