"""Converters from what senders write to what we keep; each answers None for "nothing was said"."""

import ast
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from turnwise.model.instants import ns_from_seconds, parse_fact_ns

_SENTINELS = frozenset({"", "NOT_GIVEN", "None", "null", "NaN", "nan"})
_LONGEST_NS = 366 * 86_400 * 1_000_000_000
_DEEPEST_JSON = 200
_LONGEST_REPR = 8_192
_LARGEST_COUNT = 2**53


def decode_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: the text is no JSON, or nested too deeply to be handed on.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ValueError("not JSON") from error
    if text.count("[") + text.count("{") > _DEEPEST_JSON and _depth(value) > _DEEPEST_JSON:
        raise ValueError("nested too deeply")
    return value


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
    return deepest


def encode_json(value: Any) -> str:
    """JSON text of any value that an attribute can hold; never raises."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return msgspec.json.encode(_plain(value, 0)).decode()


def _plain(value: Any, level: int) -> Any:
    """The same value with everything replaced that JSON cannot say."""
    if level > _DEEPEST_JSON:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | bytes):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(_plain(str(k), 0)): _plain(v, level + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, level + 1) for item in value]
    return _plain(str(value), level)


def json_text(value: Any) -> str:
    """JSON text of a content value.

    A text that is itself a JSON object or array is taken as JSON, byte for byte; any other text
    becomes a JSON string.
    """
    if isinstance(value, str):
        bare = value.strip()
        if bare[:1] in ("{", "[") and bare[-1:] in ("}", "]"):
            try:
                decode_json(bare)
            except ValueError:
                return encode_json(value)
            return bare
    return encode_json(value)


def content(value: Any) -> Any:
    """Anything but an empty text or an empty list, as it is."""
    return None if value is None or value in ("", "[]", "null", []) else value


def text(value: Any) -> str | None:
    """A text that says something; numbers as their digits."""
    if isinstance(value, str):
        return None if value in _SENTINELS else value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return None if isinstance(value, float) and not math.isfinite(value) else str(value)
    return None


def scalar(value: Any) -> str | int | float | bool | None:
    """A text that says something, a finite number or a truth value, as it is."""
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else text(value)


def speech(value: Any) -> str | None:
    """Words that were said: any text that is not blank, also "None" and "null"."""
    return value if isinstance(value, str) and value.strip() else None


def json_or_text(value: Any) -> Any:
    """The value of a JSON text, else the text; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        return decode_json(value)
    except ValueError:
        return value


def json_string(value: Any) -> str | None:
    """A text that may have been encoded as JSON once more."""
    for _ in range(2):
        if isinstance(value, str) and value[:1] == '"':
            value = json_or_text(value)
    return text(value)


def mapping(value: Any) -> dict[str, Any] | None:
    """An object, from JSON text or as it is."""
    found = json_or_text(value)
    return found if isinstance(found, dict) and found else None


def repr_mapping(value: Any) -> dict[str, Any] | None:
    """An object from JSON text or from the text that Python prints for a dict."""
    if (found := mapping(value)) is not None:
        return found
    if not isinstance(value, str) or len(value) > _LONGEST_REPR:
        return None
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return literal if isinstance(literal, dict) and literal else None


def names(value: Any) -> tuple[str, ...] | None:
    """Tags: a list, JSON text of a list, or texts joined by commas; each once, in order."""
    found = json_or_text(value) if isinstance(value, str) and value[:1] == "[" else value
    if isinstance(found, str):
        found = found.split(",")
    if not isinstance(found, list | tuple):
        return None
    kept = [item.strip() for item in found if isinstance(item, str) and item.strip()]
    return tuple(dict.fromkeys(kept)) or None


def number(value: Any) -> float | None:
    """A finite number, also from its digits."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    if type(value) is int:
        return value if 0 <= value <= _LARGEST_COUNT else None
    found = number(value)
    if found is None or not 0 <= found <= _LARGEST_COUNT:
        return None
    return int(found)


def quantity(value: Any) -> int | float | None:
    """A number that is not negative, whole where it can be."""
    found = number(value)
    if found is None or not 0 <= found <= _LARGEST_COUNT:
        return None
    return int(found) if found.is_integer() else found


def fraction(value: Any) -> float | None:
    """A probability."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def flag(value: Any) -> bool | None:
    """True or false, also from their names."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def seconds(value: Any) -> int | None:
    """Nanoseconds of a length in seconds; negative and absurd ones say nothing."""
    found = number(value)
    if found is None or not 0 <= found <= _LONGEST_NS / 1e9:
        return None
    return ns_from_seconds(found)


def is_refused(value: Any) -> bool:
    """Whether a value that is no length was meant as one: -1 and NaN stand for "none"."""
    found = number(value)
    return found is not None and found != -1


def milliseconds(value: Any) -> int | None:
    """Nanoseconds of a length in milliseconds."""
    found = number(value)
    return None if found is None else seconds(found / 1_000)


def instant(value: Any) -> int | None:
    """Nanoseconds since the epoch of an ISO 8601 text, perhaps encoded as JSON once more."""
    found = json_string(value)
    if found is None:
        return None
    try:
        return parse_fact_ns(found)
    except (ValueError, OverflowError):
        return None


def amount(value: Any) -> Decimal | None:
    """USD that are not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and 0 <= found < Decimal(10) ** 12 else None
