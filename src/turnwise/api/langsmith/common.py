"""What the routes of this surface share: who asks, where they are mounted, how they answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response

from turnwise.http.documents import error_texts
from turnwise.http.errors import ErrorRenderer, status_of
from turnwise.http.json_text import JSON
from turnwise.http.judgements import JudgedStore
from turnwise.http.workspaces import require_tenant_caller
from turnwise.model.errors import BadInput, NotFound, TooLarge, TurnwiseError, Unsupported
from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_US
from turnwise.model.runs import FeedbackSummary
from turnwise.model.tenancy import Caller, Scope

ROOTS = ("", "/api", "/api/v1")
"""What may stand before every path: the endpoint that users configure is one of these."""

ERRORS = error_texts(401, 403)
"""What every route that needs a key may answer."""

NOT_FOUND = error_texts(404)

_TOPS = ("/sessions", "/runs", "/feedback", "/info", "/settings", "/api-key")
_NEWER = "/api/v2"
"""Nothing is answered below it: clients ask it only when told to, or of servers that say so."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunsStore(JudgedStore, Protocol):
    """What this surface reads and writes."""


def _asked(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    async def caller(request: Request) -> Caller:
        return await require_tenant_caller(request, scope)

    return caller


Reader = Annotated[Caller, Depends(_asked(Scope.READ))]
Writer = Annotated[Caller, Depends(_asked(Scope.INGEST))]
Admin = Annotated[Caller, Depends(_asked(Scope.ADMIN))]


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(JSON.encode(body), status, media_type="application/json")


def ns_of(moment: datetime | None) -> int | None:
    """Nanoseconds since the epoch; a naive moment is UTC."""
    if moment is None:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * NS_PER_US


def own_projects(caller: Caller, ids: list[UUID] | None) -> tuple[ProjectId, ...]:
    """The projects of these ids; all of the caller's when none are given.

    Raises:
        NotFound: one of them is not the caller's.
    """
    if not ids:
        return caller.project_ids
    wanted = tuple(ProjectId(str(each)) for each in ids)
    if not set(wanted) <= set(caller.project_ids):
        raise NotFound("Session not found")
    return wanted


def feedback_stats(found: Mapping[str, FeedbackSummary]) -> dict[str, dict[str, Any]]:
    """Judgements by key, in the published form."""
    return {
        key: {
            "n": each.count,
            "avg": each.average,
            "stdev": each.deviation,
            "min": each.lowest,
            "max": each.highest,
            "values": dict(each.values),
        }
        for key, each in found.items()
    }


def _render(error: TurnwiseError, request: Request) -> Response:
    """`{"detail"}`; run writes say `{"error", "details"}`; wrong fields are 422."""
    issues = error.issues if isinstance(error, BadInput) else ()
    status = status_of(error)
    if issues and not isinstance(error, TooLarge | Unsupported):
        status = 422
    if _is_run_write(request):
        said = "; ".join(f"{'.'.join(map(str, each.location))}: {each.message}" for each in issues)
        body: dict[str, Any] = {"error": error.message, "details": error.details or said}
    elif status == 422:
        body = {
            "detail": [
                {"loc": list(each.location), "msg": each.message, "type": each.kind}
                for each in issues
            ]
        }
    else:
        body = {"detail": error.message}
    return answer(body, status)


def _is_run_write(request: Request) -> bool:
    path = request.url.path.removeprefix("/api").removeprefix("/v1")
    if request.method == "POST":
        return path in ("/runs", "/runs/batch", "/runs/multipart")
    return request.method == "PATCH" and path.startswith("/runs/")


ERROR_RENDERERS = (
    ErrorRenderer(
        (*(f"{root}{top}" for root in ROOTS for top in _TOPS if top != "/runs"), _NEWER),
        _render,
        validation_status=422,
    ),
    # Whoever sends runs must hear of a fault of ours as of something that passes.
    ErrorRenderer(
        tuple(f"{root}/runs" for root in ROOTS), _render, retry_faults=True, validation_status=422
    ),
)
"""To be handed to install_error_handlers."""
