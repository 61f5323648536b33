"""What an Ogg Opus stream says of itself, read from its first and its last bytes as they pass.

Source: RFC 3533 6, RFC 7845 4 and 5.1.
"""

from dataclasses import dataclass, field

from turnwise.model.instants import NS_PER_SECOND

CAPTURE = b"OggS"
_HEAD_BYTES = 4_096
_TAIL_BYTES = 128 * 1024
"""A page has at most 65 307 bytes, so that the last one begins in here."""
_OPUS_RATE = 48_000


@dataclass(slots=True)
class Listener:
    """Sees every byte of a stream and keeps few of them."""

    size_bytes: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def hear(self, piece: bytes) -> None:
        """The next bytes."""
        self.size_bytes += len(piece)
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[: _HEAD_BYTES - len(self._head)]
        self._tail += piece
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    @property
    def channels(self) -> int | None:
        """Number of channels, None when it is no Opus."""
        at = self._head.find(b"OpusHead")
        return self._head[at + 9] if 0 <= at < len(self._head) - 12 else None

    @property
    def duration_ns(self) -> int | None:
        """Length by the last page's position, None when that cannot be told."""
        head, last = self._head.find(b"OpusHead"), self._tail.rfind(CAPTURE)
        if head < 0 or last < 0 or len(self._tail) < last + 14:
            return None
        skipped = int.from_bytes(self._head[head + 10 : head + 12], "little")
        position = int.from_bytes(self._tail[last + 6 : last + 14], "little", signed=True)
        samples = position - skipped
        return samples * NS_PER_SECOND // _OPUS_RATE if samples > 0 else None
