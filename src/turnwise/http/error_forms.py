"""How the OpenAPI document describes the errors of every path below /v1/observability and beside it."""

from typing import Any

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """Every error of this surface."""

    error: str
    code: str | None = None
    issues: list[dict[str, Any]] | None = None


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A parameter is malformed or out of its bounds."},
    401: {"model": ErrorBody, "description": "No key, or one that is unknown."},
    403: {"model": ErrorBody, "description": "The key lacks the scope `read`."},
    404: {"model": ErrorBody, "description": "Unknown, or of another tenant."},
}
