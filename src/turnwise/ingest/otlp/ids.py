"""Ids, names and limits that both encodings of OTLP share."""

from typing import Any

import msgspec

MAX_NESTING = 32
"""Levels of arrays and maps inside an attribute; what lies deeper is dropped."""

EVENT_NAME = "event.name"
"""Where the name of an event is kept that a log record carries."""

_HEX = frozenset("0123456789abcdef")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


def trace_id_of(text: str) -> str:
    """A trace id in lower-case hex.

    Raises:
        ValueError: not 16 bytes, or all zero.
    """
    if len(text) != 32:
        raise ValueError("trace id is not 16 bytes long")
    if text == _NO_TRACE:
        raise ValueError("trace id is all zero")
    return text


def span_id_of(text: str, what: str) -> str:
    """A span id in lower-case hex.

    Raises:
        ValueError: not 8 bytes, or all zero.
    """
    if len(text) != 16:
        raise ValueError(f"{what} is not 8 bytes long")
    if text == _NO_SPAN:
        raise ValueError(f"{what} is all zero")
    return text


def is_hex(text: str) -> bool:
    """Whether all characters are lower-case hex digits."""
    return _HEX.issuperset(text)


def place_of(trace_id: str, span_id: str) -> tuple[str | None, str | None]:
    """Where a log record was written, as lower-case hex; what is no id says nothing."""
    try:
        trace = trace_id_of(trace_id)
    except ValueError:
        return None, None
    try:
        return trace, span_id_of(span_id, "span id")
    except ValueError:
        return trace, None


def words_of(body: Any) -> str:
    """The text of a log record's body: what is no text is written as JSON, nothing as ""."""
    if body is None:
        return ""
    return body if isinstance(body, str) else msgspec.json.encode(body).decode()
