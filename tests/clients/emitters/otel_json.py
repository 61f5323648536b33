"""A plain OpenTelemetry program: OTLP/JSON over a chunked POST, GenAI semantic conventions, no SDK.

It writes the encoding as JavaScript exporters do: ids in hex, times as strings, enums as numbers.
Every exchange is one `invoke_agent` trace; its children are sent first, the root in a later request.
"""

from __future__ import annotations

import http.client
import itertools
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from script import BYE, HOURS, ORDER, PARKING, REPLIES, Delays, Reply
from truth import LLMCall, Options, Tool, Truth, Turn, parse

AGENT = "lamp-shop-desk"
MODEL, ANSWERED_BY, PROVIDER = "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai"
TOOL_OUTPUT = {"order_id": "42", "status": "shipped", "eta": "Tuesday"}
DELAYS = Delays()
INTERNAL, CLIENT = 1, 3
UNSET, ERROR = 0, 2


@dataclass(frozen=True)
class Scenario:
    """What the caller asks, and how the session is told."""

    asks: tuple[str, ...]
    session_everywhere: bool = True
    """Else only the root of each trace has the session id."""
    fails: frozenset[str] = frozenset()


SCENARIOS = {
    "plain": Scenario((HOURS, PARKING)),
    "tool": Scenario((ORDER, BYE), session_everywhere=False),
    "llm_error": Scenario((HOURS, PARKING), fails=frozenset({HOURS})),
}


@dataclass
class Program:
    """Plays a scenario on a clock of its own, and sends what it did."""

    options: Options
    truth: Truth
    scenario: Scenario
    now: float = field(default_factory=lambda: time.time() - 30)
    requests: int = 0

    def play(self) -> None:
        """All exchanges."""
        for text in self.scenario.asks:
            self._exchange(text)
            self.now += 1.5

    def _exchange(self, text: str) -> None:
        trace, root, began = secrets.token_hex(16), secrets.token_hex(8), self.now
        self.truth.turns.append(Turn("user", text, text, started_at=began))
        children = list(self._steps(trace, root, text))
        self._send(children)
        failed = text in self.scenario.fails
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": AGENT,
            "gen_ai.provider.name": PROVIDER,
            "gen_ai.conversation.id": f"conversation-{self.options.session_id}",
            "session.id": self.options.session_id,
            "user.id": "caller-7",
        }
        if failed:
            attributes["error.type"] = "APIConnectionError"
        times = (began, self.now)
        self._send([self._span(trace, root, None, f"invoke_agent {AGENT}", times, attributes)])

    def _steps(self, trace: str, root: str, text: str) -> Iterator[dict[str, Any]]:
        messages = [{"role": "user", "parts": [{"type": "text", "content": text}]}]
        reply = REPLIES[text]
        yield self._chat(trace, root, messages, reply, failed=text in self.scenario.fails)
        if text in self.scenario.fails:
            return
        if reply.tool:
            call_id = f"call_{secrets.token_hex(5)}"
            yield self._tool(trace, root, reply, call_id)
            result = {"type": "tool_call_response", "id": call_id, "response": TOOL_OUTPUT}
            messages.append({"role": "tool", "parts": [result]})
            reply = REPLIES[f"tool:{reply.tool}"]
            yield self._chat(trace, root, messages, reply)
        self.truth.turns.append(
            Turn(
                "agent",
                reply.text,
                reply.text,
                llm_ttft_ms=DELAYS.llm_ttft * 1000,
                stopped_at=self.now,
            )
        )

    def _chat(
        self,
        trace: str,
        root: str,
        messages: list[dict[str, Any]],
        reply: Reply,
        *,
        failed: bool = False,
    ) -> dict[str, Any]:
        began = self.now
        self.now += DELAYS.llm_ttft + 0.2
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": PROVIDER,
            "gen_ai.request.model": MODEL,
            "gen_ai.request.temperature": 0.4,
            "gen_ai.request.stream": True,
        }
        if self.options.pii:
            attributes["gen_ai.input.messages"] = json.dumps(messages)
        if failed:
            problem = "connection lost"
            attributes["error.type"] = "APIConnectionError"
            self.truth.errors.append({"type": "llm_error", "message": problem})
            self.truth.llm_calls.append(LLMCall(MODEL, PROVIDER, None, None, error=problem))
        else:
            attributes |= self._answer(reply)
            self.truth.llm_calls.append(
                LLMCall(
                    ANSWERED_BY,
                    PROVIDER,
                    reply.input_tokens,
                    reply.output_tokens,
                    DELAYS.llm_ttft * 1000,
                    reply.cached_tokens,
                )
            )
        times = (began, self.now)
        name = f"chat {MODEL}"
        span = secrets.token_hex(8)
        return self._span(trace, span, root, name, times, attributes, kind=CLIENT, failed=failed)

    def _answer(self, reply: Reply) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "gen_ai.response.model": ANSWERED_BY,
            "gen_ai.response.id": f"chatcmpl-{secrets.token_hex(6)}",
            "gen_ai.response.finish_reasons": ["tool_calls" if reply.tool else "stop"],
            "gen_ai.response.time_to_first_chunk": DELAYS.llm_ttft,
            "gen_ai.usage.input_tokens": reply.input_tokens,
            "gen_ai.usage.output_tokens": reply.output_tokens,
        }
        if reply.cached_tokens:
            attributes["gen_ai.usage.cache_read.input_tokens"] = reply.cached_tokens
        if self.options.pii and reply.text:
            parts = [{"type": "text", "content": reply.text}]
            message = {"role": "assistant", "parts": parts, "finish_reason": "stop"}
            attributes["gen_ai.output.messages"] = json.dumps([message])
        return attributes

    def _tool(self, trace: str, root: str, reply: Reply, call_id: str) -> dict[str, Any]:
        began = self.now
        self.now += DELAYS.tool
        name, output = str(reply.tool), json.dumps(TOOL_OUTPUT)
        arguments = json.loads(reply.arguments)
        turn = len(self.truth.turns)
        self.truth.tools.append(Tool(name, call_id, arguments, output, turn=turn))
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call_id,
        }
        if self.options.pii:
            attributes["gen_ai.tool.call.arguments"] = reply.arguments
            attributes["gen_ai.tool.call.result"] = output
        times = (began, self.now)
        return self._span(
            trace, secrets.token_hex(8), root, f"execute_tool {name}", times, attributes
        )

    def _span(
        self,
        trace: str,
        span: str,
        parent: str | None,
        name: str,
        times: tuple[float, float],
        attributes: dict[str, Any],
        *,
        kind: int = INTERNAL,
        failed: bool = False,
    ) -> dict[str, Any]:
        if self.scenario.session_everywhere:
            attributes = {**attributes, "session.id": self.options.session_id}
        encoded: dict[str, Any] = {
            "traceId": trace,
            "spanId": span,
            "name": name,
            "kind": kind,
            "startTimeUnixNano": _nanos(times[0]),
            "endTimeUnixNano": _nanos(times[1]),
            "attributes": _attributes(attributes),
            "droppedAttributesCount": 0,
            "events": [],
            "droppedEventsCount": 0,
            "status": {"code": UNSET},
            "links": [],
            "droppedLinksCount": 0,
            "flags": 257,
        }
        if parent is not None:
            encoded["parentSpanId"] = parent
        if failed:
            encoded["status"] = {"code": ERROR, "message": "connection lost"}
            what = {"exception.type": "APIConnectionError", "exception.message": "connection lost"}
            event = {"name": "exception", "timeUnixNano": _nanos(times[1])}
            encoded["events"] = [{**event, "attributes": _attributes(what)}]
        return encoded

    def _send(self, spans: list[dict[str, Any]]) -> None:
        resource = {"attributes": _attributes({"service.name": "lamp-shop"})}
        scope = {"name": "lamp-shop.agent", "version": "1.0"}
        scoped = [{"scope": scope, "spans": spans}]
        body = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scoped}]})
        target = urlsplit(self.options.endpoint)
        kind = (
            http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(target.netloc, timeout=10)
        try:
            connection.request(
                "POST",
                target.path or "/",
                body=_chunks(body.encode()),
                headers={
                    "Content-Type": "application/json",
                    **self.options.headers,
                },
                encode_chunked=True,
            )
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise SystemExit(f"the server answered {answer.status}")


def _chunks(body: bytes, size: int = 1024) -> Iterator[bytes]:
    """Without a length, http.client sends these with Transfer-Encoding: chunked."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def _nanos(seconds: float) -> str:
    return str(round(seconds * 1_000_000) * 1000)


_as_text = itertools.cycle((False, True))


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    """An AnyValue; integers are numbers and strings in turn, since both are allowed."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value) if next(_as_text) else value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}


def main() -> None:
    """Command line."""
    options = parse(__doc__ or "", list(SCENARIOS))
    truth = Truth(
        emitter="otel_json",
        framework="OTLP/JSON",
        version="1",
        scenario=options.scenario,
        session_id=options.session_id,
        pii=options.pii,
        scripted={"llm_ttft_ms": DELAYS.llm_ttft * 1000, "tool_ms": DELAYS.tool * 1000},
    )
    Program(options, truth, SCENARIOS[options.scenario]).play()
    truth.print()


if __name__ == "__main__":
    main()
