"""Contents of an observation as a page shows them: files inside are named, and the rest is cut.

A recording or a picture that a sender wrote into its JSON as base64 says nothing as text and
hides what does. Each is replaced by a name, `turnwise-media:1:audio/wav:48000` (its place in the
content, its type, its bytes once decoded), under which it can be fetched.
"""

import base64
import binascii
import re

import msgspec

SHOWN_BYTES = 64 * 1024
"""Of a content that is longer, only so much is sent until all of it is asked for."""

UNKNOWN_TYPE = "application/octet-stream"
SHOWN_TYPES = frozenset({
    "audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/webm", "audio/mp4",
    "image/png", "image/jpeg", "image/gif", "image/webp",
})  # fmt: skip
"""What a page plays or shows; none of them can run anything."""

_SAME = {"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/mp3": "audio/mpeg",
         "image/jpg": "image/jpeg"}  # fmt: skip
_SIGNS = (
    (0, b"RIFF", 8, b"WAVE", "audio/wav"),
    (0, b"RIFF", 8, b"WEBP", "image/webp"),
    (0, b"OggS", 0, b"", "audio/ogg"),
    (0, b"fLaC", 0, b"", "audio/flac"),
    (0, b"ID3", 0, b"", "audio/mpeg"),
    (0, b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (0, b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (0, b"GIF8", 0, b"", "image/gif"),
)
_SIGN_CHARACTERS = 64

# A whole JSON string, also one inside a JSON text that is itself a string: a data URL, or base64
# that is too long to be a word.
_FILE = re.compile(
    r'(?<=")(?:data:([a-z]+/[a-z0-9.+-]+)(?:;[^",;]{1,60}){0,3};base64,'
    r"([A-Za-z0-9+/_-]++={0,2})|([A-Za-z0-9+/_-]{1024,}+={0,2}))(?=\\*\")"
)


class ContentBody(msgspec.Struct, rename="camel", frozen=True):
    """A content as text: JSON, unless it was cut off at `SHOWN_BYTES`.

    Attributes:
        bytes: of the whole as it is kept.
    """

    text: str
    bytes: int
    is_cut: bool


class Part(msgspec.Struct, frozen=True):
    """A file that stood in a content; `media_type` is UNKNOWN_TYPE for what no page shows."""

    media_type: str
    content: bytes


def content_body(text: str | None, *, whole: bool) -> ContentBody | None:
    """The content for a page; None where the sender gave none."""
    if text is None:
        return None
    size = len(text) if text.isascii() else len(text.encode())
    shown = _named(text)
    if whole or len(encoded := shown.encode()) <= SHOWN_BYTES:
        return ContentBody(text=shown, bytes=size, is_cut=False)
    start = encoded[:SHOWN_BYTES].decode(errors="ignore")
    return ContentBody(text=start, bytes=size, is_cut=True)


def shown_type(declared: str | None) -> str:
    """The type as which a page shows a file that its sender calls so; else UNKNOWN_TYPE."""
    known = _SAME.get(declared or "", declared)
    return known if known in SHOWN_TYPES else UNKNOWN_TYPE


def part_of(text: str | None, place: int) -> Part | None:
    """The file that is named by its place in the content, None if there is no such file."""
    found = [each for each in _FILE.finditer(text or "") if _media_type(each) is not None]
    if place >= len(found):
        return None
    media_type = _media_type(found[place]) or UNKNOWN_TYPE
    try:
        return Part(media_type, _decoded(found[place][2] or found[place][3]))
    except binascii.Error:
        return None


def _named(text: str) -> str:
    place = -1

    def name(match: re.Match[str]) -> str:
        nonlocal place
        media_type = _media_type(match)
        if media_type is None:
            return match[0]
        place += 1
        size = len((match[2] or match[3]).rstrip("=")) * 3 // 4
        return f"turnwise-media:{place}:{media_type}:{size}"

    return _FILE.sub(name, text)


def _media_type(match: re.Match[str]) -> str | None:
    """The type of what was found; None if it may be a text after all."""
    declared, of_url, bare = match[1], match[2], match[3]
    if of_url is not None:
        return shown_type(declared)
    start = bare[:_SIGN_CHARACTERS]
    head = _decoded(start)
    for first, sign, second, other, media_type in _SIGNS:
        if head.startswith(sign, first) and head.startswith(other, second):
            return media_type
    sample = bare[:1024]
    is_mixed = all(re.search(letters, sample) for letters in ("[a-z]", "[A-Z]", "[0-9]"))
    return UNKNOWN_TYPE if is_mixed else None


def _decoded(text: str) -> bytes:
    plain = text.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
