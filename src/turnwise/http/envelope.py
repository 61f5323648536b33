"""The transcript surface's envelope: `{"success", "message", "data", "errors"}`.

Answers of /api/billing have it, and so has every error of the surface's four prefixes.
"""

import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from turnwise.http.body import read_body
from turnwise.http.errors import ErrorRenderer
from turnwise.http.json_text import JSON
from turnwise.model.errors import BadInput, Issue, TurnwiseError

MAX_BODY_BYTES = 1024 * 1024
"""Of log-in, keys, characters and forms; none of them carries audio or spans."""

PREFIXES = ("/api/billing", "/api/auth", "/api/agents", "/api/ai-characters")

_FIELD = re.compile(r"(?:at `\$\.|field `)([A-Za-z_][A-Za-z0-9_]*)")

Form = TypeVar("Form")


def bare(body: Any, status: int = 200) -> Response:
    """An answer without envelope."""
    return Response(JSON.encode(body), status, media_type="application/json")


def enveloped(data: Any, message: str) -> Response:
    """A good answer in its envelope."""
    return bare({"success": True, "message": message, "data": data, "errors": None})


def render_envelope(error: TurnwiseError, _: Request) -> bytes:
    """A failure; `errors` has a list of texts for each field that is wrong, or is null."""
    errors: dict[str, list[str]] = {}
    for issue in getattr(error, "issues", ()):
        errors.setdefault(_field_of(issue), []).append(issue.message)
    said = {"success": False, "message": error.message, "data": None, "errors": errors or None}
    return msgspec.json.encode(said)


ENVELOPE_RENDERER = ErrorRenderer(PREFIXES, render_envelope)


async def read_form(request: Request, form: type[Form], max_bytes: int = MAX_BODY_BYTES) -> Form:
    """A JSON body as the given form; an empty body is an empty object.

    Raises:
        BadInput: no JSON, or a field is missing or of another type; the field is named.
        TooLarge: more than such a body ever needs.
    """
    body = await read_body(request, max_bytes)
    try:
        return msgspec.json.decode(body or b"{}", type=form)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        field = found.group(1) if found else "body"
        raise BadInput(f"{field}: {error}", issues=[Issue((field,), str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON: {error}") from error


def wrong(field: str, message: str) -> BadInput:
    """What is wrong with one field."""
    return BadInput(message, issues=[Issue((field,), message)])


def _field_of(issue: Issue) -> str:
    named = [str(part) for part in issue.location if isinstance(part, str)]
    return named[-1] if named else "body"
