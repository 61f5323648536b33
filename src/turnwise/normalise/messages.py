"""Chat messages in any of the forms that SDKs send: who spoke, which tools were asked and answered.

Reads OpenAI, Anthropic, Gemini, LangChain, OpenTelemetry GenAI ("parts") and LiveKit chat context
forms, as parsed JSON.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnwise.model.observation import ToolMessage
from turnwise.normalise.values import json_or_text, json_text

_ROLES = {
    "human": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "function": "tool",
    "toolmessage": "tool",
    "functionmessage": "tool",
    "systemmessage": "system",
    "developer": "system",
}
_LISTS = ("messages", "items", "input", "inputs", "contents", "choices", "generations", "output")
_TEXT_PARTS = frozenset(
    {"", "text", "input_text", "output_text", "refusal", "input_audio", "audio"}
)
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class _Result:
    """The answer of a tool, by the id of the call that it answers."""

    call_id: str
    name: str
    output: str | None
    is_error: bool


@dataclass(slots=True)
class Message:
    """One message.

    Attributes:
        role: "user", "assistant", "tool", "system", or what the sender wrote.
        texts: its plain text parts.
    """

    role: str
    texts: list[str] = field(default_factory=list)
    calls: list[ToolMessage] = field(default_factory=list)
    results: list[_Result] = field(default_factory=list)

    @property
    def text(self) -> str | None:
        return "\n".join(self.texts) if self.texts else None

    @property
    def is_plain(self) -> bool:
        """A text of a person or of the model and nothing else."""
        if self.calls or self.results or self.role not in ("user", "assistant"):
            return False
        return bool(self.texts)


def read_messages(value: Any) -> list[Message]:
    """The messages in a parsed content value; empty when it holds none."""
    return _read(value, 0, is_whole=True)


def recent_messages(value: Any) -> list[Message]:
    """The last messages, back to the caller's last plain words.

    They say all that `last_user_text` and `trailing_tools` look for, and a request to a model
    repeats the whole conversation before them.
    """
    return _read(value, 0, is_whole=False)


def _read(value: Any, level: int, *, is_whole: bool) -> list[Message]:
    if level > _DEEPEST:
        return []
    if isinstance(value, dict):
        if _is_message(value):
            return [_message(value)]
        for key in _LISTS:
            inner = value.get(key)
            if isinstance(inner, list | dict) and (
                found := _read(inner, level + 1, is_whole=is_whole)
            ):
                return found
        return []
    if not isinstance(value, list):
        return []
    if is_whole:
        return [message for item in value for message in _read(item, level + 1, is_whole=True)]
    latest_first: list[list[Message]] = []
    for item in reversed(value):
        messages = _read(item, level + 1, is_whole=False)
        latest_first.append(messages)
        if any(message.is_plain and message.role == "user" for message in messages):
            break
    return [message for messages in reversed(latest_first) for message in messages]


def last_user_text(messages: Sequence[Message]) -> str | None:
    """What the caller said last."""
    for message in reversed(messages):
        if message.role == "user" and message.texts:
            return message.text
    return None


def assistant_text(messages: Iterable[Message]) -> str | None:
    """Everything that the model wrote in these messages."""
    texts = [text for message in messages if message.role == "assistant" for text in message.texts]
    return "\n".join(texts) if texts else None


def trailing_tools(messages: Sequence[Message]) -> tuple[ToolMessage, ...]:
    """Tool calls with their outputs since the last message that was nothing but text."""
    run: list[Message] = []
    for message in reversed(messages):
        if message.is_plain:
            break
        run.append(message)
    results: dict[str, _Result] = {}
    for message in run:
        results.update({result.call_id: result for result in message.results})
    calls = [call for message in reversed(run) for call in message.calls]
    paired = [_answered(call, results.pop(call.call_id, None)) for call in calls]
    alone = [
        ToolMessage(result.call_id, result.name, None, result.output, result.is_error)
        for result in reversed(results.values())
        if result.name
    ]
    return (*paired, *alone)


def _answered(call: ToolMessage, result: _Result | None) -> ToolMessage:
    if result is None:
        return call
    return ToolMessage(call.call_id, call.name, call.arguments, result.output, result.is_error)


def _is_message(value: Mapping[str, Any]) -> bool:
    if "role" in value or value.get("type") in ("function_call", "function_call_output"):
        return True
    if isinstance(value.get("message"), Mapping) or isinstance(value.get("kwargs"), Mapping):
        return True
    return ("content" in value or "text" in value) and isinstance(value.get("type"), str)


def _message(value: Mapping[str, Any]) -> Message:
    inner = value.get("message")
    if isinstance(inner, Mapping):
        return _message(inner)
    kwargs = value.get("kwargs")
    if isinstance(kwargs, Mapping):
        path = value.get("id")
        name = path[-1] if isinstance(path, list) and path else kwargs.get("type", "")
        return _message({"role": name, **kwargs})
    role = _role(value)
    message = Message(role)
    if value.get("type") == "function_call":
        message.calls.append(_call(value))
    elif role == "tool" or value.get("type") == "function_call_output":
        _add_result(message, value)
    else:
        _add_parts(message, value.get("parts", value.get("content", value.get("text"))))
        for call in _list(value.get("tool_calls")):
            if isinstance(call := json_or_text(call), Mapping):
                message.calls.append(_call(call))
    return message


def _role(value: Mapping[str, Any]) -> str:
    if value.get("type") == "function_call":
        return "assistant"
    if value.get("type") == "function_call_output":
        return "tool"
    named = value.get("role") or value.get("type") or ""
    lower = named.lower() if isinstance(named, str) else ""
    return _ROLES.get(lower, lower)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = json_or_text(value)
    return value if isinstance(value, list) else []


def _add_parts(message: Message, parts: Any) -> None:
    if isinstance(parts, str):
        if parts.strip():
            message.texts.append(parts)
        return
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str):
            if part.strip():
                message.texts.append(part)
        elif isinstance(part, Mapping):
            _add_part(message, part)


def _add_part(message: Message, part: Mapping[str, Any]) -> None:
    kind = part.get("type", "")
    if kind in ("tool_call", "tool_use", "function_call") or "function_call" in part:
        inner = part.get("function_call")
        message.calls.append(_call(inner if isinstance(inner, Mapping) else part))
    elif kind in ("tool_call_response", "tool_result") or "function_response" in part:
        inner = part.get("function_response")
        _add_result(message, inner if isinstance(inner, Mapping) else part)
    elif kind in _TEXT_PARTS:
        for key in ("text", "content", "transcript", "refusal"):
            text = part.get(key)
            if isinstance(text, str) and text.strip():
                message.texts.append(text)
                return


def _first(value: Mapping[str, Any], *keys: str) -> Any:
    for key in keys:
        if (found := value.get(key)) is not None:
            return found
    return None


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _call(value: Mapping[str, Any]) -> ToolMessage:
    function = value.get("function")
    inner = function if isinstance(function, Mapping) else value
    arguments = _first(inner, "arguments", "args", "input")
    return ToolMessage(
        call_id=_name(_first(value, "call_id", "tool_call_id", "id")),
        name=_name(inner.get("name")),
        arguments=None if arguments is None else json_text(arguments),
    )


def _add_result(message: Message, value: Mapping[str, Any]) -> None:
    parts = value.get("parts")
    if isinstance(parts, list):
        _add_parts(message, parts)
        return
    output = _first(value, "output", "response", "result", "content")
    message.results.append(
        _Result(
            call_id=_name(_first(value, "tool_call_id", "call_id", "tool_use_id", "id")),
            name=_name(value.get("name")),
            output=None if output is None else json_text(output),
            is_error=value.get("is_error") is True or value.get("status") == "error",
        )
    )


def unflattened(flat: Mapping[str, Any]) -> list[Any]:
    """The list of messages that was sent as one attribute per leaf ("0.message.role", "1.content")."""
    tree: dict[str, Any] = {}
    for path, leaf in flat.items():
        *way, last = path.split(".")
        node = tree
        for step in way[:12]:
            below = node.setdefault(step, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node.setdefault(last, leaf)
    return _as_list(tree)


_WRAPPERS = frozenset({"message", "tool_call", "message_content"})


def _as_list(node: dict[str, Any]) -> list[Any]:
    numbered = sorted((int(key), item) for key, item in node.items() if key.isdecimal())
    return [_unwrapped(item) for _, item in numbered]


def _unwrapped(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and (wrapper := next(iter(node))) in _WRAPPERS:
        return _unwrapped(node[wrapper])
    if node and all(key.isdecimal() for key in node):
        return _as_list(node)
    renamed = {"contents": "content"} if "content" not in node else {}
    return {renamed.get(key, key): _unwrapped(item) for key, item in node.items()}
