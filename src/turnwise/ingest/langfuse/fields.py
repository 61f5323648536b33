"""Fields of a JSON object, read with the words that its sender understands."""

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from turnwise.model.errors import BadInput
from turnwise.model.ids import MAX_ID_LENGTH
from turnwise.model.instants import parse_fact_ns

EARLIEST_NS = 946_684_800 * 1_000_000_000
"""2000-01-01: an older start is a clock that was never set."""

LATEST_NS = 5_600_000_000 * 1_000_000_000
"""In the year 2147: what comes later cannot be kept."""

_SMALLEST = Decimal("1E-12")
_MOST_USD = Decimal(10) ** 15

Fields = Mapping[str, Any]


def identifier(body: Fields, name: str) -> str | None:
    """An id: any text of 1 to 256 characters; None when absent or null."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_LENGTH:
        raise BadInput(f"{name} must be a text of 1 to {MAX_ID_LENGTH} characters.")
    return _valid(value, name)


def text(body: Fields, name: str) -> str | None:
    """A text; None when absent, null or empty."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a text.")
    return _valid(value, name) or None


def _valid(value: str, name: str) -> str:
    """The text, unless it holds half a surrogate pair, which is no character of any encoding."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{name} is no valid Unicode.") from error
    return value


def flag(body: Fields, name: str) -> bool | None:
    """True or false; None when absent or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false.")
    return value


def instant(body: Fields, name: str) -> int | None:
    """Nanoseconds since the epoch of an ISO 8601 text; None when absent or null."""
    value = body.get(name)
    if value is None:
        return None
    try:
        found = parse_fact_ns(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise BadInput(f"{name} must be an ISO 8601 instant.")
    if not EARLIEST_NS <= found < LATEST_NS:
        raise BadInput(f"{name} lies outside the years 2000 to 2147.")
    return found


def texts(body: Fields, name: str) -> tuple[str, ...]:
    """A list of texts, each once, in order."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{name} must be a list of texts.")
    return tuple(dict.fromkeys(_valid(item, name) for item in value if item))


def json_text(body: Fields, name: str) -> str | None:
    """The JSON text of any value; None when absent or null."""
    value = body.get(name)
    return None if value is None else encode(value)


def json_object(body: Fields, name: str) -> dict[str, Any] | None:
    """An object, less its nulls; what is none is kept under the name "metadata"."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        return {"metadata": value}
    return {key: item for key, item in value.items() if item is not None}


def encode(value: Any) -> str:
    """The JSON text of a value that came as JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, RecursionError, OverflowError) as error:
        raise BadInput("A value cannot be kept as JSON text.") from error


def quantity(value: Any) -> int | float | None:
    """A finite number that is not negative, whole where it can be; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**53:
        return None
    return int(value) if float(value).is_integer() else value


def number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def usd(value: Any) -> Decimal | None:
    """An amount of USD that is not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = Decimal(str(value))
        return found.quantize(_SMALLEST) if 0 <= found < _MOST_USD else None
    except InvalidOperation:
        return None
