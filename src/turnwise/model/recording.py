"""Audio of a session."""

from dataclasses import dataclass
from enum import StrEnum

from turnwise.model.ids import ProjectId, SessionId


class RecordingStatus(StrEnum):
    """Whether the audio can be had."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One audio file.

    Attributes:
        offset_ns: start of the audio minus start of the session.
        external_id: the carrier's id, for example Twilio's "RE..." .
    """

    id: str
    project_id: ProjectId
    session_id: SessionId | None
    call_id: str | None
    status: RecordingStatus
    storage_uri: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    duration_ns: int | None = None
    channels: int | None = None
    offset_ns: int | None = None
    external_id: str | None = None
    created_ns: int = 0
