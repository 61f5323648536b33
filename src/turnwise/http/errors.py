"""Errors to answers: one table of status codes, and a renderer for each surface's own form."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from turnwise.http.request_ids import RequestIds, request_id
from turnwise.model.errors import (
    BadInput,
    Busy,
    Conflict,
    Forbidden,
    Issue,
    NotFound,
    RetryableError,
    TooLarge,
    TooManyRequests,
    TurnwiseError,
    Unauthenticated,
    Unsupported,
)

FAULT_RETRY_SECONDS = 5
"""What Retry-After says when a way in failed by our own fault."""

_LOG = logging.getLogger(__name__)


class MethodNotAllowed(TurnwiseError):
    """The path exists and has no such method."""

    code = "method_not_allowed"


class InternalError(TurnwiseError):
    """A fault of ours; its cause is in the log and nowhere else."""

    code = "internal_error"


class OtherHttpError(TurnwiseError):
    """A status that the web framework raised and the tree has no class for."""

    def __init__(self, message: str, status: int):
        super().__init__(message, code=f"http_{status}")
        self.status = status


_STATUS: dict[type[TurnwiseError], int] = {
    TooLarge: 413,
    Unsupported: 415,
    BadInput: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    TooManyRequests: 429,
    RetryableError: 503,
}

Render = Callable[[TurnwiseError, Request], bytes | Response]
"""The body of an error's answer, as JSON; or the whole answer, where more than the body differs."""


@dataclass(frozen=True, slots=True)
class ErrorRenderer:
    """How one surface says that something went wrong.

    Attributes:
        prefixes: beginnings of its paths; a prefix ends at a slash or at the path's end, and the
            longest one that fits wins.
        retry_faults: whether a fault of ours is answered 503 with Retry-After, as ways in must
            (an OTLP sender drops its data on 500), rather than 500.
        validation_status: the status of a request whose parameters have wrong types.
    """

    prefixes: tuple[str, ...]
    render: Render
    retry_faults: bool = False
    validation_status: int = 400


def render_default(error: TurnwiseError, request: Request) -> bytes:
    """`{"error", "code", "issues"?, "details"?}`, the form of every path below /v1."""
    body: dict[str, Any] = {"error": error.message, "code": error.code}
    issues = getattr(error, "issues", ())
    if issues:
        body["issues"] = [
            {"location": list(issue.location), "message": issue.message, "kind": issue.kind}
            for issue in issues
        ]
    if error.details is not None:
        body["details"] = error.details
    return msgspec.json.encode(body)


DEFAULT_RENDERER = ErrorRenderer(("/",), render_default)


def status_of(error: TurnwiseError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, OtherHttpError):
        return error.status
    for kind in type(error).__mro__:
        if (found := _STATUS.get(kind)) is not None:
            return found
    return 500


def headers_of(error: TurnwiseError) -> dict[str, str]:
    """Headers that belong to an error's status, whatever its body looks like."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="turnwise"'}
    if isinstance(error, RetryableError):
        return {"Retry-After": str(max(1, error.retry_after_seconds))}
    return {}


@dataclass(frozen=True, slots=True)
class Renderers:
    """The registry: a path to the renderer of its surface."""

    by_prefix: tuple[tuple[str, ErrorRenderer], ...]

    @classmethod
    def of_surfaces(cls, surfaces: Sequence[ErrorRenderer]) -> Self:
        """The registry of these; the longest prefix goes first."""
        pairs = [(prefix, surface) for surface in surfaces for prefix in surface.prefixes]
        return cls(tuple(sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)))

    def of(self, path: str) -> ErrorRenderer:
        for prefix, renderer in self.by_prefix:
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return renderer
        return DEFAULT_RENDERER

    def answer(
        self,
        request: Request,
        error: TurnwiseError,
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        rendered = self.of(request.url.path).render(error, request)
        if not isinstance(rendered, Response):
            rendered = Response(rendered, status or status_of(error), media_type="application/json")
        for name, value in {**headers_of(error), **(headers or {})}.items():
            rendered.headers.setdefault(name, value)
        return rendered


def _of_framework(error: HTTPException) -> TurnwiseError:
    if error.status_code == 404:
        return NotFound("There is nothing at this address.", code="unknown_route")
    if error.status_code == 405:
        return MethodNotAllowed("This address does not have that method.")
    return OtherHttpError(str(error.detail), error.status_code)


def _of_validation(error: RequestValidationError) -> BadInput:
    issues = [
        Issue(tuple(each["loc"]), str(each["msg"]), str(each["type"])) for each in error.errors()
    ]
    said = [f"{issue.location[-1]}: {issue.message}" for issue in issues if issue.location]
    return BadInput("; ".join(said) or "Invalid request.", issues=issues, code="validation_failed")


Handler = Callable[[Request, Exception], Awaitable[Response]]


def _handlers(renderers: Renderers) -> dict[type[Exception], Handler]:
    async def turnwise(request: Request, error: Exception) -> Response:
        assert isinstance(error, TurnwiseError)
        return renderers.answer(request, error)

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        return renderers.answer(request, _of_framework(error), headers=headers)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        status = renderers.of(request.url.path).validation_status
        return renderers.answer(request, _of_validation(error), status=status)

    return {
        TurnwiseError: turnwise,
        HTTPException: framework,
        RequestValidationError: validation,
    }


class _Faults:
    """Outermost: whatever nobody foresaw is logged once and answered in the surface's form."""

    def __init__(self, app: ASGIApp, renderers: Renderers):
        self._app = app
        self._renderers = renderers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            _LOG.debug("client left before its request was complete")
        except Exception:
            # the last stop: a fault must become an answer
            request = Request(scope, receive)
            _LOG.exception("unexpected error in request %s", request_id(scope))
            if has_begun:
                raise
            await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        error: TurnwiseError = InternalError("Internal error")
        if self._renderers.of(request.url.path).retry_faults:
            error = Busy("Internal error", retry_after_seconds=FAULT_RETRY_SECONDS)
        return self._renderers.answer(request, error)


def install_error_handlers(app: Starlette, surfaces: Sequence[ErrorRenderer] = ()) -> None:
    """Answer every error of a Starlette or FastAPI application in its surface's form.

    Every answer, of an error or not, then names its request.
    """
    renderers = Renderers.of_surfaces(surfaces)
    for kind, handler in _handlers(renderers).items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(_Faults, renderers=renderers)
    # Added last, so that it is around all others.
    app.add_middleware(RequestIds)
