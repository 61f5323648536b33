"""The pages themselves: one document for every address of the app, and the files that it loads."""

from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from turnwise.api.ui.answers import visible
from turnwise.api.ui.traces import session_of_trace
from turnwise.http.auth import require_caller
from turnwise.http.errors import ErrorRenderer, render_default
from turnwise.http.request_ids import request_id
from turnwise.model.errors import NotFound, TurnwiseError, Unauthenticated
from turnwise.model.ports import SessionReader
from turnwise.model.tenancy import Scope

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # Overlays are placed by style elements; a style cannot run anything.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
FOREVER = "public, max-age=31536000, immutable"
_OF_PROGRAMS = frozenset({"api", "assets", "ui", "v1", "webhooks"})
"""First parts of addresses that programs ask for, which can make nothing of a page."""
_PACKED = (("br", ".br"), ("gzip", ".gz"))

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not built · Turnwise</title></head>
<body><h1>The web pages are not part of this installation</h1>
<p>The server runs, and everything that is sent to it is kept. Its pages were left out when it was
installed, because they could not be built: that takes Node and a package registry.</p>
<p>In a checkout, run <code>./dev setup</code> with a network. It says why a build fails.</p>
<p><a href="/docs">API reference</a></p></body></html>
"""


def router(reader: SessionReader, web: Path) -> APIRouter:
    """Every address of the app; `web` is the folder that the build has filled."""
    routes = APIRouter()

    @routes.get("/")
    @routes.get("/login")
    @routes.get("/p/{rest:path}")
    async def get_page(request: Request) -> Response:
        return _document(request, web)

    @routes.get("/sessions/view/{name}")
    async def view_session(request: Request, name: str) -> Response:
        """The page of a session by any of its names; what the caller may not see is not there."""
        try:
            caller = await require_caller(request, Scope.READ)
            visible(await reader.session(caller, name), caller)
        except TurnwiseError as error:
            return _refusal(request, error, web)
        return _document(request, web)

    @routes.get("/traces/view/{trace_id}")
    async def view_trace(request: Request, trace_id: str) -> Response:
        """The page of a trace, as `htmlPath` of other surfaces names it."""
        try:
            caller = await require_caller(request, Scope.READ)
            await session_of_trace(reader, caller, trace_id)
        except TurnwiseError as error:
            return _refusal(request, error, web)
        return _document(request, web)

    @routes.get("/assets/{name}")
    @routes.get("/favicon.svg")
    @routes.get("/theme.js")
    async def get_file(request: Request, name: str = "") -> Response:
        relative = f"assets/{name}" if name else request.url.path.removeprefix("/")
        return _file(request, web, relative, is_hashed=bool(name))

    return routes


def _document(request: Request, web: Path, status: int = 200) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-cache"}
    index = web / "index.html"
    if not index.is_file():
        return Response(_NOT_BUILT, 503, headers, media_type="text/html")
    # A page cannot read the headers of its own document.
    named = f'<meta name="request-id" content="{request_id(request.scope)}"></head>'.encode()
    content = index.read_bytes().replace(b"</head>", named, 1)
    return Response(content, status, headers, media_type="text/html")


def error_renderer(web: Path) -> ErrorRenderer:
    """For addresses of no surface: who follows a wrong link in a browser gets the app, which says so."""

    def render(error: TurnwiseError, request: Request) -> bytes | Response:
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        is_of_programs = request.url.path.split("/")[1] in _OF_PROGRAMS
        if error.code == "unknown_route" and is_page and not is_of_programs:
            return _document(request, web, 404)
        return render_default(error, request)

    return ErrorRenderer(("/",), render)


def _refusal(request: Request, error: TurnwiseError, web: Path) -> Response:
    """A browser gets the app, which asks to log in or says what is missing; others the error."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    if isinstance(error, NotFound):
        return _document(request, web, 404)
    if not isinstance(error, Unauthenticated) or "authorization" in request.headers:
        raise error
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)


def _file(request: Request, web: Path, relative: str, *, is_hashed: bool) -> Response:
    path = web / relative
    if path.parent not in (web, web / "assets") or not path.is_file():
        raise NotFound("There is nothing at this address.", code="unknown_route")
    headers = {
        "Cache-Control": FOREVER if is_hashed else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    accepted = request.headers.get("accept-encoding", "")
    for encoding, ending in _PACKED:
        packed = path.with_name(path.name + ending)
        if encoding in accepted and packed.is_file():
            return FileResponse(
                packed, headers={**headers, "Content-Encoding": encoding}, media_type=_type(path)
            )
    return FileResponse(path, headers=headers, media_type=_type(path))


def _type(path: Path) -> str:
    # The system's table of types, which some lack, must not decide whether a script may run.
    known = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    known |= {".woff2": "font/woff2"}
    return known.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
