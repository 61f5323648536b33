"""The media store: `MediaStore` of `model.ports` over obstore.

A folder is the same as a bucket to everyone outside. What differs: only storage with accounts can
sign a URL, and only a folder has to be told to reach the disk before a write counts.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store, from_url

from turnwise.model.errors import Busy, Misconfigured
from turnwise.model.query import StoredFile

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_PIECE_BYTES = 5 * 1024 * 1024
"""The smallest part that S3 takes, and what one upload or download holds in memory a few times."""
_PARTS_AT_ONCE = 3
READ_BYTES = 256 * 1024

CONTENT_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
}
"""By the ending of a key; anything else is bytes."""
BYTES = "application/octet-stream"

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def open_media(url: str, folder: Path) -> "ObjectMedia":
    """The store at a URL (`s3://bucket/prefix` and the others of obstore), else in a folder.

    Raises:
        Misconfigured: the URL is none that obstore knows, or the folder cannot be made.
    """
    try:
        if not url:
            folder.mkdir(parents=True, exist_ok=True)
            return ObjectMedia(LocalStore(folder), folder.resolve().as_uri(), folder.resolve())
        if is_s3(url):
            return ObjectMedia(open_s3(url), url)
        return ObjectMedia(from_url(url), url)
    except (BaseError, ValueError, OSError) as error:
        raise Misconfigured(f"TURNWISE_MEDIA_URL cannot be used: {error}") from error


def is_s3(url: str) -> bool:
    """Whether a media URL names a bucket."""
    return urlsplit(url).scheme in ("s3", "s3a")


def open_s3(url: str) -> S3Store:
    """The bucket of a URL, by the usual AWS variables."""
    endpoint = next((found for name in ENDPOINTS if (found := os.environ.get(name))), None)
    if endpoint is None:
        return S3Store.from_url(url)
    options: ClientConfig = {"allow_http": endpoint.startswith("http://")}
    return S3Store.from_url(url, endpoint=endpoint, client_options=options)


class ObjectMedia:
    """Files by key, in one store.

    Args:
        store: what obstore opened.
        place: its URL, for people.
        folder: where the files are when they are on this machine's disk.
    """

    def __init__(self, store: ObjectStore, place: str, folder: Path | None = None):
        self._store = store
        self._place = place.rstrip("/")
        self._folder = folder

    async def put(self, key: str, content: AsyncIterator[bytes], content_type: str) -> int:
        """See MediaStore.put."""
        counted = _Counted(content)
        attributes = None if self._folder else {"Content-Type": content_type}
        try:
            await obstore.put_async(
                self._store,
                key,
                counted,
                attributes=attributes,
                use_multipart=True,
                chunk_size=_PIECE_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except BaseError as error:
            if counted.failure is not None:
                raise counted.failure from None
            raise media_busy() from error
        if self._folder is not None:
            await asyncio.to_thread(_to_disk, self._folder / key)
        return counted.size

    async def get(self, key: str, start: int = 0, end: int | None = None) -> StoredFile | None:
        """See MediaStore.get."""
        size = await self.size(key)
        if size is None:
            return None
        stop = size if end is None else min(end, size)
        first = min(start, stop)
        return StoredFile(size, content_type_of(key), first, stop, self._read(key, first, stop))

    async def size(self, key: str) -> int | None:
        """See MediaStore.size."""
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise media_busy() from error

    async def _read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return
        found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        async for piece in found.stream(min_chunk_size=READ_BYTES):
            yield bytes(piece)

    async def delete(self, key: str) -> None:
        """See MediaStore.delete."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise media_busy() from error

    async def delete_all(self, folder: str) -> None:
        """See MediaStore.delete_all."""
        try:
            async for found in obstore.list(self._store, folder):
                await obstore.delete_async(self._store, [each["path"] for each in found])
        except BaseError as error:
            raise media_busy() from error

    def uri(self, key: str) -> str:
        """See MediaStore.uri."""
        return f"{self._place}/{key}"

    async def presigned_url(self, key: str, ttl_seconds: int) -> str | None:
        """See MediaStore.presigned_url."""
        if not isinstance(self._store, S3Store):
            return None
        try:
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=ttl_seconds))
        except BaseError as error:
            raise media_busy() from error


class _Counted:
    """Passes pieces on, counts them, and keeps the error with which their source ended."""

    def __init__(self, content: AsyncIterator[bytes]):
        self._content = content
        self.size = 0
        self.failure: BaseException | None = None

    def __aiter__(self) -> "_Counted":
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._content)
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self.failure = error
            raise
        self.size += len(piece)
        return piece


def content_type_of(key: str) -> str:
    """The media type that the ending of a key stands for."""
    return CONTENT_TYPES.get(PurePosixPath(key).suffix.removeprefix("."), BYTES)


def media_busy() -> Busy:
    """The error for a store that does not do what it is asked."""
    # The engine's own text may hold addresses with keys.
    return Busy("The media store does not answer.", retry_after_seconds=5)


def _to_disk(file: Path) -> None:
    """Make a file and its name survive the loss of power."""
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
