"""Bodies in several parts, read as they arrive: only what is asked for is ever held.

Source: RFC 2046 5.1, RFC 7578.
"""

from collections.abc import AsyncIterator, Mapping
from email.message import Message

from turnwise.model.errors import BadInput, TooLarge, Unsupported

_MAX_HEADER_BYTES = 16 * 1024
_MAX_BOUNDARY = 200


def boundary_of(content_type: str | None) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        Unsupported: it is no multipart type, or names none.
    """
    message = Message()
    message["content-type"] = content_type or ""
    boundary = message.get_param("boundary")
    if message.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        raise Unsupported("The content type must be multipart/form-data with a boundary.")
    if not 0 < len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise Unsupported("The boundary of the body is no boundary.")
    return boundary.encode()


class _Source:
    """The body's bytes, some of them read ahead, held against the limit while they arrive."""

    def __init__(self, stream: AsyncIterator[bytes], max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._seen = 0
        self.ahead = bytearray(b"\r\n")  # so that the first boundary begins like the others

    async def more(self) -> None:
        """Read on.

        Raises:
            BadInput: the body ends here.
            TooLarge: it is longer than it may be.
        """
        async for piece in self._stream:
            if piece:
                self._seen += len(piece)
                if self._seen > self._max_bytes:
                    raise TooLarge(f"The body is larger than {self._max_bytes} bytes.")
                self.ahead += piece
                return
        raise BadInput("The body ends before its last boundary.")

    async def take(self, mark: bytes, limit: int) -> bytes:
        """What comes before the mark, at most `limit` bytes; the mark is passed over."""
        while (at := self.ahead.find(mark)) < 0:
            if len(self.ahead) > limit:
                raise BadInput("The head of a part is too long.")
            await self.more()
        found = bytes(self.ahead[:at])
        del self.ahead[: at + len(mark)]
        return found


class Part:
    """One part; its content can be read once, and what is not read is passed over."""

    def __init__(self, headers: Mapping[str, str], source: _Source, delimiter: bytes) -> None:
        disposition = Message()
        disposition["content-disposition"] = headers.get("content-disposition", "")
        name = disposition.get_param("name", header="content-disposition")
        self.headers = headers
        self.name = name if isinstance(name, str) else ""
        self.content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self._source = source
        self._delimiter = delimiter
        self._is_over = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content in pieces."""
        ahead = self._source.ahead
        kept = len(self._delimiter) - 1
        while not self._is_over:
            at = ahead.find(self._delimiter)
            if at >= 0:
                piece = bytes(ahead[:at])
                del ahead[: at + len(self._delimiter)]
                self._is_over = True
            else:
                piece = bytes(ahead[:-kept])
                del ahead[:-kept]
            if piece:
                yield piece
            if not self._is_over:
                await self._source.more()

    async def read(self, max_bytes: int) -> bytes:
        """The whole content.

        Raises:
            TooLarge: it is longer than `max_bytes`.
        """
        whole = bytearray()
        async for piece in self.chunks():
            whole += piece
            if len(whole) > max_bytes:
                raise TooLarge(f"Part {self.name!r} is larger than {max_bytes} bytes.")
        return bytes(whole)


async def parts_of(
    stream: AsyncIterator[bytes], content_type: str | None, max_bytes: int
) -> AsyncIterator[Part]:
    """The parts of a body, one after the other.

    Raises:
        BadInput: the body ends too early, or a part's head is broken.
        TooLarge: the body is longer than `max_bytes`.
        Unsupported: the content type is not multipart.
    """
    delimiter = b"\r\n--" + boundary_of(content_type)
    source = _Source(stream, max_bytes)
    await _pass_over(Part({}, source, delimiter))
    while True:
        line = await source.take(b"\r\n", _MAX_HEADER_BYTES) if not await _is_last(source) else None
        if line is None:
            return
        if line.strip():
            raise BadInput("A boundary is followed by something else.")
        part = Part(await _headers(source), source, delimiter)
        yield part
        await _pass_over(part)


async def _is_last(source: _Source) -> bool:
    while len(source.ahead) < 2:
        await source.more()
    return source.ahead.startswith(b"--")


async def _headers(source: _Source) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := await source.take(b"\r\n", _MAX_HEADER_BYTES):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            raise BadInput("A header of a part has no colon.")
        found[name.strip().lower()] = value.strip()
        if sum(map(len, found.values())) > _MAX_HEADER_BYTES:
            raise BadInput("The head of a part is too long.")
    return found


async def _pass_over(part: Part) -> None:
    async for _ in part.chunks():
        pass
