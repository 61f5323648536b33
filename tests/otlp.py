"""OTLP/JSON bodies for tests, as a plain OpenTelemetry program would send them."""

import json
import secrets
import time
from typing import Any

import httpx2

MS = 1_000_000


def new_trace_id() -> str:
    """A random trace id."""
    return secrets.token_hex(16)


def new_span_id() -> str:
    """A random span id."""
    return secrets.token_hex(8)


def base_ns() -> int:
    """A whole second of a minute ago, so that spans lie in the past."""
    return (int(time.time()) - 60) * 1_000_000_000


def value(of: Any) -> dict[str, Any]:
    """An attribute value in OTLP/JSON."""
    if isinstance(of, bool):
        return {"boolValue": of}
    if isinstance(of, int):
        return {"intValue": str(of)}
    if isinstance(of, float):
        return {"doubleValue": of}
    if isinstance(of, list):
        return {"arrayValue": {"values": [value(each) for each in of]}}
    return {"stringValue": of}


def span(
    name: str,
    trace_id: str,
    start_ns: int,
    end_ns: int,
    attributes: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One span; `more` holds span_id, parent, status, events."""
    made: dict[str, Any] = {
        "traceId": trace_id,
        "spanId": more.get("span_id") or new_span_id(),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": [{"key": k, "value": value(v)} for k, v in (attributes or {}).items()],
    }
    if more.get("parent"):
        made["parentSpanId"] = more["parent"]
    if more.get("status"):
        made["status"] = more["status"]
    if more.get("events"):
        made["events"] = more["events"]
    return made


def export(
    spans: list[dict[str, Any]], scope: str = "test", resource: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The body of one request."""
    attributes = [{"key": k, "value": value(v)} for k, v in (resource or {}).items()]
    scope_spans = [{"scope": {"name": scope, "version": "1"}, "spans": spans}]
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": scope_spans}]}


def send(client: httpx2.Client, spans: list[dict[str, Any]], **more: Any) -> httpx2.Response:
    """Send spans and require that all were taken."""
    response = client.post("/v1/traces", json=export(spans, **more))
    assert response.status_code == 200, response.text
    assert response.json().get("partialSuccess", {}).get("rejectedSpans", 0) in (0, "0")
    return response


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def chat(
    trace_id: str,
    start_ns: int,
    session: str | None,
    question: str = "What time is it?",
    answer: str = "Half past nine.",
    **more: Any,
) -> dict[str, Any]:
    """A GenAI chat generation of 800 ms with 100 + 20 tokens."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.input.messages": _message("user", question),
        "gen_ai.output.messages": _message("assistant", answer),
    }
    if session is not None:
        attributes["session.id"] = session
    attributes.update(more.pop("attributes", {}))
    return span("chat", trace_id, start_ns, start_ns + 800 * MS, attributes, **more)
