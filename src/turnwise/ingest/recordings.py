"""`PUT /v1/recordings/{callId}`: audio of a call, as the body of the request."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.documents import Operation
from turnwise.http.recordings import RecordingLinks, json_answer
from turnwise.model.errors import BadInput, Issue, TooLarge, Unsupported
from turnwise.model.ids import MAX_ID_LENGTH, session_id_of
from turnwise.model.ports import RecordingKeeper, SessionReader
from turnwise.model.recording import RecordingOrigin, recording_id_of
from turnwise.model.tenancy import Scope

OPERATIONS = [
    Operation(
        path="/v1/recordings/{callId}",
        method="PUT",
        summary="Send the recording of a call",
        tag="Recordings",
        description="WAV (PCM, mu-law, A-law), FLAC, MP3 or Ogg (Opus, Vorbis) as the body.",
        media_types=("audio/wav", "audio/flac", "audio/mpeg", "audio/ogg"),
        answers={200: "It took the place of the one before.", 201: "It is kept."},
        errors=(400, 401, 403, 413, 415, 503),
    )
]


@dataclass(frozen=True, slots=True)
class RecordingUpload:
    """The handler of the upload."""

    keeper: RecordingKeeper
    reader: SessionReader
    links: RecordingLinks
    max_bytes: int

    def routes(self) -> list[Route]:
        """The route; reads of the same path belong to `api`."""
        return [Route("/v1/recordings/{call_id}", self.put, methods=["PUT"])]

    async def put(self, request: Request) -> Response:
        """Audio of the session that has this call id, name or id; kept for it when still unknown."""
        caller = await require_caller(request, Scope.INGEST)
        call_id = request.path_params["call_id"]
        self._check(request, call_id)
        session = await self.reader.session(caller, call_id)
        project_id = session.project_id if session else caller.project_id
        origin = RecordingOrigin(
            recording_id=recording_id_of(project_id, call_id),
            project_id=project_id,
            session_id=session.id if session else session_id_of(project_id, call_id),
            user_id=caller.user_id,
            # A session may be found by any of its names; only one that is still unknown is a call.
            call_id=session.call_id if session else call_id,
        )
        recording = await self.keeper.keep(origin, request.stream())
        body = await self.links.body(request, call_id, origin.session_id, recording)
        return json_answer(body, 200 if session and session.recordings else 201)

    def _check(self, request: Request, call_id: str) -> None:
        if not call_id or len(call_id) > MAX_ID_LENGTH:
            message = f"A call id has 1 to {MAX_ID_LENGTH} characters."
            raise BadInput(message, issues=[Issue(("path", "callId"), message)])
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unsupported("A recording is sent as it is, without a content encoding.")
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self.max_bytes:
            raise TooLarge(f"A recording may have {self.max_bytes} bytes.")
