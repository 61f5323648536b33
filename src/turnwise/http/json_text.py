"""JSON on hot paths: one encoder, and pieces that are JSON text already."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from turnwise.model.errors import BadInput, Issue

Form = TypeVar("Form", bound=msgspec.Struct)

JSON = msgspec.json.Encoder()

_NULL = msgspec.Raw(b"null")


def raw(text: str | None) -> msgspec.Raw:
    """JSON text as it is, null for None; the caller vouches that it is valid JSON."""
    return _NULL if text is None else msgspec.Raw(text.encode())


def decimal_text(usd: Decimal) -> str:
    """A decimal without exponent and trailing zeros."""
    text = format(usd, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def money(usd: Decimal) -> msgspec.Raw:
    """A decimal as an exact JSON number, without exponent and trailing zeros."""
    return msgspec.Raw(decimal_text(usd).encode())


def decode_json(body: bytes, form: type[Form]) -> Form:
    """A JSON body as the given form.

    Raises:
        BadInput: the bytes are no JSON, or a field is missing or of another type.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=form)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), issues=[Issue(("body",), str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON: {error}") from error
