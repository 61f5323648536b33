"""The sound of a session: its bytes in ranges, and its shape."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import NO_CACHE, PREFIX, Viewer, visible
from turnwise.http.recordings import audio_answer
from turnwise.model.errors import NotFound
from turnwise.model.ports import MediaStore, PeaksKeeper, SessionReader
from turnwise.model.tenancy import Caller

SessionName = Annotated[str, Path(max_length=256)]
RecordingId = Annotated[str, Path(max_length=64)]


def router(reader: SessionReader, media: MediaStore, peaks: PeaksKeeper) -> APIRouter:
    """Audio and peaks, for whoever may see the session."""
    routes = APIRouter(prefix=PREFIX + "/sessions/{session_id}/recordings")

    async def file_of(caller: Caller, session_id: str, recording_id: str) -> str:
        session = visible(await reader.session(caller, session_id), caller)
        found = next((each for each in session.recordings if each.id == recording_id), None)
        if found is None or found.file is None:
            raise NotFound("There is no such recording.", code="recording_not_found")
        return found.file

    @routes.get("/{recording_id}/audio")
    @routes.head("/{recording_id}/audio")
    async def get_audio(
        caller: Viewer, request: Request, session_id: SessionName, recording_id: RecordingId
    ) -> Response:
        file = await file_of(caller, session_id, recording_id)
        return await audio_answer(request, media, file)

    @routes.get("/{recording_id}/peaks")
    async def get_peaks(
        caller: Viewer, session_id: SessionName, recording_id: RecordingId
    ) -> Response:
        """The bytes that `PeaksKeeper.peaks` describes."""
        found = await peaks.peaks(await file_of(caller, session_id, recording_id))
        if found is None:
            raise NotFound("There is no such recording.", code="recording_not_found")
        return Response(found, headers=NO_CACHE, media_type="application/octet-stream")

    return routes
