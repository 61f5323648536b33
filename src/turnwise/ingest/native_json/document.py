"""The native writes in the OpenAPI document."""

import msgspec

from turnwise.http.documents import Operation
from turnwise.ingest.native_json.forms import (
    InterruptionWrite,
    SessionWrite,
    ToolWrite,
    TurnWrite,
)

_BASE = "/v1/observability/sessions"
_ONE = f"{_BASE}/{{sessionId}}"
_TAG = "Sessions"
_ITEMS = {200: "How many were taken, and which were not and why."}


class TurnsWrite(msgspec.Struct):
    """Turns, upserted by their ids."""

    turns: list[TurnWrite]


class ToolsWrite(msgspec.Struct):
    """Tool executions, upserted by their ids."""

    tools: list[ToolWrite]


class InterruptionsWrite(msgspec.Struct):
    """Interruptions, upserted by their ids."""

    interruptions: list[InterruptionWrite]


OPERATIONS = [
    Operation(
        path=_BASE,
        method="POST",
        summary="Create a session",
        tag=_TAG,
        body=SessionWrite,
        answers={201: "Created.", 200: "A session of this id was there; it is updated."},
        errors=(400, 401, 403, 413, 503),
    ),
    Operation(
        path=_ONE,
        method="PATCH",
        summary="Update or end a session",
        tag=_TAG,
        body=SessionWrite,
        errors=(400, 401, 403, 404, 413, 503),
    ),
    *(
        Operation(
            path=f"{_ONE}/{name}",
            method="POST",
            summary=f"Write {name} of a session",
            tag=_TAG,
            body=form,
            answers=_ITEMS,
            errors=(400, 401, 403, 404, 413, 503),
        )
        for name, form in (
            ("turns", TurnsWrite),
            ("tools", ToolsWrite),
            ("interruptions", InterruptionsWrite),
        )
    ),
    Operation(
        path=f"{_ONE}/report",
        method="POST",
        summary="Send a framework's own report of a session",
        tag=_TAG,
        description="LiveKit's session report, of any version; sent again it replaces itself.",
        answers={200: "Stored."},
        errors=(400, 401, 403, 413, 503),
    ),
]
