"""Input and output of a span as JSON text, and the words of the conversation inside them."""

from dataclasses import dataclass
from typing import Any

from turnwise.model.batch import RawSpan
from turnwise.model.observation import Step, ToolMessage
from turnwise.normalise import events
from turnwise.normalise.messages import (
    Message,
    assistant_text,
    last_user_text,
    read_messages,
    recent_messages,
    trailing_tools,
    unflattened,
)
from turnwise.normalise.reading import Reading
from turnwise.normalise.values import decode_json, encode_json, speech

_INSTRUCTIONS = ("lk.pii.instructions", "lk.instructions")
_SINGLE = ("content", "text", "output", "response", "answer", "message", "transcript")


@dataclass(slots=True)
class Content:
    """One side of a span.

    Attributes:
        text: JSON text, None when the sender said nothing.
        value: the same, parsed; a str for plain text.
    """

    text: str | None = None
    value: Any = None


_NOTHING = Content()


def content_of(value: Any) -> Content:
    """The JSON text of a value, and the value parsed when it was JSON already."""
    if value is None:
        return _NOTHING
    if isinstance(value, str):
        bare = value.strip()
        if bare[:1] in ("{", "[") and bare[-1:] in ("}", "]"):
            try:
                return Content(bare, decode_json(bare))
            except ValueError:
                pass
    return Content(encode_json(value), value)


def read_content(span: RawSpan, reading: Reading) -> tuple[Content, Content]:
    """Input and output: an attribute, else message events, else messages sent leaf by leaf."""
    return (
        _side(reading, "input", events.input_messages, span),
        _side(reading, "output", events.output_messages, span),
    )


def _side(reading: Reading, side: str, of_events: Any, span: RawSpan) -> Content:
    value = reading.fields.get(side)
    flat = reading.gathered.get(f"flat_{side}")
    if value is None and span.events:
        value = of_events(span.events) or None
    if value is None and flat:
        value = unflattened(flat) or None
    return content_of(value)


def add_words(
    step: Step, reading: Reading, asked: Content, answered: Content
) -> tuple[ToolMessage, ...]:
    """Fill in who said what on model requests and exchanges; returns tools known from messages."""
    if step is Step.TOOL:
        _add_tool(reading, asked, answered)
        return ()
    if step is Step.LLM:
        return _add_llm_words(reading, asked, answered)
    if step is Step.EXCHANGE or step is Step.AGENT_TURN:
        if reading.sources.get("input") not in _INSTRUCTIONS:
            _default(reading, "user_text", _caller_words(asked))
        _default(reading, "agent_text", _agent_words(answered))
    elif step is Step.USER_TURN or step is Step.STT:
        _default(reading, "user_text", _agent_words(answered) or _caller_words(answered))
    elif step is Step.TTS:
        _default(reading, "agent_text", _caller_words(asked) or _agent_words(asked))
    return ()


def _default(reading: Reading, name: str, value: Any) -> None:
    if value is not None:
        reading.voice.setdefault(name, value)


def _add_tool(reading: Reading, asked: Content, answered: Content) -> None:
    _default(reading, "tool_arguments", asked.text)
    _default(reading, "tool_output", answered.text)


def _add_llm_words(reading: Reading, asked: Content, answered: Content) -> tuple[ToolMessage, ...]:
    messages = _input_messages(reading, asked)
    _default(reading, "user_text", last_user_text(messages))
    if not messages:
        _default(reading, "user_text", _caller_words(asked))
    _default(reading, "agent_text", _output_words(reading, answered))
    return trailing_tools(messages)


def _input_messages(reading: Reading, asked: Content) -> list[Message]:
    messages = recent_messages(asked.value)
    if not messages and (flat := reading.gathered.get("flat_input")):
        messages = recent_messages(unflattened(flat))
    return messages


def _output_words(reading: Reading, answered: Content) -> str | None:
    words = _agent_words(answered)
    if words is None and (flat := reading.gathered.get("flat_output")):
        words = assistant_text(read_messages(unflattened(flat)))
    return words


def _caller_words(content: Content) -> str | None:
    """The caller's words in a content value that may be messages or plain text."""
    if isinstance(content.value, str):
        return speech(content.value)
    messages = recent_messages(content.value)
    return last_user_text(messages) if messages else _single(content.value)


def _agent_words(content: Content) -> str | None:
    """The model's words in a content value that may be messages or plain text."""
    if isinstance(content.value, str):
        return speech(content.value)
    messages = read_messages(content.value)
    return assistant_text(messages) if messages else _single(content.value)


def _single(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    for name in _SINGLE:
        if (found := speech(value.get(name))) is not None:
            return found
    return None
