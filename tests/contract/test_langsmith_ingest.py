"""Runs by every path: merged whatever their order, kept whole, refused one by one."""

import gzip
from collections.abc import Iterator
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import zstandard

from tests.contract.langsmith_runs import (
    at,
    json_part,
    multipart,
    post,
    project,
    run,
    stats,
    usage,
)
from tests.server import RunningServer, wait_for

NULLS = dict.fromkeys(
    ("name", "run_type", "session_id", "session_name", "parent_run_id", "tags", "serialized")
)


def patch_of(made: dict[str, Any], **more: Any) -> dict[str, Any]:
    ids = {name: made[name] for name in ("id", "trace_id", "dotted_order")}
    return {**NULLS, **ids, **more}


def read(client: httpx2.Client, run_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/runs/{run_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_any_order_of_making_and_updates_ends_the_same(server: RunningServer) -> None:
    seen = []
    with server.client(server.new_user()) as client:
        for order in permutations(range(3)):
            name = f"p-{uuid4().hex[:8]}"
            made = run(0, None, name="ask", run_type="llm", session_name=name, tags=["a"])
            made |= {"inputs": {"q": 1}, "events": [], "serialized": {"s": 1}}
            made["extra"] = {"metadata": {"ls_model_name": "gpt-4.1-mini", "thread_id": "t"}}
            early = patch_of(made, end_time=at(1), outputs={"early": True}, session_name=name)
            late = patch_of(
                made,
                end_time=at(2),
                session_name=name,
                outputs={"usage_metadata": {"input_tokens": 3, "output_tokens": 4}},
                events=[{"name": "new_token", "time": at(0.25)}],
            )
            for index in order:
                sent = (made, early, late)[index]
                key = "post" if index == 0 else "patch"
                assert client.post("/runs/batch", json={key: [sent]}).status_code == 202
            found = read(client, made["id"])
            text = str(found).replace(made["id"], "RUN").replace(found["session_id"], "P")
            seen.append((text, found))
    assert len({text for text, _ in seen}) == 1
    _, found = seen[0]
    assert (found["name"], found["run_type"], found["status"]) == ("ask", "llm", "success")
    assert (found["inputs"], found["tags"]) == ({"q": 1}, ["a"])
    assert found["serialized"] == {"s": 1}
    assert found["outputs"]["usage_metadata"]["input_tokens"] == 3
    assert found["end_time"] == at(2) + ".000000Z"
    assert found["first_token_time"].endswith(".250000Z")
    assert (found["total_tokens"], found["prompt_tokens"]) == (7, 3)
    assert float(found["total_cost"]) > 0
    assert found["extra"]["metadata"]["thread_id"] == "t"


def test_a_replay_changes_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client)
        root = run(session_id=one, run_type="llm", extra=usage(1, 2))
        body = {"post": [root], "patch": [patch_of(root, end_time=at(3), outputs={"a": 1})]}
        first = client.post("/runs/batch", json=body)
        before = (read(client, root["id"]), stats(client, one))
        assert client.post("/runs/batch", json=body).status_code == first.status_code == 202
        assert (read(client, root["id"]), stats(client, one)) == before


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
@pytest.mark.parametrize("root", ["", "/api", "/api/v1"])
def test_multipart_brings_runs_and_feedback(
    server: RunningServer, encoding: str, root: str
) -> None:
    made = run(0, None, name="turn")
    head = {k: v for k, v in made.items() if k not in ("inputs", "outputs", "extra")}
    run_id, judged = made["id"], str(uuid4())
    body, headers = multipart(
        [
            json_part(f"post.{run_id}", head),
            json_part(f"post.{run_id}.inputs", {"text": "--edge\r\n"}),
            json_part(f"post.{run_id}.extra", {"runtime": {"x": 1}}),
            json_part(f"patch.{run_id}", patch_of(made, end_time=at(1))),
            json_part(f"patch.{run_id}.outputs", {"answer": "é"}),
            json_part(f"patch.{run_id}.error", "boom"),
            json_part(
                f"feedback.{judged}",
                {"id": judged, "key": "k", "score": 1, "run_id": run_id, "trace_id": run_id},
            ),
        ]
    )
    if encoding:
        packed = gzip.compress(body) if encoding == "gzip" else zstandard.compress(body)
        body, headers = packed, {**headers, "content-encoding": encoding}
    with server.client(server.new_user()) as client:
        answer = client.post(f"{root}/runs/multipart", content=body, headers=headers)
        assert (answer.status_code, list(answer.json())) == (202, ["message"]), answer.text
        found = read(client, run_id)
    assert (found["inputs"], found["outputs"]) == ({"text": "--edge\r\n"}, {"answer": "é"})
    assert (found["status"], found["error"]) == ("error", "boom")
    assert found["extra"] == {"runtime": {"x": 1}}
    assert found["feedback_stats"]["k"]["n"] == 1


def test_a_bad_part_costs_its_own_run(server: RunningServer) -> None:
    good, bad = run(), run()
    body, headers = multipart(
        [
            json_part(f"post.{good['id']}", good),
            json_part(f"post.{bad['id']}", bad),
            (f"post.{bad['id']}.inputs", b'{"score": }', "application/json"),
            json_part("post.nobody", good),
            (f"attachment.{good['id']}.sound", b"RIFF", "audio/wav"),
        ]
    )
    with server.client(server.new_user()) as client:
        answer = client.post("/runs/multipart", content=body, headers=headers)
        assert answer.status_code == 202
        named = {each["id"] for each in answer.json()["rejected"]}
        assert f"post.{bad['id']}.inputs" in named
        assert "post.nobody" in named
        assert read(client, good["id"])["status"] == "success"
        assert client.get(f"/runs/{bad['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {"content-type": "multipart/form-data; boundary=edge"}, 400),
        (b"--edge\r\n", {"content-type": "multipart/form-data; boundary=edge"}, 400),
        (b"--edge\r\nx\r\n--edge--", {"content-type": "multipart/form-data; boundary=edge"}, 400),
        (b"--edge--", {"content-type": "multipart/form-data"}, 400),
        (b"{}", {"content-type": "application/json"}, 415),
        (
            b"xx",
            {"content-type": "multipart/form-data; boundary=edge", "content-encoding": "gzip"},
            400,
        ),
    ],
)
def test_a_broken_multipart_body_is_refused(
    server: RunningServer, body: bytes, headers: dict[str, str], status: int
) -> None:
    with server.client(server.new_user()) as client:
        answer = client.post("/api/v1/runs/multipart", content=body, headers=headers)
    assert (answer.status_code, list(answer.json())) == (status, ["error", "details"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/runs", b'{"name": "x"}', 422),
        ("/runs", b'{"id": "x", "name": "x", "run_type": "llm"}', 422),
        ("/runs", b'{"name": NaN}', 422),
        ("/runs", b"[]", 422),
        ("/runs/batch", b'{"post": 3}', 400),
        ("/runs/batch", b'{"post": [{"id": "x"}]}', 422),
        ("/runs/batch", b"{", 400),
    ],
)
def test_bad_json_is_refused_with_words(
    server: RunningServer, path: str, body: bytes, status: int
) -> None:
    with server.client(server.new_user()) as client:
        answer = client.post(path, content=body)
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error", "details"]


def test_a_body_over_the_limit_is_refused(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        packed = gzip.compress(b" " * (65 << 20))
        answer = client.post("/runs", content=packed, headers={"content-encoding": "gzip"})
    assert (answer.status_code, list(answer.json())) == (413, ["error", "details"])


def test_times_out_of_reach_are_refused_alone(server: RunningServer) -> None:
    old, wrong, good = run(), run(), run()
    old["start_time"], wrong["end_time"] = "1970-01-01T00:00:00", "9999-99-99"
    with server.client(server.new_user()) as client:
        answer = client.post("/runs/batch", json={"post": [old, wrong, good]})
        assert answer.status_code == 202
        assert {each["id"] for each in answer.json()["rejected"]} == {old["id"], wrong["id"]}
        assert read(client, good["id"])


@pytest.mark.parametrize("is_child", [False, True], ids=["root", "child"])
def test_an_update_before_its_run_is_not_lost(server: RunningServer, is_child: bool) -> None:
    name, key = f"p-{uuid4().hex[:8]}", server.new_user()
    root = run(0, 3, name="root", session_name=name)
    made = run(1, None, name="ask", session_name=name, parent=root if is_child else None)
    update = {"outputs": {"y": 2}, "end_time": at(2), "tags": ["late"]}
    with server.client(key) as client:
        assert client.patch(f"/runs/{made['id']}", json=update).status_code == 202
        waiting = read(client, made["id"])
        assert (waiting["outputs"], waiting["end_time"]) == ({"y": 2}, at(2) + ".000000Z")
        post(client, made, root)
        for _ in range(2):
            found = read(client, made["id"])
            assert (found["name"], found["outputs"], found["tags"]) == ("ask", {"y": 2}, ["late"])
            assert (found["start_time"], found["status"]) == (at(1) + ".000000Z", "success")
            home = client.get("/sessions", params={"name": name}).json()[0]["id"]
            assert (found["session_id"], found["trace_id"]) == (home, made["trace_id"])
            everywhere = [each["id"] for each in client.get("/sessions").json()]
            kept = client.post("/runs/query", json={"session": everywhere}).json()["runs"]
            assert sorted(each["id"] for each in kept) == sorted([made["id"], root["id"]])
            post(client, made, root)
        assert "turnwise" not in str(found)


def test_single_runs_need_neither_trace_nor_order(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client)
        top, below = uuid4().hex, uuid4().hex
        sent = {"id": top, "name": "top", "run_type": "chain", "session_id": one}
        assert client.post("/runs", json={**sent, "start_time": at(0)}).status_code == 202
        child = {"id": below, "name": "below", "run_type": "tool", "parent_run_id": top}
        child |= {"session_id": one, "start_time": at(0.5)}
        assert client.post("/api/runs", json=child).status_code == 202
        ended = client.patch(f"/api/v1/runs/{top}", json={"end_time": at(2), "outputs": {"a": 1}})
        assert ended.status_code == 202
        found, inner = read(client, top), read(client, below)
        assert stats(client, one)["latency_p50"] == 2.0
    assert (found["id"].replace("-", ""), found["outputs"]) == (top, {"a": 1})
    assert found["trace_id"] == found["id"] == inner["parent_run_id"] == inner["trace_id"]
    assert inner["status"] == "pending"
    assert inner["dotted_order"].count(".") == 1


def test_a_thread_is_a_session_of_the_voice_surfaces(server: RunningServer) -> None:
    thread = str(uuid4())
    with server.client(server.new_user()) as client:
        root = run(name="call", extra={"metadata": {"thread_id": thread}})
        llm = run(0.1, 0.9, parent=root, run_type="llm", name="ask", extra=usage(5, 6))
        llm["inputs"] = {"messages": [{"role": "user", "content": "Is it five?"}]}
        llm["outputs"] = {"choices": [{"message": {"role": "assistant", "content": "It is."}}]}
        post(client, llm, root)
        found = wait_for(
            lambda: client.get(f"/v1/observability/sessions/{thread}").json(),
            lambda body: len(body.get("turns", [])) == 2,
        )
        traces = client.get(f"/v1/traces/session/{thread}").json()["traces"]
    assert [each["text"] for each in found["turns"]] == ["Is it five?", "It is."]
    assert [(each["traceId"], each["name"]) for each in traces] == [(root["id"], "call")]
    assert traces[0]["observationCount"] == 2


class Shop:
    """A project with runs of every kind, and a way to ask for their names."""

    every = {"turn", "clock", "ask", "broken", "open"}

    def __init__(self, client: httpx2.Client):
        self.client = client
        self.id = one = project(client)
        root = run(0, 3, session_id=one, name="turn", tags=["prod", "eu"])
        root["extra"] = {"metadata": {"shop": "lamps", "size": 3}}
        tool = run(1, 1.5, session_id=one, parent=root, name="clock", run_type="tool")
        llm = run(1, 2, session_id=one, parent=root, name="ask", run_type="llm", extra=usage(5, 6))
        llm["inputs"] = {"q": "where is Straße?"}
        failed = run(5, 6, session_id=one, name="broken", error="out of lamps")
        waiting = run(8, None, session_id=one, name="open")
        post(client, root, tool, llm, failed, waiting)
        client.post("/feedback", json={"key": "star", "score": 4, "run_id": root["id"]})
        client.post("/feedback", json={"key": "tone", "score": 1, "run_id": root["id"]})
        self.root, self.tool, self.llm = root["id"], tool["id"], llm["id"]

    def names(self, text: str = "", **more: Any) -> set[str]:
        asked = {"session": [self.id], **({"filter": text} if text else {}), **more}
        answer = self.client.post("/api/v1/runs/query", json=asked)
        assert answer.status_code == 200, answer.text
        return {each["name"] for each in answer.json()["runs"]}


@pytest.fixture(scope="module")
def shop(server: RunningServer) -> Iterator[Shop]:
    with server.client(server.new_user()) as client:
        yield Shop(client)


def test_runs_are_found_by_what_the_body_asks(shop: Shop) -> None:
    assert shop.names() == shop.every
    assert shop.names(is_root=True) == {"turn", "broken", "open"}
    assert shop.names(run_type="tool") == {"clock"}
    assert shop.names(parent_run=shop.root) == {"clock", "ask"}
    assert shop.names(trace=shop.root.replace("-", "")) == {"turn", "clock", "ask"}
    assert shop.names(error=True) == {"broken"}
    assert shop.names(error=False) == shop.every - {"broken"}
    assert shop.names(start_time=at(5)) == {"broken", "open"}
    assert shop.names(id=[shop.tool, shop.llm]) == {"clock", "ask"}
    assert shop.names(query="LAMPS") == {"broken"}
    assert shop.names(f'eq(id, "{shop.llm}")') == {"ask"}
    assert shop.names(f'gt(start_time, "{at(7)}")') == {"open"}
    assert shop.names('eq(run_type, "llm")', trace_filter='eq(name, "turn")') == {"ask"}
    assert shop.names("eq(is_root, true)", tree_filter='eq(name, "clock")') == {"turn"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('eq(run_type, "tool")', {"clock"}),
        ("neq(error, null)", {"broken"}),
        ('eq(status, "pending")', {"open"}),
        ('gt(latency, "1s")', {"turn"}),
        ("lte(latency, 0.5)", {"clock"}),
        ("gt(total_tokens, 10)", {"ask"}),
        ("eq(prompt_tokens, 5)", {"ask"}),
        ("gt(total_cost, 0)", set()),
        ('and(has(tags, "prod"), has(tags, "eu"))', {"turn"}),
        ('has(tags, "pro")', set()),
        ('and(eq(metadata_key, "shop"), eq(metadata_value, "lamps"))', {"turn"}),
        ('and(eq(metadata_key, "size"), eq(metadata_value, "lamps"))', set()),
        ("has(metadata, '{\"size\": 3}')", {"turn"}),
        ('and(eq(feedback_key, "star"), gte(feedback_score, 4))', {"turn"}),
        ('and(eq(feedback_key, "tone"), gte(feedback_score, 4))', set()),
        ('neq(feedback_key, "star")', {"clock", "ask", "broken", "open"}),
        ('search("WHERE IS STRA")', {"ask"}),
        ('in(name, ["ask", "open"])', {"ask", "open"}),
        ('not(in(name, ["ask", "open"]))', {"turn", "clock", "broken"}),
        ('or(eq(name, "ask"), eq(name, "open"))', {"ask", "open"}),
    ],
)
def test_runs_are_found_by_filters(shop: Shop, text: str, found: set[str]) -> None:
    assert shop.names(text) == found


def test_a_filter_that_is_not_understood_is_refused(shop: Shop) -> None:
    asked = {"session": [shop.id], "filter": "like(a, 1)"}
    refused = shop.client.post("/runs/query", json=asked)
    assert refused.status_code == 400
    assert "no operator 'like'" in refused.json()["detail"]
    assert shop.client.post("/runs/query", json={}).status_code == 400


def test_statistics_cover_what_matches(shop: Shop) -> None:
    asked = {"session": [shop.id], "is_root": True}
    roots = shop.client.post("/runs/stats", json=asked).json()
    every = shop.client.post("/runs/stats", json={"session": [shop.id]}).json()
    assert (roots["run_count"], roots["total_tokens"], roots["total_cost"]) == (3, 0, 0)
    assert (every["run_count"], every["total_tokens"]) == (5, 11)


def test_pages_follow_each_other_without_gaps(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client)
        sent = [run(index // 2, 9, session_id=one) for index in range(7)]
        post(client, *sent)
        for order in ("asc", "desc"):
            found: list[str] = []
            cursor = None
            while True:
                asked = {"session": [one], "limit": 3, "order": order, "select": ["id", "name"]}
                body = client.post("/runs/query", json={**asked, "cursor": cursor}).json()
                found += [each["id"] for each in body["runs"]]
                assert "inputs" not in body["runs"][0]
                cursor = body["cursors"]["next"]
                if cursor is None:
                    break
            assert sorted(found) == sorted(each["id"] for each in sent)
        wrong = client.post("/runs/query", json={"session": [one], "cursor": "x"})
        assert wrong.status_code == 422


def test_feedback_is_kept_changed_and_forgotten(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        root = run()
        post(client, root)
        one = str(uuid4())
        body = {"id": one, "key": "k", "run_id": root["id"], "value": {"a": 1}, "comment": "c"}
        body |= {"feedback_source": {"type": "model", "metadata": {"m": 1}}}
        assert client.post("/feedback", json=body).status_code == 200
        assert client.post("/feedback", json=body).status_code == 200
        (found,) = client.get("/feedback", params={"run": root["id"]}).json()
        assert (found["value"], found["run_id"]) == ({"a": 1}, root["id"])
        assert found["feedback_source"] == body["feedback_source"]
        assert client.get("/feedback", params={"source": "api"}).json() == []
        changed = client.patch(f"/feedback/{one}", json={"score": 0.5, "comment": None}).json()
        assert (changed["score"], changed["comment"]) == (0.5, "c")
        assert client.delete(f"/feedback/{one}").status_code == 200
        assert client.delete(f"/feedback/{one}").status_code == 404
        for wrong in (
            {"run_id": root["id"]},
            {"key": "k" * 181, "run_id": root["id"]},
            {"key": "k", "run_id": "x"},
            {"key": "k"},
            {"key": "k", "run_id": root["id"], "score": "high"},
            {"key": "k", "run_id": root["id"], "score": 10**400},
        ):
            assert client.post("/feedback", json=wrong).status_code == 422, wrong
        unknown = client.post("/feedback", json={"key": "k", "session_id": str(uuid4())})
        assert unknown.status_code == 404
