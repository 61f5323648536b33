"""The run writes in the OpenAPI document, below the last of their roots."""

from typing import Any

import msgspec

from turnwise.http.documents import Operation

_BASE = "/api/v1/runs"
_TAG = "LangSmith runs"
_TAKEN = {202: "Durable; the answer names the records that were not taken, and why."}
_ERRORS = (400, 401, 403, 413, 415, 503)


class RunWrite(msgspec.Struct):
    """A run, or what is new of it; null and absent fields leave what is there."""

    id: str | None = None
    name: str | None = None
    run_type: str | None = None
    trace_id: str | None = None
    parent_run_id: str | None = None
    dotted_order: str | None = None
    session_id: str | None = None
    session_name: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    error: str | None = None
    extra: dict[str, Any] | None = None
    events: list[dict[str, Any]] | None = None
    serialized: dict[str, Any] | None = None
    tags: list[str] | None = None


class RunBatch(msgspec.Struct):
    """Makings and updates of runs."""

    post: list[RunWrite] = []
    patch: list[RunWrite] = []


OPERATIONS = [
    Operation(
        path=_BASE,
        method="POST",
        summary="Send a run",
        tag=_TAG,
        body=RunWrite,
        answers=_TAKEN,
        errors=_ERRORS,
    ),
    Operation(
        path=f"{_BASE}/{{runId}}",
        method="PATCH",
        summary="Update a run",
        tag=_TAG,
        body=RunWrite,
        answers=_TAKEN,
        errors=_ERRORS,
    ),
    Operation(
        path=f"{_BASE}/batch",
        method="POST",
        summary="Send runs and updates of runs",
        tag=_TAG,
        body=RunBatch,
        answers=_TAKEN,
        errors=_ERRORS,
    ),
    Operation(
        path=f"{_BASE}/multipart",
        method="POST",
        summary="Send runs in parts, with attachments and feedback",
        tag=_TAG,
        description="Parts are named post.ID, patch.ID, either with .inputs, .outputs, .events, "
        ".extra, .error or .serialized, feedback.ID and attachment.RUN.NAME.",
        media_types=("multipart/form-data",),
        answers=_TAKEN,
        errors=_ERRORS,
    ),
]
