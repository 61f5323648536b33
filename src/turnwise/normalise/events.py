"""What span events say: exceptions, the first token, and messages of older GenAI conventions.

Source: OpenTelemetry semantic conventions up to 1.36 (gen_ai.*.message, gen_ai.choice),
openinference-instrumentation-openai, opentelemetry-instrumentation-openai 0.62, langsmith 0.14.17.
"""

from collections.abc import Sequence
from typing import Any

from turnwise.model.batch import RawEvent
from turnwise.normalise.values import json_or_text, text

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE = "gen_ai.choice"
_DETAILS = "gen_ai.client.inference.operation.details"
_FIRST_TOKEN = frozenset(
    {
        "new_token",
        "first token stream event",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
    }
)


def exception_message(events: Sequence[RawEvent]) -> str | None:
    """The text of the last exception, else its type."""
    for event in reversed(events):
        if event.name == "exception":
            said = text(event.attributes.get("exception.message"))
            return said or text(event.attributes.get("exception.type"))
    return None


def exception_type(events: Sequence[RawEvent]) -> str | None:
    """The name of the last exception's type, without its module."""
    for event in reversed(events):
        if event.name == "exception":
            said = text(event.attributes.get("exception.type"))
            return said.rpartition(".")[2] if said else None
    return None


def first_token_ns(events: Sequence[RawEvent]) -> int | None:
    """When the first token came, by the sender's event for it."""
    times = [event.time_ns for event in events if event.name.lower() in _FIRST_TOKEN]
    return min(times, default=None)


def _message(event: RawEvent, role: str) -> dict[str, Any]:
    found: dict[str, Any] = {"role": role}
    for name, value in event.attributes.items():
        if name == "tool_calls" and isinstance(value, list):
            found[name] = [json_or_text(call) for call in value]
        elif name == "id" and role == "tool":
            found["tool_call_id"] = value
        elif name in ("message", "tool_calls"):
            found[name] = json_or_text(value)
        else:
            found[name] = value
    return found


def input_messages(events: Sequence[RawEvent]) -> list[Any]:
    """The request's messages, in order."""
    found = [
        _message(event, role) for event in events if (role := _ROLES.get(event.name)) is not None
    ]
    return found or _from_details(events, "gen_ai.input.messages")


def output_messages(events: Sequence[RawEvent]) -> list[Any]:
    """The model's answers, in order."""
    found = [_message(event, "assistant") for event in events if event.name == _CHOICE]
    return found or _from_details(events, "gen_ai.output.messages")


def _from_details(events: Sequence[RawEvent], name: str) -> list[Any]:
    for event in events:
        if event.name in (_DETAILS, "gen_ai.content.prompt", "gen_ai.content.completion"):
            found = json_or_text(event.attributes.get(name))
            if isinstance(found, list):
                return found
    return []
