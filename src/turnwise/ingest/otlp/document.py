"""The OTLP paths in the OpenAPI document."""

from turnwise.http.documents import Operation
from turnwise.ingest.otlp.routes import ROOTS, TRACE_PATHS

_MEDIA = ("application/x-protobuf", "application/json")
_ERRORS = (400, 401, 403, 413, 415, 503)
_TAG = "OpenTelemetry"

OPERATIONS = [
    *(
        Operation(
            path=path,
            method="POST",
            summary="Send spans (OTLP)",
            tag=_TAG,
            description="plain, gzip, zstd or deflate; answered when the spans are durable.",
            media_types=_MEDIA,
            answers={200: "Stored; `partialSuccess` names spans that were refused, and why."},
            errors=_ERRORS,
        )
        for path in TRACE_PATHS
    ),
    *(
        Operation(
            path=f"{root}/v1/{signal}",
            method="POST",
            summary=f"Send {signal} (OTLP)",
            tag=_TAG,
            description=description,
            media_types=_MEDIA,
            errors=_ERRORS,
        )
        for root in ROOTS
        for signal, description in (
            (
                "logs",
                "Kept with the session of their trace, or that they name; others are dropped.",
            ),
            ("metrics", "Accepted, counted and dropped."),
        )
    ),
]
