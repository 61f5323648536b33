"""The ingestion batch: what 207 says, in any order, repeated, broken, of two tenants."""

import random
from typing import Any

import httpx2
import pytest

from tests.contract.langfuse.build import INGESTION, a_call, at, basic, event, ingest, read
from tests.server import PUBLIC, SECRET, RunningServer, wait_for
from turnwise.model.tenancy import Scope


def told(client: httpx2.Client, trace: str) -> dict[str, Any]:
    """A trace as it is read, less what every write changes."""
    found: dict[str, Any] = read(client, f"traces/{trace}")
    for item in (found, *found["observations"]):
        del item["updatedAt"]
        item.pop("projectId")
    return found


def test_a_batch_is_answered_per_event_and_reads_back(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        batch = a_call()
        answer = ingest(client, *batch)
        assert answer == {
            "successes": [{"id": each["id"], "status": 201} for each in batch],
            "errors": [],
        }
        trace = told(client, "call 1")
    turn, llm, done = trace["observations"]
    assert (trace["name"], trace["userId"], trace["sessionId"]) == ("call", "u1", "conversation 1")
    assert (trace["input"], trace["output"]) == ({"q": 1}, "done")
    assert (trace["tags"], trace["metadata"]) == (["a", "b"], {"k": 1, "l": 2})
    assert (trace["public"], trace["latency"]) == (True, 3.0)
    assert (turn["type"], turn["level"], turn["latency"]) == ("SPAN", "WARNING", 3.0)
    assert turn["metadata"] == {"one": 1, "two": 2}
    assert (llm["type"], llm["model"], llm["latency"]) == ("GENERATION", "gpt-4o-mini", 1.0)
    assert llm["usageDetails"] == {"input": 100, "output": 20, "total": 120}
    assert llm["timeToFirstToken"] == 0.4
    assert llm["costDetails"]["total"] == trace["totalCost"] == pytest.approx(0.000027)
    assert (done["type"], done["endTime"]) == ("EVENT", None)


def test_any_order_and_any_split_ends_the_same(server: RunningServer) -> None:
    shuffle = random.Random(7)
    found = []
    for round_ in range(6):
        with server.client(server.new_user()) as client:
            batch = a_call()
            if round_:
                shuffle.shuffle(batch)
            size = 1 + round_ % 3 * 3
            for start in range(0, len(batch), size):
                ingest(client, *batch[start : start + size])
            found.append(told(client, "call 1"))
    assert all(each == found[0] for each in found)


def test_a_replay_changes_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        batch = a_call()
        ingest(client, *batch)
        before = told(client, "call 1")
        assert ingest(client, *batch, *batch)["errors"] == []
        assert told(client, "call 1") == before
        assert read(client, "observations")["meta"]["totalItems"] == 3


def test_an_event_is_taken_once_whatever_it_says_later(own_server: RunningServer) -> None:
    key = own_server.new_user()
    events = [
        event("trace-create", 0, id="t", timestamp=at(0), name="call", tags=["a"]),
        event("span-create", 1, id="s", traceId="t", startTime=at(1), name="first"),
        event("score-create", 2, id="n", traceId="t", name="q", value=0.5),
    ]
    newer = event("score-create", 3, id="n", traceId="t", name="q", value=0.9)
    changes: list[dict[str, Any]] = [
        {"name": "x", "tags": ["b"]}, {"name": "x"}, {"value": 0.1},
    ]  # fmt: skip
    said_otherwise = [
        {**each, "timestamp": at(9), "body": {**each["body"], **change}}
        for each, change in zip(events, changes, strict=True)
    ]
    with own_server.client(key) as client:
        ingest(client, *events)
        ingest(client, newer)
        before = (read(client, "traces/t"), read(client, "v2/scores")["data"])
        for again in (events, said_otherwise):
            answer = ingest(client, *again)
            assert [each["status"] for each in answer["successes"]] == [201] * 3
            assert answer["errors"] == []
            assert (read(client, "traces/t"), read(client, "v2/scores")["data"]) == before
        # A refused event was not taken; what is right under its id is.
        wrong = event("span-create", 4, id="late", traceId="t", level="LOUD")
        assert len(ingest(client, wrong)["errors"]) == 1
        ingest(client, {**wrong, "body": {**wrong["body"], "level": "ERROR"}})
        assert read(client, "observations/late")["level"] == "ERROR"
        before = (read(client, "traces/t"), read(client, "v2/scores")["data"])
    own_server.stop()
    own_server.start()
    with own_server.client(key) as client:
        ingest(client, *said_otherwise)
        assert (read(client, "traces/t"), read(client, "v2/scores")["data"]) == before
    with own_server.client(own_server.new_user()) as other:
        ingest(other, *said_otherwise)
        assert read(other, "traces/t")["name"] == "x"


def test_an_update_of_the_same_instant_wins_over_the_create(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, event("span-update", 1, id="s", traceId="t", name="later"))
        made = event("span-create", 1, id="s", traceId="t", name="first", startTime=at(0))
        ingest(client, made)
        found = read(client, "observations/s")
    assert (found["name"], found["startTime"]) == ("later", at(0))


def test_null_and_absent_never_clear(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call())
        before = told(client, "call 1")
        ingest(
            client,
            event("generation-update", 9, id="call 1/llm", traceId="call 1", output=None,
                  model=None, usage=None, metadata=None, endTime=None),
            event("trace-create", 9, id="call 1", sessionId=None, tags=None, input=None),
        )  # fmt: skip
        assert told(client, "call 1") == before


@pytest.mark.parametrize(
    ("body", "usage", "costs"),
    [
        ({"usage": {"promptTokens": 3, "completionTokens": 4}}, {"input": 3, "output": 4}, {}),
        ({"usage": {"input": 3, "inputCost": 0.5, "totalCost": 0.5}}, {"input": 3},
         {"input": 0.5, "total": 0.5}),
        ({"usageDetails": {"prompt_tokens": 3, "completion_tokens": 1,
                           "prompt_tokens_details": {"cached_tokens": 2}}},
         {"input": 3, "output": 1, "input_cached_tokens": 2}, {}),
        ({"usage": {"input": 9}, "usageDetails": {"input": 3, "output": 1, "total": 9},
          "costDetails": {"input": 0.25}}, {"input": 3, "output": 1, "total": 9},
         {"input": 0.25, "total": 0.25}),
        ({"usage": {"input": 30, "unit": "CHARACTERS"}}, {"input_characters": 30, "total": 0}, {}),
    ],
)  # fmt: skip
def test_every_form_of_usage_is_understood(
    server: RunningServer, body: dict[str, Any], usage: dict[str, int], costs: dict[str, float]
) -> None:
    with server.client(server.new_user()) as client:
        made = event("generation-create", 1, id="g", traceId="t", startTime=at(1), **body)
        assert ingest(client, made)["errors"] == []
        found = read(client, "observations/g")
    total = usage.get("total", usage.get("input", 0) + usage.get("output", 0))
    assert found["usageDetails"] == {**usage, "total": total}
    assert found["costDetails"] == costs


def test_one_bad_event_costs_its_neighbours_nothing(server: RunningServer) -> None:
    bad: list[tuple[Any, str]] = [
        ("no object", "unknown"),
        ({"type": "span-create"}, "unknown"),
        ({**event("span-create", 1, id="x"), "id": "e1", "type": "nonsense"}, "e1"),
        ({**event("span-create", 1, id="x"), "id": "e2", "timestamp": "yesterday"}, "e2"),
        ({**event("span-create", 1, id=7), "id": "e3"}, "e3"),
        ({**event("span-create", 1, id="x", startTime="soon"), "id": "e4"}, "e4"),
        ({**event("span-create", 1, id="x", level="LOUD"), "id": "e5"}, "e5"),
        ({**event("span-create", 1, id="x" * 257), "id": "e6"}, "e6"),
        ({**event("span-update", 1, id="unheard of"), "id": "e7"}, "e7"),
        ({**event("score-create", 1, name="n", value=1), "id": "e8"}, "e8"),
        ({**event("span-create", 1, id="x", startTime="1969-01-01T00:00:00Z"), "id": "e9"}, "e9"),
        ({**event("observation-create", 1, id="x", type="NOISE"), "id": "e10"}, "e10"),
    ]
    with server.client(server.new_user()) as client:
        good = a_call()
        log = event("sdk-log", 1, log="anything")
        answer = ingest(client, *(each for each, _ in bad), *good, log)
        assert [each["id"] for each in answer["successes"]] == [e["id"] for e in [*good, log]]
        assert [each["id"] for each in answer["errors"]] == [name for _, name in bad]
        assert {each["status"] for each in answer["errors"]} == {400}
        assert all(each["message"] and each["error"] for each in answer["errors"])
        assert len(told(client, "call 1")["observations"]) == 3


def test_an_update_without_its_trace_finds_the_observation(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call())
        assert (
            ingest(client, event("generation-update", 8, id="call 1/llm", name="b"))["errors"] == []
        )
        assert told(client, "call 1")["observations"][1]["name"] == "b"


def test_numbers_that_are_no_json_say_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        body = (
            '{"batch": [{"id": "e", "type": "span-create", "timestamp": "2026-03-21T10:00:00Z",'
            '"body": {"id": "s", "traceId": "t", "startTime": "2026-03-21T10:00:00Z",'
            '"input": {"x": NaN, "y": 1}}}]}'
        )
        answer = client.post(INGESTION, content=body, headers={"Content-Type": "application/json"})
        assert answer.json()["successes"] == [{"id": "e", "status": 201}]
        assert read(client, "observations/s")["input"] == {"x": None, "y": 1}


def test_what_is_no_batch_is_refused_in_langfuses_form(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        for body in (b"{", b"[]", b'{"batch": 1}', b""):
            answer = client.post(INGESTION, content=body)
            assert (answer.status_code, set(answer.json())) == (400, {"message", "error"})
        large = client.post(INGESTION, content=b" " * (4 << 20))
        assert (large.status_code, set(large.json())) == (413, {"message", "error"})
    with server.client(None) as client:
        answer = client.post(INGESTION, json={"batch": []})
        assert (answer.status_code, set(answer.json())) == (401, {"message", "error"})
    with server.client(server.new_user(scopes=frozenset({Scope.READ}))) as client:
        assert client.post(INGESTION, json={"batch": []}).status_code == 403


def test_nothing_crosses_from_one_tenant_to_another(server: RunningServer) -> None:
    with server.client(server.new_user()) as one, server.client(server.new_user()) as other:
        ingest(
            one, *a_call(), event("score-create", 6, id="s", traceId="call 1", name="n", value=1)
        )
        ingest(other, *a_call(trace="call 2", session="conversation 2"))
        for path in (
            "traces/call 1", "sessions/conversation 1", "observations/call 1/llm", "scores/s",
            "v2/scores/s",
        ):  # fmt: skip
            assert one.get(f"/api/public/{path}").status_code == 200
            hidden, unknown = other.get(f"/api/public/{path}"), other.get(f"/api/public/{path}x")
            assert (hidden.status_code, unknown.status_code) == (404, 404)
            assert set(hidden.json()) == {"message", "error"}
        for path in ("traces", "sessions", "observations", "v2/scores", "scores"):
            ids = {each["id"] for each in read(other, path)["data"]}
            assert not any("1" in each or each == "s" for each in ids)
        assert read(other, "v3/scores")["data"] == []
        assert {each["traceId"] for each in read(other, "v2/observations")["data"]} == {"call 2"}
        assert other.delete("/api/public/scores/s").status_code == 404
        assert read(one, "scores/s")["value"] == 1


def test_basic_credentials_find_their_project(server: RunningServer) -> None:
    with server.client(None, **basic(PUBLIC, SECRET)) as client:
        [project] = read(client, "projects")["data"]
    assert set(project) == {"id", "name", "organization", "metadata"}
    assert set(project["organization"]) == {"id", "name"}
    with server.client(None, **basic("pk-other", SECRET)) as client:
        assert client.get("/api/public/projects").status_code == 401
    with server.client(None) as client:
        assert read(client, "health")["status"] == "OK"


def test_the_other_surfaces_tell_the_same_call(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call())
        [head] = client.get("/v1/observability/sessions").json()["data"]
        detail = client.get("/v1/observability/sessions/conversation 1").json()
        session = detail["sessionId"] if "sessionId" in detail else head["id"]
        uuid = session.removeprefix("sess_")
        uuid = (
            uuid
            if "-" in uuid
            else f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
        )
        [line] = client.get(f"/v1/traces/session/{uuid}").json()["traces"]
        traced = client.get(f"/v1/traces/session/{uuid}/call 1").json()["trace"]
        trace = told(client, "call 1")
    assert (line["name"], line["observationCount"], line["latencySeconds"]) == ("call", 3, 3.0)
    assert line["totalCostUsd"] == trace["totalCost"]
    llm = next(each for each in traced["observations"] if each["type"] == "GENERATION")
    assert llm["usageDetails"] == trace["observations"][1]["usageDetails"]
    assert llm["input"] == trace["observations"][1]["input"]
    assert llm["output"] == "It is on its way."
    assert [(turn["speaker"], turn["text"]) for turn in detail["turns"]] == [
        ("user", "Where is my order?"),
        ("agent", "It is on its way."),
    ]


def test_a_session_named_late_moves_the_trace(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        batch = a_call()
        ingest(client, *batch[1:])
        assert client.get("/v1/observability/sessions/conversation 1").status_code == 404
        ingest(client, batch[0])
        detail = client.get("/v1/observability/sessions/conversation 1").json()
        assert len(detail["turns"]) == 2
        assert len(client.get("/v1/observability/sessions").json()["data"]) == 1


def test_a_trace_that_is_given_another_session_leaves_the_first(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call(session="a wrong one"))
        assert len(client.get("/v1/observability/sessions/a wrong one").json()["turns"]) == 2
        ingest(client, event("trace-create", 30, id="call 1", sessionId="the right one"))
        detail = client.get("/v1/observability/sessions/the right one").json()
        assert len(detail["turns"]) == 2
        wait_for(
            lambda: client.get("/v1/observability/sessions").json()["data"],
            lambda lines: [line["id"] for line in lines] == [detail["id"]],
        )
        assert read(client, "traces/call 1")["sessionId"] == "the right one"
        assert [each["id"] for each in read(client, "sessions")["data"]] == ["the right one"]


def test_a_trace_without_observations_is_a_trace_and_no_conversation(
    server: RunningServer,
) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, a_call()[0])
        assert read(client, "traces/call 1")["observations"] == []
        assert [each["id"] for each in read(client, "sessions")["data"]] == ["conversation 1"]
        assert client.get("/v1/observability/sessions").json()["data"] == []
