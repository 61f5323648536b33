"""Identifiers: which forms exist, and how one is made from another without a look-up."""

import re
from typing import NewType
from uuid import UUID, uuid5

TenantId = NewType("TenantId", str)
ProjectId = NewType("ProjectId", str)
SessionId = NewType("SessionId", str)
"""A session's UUID in canonical text: lower case, with dashes."""
TraceId = NewType("TraceId", str)
"""32 lower-case hex digits for OpenTelemetry; otherwise the sender's text, at most 256 characters."""
SpanId = NewType("SpanId", str)
"""16 lower-case hex digits for OpenTelemetry; otherwise the sender's text, at most 256 characters."""

MAX_ID_LENGTH = 256

_CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX_32 = re.compile(r"[0-9a-fA-F]{32}")


def is_canonical_uuid(text: str) -> bool:
    """Whether the text is a UUID written with dashes."""
    return _CANONICAL_UUID.fullmatch(text) is not None


def session_id_of(project_id: ProjectId, text: str) -> SessionId:
    """The session's UUID for any text by which a sender names it.

    A UUID (with or without dashes) and a public id (`sess_` and 32 hex digits) stand for
    themselves; any other text gets UUID v5 of the project and the text, so that the same name in
    two projects is two sessions.
    """
    bare = text.removeprefix("sess_")
    if _HEX_32.fullmatch(bare) or (bare == text and _CANONICAL_UUID.fullmatch(text)):
        return SessionId(str(UUID(bare)))
    return SessionId(str(uuid5(_project_namespace(project_id), f"session:{text}")))


def public_session_id(session_id: SessionId) -> str:
    """`sess_` and the 32 hex digits of the session's UUID."""
    return "sess_" + session_id.replace("-", "")


def agent_uuid_of(project_id: ProjectId, slug: str) -> UUID:
    """The stable UUID of an agent that ingest has met under this name in this project."""
    return uuid5(_project_namespace(project_id), f"agent:{slug}")


def _project_namespace(project_id: ProjectId) -> UUID:
    return UUID(project_id)
