"""How the UI's own API answers: JSON, compressed, kept by no cache; and whom it lets in."""

import asyncio
import zlib
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.json_text import JSON
from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller, Scope

PREFIX = "/ui/api"

Viewer = Annotated[Caller, Depends(with_scope(Scope.READ))]

Money = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]
"""USD as an exact JSON number."""
MaybeMoney = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["number", "null"]})]
"""The same, null while unpriced."""

NO_CACHE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}

_WORTH_COMPRESSING = 2_048
_WORTH_A_THREAD = 64 * 1024
_GZIP_WINDOW = 31
_GZIP_LEVEL = 5


def ms(duration_ns: int) -> float:
    """Milliseconds to the microsecond."""
    return round(duration_ns / NS_PER_MS, 3)


def maybe_ms(duration_ns: int | None) -> float | None:
    """The same of what may not have been reported."""
    return None if duration_ns is None else ms(duration_ns)


def ms_since(start_ns: int, instant_ns: int | None) -> float | None:
    """Milliseconds from one instant to another that may not have been reported."""
    return None if instant_ns is None else ms(instant_ns - start_ns)


async def json_answer(request: Request, body: Any, status: int = 200) -> Response:
    """A body as JSON, in gzip where it is long and the browser takes it."""
    content = JSON.encode(body)
    headers = {**NO_CACHE, "Vary": "Accept-Encoding"}
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if takes_gzip and len(content) > _WORTH_COMPRESSING:
        headers["Content-Encoding"] = "gzip"
        if len(content) > _WORTH_A_THREAD:
            content = await asyncio.to_thread(_gzip, content)
        else:
            content = _gzip(content)
    return Response(content, status, headers, media_type="application/json")


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    return packer.compress(content) + packer.flush()


def project_of(caller: Caller, name: str) -> ProjectId:
    """The tenant's project of this name.

    Raises:
        NotFound: there is none.
    """
    return caller.project_named(name)


def project_name(caller: Caller, project_id: ProjectId) -> str:
    """The name under which the project's pages are."""
    return caller.project_name(project_id) or ""


def visible(session: Session | None, caller: Caller) -> Session:
    """The session, if the caller may see it: owners and admins all of the tenant, members their own.

    Raises:
        NotFound: there is none for this caller.
    """
    if session is None or not (caller.sees_whole_tenant or session.created_by == caller.user_id):
        raise NotFound("Session not found.", code="session_not_found")
    return session
