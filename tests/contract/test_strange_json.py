"""JSON as JavaScript and Python write it, which is not quite JSON."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.contract.wire import JSON, post, refused
from tests.otlp import MS, base_ns, chat, export, new_trace_id, span
from tests.server import RunningServer


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx2.Client]:
    """A tenant of these tests alone."""
    with server.client(server.new_user()) as found:
        yield found


def test_a_text_that_was_cut_within_a_character_costs_nobody_anything(
    client: httpx2.Client,
) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    cut = span("cut \ud83d", trace, start, start + MS, {"said": "so glad \ud83d"})
    body = json.dumps(export([cut, chat(trace, start + 2 * MS, session)])).encode()
    assert refused(post(client, body, JSON)) == (0, "")
    read = client.get(f"/v1/traces/session/{session}/{trace}").json()["trace"]["observations"]
    assert [each["name"] for each in read] == ["cut \ufffd", "chat"]


def test_runs_and_reports_with_numbers_that_are_no_json_are_taken(client: httpx2.Client) -> None:
    headers = {"content-type": "application/json"}
    at = "2026-03-21T10:00:00"
    runs: list[dict[str, Any]] = [
        {"id": str(uuid4()), "name": "cut \ud83d", "run_type": "llm", "start_time": at,
         "outputs": {"score": float("nan")}},
        {"id": str(uuid4()), "name": "whole", "run_type": "llm", "start_time": at},
    ]  # fmt: skip
    sent = json.dumps({"post": runs}).encode()
    answer = client.post("/api/v1/runs/batch", content=sent, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"message": "2 records accepted"})
    read = client.get(f"/api/v1/runs/{runs[0]['id']}").json()
    assert (read["name"], read["outputs"]) == ("cut \ufffd", {"score": None})
    room = f"room-{uuid4().hex[:8]}"
    report = {"room": room, "events": [{"type": "metrics", "ttft": float("nan")}], "said": "\ud83d"}
    answer = client.post(
        f"/v1/observability/sessions/{room}/report",
        content=json.dumps(report).encode(),
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
