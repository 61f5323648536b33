"""The upload of a session's end: its report, its history and its audio in one body.

Source: livekit-agents 1.8.9, telemetry/traces.py, recorded uploads.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from turnwise.http.multipart import Part, parts_of
from turnwise.ingest.livekit.header import Header, read_header
from turnwise.ingest.livekit.ogg import CAPTURE, Listener
from turnwise.model.errors import BadInput
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, recording_id_of
from turnwise.model.ports import MediaStore
from turnwise.model.recording import RecordingStatus
from turnwise.model.reports import provisional_session, report_facts

CHANNELS = {"left": "user", "right": "agent"}
_MAX_HEADER_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Upload:
    """What has come of one upload.

    Attributes:
        audio: fields of the recording's fact, empty while there is none.
    """

    header: Header | None = None
    history: dict[str, Any] = field(default_factory=dict)
    audio: dict[str, Any] = field(default_factory=dict)

    def named(self) -> Header:
        """The header, which has to come first: it says whose the rest is.

        Raises:
            BadInput: it has not come, or it names neither room nor job.
        """
        if self.header is None or not (self.header.room_id or self.header.job_id):
            raise BadInput("The part 'header' must come first and name a room or a job.")
        return self.header


@dataclass(frozen=True, slots=True)
class RecordingReader:
    """Reads uploads of one project.

    Attributes:
        media: where audio goes; without one the audio is passed over and the rest is kept.
        max_body_bytes: of the header and the history.
        max_recording_bytes: of all together.
    """

    project_id: ProjectId
    media: MediaStore | None
    max_body_bytes: int
    max_recording_bytes: int

    async def facts(
        self, stream: AsyncIterator[bytes], content_type: str | None
    ) -> list[SessionFact]:
        """The facts of an upload; the audio is in the media store when this returns."""
        upload = Upload()
        async for part in parts_of(stream, content_type, self.max_recording_bytes):
            if part.name == "header":
                upload.header = read_header(await part.read(_MAX_HEADER_BYTES))
            elif part.name == "chat_history":
                upload.history = _history(await part.read(self.max_body_bytes))
            elif part.name == "audio":
                upload.audio = await self._keep(upload.named(), part)
        return self._facts(upload)

    async def _keep(self, header: Header, part: Part) -> dict[str, Any]:
        content, heard = part.chunks(), Listener()
        first = await _head(content)
        if not first.startswith(CAPTURE):
            return {"status": RecordingStatus.FAILED, "error": "not_audio"}
        if self.media is None:
            return {"status": RecordingStatus.FAILED, "error": "no_media_store"}
        key = f"recordings/{self.project_id}/{self._recording_id(header)}.ogg"
        size = await self.media.put(key, _overheard(first, content, heard), "audio/ogg")
        return {
            "status": RecordingStatus.READY,
            "storage_uri": self.media.uri(key),
            "media_key": key,
            "content_type": "audio/ogg",
            "size_bytes": size,
            "duration_ns": heard.duration_ns,
            "channels": heard.channels,
            "layout": CHANNELS if heard.channels == 2 else None,
        }

    def _recording_id(self, header: Header) -> str:
        return recording_id_of(
            self.project_id, f"livekit:{header.room_id or ''}:{header.job_id or ''}"
        )

    def _facts(self, upload: Upload) -> list[SessionFact]:
        header = upload.named()
        session_id = provisional_session(self.project_id, header.room_id, header.job_id)
        said = {
            "room_id": header.room_id,
            "job_id": header.job_id,
            "room": header.room_name,
            "chat_history": upload.history or None,
        }
        report = header.summary | {name: value for name, value in said.items() if value}
        facts = report_facts(report, self.project_id, session_id)
        if upload.audio and session_id is not None:
            recording_id = self._recording_id(header)
            body = {
                **upload.audio,
                "started_ns": header.started_ns,
                "external_id": header.job_id,
                "source": "livekit",
            }
            facts.append(
                SessionFact(
                    project_id=self.project_id,
                    session_id=session_id,
                    kind=FactKind.RECORDING,
                    fact_id=recording_id,
                    body={name: value for name, value in body.items() if value is not None},
                )
            )
        return facts


def _history(body: bytes) -> dict[str, Any]:
    """The history whole; one of an unknown shape is kept under a name of its own."""
    try:
        found = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("The part 'chat_history' is not JSON.") from error
    if isinstance(found, list):
        return {"items": found}
    return found if isinstance(found, dict) else {"value": found}


async def _head(content: AsyncIterator[bytes]) -> bytes:
    """The first bytes, enough to tell what they begin."""
    head = b""
    async for piece in content:
        head += piece
        if len(head) >= len(CAPTURE):
            break
    return head


async def _overheard(
    first: bytes, content: AsyncIterator[bytes], heard: Listener
) -> AsyncIterator[bytes]:
    heard.hear(first)
    yield first
    async for piece in content:
        heard.hear(piece)
        yield piece
