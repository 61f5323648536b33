"""Events of an ingestion batch, and the answers that come back."""

import base64
from typing import Any
from uuid import uuid4

import httpx2

INGESTION = "/api/public/ingestion"
DAY = "2026-03-21T10:00:"


def at(second: float) -> str:
    """An instant of the test's day."""
    return f"{DAY}{second:06.3f}Z"


def event(kind: str, second: float, **body: Any) -> dict[str, Any]:
    """An event with an id of its own, said at the given second."""
    return {"id": str(uuid4()), "type": kind, "timestamp": at(second), "body": body}


def ingest(client: httpx2.Client, *events: Any) -> dict[str, Any]:
    """The answer to a batch that is read."""
    answer = client.post(INGESTION, json={"batch": list(events), "metadata": {}})
    assert answer.status_code == 207, answer.text
    return dict(answer.json())


def read(client: httpx2.Client, path: str, **query: Any) -> Any:
    """The answer of a read that works."""
    answer = client.get(f"/api/public/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def basic(public: str, secret: str) -> dict[str, str]:
    """Credentials as Langfuse's SDKs send them."""
    pair = base64.b64encode(f"{public}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def a_call(trace: str = "call 1", session: str = "conversation 1") -> list[dict[str, Any]]:
    """A trace with a turn and a generation, told by creates and updates."""
    asked = [{"role": "user", "content": "Where is my order?"}]
    return [
        event("trace-create", 0, id=trace, timestamp=at(0), name="call", userId="u1",
              sessionId=session, tags=["b"], metadata={"k": 1}, input={"q": 1}, public=True),
        event("span-create", 1, id=f"{trace}/turn", traceId=trace, name="turn 1",
              startTime=at(1), metadata={"one": 1}),
        event("generation-create", 2, id=f"{trace}/llm", traceId=trace, name="answer",
              parentObservationId=f"{trace}/turn", startTime=at(2), model="gpt-4o-mini",
              input=asked, modelParameters={"temperature": 0}),
        event("generation-update", 3, id=f"{trace}/llm", traceId=trace, endTime=at(3),
              completionStartTime=at(2.4), output="It is on its way.",
              usage={"input": 100, "output": 20, "unit": "TOKENS"}),
        event("span-update", 4, id=f"{trace}/turn", traceId=trace, endTime=at(4),
              level="WARNING", statusMessage="slow", metadata={"two": 2}),
        event("event-create", 4, id=f"{trace}/event", traceId=trace, name="done",
              startTime=at(4), parentObservationId=f"{trace}/turn"),
        event("trace-create", 5, id=trace, output="done", tags=["a"], metadata={"l": 2},
              name=None, userId=None),
    ]  # fmt: skip
