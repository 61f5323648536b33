"""Request bodies within limits, on the wire and after decompression."""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import zstandard
from starlette.requests import Request

from turnwise.model.errors import BadInput, TooLarge, Unsupported

Result = TypeVar("Result")

THREAD_BYTES = 64 * 1024
"""A plain body above this is worked on in a worker thread."""

COMPRESSED_THREAD_BYTES = 4 * 1024
"""The same for compressed bodies, which may grow by a factor of a thousand."""

_PIECE_BYTES = 256 * 1024
# A zstd block of 4 bytes can stand for 128 KB, and its decompressor has no limit of its own: this
# many bytes at a time cannot grow beyond 8 MB.
_ZSTD_PIECE_BYTES = 256
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SentBody:
    """A body as it came over the wire.

    Attributes:
        encoding: the Content-Encoding in lower case, "" when there is none.
        max_bytes: what the decompressed body may have.
    """

    raw: bytes
    encoding: str
    max_bytes: int

    @property
    def is_large(self) -> bool:
        """Whether reading it would hold up the event loop."""
        return len(self.raw) > (COMPRESSED_THREAD_BYTES if self.encoding else THREAD_BYTES)

    def plain(self) -> bytes:
        """The decompressed bytes.

        Raises:
            TooLarge: there are more than `max_bytes`; no more than these are ever held.
            BadInput: truncated or broken compression.
        """
        if not self.encoding:
            return self.raw
        return _joined(_DECODERS[self.encoding](self.raw), self.max_bytes)


async def receive(request: Request, max_bytes: int) -> SentBody:
    """The body as sent, held against the limit while it arrives.

    Raises:
        TooLarge: more than `max_bytes` on the wire.
        Unsupported: a Content-Encoding other than gzip, deflate, zstd and identity.
    """
    encoding = _encoding(request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > max_bytes:
            raise _too_large(max_bytes)
    return SentBody(bytes(received), encoding, max_bytes)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, decompressed. Raises as `receive` and `SentBody.plain`."""
    return await work_on_body(request, max_bytes, bytes)


async def work_on_body(request: Request, max_bytes: int, work: Callable[[bytes], Result]) -> Result:
    """What `work` makes of the decompressed body; a large one takes one worker thread for both."""
    sent = await receive(request, max_bytes)
    if sent.is_large:
        return await asyncio.to_thread(lambda: work(sent.plain()))
    return work(sent.plain())


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than {max_bytes} bytes.")


def _encoding(header: str) -> str:
    names = [name.strip().lower() for name in header.split(",")]
    named = [name for name in names if name not in ("", "identity")]
    if not named:
        return ""
    if len(named) > 1 or named[0] not in _DECODERS:
        raise Unsupported("The content encoding must be gzip, deflate or zstd.")
    return named[0]


def _joined(pieces: Iterator[bytes], max_bytes: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(whole)


class _Inflater(Protocol):
    """What zlib.decompressobj returns."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflated(raw: bytes, wbits: int) -> Iterator[bytes]:
    """Pieces of one or more zlib streams, one after the other."""
    position = 0
    inflater: _Inflater = zlib.decompressobj(wbits)
    while position < len(raw):
        piece = raw[position : position + _PIECE_BYTES]
        position += len(piece)
        while piece and not inflater.eof:
            try:
                yield inflater.decompress(piece, _PIECE_BYTES)
            except zlib.error as error:
                raise BadInput("The body's compression is broken.") from error
            piece = inflater.unconsumed_tail
        if inflater.eof:
            position -= len(inflater.unused_data)
            if not raw[position : position + _PIECE_BYTES].strip(b"\0"):
                return  # a gzip file may be padded with zeros
            inflater = zlib.decompressobj(wbits)
    # what is left over when all input is consumed
    while not inflater.eof:
        try:
            piece = inflater.decompress(b"", _PIECE_BYTES)
        except zlib.error as error:
            raise BadInput("The body's compression is broken.") from error
        if not piece:
            raise BadInput("The body's compression is truncated.")
        yield piece


def _gunzipped(raw: bytes) -> Iterator[bytes]:
    if not raw:
        raise BadInput("The body's compression is truncated.")
    return _inflated(raw, 31)


def _deflated(raw: bytes) -> Iterator[bytes]:
    """HTTP's deflate is a zlib stream; some senders leave its header out."""
    has_header = len(raw) >= 2 and raw[0] & 15 == 8 and (raw[0] << 8 | raw[1]) % 31 == 0
    if not raw:
        raise BadInput("The body's compression is truncated.")
    return _inflated(raw, 15 if has_header else -15)


def _zstd(raw: bytes) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    position = 0
    frame = decompressor.decompressobj()
    if not raw:
        raise BadInput("The body's compression is truncated.")
    while position < len(raw):
        piece = raw[position : position + _ZSTD_PIECE_BYTES]
        try:
            yield frame.decompress(piece)
        except zstandard.ZstdError as error:
            raise BadInput("The body's compression is broken.") from error
        position += len(piece)
        if frame.eof:
            position -= len(frame.unused_data)
            if position < len(raw):
                frame = decompressor.decompressobj()
    if not frame.eof:
        raise BadInput("The body's compression is truncated.")


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "zstd": _zstd,
}
