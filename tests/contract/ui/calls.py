"""Sessions for the tests of the pages, sent as native JSON, and what programs log of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx2

from tests.otlp import value
from tests.people import PASSWORD, Person

SESSIONS = "/v1/observability/sessions"
LIST = "/ui/api/projects/default/sessions"


def call(
    client: httpx2.Client,
    agent: str = "support",
    *,
    minute: int = 0,
    seconds: int = 60,
    response_ms: int = 800,
    said: str = "I would like a refund, please.",
    **fields: Any,
) -> str:
    """A finished session of two turns that began in some minute of one hour; its id."""
    started = f"2026-03-21T10:{minute:02}:00Z"
    ended = f"2026-03-21T10:{minute + seconds // 60:02}:{seconds % 60:02}Z"
    body = {"agentId": agent, "startedAt": started, "endedAt": ended, "status": "completed"}
    made = client.post(SESSIONS, json={**body, **fields})
    assert made.status_code == 201, made.text
    session = str(made.json()["id"])
    turns = [
        {"id": "u", "index": 0, "speaker": "user", "text": said, "startMs": 1000, "endMs": 3000},
        {
            "id": "a", "index": 1, "speaker": "agent", "text": "Of course.", "llmMs": 300,
            "startMs": 3000 + response_ms, "endMs": 6000 + response_ms,
        },
    ]  # fmt: skip
    sent = client.post(f"{SESSIONS}/{session}/turns", json={"turns": turns})
    assert sent.status_code < 300, sent.text
    return session


def ids(client: httpx2.Client, **parameters: Any) -> list[str]:
    """The ids that the list shows."""
    answer = client.get(LIST, params=parameters)
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["data"]]


@contextmanager
def browser(person: Person) -> Iterator[httpx2.Client]:
    """A client with the cookie of somebody who has logged in, and the token for writes."""
    body = {"email": person.email, "password": PASSWORD}
    with httpx2.Client(base_url=person.server.url, timeout=30) as client:
        answer = client.post("/ui/api/login", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        yield client


def unknown() -> str:
    """The id of no session."""
    return f"sess_{uuid4().hex}"


def record(text: str, at_ns: int, severity: int = 9, **more: Any) -> dict[str, Any]:
    """A log record in OTLP/JSON; `more` holds trace, span, attributes."""
    return {
        "timeUnixNano": str(at_ns),
        "severityNumber": severity,
        "body": {"stringValue": text},
        "traceId": more.get("trace", ""),
        "spanId": more.get("span", ""),
        "attributes": [
            {"key": name, "value": value(of)} for name, of in more.get("attributes", {}).items()
        ],
    }


def write_logs(client: httpx2.Client, *records: dict[str, Any]) -> dict[str, Any]:
    """Send records; what was answered."""
    group = {"scopeLogs": [{"scope": {"name": "my.agent"}, "logRecords": records}]}
    answer = client.post("/v1/logs", json={"resourceLogs": [group]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def read_logs(client: httpx2.Client, session: str, **parameters: Any) -> dict[str, Any]:
    """A page of a session's records."""
    answer = client.get(f"/ui/api/sessions/{session}/logs", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
