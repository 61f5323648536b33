"""One suite for a folder and for a server of the S3 protocol."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.s3 import ACCOUNT
from turnwise.model.errors import Misconfigured
from turnwise.store.media.files import ObjectMedia, open_media


@pytest.fixture(params=["folder", "s3"])
def media(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectMedia:
    if request.param == "folder":
        return open_media("", tmp_path / "media")
    environment = {
        **ACCOUNT,
        "AWS_ENDPOINT_URL": request.getfixturevalue("s3_server"),
        "AWS_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return open_media(f"s3://media/{tmp_path.name}", tmp_path)


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for number, size in enumerate(sizes):
        yield bytes([number]) * size


async def read(media: ObjectMedia, key: str, start: int = 0, end: int | None = None) -> bytes:
    found = await media.get(key, start, end)
    assert found is not None
    return b"".join([piece async for piece in found.content])


async def test_what_is_put_comes_back_whole_and_in_parts(media: ObjectMedia) -> None:
    sizes = (3, 6_000_000, 0, 7_000_000)
    whole = b"".join([piece async for piece in pieces(*sizes)])
    assert await media.put("recordings/a.wav", pieces(*sizes), "audio/wav") == len(whole)
    assert await read(media, "recordings/a.wav") == whole
    assert await read(media, "recordings/a.wav", 2, 5) == whole[2:5]
    assert await read(media, "recordings/a.wav", len(whole) - 1, len(whole) + 9) == whole[-1:]
    assert await read(media, "recordings/a.wav", len(whole)) == b""
    found = await media.get("recordings/a.wav", 1, 4)
    assert found is not None
    assert (found.size_bytes, found.start, found.end) == (len(whole), 1, 4)
    assert found.content_type == "audio/wav"


async def test_a_second_put_replaces_the_first(media: ObjectMedia) -> None:
    await media.put("a.ogg", pieces(10), "audio/ogg")
    await media.put("a.ogg", pieces(0, 4), "audio/ogg")
    assert await read(media, "a.ogg") == b"\1" * 4


async def test_a_folder_is_forgotten_whole_and_no_other(media: ObjectMedia) -> None:
    for key in ("files/a/1", "files/a/deep/2", "files/ab/3", "a"):
        await media.put(key, pieces(1), "audio/wav")
    for _ in range(2):
        await media.delete_all("files/a/")
        assert await media.size("files/a/1") is await media.size("files/a/deep/2") is None
    assert (await media.size("files/ab/3"), await media.size("a")) == (1, 1)


async def test_an_upload_that_breaks_off_leaves_nothing(media: ObjectMedia) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 6_000_000
        raise ConnectionResetError("the sender is gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        await media.put("recordings/half.wav", broken(), "audio/wav")
    assert await media.get("recordings/half.wav") is None


async def test_what_is_not_there_is_none_and_can_be_deleted(media: ObjectMedia) -> None:
    assert await media.get("recordings/none.wav") is None
    assert await media.size("recordings/none.wav") is None
    await media.delete("recordings/none.wav")
    await media.put("recordings/some.wav", pieces(1), "audio/wav")
    await media.delete("recordings/some.wav")
    assert await media.size("recordings/some.wav") is None


async def test_s3_hands_out_links_of_its_own_without_the_secret(
    s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**ACCOUNT, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    media = open_media("s3://media/signed", tmp_path)
    await media.put("recordings/a.wav", pieces(0, 8), "audio/wav")
    url = await media.presigned_url("recordings/a.wav", 60)
    assert url is not None
    assert re.search(r"/media/signed/recordings/a\.wav\?.*X-Amz-Expires=60", url)
    assert ACCOUNT["AWS_SECRET_ACCESS_KEY"] not in url
    answer = httpx2.get(url)
    assert (answer.content, answer.headers["content-type"]) == (b"\1" * 8, "audio/wav")
    assert media.uri("recordings/a.wav") == "s3://media/signed/recordings/a.wav"


async def test_a_folder_has_no_links_of_its_own(tmp_path: Path) -> None:
    media = open_media("", tmp_path)
    await media.put("recordings/a.wav", pieces(1), "audio/wav")
    assert await media.presigned_url("recordings/a.wav", 60) is None
    folder = tmp_path / "recordings"
    assert media.uri("recordings/a.wav") == (folder / "a.wav").as_uri()
    assert [each.name for each in folder.iterdir()] == ["a.wav"]


def test_a_url_that_nobody_knows_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="TURNWISE_MEDIA_URL"):
        open_media("gopher://somewhere", tmp_path)
