"""JSON on hot paths: one encoder, pieces that are JSON text already, and what others take for JSON."""

import re
from decimal import Decimal
from typing import Any, TypeVar, overload

import msgspec

from turnwise.model.errors import BadInput, Issue

Form = TypeVar("Form", bound=msgspec.Struct)
Decoded = TypeVar("Decoded")

JSON = msgspec.json.Encoder()

_NULL = msgspec.Raw(b"null")
# A string that nobody closes goes to the end and gives nothing back: one pass, whatever is sent.
_STRING_OR_CONSTANT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?(?:NaN|Infinity)', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


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


@overload
def decode_lenient(body: bytes) -> Any: ...
@overload
def decode_lenient(body: bytes, form: type[Decoded]) -> Decoded: ...
def decode_lenient(body: bytes, form: Any = Any) -> Any:
    """What JSON says, also where JavaScript or Python has written what is none.

    A text that was cut within a character ends in half a surrogate pair, which becomes U+FFFD; NaN
    and the infinities, which Python writes, become null.

    Raises:
        msgspec.ValidationError: it has another form.
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is no JSON all the same.
    """
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _STRING_OR_CONSTANT.sub(_mended, body)
        if mended == body:
            raise
    return msgspec.json.decode(mended, type=form)


def _mended(found: re.Match[bytes]) -> bytes:
    whole = found[0]
    if whole[:1] != b'"':
        return b"null"
    return _ESCAPE.sub(lambda each: rb"\ufffd" if each[1] else each[0], whole)


def decode_json(body: bytes, form: type[Form]) -> Form:
    """A JSON body as the given form.

    Raises:
        BadInput: the bytes are no JSON, or a field is missing or of another type.
    """
    try:
        return decode_lenient(body or b"{}", form)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), issues=[Issue(("body",), str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON: {error}") from error
