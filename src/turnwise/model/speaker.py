"""The two parties of a conversation."""

from enum import StrEnum


class Speaker(StrEnum):
    """Who holds the floor."""

    AGENT = "agent"
    USER = "user"
