"""The JSON filter of the lists: every kind of column, and what is not understood."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.contract.langfuse.build import a_call, at, event, ingest, read
from tests.server import RunningServer

SCORES: list[dict[str, Any]] = [
    {
        "id": "n",
        "traceId": "call 1",
        "name": "quality",
        "value": 0.5,
        "timestamp": at(1),
        "metadata": {"user_id": "abc", "round": 2},
    },
    {
        "id": "c",
        "traceId": "call 1",
        "observationId": "call 1/llm",
        "name": "tone",
        "value": "warm",
        "dataType": "CATEGORICAL",
        "comment": "yes",
        "timestamp": at(3),
    },
    {
        "id": "t",
        "sessionId": "conversation 2",
        "name": "note",
        "value": "long",
        "dataType": "TEXT",
        "environment": "staging",
        "timestamp": at(4),
    },
]


@pytest.fixture(scope="module")
def calls(server: RunningServer) -> Iterator[httpx2.Client]:
    """A client of two calls and a bare trace; another tenant has the same."""
    for key in (server.new_user(), server.new_user()):
        with server.client(key) as client:
            ingest(client, *a_call(), *a_call("call 2", "conversation 2"))
            ingest(client, event("trace-create", 1, id="bare", timestamp=at(50), name="bare",
                                 metadata={"tier": "gold", "n": 7}, release="r1"))  # fmt: skip
            ingest(client, event("generation-create", 9, id="failed", traceId="call 2",
                                 startTime=at(9), endTime=at(9.5), level="ERROR",
                                 statusMessage="100% \\ 'quoted'"))  # fmt: skip
            assert client.post("/api/public/scores", json=SCORES).status_code == 202
    with server.client(key) as client:
        yield client


def ids(client: httpx2.Client, path: str, *filters: tuple[Any, ...], **more: Any) -> set[str]:
    """Ids of what the filters (type, column, operator, value, key) find."""
    names = ("type", "column", "operator", "value", "key")
    sent = [dict(zip(names, each, strict=False)) for each in filters]
    found = read(client, path, filter=json.dumps(sent), **more)
    return {each["id"] for each in found["data"]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("string", "id", "starts with", "call"), {"call 1", "call 2"}),
        (("string", "name", "does not contain", "al"), {"bare"}),
        (("string", "userId", "=", "u1"), {"call 1", "call 2"}),
        (("null", "userId", "is null"), {"bare"}),
        (("stringOptions", "sessionId", "none of", ["conversation 1"]), {"call 2", "bare"}),
        (("datetime", "timestamp", ">=", at(1)), {"bare"}),
        (("arrayOptions", "tags", "all of", ["a", "b"]), {"call 1", "call 2"}),
        (("arrayOptions", "tags", "none of", ["a"]), {"bare"}),
        (("boolean", "bookmarked", "=", True), set()),
        (("boolean", "bookmarked", "<>", True), {"call 1", "call 2", "bare"}),
        (("number", "latency", ">", 3), {"call 2"}),
        (("number", "totalTokens", "=", 120), {"call 1", "call 2"}),
        (("number", "totalCost", ">=", 0.00001), {"call 1", "call 2"}),
        (("number", "errorCount", ">", 0), {"call 2"}),
        (("stringOptions", "level", "any of", ["WARNING"]), {"call 1"}),
        (("stringObject", "metadata", "=", "gold", "tier"), {"bare"}),
        (("numberObject", "metadata", ">", 6, "n"), {"bare"}),
        (("stringObject", "metadata", "is set", "", "k"), {"call 1", "call 2"}),
        (("stringObject", "metadata", "is not set", "", "k"), {"bare"}),
    ],
)  # fmt: skip
def test_traces_are_found(calls: httpx2.Client, asked: tuple[Any, ...], found: set[str]) -> None:
    assert ids(calls, "traces", asked) == found


@pytest.mark.parametrize("path", ["observations", "v2/observations"])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("string", "type", "=", "EVENT"), {"call 1/event", "call 2/event"}),
        (("string", "traceId", "=", "call 1"), {"call 1/turn", "call 1/llm", "call 1/event"}),
        (("datetime", "startTime", ">", at(4)), {"failed"}),
        (("datetime", "endTime", "<", at(3.5)), {"call 1/llm", "call 2/llm"}),
        (("number", "latency", ">=", 3), {"call 1/turn", "call 2/turn"}),
        (("number", "timeToFirstToken", "<", 1), {"call 1/llm", "call 2/llm"}),
        (("string", "statusMessage", "contains", "100% \\ 'q"), {"failed"}),
        (("string", "input", "matches", "WHERE IS"), {"call 1/llm", "call 2/llm"}),
        (("string", "sessionId", "=", "conversation 2"),
         {"call 2/turn", "call 2/llm", "call 2/event", "failed"}),
        (("string", "traceName", "does not contain", "c"), set()),
        (("string", "userId", "does not contain", "u"), set()),
        (("arrayOptions", "traceTags", "any of", ["z"]), set()),
        (("boolean", "isRootObservation", "=", True), {"call 1/turn", "call 2/turn", "failed"}),
        (("numberObject", "metadata", "=", 2, "two"), {"call 1/turn", "call 2/turn"}),
        (("null", "model", "is not null"), {"call 1/llm", "call 2/llm"}),
    ],
)  # fmt: skip
def test_observations_are_found(
    calls: httpx2.Client, path: str, asked: tuple[Any, ...], found: set[str]
) -> None:
    assert ids(calls, path, asked) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("stringObject", "metadata", "=", "abc", "user_id"), {"n"}),
        (("numberObject", "metadata", "<=", 2, "round"), {"n"}),
        (("string", "name", "ends with", "e"), {"c", "t"}),
        (("number", "value", ">", 0.4), {"n"}),
        (("string", "stringValue", "=", "warm"), {"c"}),
        (("datetime", "timestamp", ">=", at(3)), {"c", "t"}),
        (("string", "environment", "=", "default"), {"n", "c"}),
        (("string", "userId", "=", "u1"), {"n", "c"}),
        (("arrayOptions", "traceTags", "any of", ["a"]), {"n", "c"}),
        (("stringOptions", "dataType", "any of", ["TEXT", "NUMERIC"]), {"n", "t"}),
    ],
)  # fmt: skip
def test_scores_are_found(calls: httpx2.Client, asked: tuple[Any, ...], found: set[str]) -> None:
    assert ids(calls, "v2/scores", asked) == found


def test_filters_join_and_go_before_parameters(calls: httpx2.Client) -> None:
    by_name = ("string", "name", "=", "call")
    by_session = ("string", "sessionId", "=", "conversation 1")
    assert ids(calls, "traces", by_name, by_session) == {"call 1"}
    assert ids(calls, "traces", by_name, name="bare") == {"call 1", "call 2"}
    assert ids(calls, "traces", by_name, sessionId="conversation 2") == {"call 2"}
    late = ("datetime", "startTime", ">", at(4))
    assert ids(calls, "observations", late, toStartTime=at(2), traceId="call 2") == {"failed"}
    assert ids(calls, "observations", late, traceId="call 1") == set()
    page = read(calls, "traces", filter=json.dumps([
        {"type": "string", "column": "name", "operator": "=", "value": "call"}]), limit=1)  # fmt: skip
    assert page["meta"] == {"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}


JUDGED: list[tuple[tuple[Any, ...], set[str]]] = [
    (("numberObject", "scores_avg", "=", 0.5, "quality"), {"call 1"}),
    (("numberObject", "scores_avg", "<=", 0.5, "nothing"), set()),
    (("number", "scores_avg", "<", 1), {"call 1", "call 2"}),
    (("number", "scores_avg", "=", 0.25), {"call 2"}),
    (("number", "scores", ">", 0.4, "quality"), {"call 1"}),
    (("null", "scores_avg", "is null", None, "quality"), {"bare"}),
    (("categoryOptions", "score_categories", "any of", ["cold", "warm"], "tone"), {"call 1"}),
    (("categoryOptions", "score_categories", "any of", ["brisk"], "tone"), {"call 1"}),
    (("categoryOptions", "score_categories", "none of", ["warm"], "tone"), {"call 2", "bare"}),
    (("categoryOptions", "score_categories", "any of", ["long"], "note"), set()),
]  # fmt: skip


def test_traces_are_found_by_their_scores(server: RunningServer) -> None:
    said: list[tuple[str, str, Any]] = [
        ("call 1", "quality", 0.5), ("call 2", "quality", 0), ("call 2", "quality", 0.5),
        ("call 1", "tone", "warm"), ("call 1", "tone", "brisk"),
    ]  # fmt: skip
    with server.client(server.new_user()) as client:
        ingest(client, *a_call(), *a_call("call 2", "conversation 2"))
        ingest(client, event("trace-create", 1, id="bare", timestamp=at(50), name="bare"))
        scores = [{"traceId": trace, "name": name, "value": value} for trace, name, value in said]
        scores.append({"traceId": "call 1", "name": "note", "value": "long", "dataType": "TEXT"})
        assert client.post("/api/public/scores", json=scores).status_code == 202
        for asked, found in JUDGED:
            assert ids(client, "traces", asked) == found, asked
        keyless = {"type": "categoryOptions", "column": "score_categories", "operator": "any of"}
        answer = client.get(
            "/api/public/traces", params={"filter": json.dumps([{**keyless, "value": ["warm"]}])}
        )
        assert answer.status_code == 400
        assert "needs a key" in answer.json()["message"]


@pytest.mark.parametrize("path", ["traces", "observations", "v2/observations", "v2/scores"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "filter"),
        ('{"type": "string"}', "filter"),
        ('[{"type": "string", "column": "secret", "operator": "=", "value": "x"}]', "'secret'"),
        ('[{"type": "odd", "column": "name", "operator": "=", "value": "x"}]', "'odd'"),
        ('[{"type": "string", "column": "name", "operator": "like", "value": "x"}]', "'like'"),
        ('[{"type": "string", "column": "name", "operator": "=", "value": 1}]', "'name'"),
        ('[{"type": "stringOptions", "column": "name", "operator": "any of", "value": "x"}]',
         "'name'"),
        ('[{"type": "stringObject", "column": "metadata", "operator": "=", "value": "x"}]', "key"),
        (json.dumps([{"type": "null", "column": "name", "operator": "is null"}] * 21), "20"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_not_understood_is_refused(
    calls: httpx2.Client, path: str, text: str, said: str
) -> None:
    answer = calls.get(f"/api/public/{path}", params={"filter": text})
    assert (answer.status_code, set(answer.json())) == (400, {"message", "error"})
    assert said in answer.text
