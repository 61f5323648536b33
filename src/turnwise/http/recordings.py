"""How a recording is shown and handed out: its JSON, links to it, and its bytes in ranges."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from turnwise.http.json_text import JSON
from turnwise.http.media_links import FILES, MediaLinks, file_answer
from turnwise.model.errors import NotFound
from turnwise.model.ids import SessionId, public_session_id
from turnwise.model.instants import iso_seconds, ms_from_ns
from turnwise.model.ports import MediaStore
from turnwise.model.recording import FOLDER, Recording, RecordingStatus

LINKS = FILES + FOLDER
_STATUS = {
    RecordingStatus.READY: "ready",
    RecordingStatus.FAILED: "failed",
    RecordingStatus.PENDING: "processing",
    RecordingStatus.NONE: "processing",
}
_FILE = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{3,4}")


@dataclass(frozen=True, slots=True)
class RecordingLinks:
    """Makes and checks links to recordings that need no key."""

    links: MediaLinks

    @property
    def media(self) -> MediaStore:
        """Where the recordings are."""
        return self.links.media

    async def link(self, request: Request, recording: Recording) -> tuple[str, int | None] | None:
        """An absolute URL, and when it expires in nanoseconds (None: not by us); None without audio.

        Ours may be read by anyone; about one of another's place only that place can say.
        """
        if recording.elsewhere is not None:
            return recording.elsewhere, None
        if recording.file is None:
            return None
        return await self.links.link(request, FOLDER + recording.file)

    def check(self, request: Request, file: str) -> None:
        """Raises Forbidden unless this very link was made here and has not expired."""
        self.links.check(request, FOLDER + file)

    async def body(
        self,
        request: Request,
        call_id: str | None,
        session_id: SessionId,
        recording: Recording | None,
    ) -> dict[str, Any]:
        """The published form of a recording; None stands for one that is still to come."""
        link = await self.link(request, recording) if recording else None
        told = recording if recording and link else None
        duration_ns = told.duration_ns if told else None
        return {
            "callId": call_id,
            "sessionId": public_session_id(session_id),
            "status": _STATUS[recording.status] if recording else "processing",
            "contentType": told.content_type if told else None,
            "durationMs": None if duration_ns is None else ms_from_ns(duration_ns),
            "channels": told.channels if told else None,
            "analysis": told.analysis if told else None,
            "sizeBytes": told.size_bytes if told else None,
            "url": link[0] if link else None,
            "expiresAt": iso_seconds(link[1]) if link and link[1] is not None else None,
        }


def is_file_name(text: str) -> bool:
    """Whether the text can name a file in the folder of recordings."""
    return _FILE.fullmatch(text) is not None


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer that no cache keeps, since links in it expire."""
    headers = {"Cache-Control": "private, no-store"}
    return Response(JSON.encode(body), status, headers, media_type="application/json")


async def audio_answer(request: Request, media: MediaStore, file: str) -> Response:
    """The bytes of a recording, or the one range that is asked for; for HEAD only their headers.

    Raises:
        NotFound: the file is gone.
    """
    answer = await file_answer(request, media, FOLDER + file, {})
    if answer is None:
        raise NotFound("There is no such recording.", code="recording_not_found")
    return answer
