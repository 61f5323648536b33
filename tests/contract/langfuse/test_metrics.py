"""Numbers over observations, by group and by time, and questions that are refused."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.contract.langfuse.build import a_call, event, ingest, read
from tests.server import RunningServer

DAY = {"fromTimestamp": "2026-03-21T00:00:00Z", "toTimestamp": "2026-03-22T00:00:00Z"}


def ask(
    client: httpx2.Client, *measures: str, path: str = "v2/metrics", **question: Any
) -> list[dict[str, Any]]:
    """The rows for measures written as "aggregation measure"."""
    metrics = [
        dict(zip(("aggregation", "measure"), each.split(), strict=True)) for each in measures
    ]
    whole = {"view": "observations", "metrics": metrics, **DAY, **question}
    found: list[dict[str, Any]] = read(client, path, query=json.dumps(whole))["data"]
    return found


def test_numbers_are_those_of_the_observations(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        for index in range(3):
            ingest(client, *a_call(f"call {index}", f"conversation {index}"))
        [row] = ask(client, "count count", "sum totalTokens", "sum totalCost", "p50 latency",
                    "avg timeToFirstToken", "max outputTokensPerSecond")  # fmt: skip
        assert row == {
            "count_count": 9, "sum_totalTokens": 360, "sum_totalCost": pytest.approx(0.000081),
            "p50_latency": 2000, "avg_timeToFirstToken": 400, "max_outputTokensPerSecond": 20,
        }  # fmt: skip
        kinds = ask(client, "count count", dimensions=[{"field": "type"}],
                    orderBy=[{"field": "type", "direction": "desc"}])  # fmt: skip
        assert [(each["type"], each["count_count"]) for each in kinds] == [
            ("SPAN", 3), ("GENERATION", 3), ("EVENT", 3),
        ]  # fmt: skip
        series = ask(client, "count count", timeDimension={"granularity": "hour"})
        assert series == [{"time_dimension": "2026-03-21T10:00:00Z", "count_count": 9}]
        for kind, column, operator, value, count in (
            ("string", "name", "=", "answer", 3),
            ("string", "sessionId", "=", "conversation 1", 3),
            ("stringOptions", "type", "any of", ["EVENT", "SPAN"], 6),
            ("string", "providedModelName", "contains", "gpt", 3),
            ("boolean", "isRootObservation", "=", True, 3),
            ("number", "latency", ">=", 3000, 3),
            ("null", "providedModelName", "is null", None, 6),
        ):
            wanted = {"column": column, "operator": operator, "value": value, "type": kind}
            assert ask(client, "count count", filters=[wanted])[0]["count_count"] == count, column
        assert ask(client, "histogram latency")[0]["histogram_latency"]


SCORES: list[dict[str, Any]] = [
    {"id": "n1", "traceId": "call 0", "observationId": "call 0/llm", "name": "quality",
     "value": 0.5, "metadata": {"by": "me"}, "timestamp": "2026-03-21T10:00:01Z"},
    {"id": "n2", "traceId": "call 1", "name": "quality", "value": 1.0,
     "timestamp": "2026-03-21T11:00:01Z"},
    {"id": "b1", "traceId": "call 0", "name": "ok", "value": 1, "dataType": "BOOLEAN",
     "timestamp": "2026-03-21T10:00:02Z"},
    {"id": "b2", "traceId": "call 1", "name": "ok", "value": 0, "dataType": "BOOLEAN",
     "timestamp": "2026-03-21T10:00:02Z"},
    {"id": "c1", "sessionId": "conversation 0", "name": "tone", "value": "warm",
     "dataType": "CATEGORICAL", "timestamp": "2026-03-21T10:00:03Z"},
    {"id": "c2", "traceId": "call 0", "name": "tone", "value": "cold",
     "dataType": "CATEGORICAL", "timestamp": "2026-03-21T10:00:03Z"},
]  # fmt: skip


@pytest.fixture(scope="module")
def calls(server: RunningServer) -> Iterator[httpx2.Client]:
    """A client of two calls with scores, beside those of another tenant."""
    for key in (server.new_user(), server.new_user()):
        with server.client(key) as client:
            for index in range(2):
                ingest(client, *a_call(f"call {index}", f"conversation {index}"))
            assert client.post("/api/public/scores", json=SCORES).status_code == 202
    with server.client(key) as client:
        yield client


def test_numbers_over_scores(calls: httpx2.Client) -> None:
    numeric: dict[str, Any] = {"view": "scores-numeric", "dimensions": [{"field": "name"}]}
    assert ask(calls, "count count", "avg value", **numeric) == [
        {"name": "ok", "count_count": 2, "avg_value": 0.5},
        {"name": "quality", "count_count": 2, "avg_value": 0.75},
    ]
    fields = [{"field": each} for each in (
        "observationName", "observationModelName", "traceName", "source", "dataType",
        "timestampDay", "environment",
    )]  # fmt: skip
    only = [{"type": "number", "column": "value", "operator": "<", "value": 0.75},
            {"type": "string", "column": "name", "operator": "=", "value": "quality"},
            {"type": "stringObject", "column": "metadata", "key": "by", "operator": "=",
             "value": "me"}]  # fmt: skip
    assert ask(calls, "max value", view="scores-numeric", dimensions=fields, filters=only) == [{
        "observationName": "answer", "observationModelName": "gpt-4o-mini", "traceName": "call",
        "source": "API", "dataType": "NUMERIC", "timestampDay": "2026-03-21",
        "environment": "default", "max_value": 0.5,
    }]  # fmt: skip
    assert ask(calls, "avg value", view="scores-boolean") == [{"avg_value": 0.5}]
    labels: dict[str, Any] = {
        "view": "scores-categorical",
        "dimensions": [{"field": "stringValue"}],
    }
    assert ask(calls, "count count", **labels) == [
        {"stringValue": "cold", "count_count": 1}, {"stringValue": "warm", "count_count": 1},
    ]  # fmt: skip
    series: dict[str, Any] = {"view": "scores-numeric", "timeDimension": {"granularity": "hour"}}
    assert [each["count_count"] for each in ask(calls, "count count", **series)] == [3, 1]
    assert ask(calls, "sum countScores") == [{"sum_countScores": 1}]


def test_numbers_over_traces_and_by_fine_dimensions(calls: httpx2.Client) -> None:
    by_session: dict[str, Any] = {"dimensions": [{"field": "sessionId"}], "path": "metrics"}
    assert ask(calls, "count count", "sum observationsCount", "sum scoresCount", "p50 latency",
               "sum totalTokens", "sum totalCost", view="traces", **by_session) == [
        {"sessionId": f"conversation {index}", "count_count": 1, "sum_observationsCount": 3,
         "sum_scoresCount": scores, "p50_latency": 3000, "sum_totalTokens": 120,
         "sum_totalCost": pytest.approx(0.000027)}
        for index, scores in ((0, 3), (1, 2))
    ]  # fmt: skip
    only = [{"type": "arrayOptions", "column": "tags", "operator": "all of", "value": ["a", "b"]}]
    assert ask(calls, "count count", view="traces", path="metrics", filters=only) == [
        {"count_count": 2}
    ]
    by_user: dict[str, Any] = {"dimensions": [{"field": "userId"}], "path": "metrics"}
    [row] = ask(calls, "count count", view="observations", **by_user)
    assert row == {"userId": "u1", "count_count": 6}
    of_trace = [{"field": "traceName"}, {"field": "tags"}]
    assert ask(calls, "count count", "sum countScores", dimensions=of_trace) == [
        {"traceName": "call", "tags": ["a", "b"], "count_count": 6, "sum_countScores": 1}
    ]


def test_numbers_by_day(calls: httpx2.Client) -> None:
    ingest(calls, event("trace-create", 1, id="next", timestamp="2026-03-22T01:00:00Z", name="x"))
    whole = read(calls, "metrics/daily")
    assert whole["meta"] == {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}
    empty, day = whole["data"]
    assert empty == {"date": "2026-03-22", "countTraces": 1, "countObservations": 0,
                     "totalCost": 0, "usage": []}  # fmt: skip
    assert (day["date"], day["countTraces"], day["countObservations"]) == ("2026-03-21", 2, 6)
    assert day["totalCost"] == pytest.approx(0.000054)
    others, model = day["usage"]
    assert (others["model"], others["countObservations"], others["totalUsage"]) == (None, 4, 0)
    assert model == {
        "model": "gpt-4o-mini", "inputUsage": 200, "outputUsage": 40, "totalUsage": 240,
        "totalCost": pytest.approx(0.000054), "countTraces": 2, "countObservations": 2,
    }  # fmt: skip
    assert read(calls, "metrics/daily", page=2, limit=1)["data"] == [day]
    assert read(calls, "metrics/daily", traceName="x")["data"] == [empty]
    assert read(calls, "metrics/daily", userId="nobody")["data"] == []
    assert read(calls, "metrics/daily", tags=["a", "b"])["data"] == [day]
    assert read(calls, "metrics/daily", toTimestamp="2026-03-22T00:00:00Z")["data"] == [day]


@pytest.mark.parametrize(
    "question",
    [
        "no json",
        "{}",
        json.dumps({"view": "traces", "metrics": [], **DAY}),
        json.dumps({"view": "traces", **DAY, "metrics": [
            {"measure": "count", "aggregation": "count"}]}),
        json.dumps({"view": "scores-categorical", **DAY, "metrics": [
            {"measure": "value", "aggregation": "avg"}]}),
        json.dumps({"view": "observations", "metrics": [{"measure": "x", "aggregation": "sum"}], **DAY}),
        json.dumps({"view": "observations", **DAY, "metrics": [
            {"measure": "count", "aggregation": "sum) --"}]}),
        json.dumps({"view": "observations", **DAY, "dimensions": [{"field": "userId"}], "metrics": [
            {"measure": "count", "aggregation": "count"}]}),
        json.dumps({"view": "observations", **DAY, "toTimestamp": DAY["fromTimestamp"], "metrics": [
            {"measure": "count", "aggregation": "count"}]}),
    ],
)  # fmt: skip
def test_a_question_that_is_not_understood_is_refused(server: RunningServer, question: str) -> None:
    with server.client() as client:
        answer = client.get("/api/public/v2/metrics", params={"query": question})
        assert (answer.status_code, set(answer.json())) == (400, {"message", "error"})
