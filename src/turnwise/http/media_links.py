"""Links that need no key because they are signed, and the stored files behind them in ranges."""

import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from turnwise.http.errors import render_default
from turnwise.model.errors import Forbidden, TurnwiseError
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.ports import MediaStore

FILES = "/media/"
"""What stands before a file's key in the path of a link to it."""

TYPE = "type"
"""The parameter of a link that says as what the file is to be served."""

_EXPIRES, _SIGNATURE = "exp", "sig"
_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


class RangeNotSatisfiable(TurnwiseError):
    """The asked range lies outside of the file."""

    code = "range_not_satisfiable"


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Signs URLs of this server for a time, and checks them.

    Attributes:
        key: what they are signed with; never part of them.
        public_url: the base from outside, "" to take the request's own.
    """

    key: bytes
    public_url: str
    ttl_seconds: int

    def sign(self, request: Request, path: str, said: Mapping[str, str]) -> tuple[str, int]:
        """An absolute URL of a path with these parameters, and when it expires (nanoseconds)."""
        expires = int(time.time()) + self.ttl_seconds
        asked = {**said, _EXPIRES: str(expires)}
        base = self.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        query = urlencode({**asked, _SIGNATURE: self._signature(path, asked)})
        return f"{base}{quote(path)}?{query}", expires * NS_PER_SECOND

    def check(self, path: str, given: Mapping[str, str]) -> None:
        """Raises Forbidden unless this very link was made here and has not expired."""
        asked = {name: value for name, value in given.items() if name != _SIGNATURE}
        signature = given.get(_SIGNATURE, "")
        if not hmac.compare_digest(self._signature(path, asked).encode(), signature.encode()):
            raise Forbidden("This link was not made by this server.", code="bad_signature")
        if int(asked[_EXPIRES]) < time.time():
            raise Forbidden("This link has expired.", code="link_expired")

    def _signature(self, path: str, asked: Mapping[str, str]) -> str:
        signed = f"{path}?{urlencode(sorted(asked.items()))}"
        return hmac.digest(self.key, signed.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class MediaLinks:
    """Makes links to files of the media store: its own where it can sign, else this server's."""

    media: MediaStore
    signer: LinkSigner

    async def link(
        self, request: Request, file: str, content_type: str | None = None
    ) -> tuple[str, int]:
        """An absolute URL of a file that anyone may read, and when it expires (nanoseconds).

        Args:
            request: for the base of the URL.
            file: its key in the media store.
            content_type: as what it is to be served; None leaves that to the media store.
        """
        said = {} if content_type is None else {TYPE: content_type}
        url, expires_ns = self.signer.sign(request, FILES + file, said)
        direct = await self.media.presigned_url(file, self.signer.ttl_seconds)
        return direct or url, expires_ns

    def check(self, request: Request, file: str) -> None:
        """Raises Forbidden unless the request is made by a link to this file that holds."""
        self.signer.check(FILES + file, request.query_params)


async def file_answer(
    request: Request, media: MediaStore, file: str, headers: Mapping[str, str]
) -> Response | None:
    """The bytes of a file, or the one range that is asked for; for HEAD only their headers.

    Args:
        request: names the range.
        media: where the file is.
        file: its key.
        headers: go before what the media store says of the file.

    Returns:
        None when there is no such file (any more).
    """
    size = await media.size(file)
    if size is None:
        return None
    # A condition about a version cannot be met, as none is ever named; then all is sent.
    asked = None if "if-range" in request.headers else request.headers.get("range")
    part = _part_of(asked, size)
    start, end = part or (0, size)
    if start >= end and part:
        return _unsatisfiable(request, size)
    stored = await media.get(file, start, end)
    if stored is None:
        return None
    told = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Type": stored.content_type,
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    if part:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=told)
    return StreamingResponse(stored.content, status, told)


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
