"""Opaque cursors that this server can tell from anybody else's."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s

from turnwise.model.errors import BadInput, Issue

_CHECK_BYTES = 4
_LATEST_NS = 2**63 - 1


def _check(position: bytes) -> bytes:
    return blake2s(position, digest_size=_CHECK_BYTES, person=b"turnwise").digest()


def encode_cursor(instant_ns: int, item_id: str) -> str:
    """The position after an item that is ordered by an instant and its id."""
    position = f"{instant_ns}:{item_id}".encode()
    return urlsafe_b64encode(_check(position) + position).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[int, str]:
    """The (instant, id) of a cursor.

    Raises:
        BadInput: the text is none of our cursors.
    """
    issue = Issue(("query", "cursor"), "This cursor was not issued by this server.", "cursor")
    try:
        packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        instant, _, item_id = packed[_CHECK_BYTES:].decode().partition(":")
        position = (int(instant), item_id)
    except ValueError as error:
        raise BadInput(issue.message, issues=[issue], code="bad_cursor") from error
    is_ours = packed[:_CHECK_BYTES] == _check(packed[_CHECK_BYTES:])
    if not is_ours or not -_LATEST_NS <= position[0] <= _LATEST_NS:
        raise BadInput(issue.message, issues=[issue], code="bad_cursor")
    return position
