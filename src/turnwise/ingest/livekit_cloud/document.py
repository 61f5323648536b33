"""The upload's paths in the OpenAPI document."""

from turnwise.http.documents import Operation
from turnwise.ingest.livekit_cloud.routes import LOGS, METRICS, RECORDINGS, TRACES

_MEDIA = ("application/x-protobuf", "application/json")
_ERRORS = (400, 401, 413, 415, 503)
_TAG = "LiveKit"
_TOKEN = "Bearer is a LiveKit token (HS256 by the API secret) with the grant observability.write."

OPERATIONS = [
    Operation(
        path=TRACES,
        method="POST",
        summary="Send spans (LiveKit's own upload)",
        tag=_TAG,
        description=_TOKEN,
        media_types=_MEDIA,
        answers={200: "Stored; `partialSuccess` names spans that were refused, and why."},
        errors=_ERRORS,
    ),
    Operation(
        path=LOGS,
        method="POST",
        summary="Send logs (LiveKit's own upload)",
        tag=_TAG,
        description=f"Report, history and judgements are kept, other logs dropped. {_TOKEN}",
        media_types=_MEDIA,
        errors=_ERRORS,
    ),
    Operation(
        path=METRICS,
        method="POST",
        summary="Send metrics (LiveKit's own upload)",
        tag=_TAG,
        description=f"Accepted, counted and dropped. {_TOKEN}",
        media_types=_MEDIA,
        errors=_ERRORS,
    ),
    Operation(
        path=RECORDINGS,
        method="POST",
        summary="Send a session's report, history and recording (LiveKit's own upload)",
        tag=_TAG,
        description=f"Parts `header` (protobuf), `chat_history` (JSON), `audio` (Ogg). {_TOKEN}",
        media_types=("multipart/form-data",),
        answers={200: "Stored."},
        errors=_ERRORS,
    ),
]
