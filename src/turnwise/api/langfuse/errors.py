"""Errors as Langfuse says them: `{"message": ..., "error": ...}`."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from turnwise.http.errors import ErrorRenderer
from turnwise.http.json_text import JSON
from turnwise.model.errors import (
    BadInput,
    Forbidden,
    NotFound,
    TooLarge,
    TurnwiseError,
    Unauthenticated,
)

_NAMES: tuple[tuple[type[TurnwiseError], str], ...] = (
    (Unauthenticated, "UnauthorizedError"),
    (Forbidden, "ForbiddenError"),
    (NotFound, "LangfuseNotFoundError"),
    (TooLarge, "PayloadTooLargeError"),
    (BadInput, "InvalidRequestError"),
)


class ErrorBody(BaseModel):
    """Every error of this surface."""

    message: str
    error: str | list[dict[str, Any]]


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A parameter is malformed or out of its bounds."},
    401: {"model": ErrorBody, "description": "No key, or one that is unknown."},
    403: {"model": ErrorBody, "description": "The key lacks the scope `read`."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "Unknown, or of another tenant."}
}


def _render(error: TurnwiseError, request: Request) -> bytes:
    issues = getattr(error, "issues", ())
    if issues:
        said = [
            {"path": list(issue.location), "message": issue.message, "code": issue.kind}
            for issue in issues
        ]
        return JSON.encode({"message": "Invalid request data", "error": said})
    name = next((name for kind, name in _NAMES if isinstance(error, kind)), error.code)
    return JSON.encode({"message": error.message, "error": name})


ERROR_RENDERERS = (
    ErrorRenderer(("/api/public",), _render),
    # A sender tries again after 503 and Retry-After, and gives its data up after most others.
    ErrorRenderer(
        ("/api/public/ingestion", "/api/public/scores", "/api/public/media"),
        _render,
        retry_faults=True,
    ),
)
