"""Files that others have put into the S3 where our own are, found by the address that they tell.

What is ours is never handed out here, whatever address names it: it belongs to whom it belongs.
"""

import os
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError

from turnwise.model.errors import NotFound
from turnwise.store.media.files import ENDPOINTS, READ_BYTES, is_s3, media_busy, open_s3

OWN_FOLDERS = ("recordings/", "attachments/", "langfuse/", "peaks/")
"""What is ours in a bucket that is ours without a prefix."""
_AWS = re.compile(r"s3([.-][a-z0-9-]+)*\.amazonaws\.com")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Place:
    """A file in the S3."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class SameS3:
    """Reads with the credentials of the media store.

    Attributes:
        bucket, prefix: where our own files are; the prefix without slashes around it.
        endpoint: host and port of the server, None for Amazon's.
    """

    bucket: str
    prefix: str
    endpoint: str | None

    def place_of(self, address: str) -> Place | None:
        """What `s3://bucket/key`, or an HTTP address of either style, names; None when elsewhere."""
        try:
            parts = urlsplit(address)
            host, netloc = (parts.hostname or "").lower(), parts.netloc.lower()
        except ValueError:
            return None
        if parts.query or parts.fragment or "@" in netloc:
            return None
        path = unquote(parts.path).removeprefix("/")
        if parts.scheme == "s3":
            return self._checked(netloc, path)
        if parts.scheme not in ("http", "https"):
            return None
        if self._is_server(host if self.endpoint is None else netloc):
            bucket, _, key = path.partition("/")
            return self._checked(bucket, key)
        bucket, _, server = (host if self.endpoint is None else netloc).partition(".")
        return self._checked(bucket, path) if self._is_server(server) else None

    def _is_server(self, name: str) -> bool:
        if self.endpoint is not None:
            return name == self.endpoint
        return _AWS.fullmatch(name) is not None

    def _checked(self, bucket: str, key: str) -> Place | None:
        steps = key.split("/")
        if not _BUCKET.fullmatch(bucket) or any(step in ("", ".", "..") for step in steps):
            return None
        ours = (f"{self.prefix}/",) if self.prefix else OWN_FOLDERS
        if bucket == self.bucket and key.startswith(ours):
            return None
        return Place(bucket, key)

    async def read(self, place: Place) -> AsyncGenerator[bytes, None]:
        """The bytes of a file.

        Raises:
            NotFound: there is none (yet).
            Busy: the server does not answer, or refuses us.
        """
        try:
            found = await obstore.get_async(open_s3(f"s3://{place.bucket}"), place.key)
            async for piece in found.stream(min_chunk_size=READ_BYTES):
                yield bytes(piece)
        except FileNotFoundError as error:
            raise NotFound("There is no such file.") from error
        except BaseError as error:
            raise media_busy() from error


def same_s3(media_url: str) -> SameS3 | None:
    """The S3 that a media URL names; None when it names something else."""
    if not is_s3(media_url):
        return None
    parts = urlsplit(media_url)
    endpoint = next((found for name in ENDPOINTS if (found := os.environ.get(name))), None)
    server = urlsplit(endpoint).netloc.lower() if endpoint else None
    return SameS3(parts.netloc, parts.path.strip("/"), server)
