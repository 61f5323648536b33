"""Bodies within limits: on the wire, after decompression, and before memory grows."""

import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from turnwise.http.body import SentBody
from turnwise.model.errors import BadInput, TooLarge

MIB = 1024 * 1024


def _raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


def _unsized_zstd(data: bytes) -> bytes:
    """Without the content's length in the header, as streaming senders write it."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _raw_deflate),
    ("zstd", zstandard.compress),
    ("zstd", _unsized_zstd),
]
each_packer = pytest.mark.parametrize(("encoding", "pack"), PACKERS)
SAMPLE = os.urandom(700_000) + b"voice" * 100_000


@each_packer
@pytest.mark.parametrize("data", [b"", b"x", SAMPLE])
def test_what_was_packed_comes_out(
    encoding: str, pack: Callable[[bytes], bytes], data: bytes
) -> None:
    assert SentBody(pack(data), encoding, 8 * MIB).plain() == data


@each_packer
def test_truncated(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(SAMPLE)
    for length in (0, 1, 5, len(packed) // 2, len(packed) - 1):
        with pytest.raises(BadInput, match="truncated"):
            SentBody(packed[:length], encoding, 8 * MIB).plain()


@each_packer
def test_garbage(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadInput):
        SentBody(b"\x00garbage garbage", encoding, MIB).plain()


@each_packer
def test_the_limit_itself_fits(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"x" * MIB)
    assert len(SentBody(packed, encoding, MIB).plain()) == MIB
    with pytest.raises(TooLarge):
        SentBody(packed, encoding, MIB - 1).plain()


@pytest.mark.parametrize(("encoding", "pack"), [PACKERS[0], PACKERS[1], PACKERS[4]])
def test_a_bomb_stops_at_the_limit(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(500 * MIB))
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            SentBody(bomb, encoding, 4 * MIB).plain()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 40 * MIB


def test_several_members() -> None:
    assert SentBody(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 9).plain() == b"ab"
    assert SentBody(gzip.compress(b"a") + bytes(9), "gzip", 9).plain() == b"a"
    assert SentBody(zstandard.compress(b"a") * 2, "zstd", 9).plain() == b"aa"
    with pytest.raises(BadInput):
        SentBody(gzip.compress(b"a") + b"tail", "gzip", 9).plain()


@given(st.sampled_from(["gzip", "deflate", "zstd"]), st.binary(max_size=200))
def test_any_bytes(encoding: str, raw: bytes) -> None:
    try:
        SentBody(raw, encoding, MIB).plain()
    except BadInput:
        return


@given(st.sampled_from(PACKERS), st.integers(0, 5_000), st.integers(0, 255))
def test_flipped_bytes(packer: tuple[str, Callable[[bytes], bytes]], place: int, byte: int) -> None:
    encoding, pack = packer
    packed = bytearray(pack(b"voice agents " * 300))
    packed[place % len(packed)] = byte
    try:
        SentBody(bytes(packed), encoding, MIB).plain()
    except BadInput:
        return
