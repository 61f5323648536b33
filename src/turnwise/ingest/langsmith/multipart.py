"""Multipart bodies as the LangSmith SDK sends them, which may hold arbitrary bytes.

Source: RFC 2046 5.1 and langsmith 0.14.17, _internal/_operations.py.
"""

import re
from dataclasses import dataclass

from turnwise.model.errors import BadInput, Unsupported

MAX_PARTS = 50_000

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"\r\n]*)"', re.IGNORECASE)
_LENGTH = re.compile(r";\s*length=\d+\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, its content type without parameters of length, its bytes."""

    name: str
    content_type: str
    content: bytes


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        Unsupported: the type is another one.
        BadInput: it names no boundary.
    """
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise Unsupported("The content type must be multipart/form-data.")
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadInput("The content type names no boundary.")
    return (found[1] or found[2]).encode("latin-1", "replace")


def parts_of(body: bytes, boundary: bytes) -> list[Part]:
    """The parts in their order.

    Raises:
        BadInput: the body does not keep to the form, or ends too early.
    """
    mark = b"--" + boundary
    if not body.startswith(mark):
        start = body.find(b"\r\n" + mark)
        if start < 0:
            raise BadInput("The multipart body does not begin with its boundary.")
        position = start + 2
    else:
        position = 0
    found: list[Part] = []
    while True:
        position += len(mark)
        after = body[position : position + 2]
        if after == b"--":
            return found
        if after != b"\r\n":
            raise BadInput("A multipart boundary is not followed by a line's end.")
        end = body.find(b"\r\n" + mark, position)
        if end < 0:
            raise BadInput("The multipart body ends before its last boundary.")
        if len(found) >= MAX_PARTS:
            raise BadInput(f"The multipart body has more than {MAX_PARTS} parts.")
        found.append(_part(body[position + 2 : end]))
        position = end + 2


def _part(whole: bytes) -> Part:
    head, blank, content = whole.partition(b"\r\n\r\n")
    if not blank:
        raise BadInput("A part of the multipart body has no blank line after its headers.")
    name, content_type = None, "application/octet-stream"
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        key = key.strip().lower()
        if key == b"content-disposition":
            named = _NAME.search(value)
            name = named[1].decode("utf-8", "replace") if named else None
        elif key == b"content-type":
            content_type = value.strip().decode("latin-1")
    if name is None:
        raise BadInput("A part of the multipart body has no name.")
    return Part(name, _LENGTH.sub("", content_type), content)
