"""Audio of a session."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from turnwise.model.ids import ProjectId, SessionId

ENDINGS = {"audio/wav": "wav", "audio/flac": "flac", "audio/mpeg": "mp3", "audio/ogg": "ogg"}
"""The types of audio that are kept, and how their files end."""

FOLDER = "recordings/"
"""Where the media store has them."""


class RecordingStatus(StrEnum):
    """Whether the audio can be had."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class Analysis(StrEnum):
    """How far the audio has been listened to."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One audio file.

    Attributes:
        offset_ns: start of the audio minus start of the session.
        external_id: the carrier's id, for example Twilio's "RE..." .
        home: the id under which its carrier's callbacks write of it, whatever the session became.
        source_url: where its carrier has it, to be fetched or copied from there.
        analysis: None while there is no file of ours to listen to.
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
    home: SessionId | None = None
    source_url: str | None = None
    created_ns: int = 0
    analysis: Analysis | None = None

    @property
    def file(self) -> str | None:
        """The name of its file in the folder of recordings; None while there is none."""
        ending = ENDINGS.get(self.content_type or "")
        if self.status is not RecordingStatus.READY or ending is None or not self._is_kept:
            return None
        return f"{self.id}.{ending}"

    @property
    def elsewhere(self) -> str | None:
        """The address of audio that its maker keeps, and that is no file of ours."""
        uri = self.storage_uri or ""
        is_address = uri.startswith(("https://", "http://"))
        is_ready = self.status is RecordingStatus.READY
        return uri if is_ready and is_address and not self._is_kept else None

    @property
    def is_linked(self) -> bool:
        """Whether its maker keeps it, and it has not been tried yet to copy it."""
        is_ready = self.status is RecordingStatus.READY
        return is_ready and self.source_url is not None and self.source_url == self.storage_uri

    @property
    def _is_kept(self) -> bool:
        return self.id in (self.storage_uri or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrigin:
    """Whose audio comes in, and under which id it is kept.

    Attributes:
        recording_id: as `recording_id_of` makes it, so that the same audio is kept once.
        user_id: who sends it, 0 for a carrier.
    """

    recording_id: str
    project_id: ProjectId
    session_id: SessionId
    user_id: int = 0
    call_id: str | None = None
    external_id: str | None = None
    offset_ns: int | None = None


def recording_id_of(project_id: ProjectId, text: str) -> str:
    """The id of the recording that a sender knows by this text: 32 hex digits, unique anywhere."""
    return uuid5(UUID(project_id), f"recording:{text}").hex
