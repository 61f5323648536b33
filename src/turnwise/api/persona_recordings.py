"""Recordings, as the Persona Labs API publishes them, and the links that play them without a key."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from turnwise.http.auth import with_scope
from turnwise.http.error_forms import ERRORS, ErrorBody
from turnwise.http.recordings import (
    LINKS,
    RecordingLinks,
    audio_answer,
    is_file_name,
    json_answer,
)
from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ports import SessionReader
from turnwise.model.recording import Recording, RecordingStatus
from turnwise.model.session import Session, SessionStatus
from turnwise.model.tenancy import Caller, Scope

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
CallId = Annotated[str, Path(alias="callId", max_length=256)]

_ORDER = {
    RecordingStatus.READY: 0,
    RecordingStatus.PENDING: 1,
    RecordingStatus.NONE: 2,
    RecordingStatus.FAILED: 3,
}


class RecordingBody(BaseModel):
    """One recording; everything about the audio is null while there is none."""

    callId: str | None  # noqa: N815 -- the published name
    sessionId: str  # noqa: N815
    status: str
    contentType: str | None  # noqa: N815
    durationMs: int | None  # noqa: N815
    channels: int | None
    analysis: str | None
    sizeBytes: int | None  # noqa: N815
    url: str | None
    expiresAt: str | None  # noqa: N815


_AUDIO: dict[str, Any] = {"audio/*": {}}

_GET: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    409: {"model": ErrorBody, "description": "The call is not completed."},
}
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": _AUDIO, "description": "The audio."},
    206: {"content": _AUDIO, "description": "The range that was asked for."},
    416: {"model": ErrorBody, "description": "The range lies outside of the file."},
}


def recording_of(sessions: Sequence[Session]) -> tuple[Session, Recording | None]:
    """The session to speak for a call, and its recording: what can be heard before what cannot.

    Raises:
        NotFound: there is none, and no carrier is known to make one.
        Conflict: the call goes on.
    """
    if not sessions:
        raise NotFound("Recording not found.", code="recording_not_found")
    if any(each.status is SessionStatus.ACTIVE for each in sessions):
        raise Conflict("Call is not completed", code="call_not_completed")
    found = [(session, each) for session in sessions for each in session.recordings]
    if found:
        return min(found, key=lambda pair: _worth(pair[1]))
    of_carrier = [each for each in sessions if each.call is not None and not each.turns]
    if of_carrier:
        return of_carrier[0], None
    raise NotFound("Recording not found.", code="recording_not_found")


def _worth(recording: Recording) -> tuple[int, int, int, str]:
    """The most of the call: audio, then more channels, then the longest."""
    order = _ORDER[recording.status]
    return order, -(recording.channels or 0), -(recording.duration_ns or 0), recording.id


def router(reader: SessionReader, links: RecordingLinks) -> APIRouter:
    """The recording of a call, its audio, and signed links."""
    routes = APIRouter(tags=["Recordings"])

    async def audio(request: Request, recording: Recording | None) -> Response:
        file = recording.file if recording else None
        if file is None:
            raise NotFound("There is no audio yet.", code="recording_not_ready")
        return await audio_answer(request, links.media, file)

    @routes.get(
        "/v1/recordings/{callId}",
        summary="Get the recording of a call",
        responses={200: {"model": RecordingBody, "content": _AUDIO}, **_GET},
    )
    @routes.head("/v1/recordings/{callId}", include_in_schema=False)
    async def get_recording(caller: Reader, request: Request, call_id: CallId) -> Response:
        """What is known of it with a link that expires; the audio itself when Accept names it."""
        session, recording = recording_of(await reader.sessions_named(caller, call_id))
        if "audio/" in request.headers.get("accept", "").lower():
            return await audio(request, recording)
        named = (recording.call_id if recording else None) or session.call_id or call_id
        return json_answer(await links.body(request, named, session.id, recording))

    @routes.get(
        "/v1/recordings/{callId}/audio",
        summary="Play the recording of a call",
        responses={**_GET, **_BYTES},
        response_class=Response,
    )
    @routes.head("/v1/recordings/{callId}/audio", include_in_schema=False)
    async def get_audio(caller: Reader, request: Request, call_id: CallId) -> Response:
        """The audio, whole or in the range that is asked for."""
        _, recording = recording_of(await reader.sessions_named(caller, call_id))
        return await audio(request, recording)

    @routes.get(
        LINKS + "{file}",
        summary="Play a recording by a signed link",
        responses={
            403: {"model": ErrorBody, "description": "The link was changed or has expired."},
            404: {"model": ErrorBody, "description": "The recording is gone."},
            **_BYTES,
        },
        response_class=Response,
    )
    @routes.head(LINKS + "{file}", include_in_schema=False)
    async def get_linked(
        request: Request,
        file: str,
        _exp: Annotated[str, Query(alias="exp", description="When it expires.")] = "",
        _sig: Annotated[str, Query(alias="sig", description="Its signature.")] = "",
    ) -> Response:
        """Needs no key: the signature stands for the one who asked for the link."""
        links.check(request, file)
        if not is_file_name(file):
            raise NotFound("There is no such recording.", code="recording_not_found")
        return await audio_answer(request, links.media, file)

    return routes
