"""Sessions for the tests of the boards, sent as native JSON."""

from typing import Any

import httpx2

from tests.contract.ui.calls import SESSIONS
from tests.otlp import MS, new_trace_id, send, span

DAY = "2026-03-21"
DAY_MS = {"from": 1774051200000, "to": 1774137600000}
"""All of that day, in UTC."""


def agent_call(
    client: httpx2.Client,
    agent: str,
    number: int,
    *,
    version: str | None = None,
    stop_ms: int = 500,
    cuts: int = 5,
    false: int = 0,
    day: str = DAY,
    **fields: Any,
) -> str:
    """A session in which the caller takes the floor, and the agent yields after about so long."""
    start = f"{day}T10:{number:02}:00Z"
    body = {
        "agentId": agent, "startedAt": start, "endedAt": f"{day}T10:{number:02}:55Z",
        "status": "completed", **fields,
    }  # fmt: skip
    made = client.post(SESSIONS, json=body)
    assert made.status_code == 201, made.text
    session = str(made.json()["id"])
    turns = [
        {"id": f"t{n}", "index": n, "speaker": "agent", "text": "one two three four five",
         "startMs": 4000 * n, "endMs": 4000 * n + 3000, "interrupted": True}
        for n in range(cuts)
    ]  # fmt: skip
    interruptions = [
        {"id": f"i{n}", "turnIndex": n, "onsetMs": 4000 * n + 1000, "detectedMs": 4000 * n + 1200,
         "stoppedMs": 4000 * n + 1000 + stop_ms + 7 * ((number + n) % 5), "bleedThroughWords": 1,
         "isFalse": n < false}
        for n in range(cuts)
    ]  # fmt: skip
    assert client.post(f"{SESSIONS}/{session}/turns", json={"turns": turns}).is_success
    sent = {"interruptions": interruptions}
    assert client.post(f"{SESSIONS}/{session}/interruptions", json=sent).is_success
    if version is not None:
        _name_version(client, session, version, DAY_MS["from"] + (600 + number) * 60_000)
    return session


def _name_version(client: httpx2.Client, session: str, version: str, start_ms: int) -> None:
    """Only telemetry names an agent's version."""
    named = {"session.id": session, "langfuse.version": version}
    start_ns = (start_ms + 5_000) * MS
    send(client, [span("note", new_trace_id(), start_ns, start_ns + MS, named)])


def tool_run(
    client: httpx2.Client, session: str, number: int, took_ms: int, error: str | None = None
) -> None:
    """One run of a tool in the second turn."""
    run = {
        "id": f"r{number}", "name": "lookup_order", "turnIndex": 1, "startMs": 3100,
        "endMs": 3100 + took_ms, "status": "error" if error else "ok", "error": error,
    }  # fmt: skip
    sent = client.post(f"{SESSIONS}/{session}/tools", json={"tools": [run]})
    assert sent.is_success, sent.text


def board(client: httpx2.Client, name: str, **parameters: Any) -> dict[str, Any]:
    """A board of the day of these calls."""
    answer = client.get(f"/ui/api/projects/default/{name}", params={**DAY_MS, **parameters})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
