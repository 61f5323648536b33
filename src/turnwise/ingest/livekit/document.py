"""The LiveKit paths in the OpenAPI document."""

from turnwise.http.documents import Operation
from turnwise.ingest.livekit.upload import LOGS, METRICS, RECORDINGS, TRACES
from turnwise.ingest.livekit.webhooks import PATHS

_MEDIA = ("application/x-protobuf", "application/json")
_ERRORS = (400, 401, 413, 415, 503)
_TAG = "LiveKit"
_GRANT = "Bearer is a LiveKit token (HS256 by the API secret) with the grant observability.write."

OPERATIONS = [
    Operation(
        path=TRACES,
        method="POST",
        summary="Send spans (LiveKit's own upload)",
        tag=_TAG,
        description=_GRANT,
        media_types=_MEDIA,
        answers={200: "Stored; `partialSuccess` names spans that were refused, and why."},
        errors=_ERRORS,
    ),
    Operation(
        path=LOGS,
        method="POST",
        summary="Send logs (LiveKit's own upload)",
        tag=_TAG,
        description=(
            f"Report, history and judgements become the session, other logs stand beside it. {_GRANT}"
        ),
        media_types=_MEDIA,
        errors=_ERRORS,
    ),
    Operation(
        path=METRICS,
        method="POST",
        summary="Send metrics (LiveKit's own upload)",
        tag=_TAG,
        description=f"Accepted, counted and dropped. {_GRANT}",
        media_types=_MEDIA,
        errors=_ERRORS,
    ),
    Operation(
        path=RECORDINGS,
        method="POST",
        summary="Send a session's report, history and recording (LiveKit's own upload)",
        tag=_TAG,
        description=f"Parts `header` (protobuf), `chat_history` (JSON), `audio` (Ogg). {_GRANT}",
        media_types=("multipart/form-data",),
        answers={200: "Stored."},
        errors=_ERRORS,
    ),
    *(
        Operation(
            path=path,
            method="POST",
            summary="Webhook of a LiveKit server",
            tag=_TAG,
            description="Authorization is LiveKit's token, whose `sha256` signs the body.",
            media_types=("application/webhook+json",),
            answers={200: "Stored, or stored before."},
            errors=(400, 401, 413, 503),
        )
        for path in PATHS
    ),
]
