"""Numbers over observations, by group and by time, and questions that are refused."""

import json
from typing import Any

import httpx2
import pytest

from tests.contract.langfuse.build import a_call, ingest, read
from tests.server import RunningServer

DAY = {"fromTimestamp": "2026-03-21T00:00:00Z", "toTimestamp": "2026-03-22T00:00:00Z"}


def ask(client: httpx2.Client, *measures: str, **question: Any) -> list[dict[str, Any]]:
    """The rows for measures written as "aggregation measure"."""
    metrics = [
        dict(zip(("aggregation", "measure"), each.split(), strict=True)) for each in measures
    ]
    whole = {"view": "observations", "metrics": metrics, **DAY, **question}
    found: list[dict[str, Any]] = read(client, "v2/metrics", query=json.dumps(whole))["data"]
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
        for column, operator, value, count in (
            ("name", "=", "answer", 3), ("sessionId", "=", "conversation 1", 3),
            ("type", "any of", ["EVENT", "SPAN"], 6), ("providedModelName", "contains", "gpt", 3),
            ("isRootObservation", "=", True, 3), ("latency", ">=", 3000, 3),
            ("providedModelName", "is null", None, 6),
        ):  # fmt: skip
            wanted = {"column": column, "operator": operator, "value": value, "type": "x"}
            assert ask(client, "count count", filters=[wanted])[0]["count_count"] == count, column
        assert ask(client, "histogram latency")[0]["histogram_latency"]


@pytest.mark.parametrize(
    "question",
    [
        "no json",
        "{}",
        json.dumps({"view": "traces", "metrics": [], **DAY}),
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
