"""Pages, filters, cursors and refusals of Langfuse's reads; scores in all their forms."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.contract.langfuse.build import a_call, at, event, ingest, read
from tests.contract.langsmith_runs import stats
from tests.server import RunningServer

SCORES: list[dict[str, Any]] = [
    {"id": "n", "traceId": "call 1", "name": "quality", "value": 0.5, "timestamp": at(1)},
    {"id": "b", "traceId": "call 1", "name": "ok", "value": 1, "dataType": "BOOLEAN",
     "timestamp": at(2)},
    {"id": "c", "traceId": "call 1", "observationId": "call 1/llm", "name": "tone",
     "value": "warm", "dataType": "CATEGORICAL", "comment": "yes", "timestamp": at(3)},
    {"id": "t", "sessionId": "conversation 1", "name": "note", "value": "long",
     "dataType": "TEXT", "environment": "staging", "timestamp": at(4)},
    {"id": "x", "traceId": "call 1", "name": "fix", "value": "better", "dataType": "CORRECTION",
     "metadata": {"by": "me"}, "timestamp": at(5)},
]  # fmt: skip


def test_scores_are_kept_whole_replaced_by_id_and_forgotten(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call())
        answer = client.post("/api/public/scores", json=SCORES)
        assert (answer.status_code, answer.json()) == (202, {"message": "Accepted"})
        v3 = read(client, "v3/scores", fields="details,subject,annotation")["data"]
        assert [(each["id"], each["value"]) for each in v3] == [
            ("x", "better"), ("t", "long"), ("c", "warm"), ("b", True), ("n", 0.5),
        ]  # fmt: skip
        assert [each["subject"]["kind"] for each in v3] == [
            "trace", "session", "observation", "trace", "trace",
        ]  # fmt: skip
        assert (v3[0]["metadata"], v3[1]["environment"], v3[2]["comment"]) == (
            {"by": "me"}, "staging", "yes",
        )  # fmt: skip
        v2 = {each["id"]: each for each in read(client, "v2/scores")["data"]}
        assert (v2["b"]["value"], v2["b"]["stringValue"]) == (1, "True")
        assert (v2["c"]["value"], v2["c"]["stringValue"]) == (0, "warm")
        assert v2["c"]["trace"]["userId"] == "u1"
        assert {each["id"] for each in read(client, "scores")["data"]} == {"n", "b", "c"}
        trace = read(client, "traces/call 1")
        assert {each["id"] for each in trace["scores"]} == {"n", "b", "c"}
        changed = {**SCORES[0], "value": 0.75}
        one = client.post("/api/public/scores", json=changed)
        assert (one.status_code, one.json()) == (200, {"id": "n"})
        assert read(client, "v2/scores/n")["value"] == 0.75
        assert client.delete("/api/public/scores/n").status_code == 202
        assert client.get("/api/public/v2/scores/n").status_code == 404


def test_a_bad_score_costs_its_neighbours_nothing(server: RunningServer) -> None:
    bad: list[Any] = [
        1, {}, {"name": "n", "value": 1}, {"name": "n", "traceId": "t"},
        {"name": "n", "traceId": "t", "value": "x", "dataType": "NUMERIC"},
        {"name": "n", "traceId": "t", "value": 2, "dataType": "BOOLEAN"},
        {"name": "n", "traceId": "t", "value": 2, "dataType": "CATEGORICAL"},
        {"name": "n", "observationId": "o", "sessionId": "s", "value": 2},
    ]  # fmt: skip
    with server.client(server.new_user()) as client:
        answer = client.post("/api/public/scores", json=[*bad, SCORES[0]])
        assert answer.status_code == 207
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, len(bad))
        assert len(answer.json()["errors"]) == len(bad)
        assert client.post("/api/public/scores", json=bad[1]).status_code == 400
        assert [each["id"] for each in read(client, "v3/scores")["data"]] == ["n"]


def test_a_judgement_may_be_as_large_as_any_body(server: RunningServer) -> None:
    long = "a" * 5_000_000
    with server.client(server.new_user()) as client:
        score = {**SCORES[0], "comment": long}
        assert client.post("/api/public/scores", json=score).status_code == 200
        assert read(client, "v2/scores/n")["comment"] == long
        home = client.get("/sessions").json()[0]["id"]
        body = {"key": "k", "session_id": home, "comment": long}
        assert client.post("/feedback", json=body).json()["comment"] == long


def test_filters_find_what_they_say(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        ingest(client, *a_call(), *a_call("call 2", "conversation 2"))
        ingest(client, event("trace-create", 1, id="bare", timestamp=at(50), name="bare"))
        client.post("/api/public/scores", json=SCORES)

        def ids(path: str, **query: Any) -> list[str]:
            return [each["id"] for each in read(client, path, **query)["data"]]

        assert ids("traces") == ["bare", "call 2", "call 1"]
        assert ids("traces", orderBy="timestamp.asc") == ["call 1", "call 2", "bare"]
        assert ids("traces", sessionId="conversation 2") == ["call 2"]
        assert ids("traces", userId="u1", tags=["a", "b"]) == ["call 2", "call 1"]
        assert ids("traces", name="bare") == ids("traces", fromTimestamp=at(40)) == ["bare"]
        assert ids("traces", toTimestamp=at(0)) == []
        assert ids("traces", toTimestamp="9999-01-01T00:00:00Z", limit=1) == ["bare"]
        assert ids("v2/observations", fromStartTime="9999-01-01T00:00:00Z") == []
        assert ids("sessions") == ["conversation 1", "conversation 2"]
        assert ids("observations", type="GENERATION", traceId="call 1") == ["call 1/llm"]
        assert ids("observations", level="WARNING", userId="u1", limit=1) == ["call 2/turn"]
        assert ids("v2/observations", sessionId="conversation 1", isRootObservation=True) == [
            "call 1/turn"
        ]
        assert ids("v2/observations", parentObservationId="call 2/turn") == [
            "call 2/event", "call 2/llm",
        ]  # fmt: skip
        assert ids("v3/scores", dataType="numeric", valueMin=0.4) == ["n"]
        assert ids("v3/scores", traceId="call 1", observationId="call 1/llm") == ["c"]
        assert ids("v2/scores", operator=">", value=0.7) == ["b"]
        assert ids("v2/scores", environment="staging") == ["t"]
        bare = read(client, "traces/bare")
        assert (bare["latency"], bare["totalCost"], bare["observations"]) == (0, 0, [])
        slim = read(client, "traces", fields="core", limit=1)["data"][0]
        assert (slim["input"], slim["latency"], slim["observations"]) == (None, -1, [])


def test_pages_and_cursors_go_through_everything_once(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        same = [
            event("span-create", 1, id=f"s{index}", traceId=f"t{index % 3}", startTime=at(1))
            for index in range(9)
        ]
        ingest(client, *same)
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while True:
            page = read(client, "v2/observations", **query)
            seen += [each["id"] for each in page["data"]]
            if "cursor" not in page["meta"]:
                break
            query["cursor"] = page["meta"]["cursor"]
        assert sorted(seen) == sorted(f"s{index}" for index in range(9))
        pages = [read(client, "observations", limit=4, page=page) for page in (1, 2, 3, 4)]
        assert [len(page["data"]) for page in pages] == [4, 4, 1, 0]
        assert {each["id"] for page in pages for each in page["data"]} == set(seen)
        assert pages[3]["meta"] == {"page": 4, "limit": 4, "totalItems": 9, "totalPages": 3}


@pytest.mark.parametrize(
    "path",
    [
        "traces?page=0", "traces?limit=x", "traces?fromTimestamp=soon", "traces?orderBy=secret.asc",
        "traces?filter={}", "observations?type=NOISE", "observations?level=LOUD",
        "v2/observations?limit=1001", "v2/observations?cursor=abc", "v2/observations?fields=all",
        "v2/observations?parseIoAsJson=true", "v3/scores?limit=101", "v3/scores?fields=all",
        "v3/scores?observationId=o", "v3/scores?traceId=t&sessionId=s", "v3/scores?value=1",
        "v3/scores?valueMin=1", "v3/scores?dataType=BOOLEAN&value=1", "v2/scores?operator=>",
        "v2/scores?source=NOBODY",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(server: RunningServer, path: str) -> None:
    with server.client() as client:
        answer = client.get(f"/api/public/{path}")
        assert (answer.status_code, set(answer.json())) == (400, {"message", "error"})


def test_a_key_is_asked_for_before_anything_else(server: RunningServer) -> None:
    with server.client(None) as client:
        for path in ("traces?page=0", "sessions", "observations/x", "v2/observations", "v3/scores"):
            answer = client.get(f"/api/public/{path}")
            assert (answer.status_code, set(answer.json())) == (401, {"message", "error"})


def test_a_wrapper_does_not_double_what_its_request_cost(server: RunningServer) -> None:
    told = {"traceId": "wrapped", "startTime": at(1), "endTime": at(2), "model": "gpt-4o-mini"}
    with server.client(server.new_user()) as client:
        ingest(
            client,
            event("generation-create", 1, id="outer", costDetails={"total": 0.5}, **told),
            event("generation-create", 2, id="inner", costDetails={"total": 0.5},
                  parentObservationId="outer", **told),
            event("generation-create", 3, id="second", costDetails={"total": 0.25}, **told),
        )  # fmt: skip
        trace = read(client, "traces/wrapped")
        assert {each["id"]: each["calculatedTotalCost"] for each in trace["observations"]} == {
            "outer": 0.5, "inner": 0.5, "second": 0.25,
        }  # fmt: skip
        assert trace["totalCost"] == 0.75
        assert read(client, "traces")["data"][0]["totalCost"] == 0.75
        session = client.get("/v1/observability/sessions").json()["data"][0]["id"]
        uuid = UUID(session.removeprefix("sess_"))
        lyzr = client.get(f"/v1/traces/session/{uuid}").json()["traces"]
        project = client.get("/api/v1/sessions").json()[0]["id"]
        assert [each["totalCostUsd"] for each in lyzr] == [0.75]
        assert stats(client, project)["total_cost"] == "0.75"


def test_what_is_told_far_above_a_request_is_counted_once(server: RunningServer) -> None:
    told = {"traceId": "deep", "startTime": at(1), "endTime": at(2), "model": "gpt-4o-mini",
            "usage": {"input": 100, "output": 20, "unit": "TOKENS"},
            "costDetails": {"input": 0.4, "output": 0.1}}  # fmt: skip
    plain = {"traceId": "deep", "startTime": at(1), "endTime": at(2)}
    with server.client(server.new_user()) as client:
        ingest(
            client,
            event("generation-create", 1, id="outer", **told),
            event("span-create", 1, id="between", parentObservationId="outer", **plain),
            event("span-create", 1, id="further", parentObservationId="between", **plain),
            event("generation-create", 2, id="inner", parentObservationId="further", **told),
            event("generation-create", 3, id="beside", **told),
        )  # fmt: skip
        assert read(client, "traces/deep")["totalCost"] == 1.0
        assert read(client, "traces")["data"][0]["totalCost"] == 1.0
        for column, sum_of_both in (("totalTokens", 240), ("inputCost", 0.8), ("totalCost", 1.0)):
            wanted = {"type": "number", "column": column, "operator": "=", "value": sum_of_both}
            found = read(client, "traces", filter=json.dumps([wanted]))["data"]
            assert [each["id"] for each in found] == ["deep"], column
        daily = read(client, "metrics/daily")["data"]
        assert [(day["totalCost"], day["countObservations"]) for day in daily] == [(1.0, 5)]
        assert sum(each["totalUsage"] for each in daily[0]["usage"]) == 240
        project = client.get("/api/v1/sessions").json()[0]["id"]
        sums = stats(client, project)
        assert (sums["total_cost"], sums["total_tokens"]) == ("1", 240)


def test_observations_that_are_each_others_parents_are_read_all_the_same(
    server: RunningServer,
) -> None:
    told = {"traceId": "round", "startTime": at(1), "endTime": at(2), "model": "gpt-4o-mini",
            "costDetails": {"total": 0.5}}  # fmt: skip
    with server.client(server.new_user()) as client:
        ingest(
            client,
            event("generation-create", 1, id="hen", parentObservationId="egg", **told),
            event("generation-create", 1, id="egg", parentObservationId="hen", **told),
            event("generation-create", 1, id="own", parentObservationId="own", **told),
            event("generation-create", 1, id="beside", **told),
        )
        assert read(client, "traces/round")["totalCost"] >= 0.5
