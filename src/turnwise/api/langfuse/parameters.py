"""Query parameters that several reads share."""

from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.json_text import JSON
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import parse_iso_ns
from turnwise.model.tenancy import Caller, Scope

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_DEEPEST_PAGE = 1_000_000

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
Page = Annotated[int, Query(ge=1, le=_DEEPEST_PAGE, description="1-based page.")]
Limit = Annotated[int, Query(ge=1, description="Page size; more than 100 means 100.")]
Environments = Annotated[list[str] | None, Query(description="One of these environments.")]


def instant(text: str | None, name: str) -> int | None:
    """Nanoseconds of a query parameter; None when it is not given."""
    if not text:
        return None
    try:
        # A plus that nobody encoded arrives as a space.
        return parse_iso_ns(text.replace(" ", "+") if text.count(":") > 2 else text)
    except (ValueError, OverflowError) as error:
        raise wrong(name, "must be an ISO 8601 instant") from error


def wrong(name: str, message: str) -> BadInput:
    """What is said of a parameter that cannot be used."""
    return BadInput(f"{name}: {message}", issues=[Issue(("query", name), message, "invalid")])


def words(text: str | None) -> tuple[str, ...] | None:
    """Texts between commas; None when the parameter is not given."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def page_meta(page: int, limit: int, total: int) -> dict[str, int]:
    """What a page says of itself."""
    pages = -(-total // limit)
    return {"page": page, "limit": limit, "totalItems": total, "totalPages": pages}


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(JSON.encode(body), status, media_type="application/json")
