"""`/api/public/media`: attachments go up and come back by signed URLs of this server.

POST   media             what will be sent; answers its id and where to put it, null if it is here
PUT    media/upload      the bytes; the URL is the permission, no header is
PATCH  media/{id}        how the upload went
GET    media/{id}        where to read it
GET    media/content     the bytes; again the URL is the permission
"""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import read_body
from turnwise.http.json_text import JSON
from turnwise.http.media_links import LinkSigner, file_answer
from turnwise.ingest.langfuse.fields import Fields, instant, text
from turnwise.model.errors import BadInput, NotFound, TooLarge
from turnwise.model.instants import iso_ms, now_ns
from turnwise.model.ports import MediaStore
from turnwise.model.tenancy import Scope
from turnwise.model.trace import MEDIA

_ID_LENGTH = 22
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}")
_FIELDS = ("input", "output", "metadata")
_MAX_JSON_BYTES = 64 * 1024
_NAMES = ("project", "id", "type", "size", "sha256")
_BASE = "/api/public/media"
_UPLOAD = f"{_BASE}/upload"
_CONTENT = f"{_BASE}/content"


@dataclass(frozen=True, slots=True)
class LangfuseMedia:
    """Handlers of attachments.

    Attributes:
        media: None while there is no place for files; uploads are then not asked for.
        signer: of the links by which attachments go up and come back.
        max_bytes: the largest attachment.
    """

    media: MediaStore | None
    signer: LinkSigner
    max_bytes: int

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(_BASE, self.announce, methods=["POST"]),
            Route(_UPLOAD, self.upload, methods=["PUT"]),
            Route(_CONTENT, self.content, methods=["GET"]),
            Route(f"{_BASE}/{{media_id}}", self.uploaded, methods=["PATCH"]),
            Route(f"{_BASE}/{{media_id}}", self.read, methods=["GET"]),
        ]

    async def announce(self, request: Request) -> Response:
        """Say where an attachment goes; its id is made of its content's hash."""
        caller = await require_caller(request, Scope.INGEST)
        body = await _json(request)
        media_id, sha256 = _hash(body)
        content_type = (text(body, "contentType") or "").lower()
        size = body.get("contentLength")
        if not _TYPE.fullmatch(content_type):
            raise BadInput("contentType must be a media type.")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise BadInput("contentLength must be a whole number above 0.")
        if size > self.max_bytes:
            raise TooLarge(f"The attachment is larger than {self.max_bytes} bytes.")
        if text(body, "field") not in _FIELDS:
            raise BadInput(f"field must be one of {', '.join(_FIELDS)}.")
        url = None
        if self.media is not None and not await self._has(caller.project_id, media_id):
            about = (caller.project_id, media_id, content_type, str(size), sha256)
            url = self._link(request, _UPLOAD, about)[0]
        return _answer({"mediaId": media_id, "uploadUrl": url}, 201)

    async def upload(self, request: Request) -> Response:
        """Keep the bytes, if they are the announced ones."""
        media, said = self._checked(request, _UPLOAD)
        size, sha256 = int(said["size"]), said["sha256"]
        key = _key(said["project"], said["id"])
        await media.put(key, _verified(request, size, sha256), said["type"])
        about = {"contentType": said["type"], "contentLength": size, "uploadedAt": now_ns()}
        await media.put(key + ".json", _once(JSON.encode(about)), "application/json")
        return Response(status_code=200)

    async def uploaded(self, request: Request) -> Response:
        """Note how an upload went; nothing depends on it, as the server itself saw the bytes."""
        await require_caller(request, Scope.INGEST)
        body = await _json(request)
        if instant(body, "uploadedAt") is None:
            raise BadInput("uploadedAt is required.")
        if not isinstance(body.get("uploadHttpStatus"), int):
            raise BadInput("uploadHttpStatus must be a whole number.")
        return _answer({}, 200)

    async def read(self, request: Request) -> Response:
        """Where an attachment can be read."""
        caller = await require_caller(request, Scope.READ)
        media_id = request.path_params["media_id"]
        if self.media is None or not _MEDIA_ID.fullmatch(media_id):
            raise NotFound("Media asset not found")
        for project_id in caller.project_ids:
            about = await self._about(project_id, media_id)
            if about is not None:
                break
        else:
            raise NotFound("Media asset not found")
        place = (project_id, media_id, about["contentType"], str(about["contentLength"]), "")
        url, expires_ns = self._link(request, _CONTENT, place)
        direct = await self.media.presigned_url(_key(project_id, media_id), self.signer.ttl_seconds)
        body = {
            "mediaId": media_id,
            "contentType": about["contentType"],
            "contentLength": about["contentLength"],
            "uploadedAt": iso_ms(about["uploadedAt"]),
            "url": direct or url,
            "urlExpiry": iso_ms(expires_ns),
        }
        return _answer(body, 200)

    async def content(self, request: Request) -> Response:
        """The bytes of an attachment."""
        media, said = self._checked(request, _CONTENT)
        # What a sender calls a page or a script must never run here.
        headers = {"Content-Type": said["type"], "Content-Disposition": "attachment"}
        answer = await file_answer(request, media, _key(said["project"], said["id"]), headers)
        if answer is None:
            raise NotFound("Media asset not found")
        return answer

    async def _has(self, project_id: str, media_id: str) -> bool:
        return await self._about(project_id, media_id) is not None

    async def _about(self, project_id: str, media_id: str) -> dict[str, Any] | None:
        """What was noted when the upload was whole; None when there was none."""
        assert self.media is not None
        found = await self.media.get(_key(project_id, media_id) + ".json")
        if found is None:
            return None
        content = b"".join([piece async for piece in found.content])
        return msgspec.json.decode(content, type=dict[str, Any])

    def _link(
        self, request: Request, path: str, about: tuple[str, str, str, str, str]
    ) -> tuple[str, int]:
        return self.signer.sign(request, path, dict(zip(_NAMES, about, strict=True)))

    def _checked(self, request: Request, path: str) -> tuple[MediaStore, Mapping[str, str]]:
        self.signer.check(path, request.query_params)
        if self.media is None:
            raise NotFound("Media asset not found")
        return self.media, request.query_params


def _hash(body: Fields) -> tuple[str, str]:
    """The attachment's id and the hash that it is made of, in base64."""
    sent = text(body, "sha256Hash") or ""
    try:
        digest = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise BadInput("sha256Hash must be a SHA-256 in base64.")
    return base64.urlsafe_b64encode(digest).decode()[:_ID_LENGTH], sent


def _key(project_id: str, media_id: str) -> str:
    return f"{MEDIA}{project_id}/{media_id}"


async def _verified(request: Request, size: int, sha256: str) -> AsyncIterator[bytes]:
    """The body in pieces; raises at its end, so that nothing is kept, unless it is as announced."""
    digest, received = hashlib.sha256(), 0
    async for piece in request.stream():
        received += len(piece)
        if received > size:
            raise TooLarge("The body is longer than announced.")
        digest.update(piece)
        if piece:
            yield piece
    if received != size or base64.b64encode(digest.digest()).decode() != sha256:
        raise BadInput("The body is not what was announced.")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _json(request: Request) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(await read_body(request, _MAX_JSON_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadInput("The body must be an object.")
    return found


def _answer(body: Any, status: int) -> Response:
    return Response(JSON.encode(body), status_code=status, media_type="application/json")
