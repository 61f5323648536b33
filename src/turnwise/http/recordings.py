"""How a recording is shown and handed out: its JSON, links to it, and its bytes in ranges."""

import hmac
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from turnwise.http.errors import render_default
from turnwise.http.json_text import JSON
from turnwise.model.errors import Forbidden, NotFound, TurnwiseError
from turnwise.model.ids import SessionId, public_session_id
from turnwise.model.instants import NS_PER_SECOND, iso_seconds, ms_from_ns
from turnwise.model.ports import MediaStore
from turnwise.model.recording import FOLDER, Recording, RecordingStatus

LINKS = "/media/recordings/"
_STATUS = {
    RecordingStatus.READY: "ready",
    RecordingStatus.FAILED: "failed",
    RecordingStatus.PENDING: "processing",
    RecordingStatus.NONE: "processing",
}
_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)
_FILE = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{3,4}")


class RangeNotSatisfiable(TurnwiseError):
    """The asked range lies outside of the file."""

    code = "range_not_satisfiable"


@dataclass(frozen=True, slots=True)
class RecordingLinks:
    """Makes and checks links that need no key.

    Attributes:
        key: what they are signed with; never part of them.
        public_url: the base from outside, "" to take the request's own.
    """

    media: MediaStore
    key: bytes
    public_url: str
    ttl_seconds: int

    async def link(self, request: Request, recording: Recording) -> tuple[str, int] | None:
        """An absolute URL that anyone may read, and when it expires; None without audio."""
        expires = int(time.time()) + self.ttl_seconds
        if recording.elsewhere is not None:
            return recording.elsewhere, expires
        file = recording.file
        if file is None:
            return None
        url = await self.media.presigned_url(FOLDER + file, self.ttl_seconds)
        if url is None:
            base = self.public_url.rstrip("/") or str(request.base_url).rstrip("/")
            query = urlencode({"exp": expires, "sig": self._signature(file, str(expires))})
            url = f"{base}{LINKS}{file}?{query}"
        return url, expires * NS_PER_SECOND

    def check(self, file: str, exp: str, sig: str) -> None:
        """Raises Forbidden unless this very link was made here and has not expired."""
        if not hmac.compare_digest(self._signature(file, exp).encode(), sig.encode()):
            raise Forbidden("This link was not made by this server.", code="bad_signature")
        if not exp.isdecimal() or int(exp) < time.time():
            raise Forbidden("This link has expired.", code="link_expired")

    def _signature(self, file: str, exp: str) -> str:
        return hmac.digest(self.key, f"{file}\n{exp}".encode(), "sha256").hex()

    async def body(
        self,
        request: Request,
        call_id: str | None,
        session_id: SessionId,
        recording: Recording | None,
    ) -> dict[str, Any]:
        """The published form of a recording; None stands for one that is still to come."""
        link = await self.link(request, recording) if recording else None
        told = recording if recording and link else None
        duration_ns = told.duration_ns if told else None
        return {
            "callId": call_id,
            "sessionId": public_session_id(session_id),
            "status": _STATUS[recording.status] if recording else "processing",
            "contentType": told.content_type if told else None,
            "durationMs": None if duration_ns is None else ms_from_ns(duration_ns),
            "channels": told.channels if told else None,
            "analysis": told.analysis if told else None,
            "sizeBytes": told.size_bytes if told else None,
            "url": link[0] if link else None,
            "expiresAt": iso_seconds(link[1]) if link else None,
        }


def is_file_name(text: str) -> bool:
    """Whether the text can name a file in the folder of recordings."""
    return _FILE.fullmatch(text) is not None


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer that no cache keeps, since links in it expire."""
    headers = {"Cache-Control": "private, no-store"}
    return Response(JSON.encode(body), status, headers, media_type="application/json")


async def audio_answer(request: Request, media: MediaStore, file: str) -> Response:
    """The bytes of a recording, or the one range that is asked for; for HEAD only their headers.

    Raises:
        NotFound: the file is gone.
    """
    size = await media.size(FOLDER + file)
    if size is None:
        raise NotFound("There is no such recording.", code="recording_not_found")
    # A condition about a version cannot be met, as none is ever named; then all is sent.
    asked = None if "if-range" in request.headers else request.headers.get("range")
    part = _part_of(asked, size)
    start, end = part or (0, size)
    if start >= end and part:
        return _unsatisfiable(request, size)
    stored = await media.get(FOLDER + file, start, end)
    if stored is None:
        raise NotFound("There is no such recording.", code="recording_not_found")
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Type": stored.content_type,
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(stored.content, status, headers)


def _part_of(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end of a single range (an empty one cannot be met); None means all."""
    match = _RANGE.fullmatch(header) if header is not None else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1 if last else size, size)


def _unsatisfiable(request: Request, size: int) -> Response:
    error = RangeNotSatisfiable(f"The file has {size} bytes.")
    headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
    return Response(render_default(error, request), 416, headers, media_type="application/json")
