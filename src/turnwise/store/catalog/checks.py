"""What texts the catalog takes, said to the sender in words."""

import re
from typing import NoReturn
from uuid import UUID

from turnwise.model.errors import BadInput, Issue

MAX_NAME = 255
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def refuse(field: str, message: str) -> NoReturn:
    """Raises BadInput about one field."""
    raise BadInput(message, issues=[Issue((field,), message)])


def is_storable(text: str) -> bool:
    """Whether both databases can keep the text: no NUL, no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def name(field: str, text: str, limit: int = MAX_NAME) -> str:
    """The text without blanks around it, 1 to `limit` characters."""
    text = text.strip()
    if not text or len(text) > limit or not is_storable(text):
        refuse(field, f"{field} must be a text of 1 to {limit} characters.")
    return text


def slug(text: str) -> str:
    """A tenant's short name, fit for addresses."""
    if not _SLUG.fullmatch(text):
        refuse(
            "slug",
            "slug must be 1 to 63 lower-case letters, digits, '-' or '_', and begin with a letter "
            "or digit.",
        )
    return text


def email(text: str) -> str:
    """An address with something on both sides of its @."""
    text = text.strip()
    if len(text) > 254 or not _EMAIL.fullmatch(text) or not is_storable(text):
        refuse("email", "email must be an address like name@example.com.")
    return text


def uuid_text(text: str) -> str | None:
    """The canonical form of a UUID however it is written; None for any other text."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
