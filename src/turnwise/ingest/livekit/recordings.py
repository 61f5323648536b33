"""The upload of a session's end: its report, its history and its audio in one body.

Source: livekit-agents 1.8.9, telemetry/traces.py, recorded uploads.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from turnwise.http.json_text import decode_lenient
from turnwise.http.multipart import Part, parts_of
from turnwise.ingest.livekit.header import Header, read_header
from turnwise.model.batch import Sender
from turnwise.model.errors import BadInput, Forbidden, TooLarge, Unsupported
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ports import RecordingKeeper
from turnwise.model.recording import RecordingOrigin, RecordingStatus, recording_id_of
from turnwise.model.reports import report_facts

_MAX_HEADER_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Upload:
    """What has come of one upload.

    Attributes:
        has_audio: whether there was a recording, be it kept or not.
        trouble: why it was not kept, None when it was.
    """

    header: Header | None = None
    history: dict[str, Any] = field(default_factory=dict)
    has_audio: bool = False
    trouble: str | None = None

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
    """Reads uploads of one sender.

    Attributes:
        keeper: where audio goes; without one the audio is passed over and the rest is kept.
        max_body_bytes: of the history.
        max_recording_bytes: of the audio.
    """

    sender: Sender
    keeper: RecordingKeeper | None
    max_body_bytes: int
    max_recording_bytes: int

    async def facts(
        self, stream: AsyncIterator[bytes], content_type: str | None
    ) -> list[SessionFact]:
        """The facts of an upload; its audio is kept, and told of, when this returns."""
        upload = Upload()
        limit = self.max_recording_bytes + self.max_body_bytes + _MAX_HEADER_BYTES
        async for part in parts_of(stream, content_type, limit):
            if part.name == "header":
                upload.header = read_header(await part.read(_MAX_HEADER_BYTES))
            elif part.name == "chat_history":
                upload.history = _history(await part.read(self.max_body_bytes))
            elif part.name == "audio":
                upload.trouble = await self._keep(upload.named(), part)
                upload.has_audio = True
                if upload.trouble == TooLarge.code:
                    break
        return self._facts(upload)

    async def _keep(self, header: Header, part: Part) -> str | None:
        """Keep the audio; returns why it cannot be kept."""
        if self.keeper is None:
            return "no_media_store"
        try:
            await self.keeper.keep(self._origin(header), part.chunks())
        except (Forbidden, TooLarge, Unsupported) as error:
            return error.code
        return None

    def _origin(self, header: Header) -> RecordingOrigin:
        project_id = self.sender.project_id
        name = f"livekit:{header.room_id or ''}:{header.job_id or ''}"
        return RecordingOrigin(
            recording_id=recording_id_of(project_id, name),
            project_id=project_id,
            session_id=header.session(project_id),
            user_id=self.sender.user_id,
            external_id=header.job_id or header.room_id,
        )

    def _facts(self, upload: Upload) -> list[SessionFact]:
        header, project_id = upload.named(), self.sender.project_id
        said = {
            "room_id": header.room_id,
            "job_id": header.job_id,
            "room": header.room_name,
            "chat_history": upload.history or None,
        }
        report = header.summary | {name: value for name, value in said.items() if value}
        facts = report_facts(report, project_id, header.session(project_id))
        if upload.has_audio:
            origin = self._origin(header)
            body: dict[str, Any] = {
                "room_sid": header.room_id,
                "job_id": header.job_id,
                "started_ns": header.started_ns,
            }
            if upload.trouble is not None:
                body |= {"status": RecordingStatus.FAILED, "error": upload.trouble}
            facts.append(
                SessionFact(
                    project_id=project_id,
                    session_id=origin.session_id,
                    kind=FactKind.RECORDING,
                    fact_id=origin.recording_id,
                    body={name: value for name, value in body.items() if value is not None},
                )
            )
        return facts


def _history(body: bytes) -> dict[str, Any]:
    """The history whole; one of an unknown shape is kept under a name of its own."""
    try:
        found = decode_lenient(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("The part 'chat_history' is not JSON.") from error
    if isinstance(found, list):
        return {"items": found}
    return found if isinstance(found, dict) else {"value": found}
