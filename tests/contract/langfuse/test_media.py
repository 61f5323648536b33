"""Attachments: announced, put by a signed URL, read back; refused when they are not what was said."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from turnwise.api.langfuse.errors import ERROR_RENDERERS
from turnwise.http.auth import Credential
from turnwise.http.errors import install_error_handlers
from turnwise.http.media_links import LinkSigner
from turnwise.ingest.langfuse import LangfuseMedia
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.query import StoredFile
from turnwise.model.tenancy import Caller, Role, Scope

AUDIO = b"RIFF" + bytes(range(256)) * 4
MEDIA = "/api/public/media"


class Files:
    """A media store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}

    async def put(self, key: str, content: AsyncIterator[bytes], content_type: str) -> int:
        whole = b"".join([piece async for piece in content])
        self.kept[key] = (whole, content_type)
        return len(whole)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> StoredFile | None:
        if key not in self.kept:
            return None
        whole, content_type = self.kept[key]

        async def pieces() -> AsyncIterator[bytes]:
            yield whole[start:end]

        return StoredFile(len(whole), content_type, start, len(whole), pieces())

    async def size(self, key: str) -> int | None:
        return len(self.kept[key][0]) if key in self.kept else None

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    async def delete_all(self, folder: str) -> None:
        self.kept = {key: kept for key, kept in self.kept.items() if not key.startswith(folder)}

    def uri(self, key: str) -> str:
        return f"memory:{key}"

    async def presigned_url(self, key: str, ttl_seconds: int) -> str | None:
        return None


class Keys:
    """One key for each of two projects."""

    async def caller(self, credential: Credential) -> Caller | None:
        project = ProjectId(credential.secret)
        return Caller(
            tenant_id=TenantId("t"), tenant_slug="t", user_id=1, user_uid="u", role=Role.OWNER,
            is_staff=False, project_id=project, project_ids=(project,), scopes=frozenset(Scope),
        )  # fmt: skip


def client_of(files: Files | None, project: str = "p1", ttl: int = 60) -> httpx2.AsyncClient:
    """A client of the routes alone."""
    app = Starlette(routes=LangfuseMedia(files, LinkSigner(b"key", "", ttl), 1 << 20).routes())
    app.state.authenticator = Keys()
    install_error_handlers(app, ERROR_RENDERERS)
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://here", headers={"x-api-key": project}
    )


def announcement(content: bytes = AUDIO, **changes: Any) -> dict[str, Any]:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {
        "traceId": "t", "observationId": "o", "contentType": "audio/wav", "field": "input",
        "contentLength": len(content), "sha256Hash": digest, **changes,
    }  # fmt: skip


async def test_an_attachment_goes_up_and_comes_back() -> None:
    files = Files()
    async with client_of(files) as client:
        said = (await client.post(MEDIA, json=announcement())).json()
        digest = hashlib.sha256(AUDIO).digest()
        assert said["mediaId"] == base64.urlsafe_b64encode(digest).decode()[:22]
        put = await client.put(said["uploadUrl"], content=AUDIO, headers={"x-api-key": ""})
        assert put.status_code == 200
        noted = {"uploadedAt": "2026-03-21T10:00:00Z", "uploadHttpStatus": 200}
        assert (await client.patch(f"{MEDIA}/{said['mediaId']}", json=noted)).is_success
        again = (await client.post(MEDIA, json=announcement())).json()
        assert again == {"mediaId": said["mediaId"], "uploadUrl": None}
        found = (await client.get(f"{MEDIA}/{said['mediaId']}")).json()
        assert (found["contentType"], found["contentLength"]) == ("audio/wav", len(AUDIO))
        assert set(found) == {
            "mediaId", "contentType", "contentLength", "uploadedAt", "url", "urlExpiry",
        }  # fmt: skip
        read = await client.get(found["url"])
        assert (read.content, read.headers["content-type"]) == (AUDIO, "audio/wav")
    async with client_of(files, "p2") as other:
        assert (await other.get(f"{MEDIA}/{said['mediaId']}")).status_code == 404


async def test_bytes_that_were_not_announced_are_not_kept() -> None:
    files = Files()
    async with client_of(files) as client:
        url = (await client.post(MEDIA, json=announcement())).json()["uploadUrl"]
        other = AUDIO[:-1] + b"!"
        for content, status in ((other, 400), (AUDIO[:-1], 400), (AUDIO + b"x", 413)):
            assert (await client.put(url, content=content)).status_code == status
        assert (await client.put(url.replace("size=", "size=1"), content=AUDIO)).status_code == 403
        assert (await client.put(url[:-1] + "z", content=AUDIO)).status_code == 403
        assert files.kept == {}
    async with client_of(files, ttl=-1) as client:
        url = (await client.post(MEDIA, json=announcement())).json()["uploadUrl"]
        assert (await client.put(url, content=AUDIO)).status_code == 403


async def test_without_a_place_for_files_none_is_asked_for() -> None:
    async with client_of(None) as client:
        answer = await client.post(MEDIA, json=announcement())
        assert (answer.status_code, answer.json()["uploadUrl"]) == (201, None)
        assert (await client.get(f"{MEDIA}/{'a' * 22}")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"sha256Hash": "x"},
        {"contentLength": 0},
        {"contentLength": "9"},
        {"contentType": "audio/wav\r\nx: y"},
        {"field": "elsewhere"},
    ],
)
async def test_a_wrong_announcement_is_refused(change: dict[str, Any]) -> None:
    async with client_of(Files()) as client:
        answer = await client.post(MEDIA, json=announcement(**change))
        assert (answer.status_code, set(answer.json())) == (400, {"message", "error"})
        assert (await client.post(MEDIA, content=b"{")).status_code == 400
        large = await client.post(MEDIA, json=announcement(contentLength=1 << 21))
        assert large.status_code == 413
