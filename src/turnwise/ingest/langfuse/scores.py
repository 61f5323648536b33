"""Langfuse scores as judgements."""

from typing import Any
from uuid import uuid4

from turnwise.ingest.langfuse.fields import Fields, encode, identifier, instant, number, text
from turnwise.model.errors import BadInput
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId

_TYPES = ("NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION")
_SOURCES = {"API": "api", "ANNOTATION": "app", "EVAL": "model"}
_EXTRA = ("configId", "queueId", "datasetRunId", "environment", "authorUserId")


def feedback_of(
    project_id: ProjectId, body: Fields, said_ns: int, spare_id: str | None = None
) -> Feedback:
    """The judgement that a score is.

    Args:
        project_id: where it belongs.
        body: the score as sent.
        said_ns: its time when it states none.
        spare_id: its id when it states none; a new one when None.

    Raises:
        BadInput: a field is missing or wrong.
    """
    name = text(body, "name")
    if name is None:
        raise BadInput("name is required.")
    trace_id, observation_id = identifier(body, "traceId"), identifier(body, "observationId")
    session_ref = identifier(body, "sessionId")
    if trace_id is None and session_ref is None and identifier(body, "datasetRunId") is None:
        raise BadInput("traceId, sessionId or datasetRunId is required.")
    if observation_id is not None and trace_id is None:
        raise BadInput("observationId needs traceId.")
    data_type, score, label = _value(body)
    extra: dict[str, Any] = {"dataType": data_type}
    extra |= {key: value for key in _EXTRA if (value := text(body, key)) is not None}
    if body.get("metadata") is not None:
        extra["metadata"] = body["metadata"]
    source = text(body, "source") or "API"
    if source.upper() not in _SOURCES:
        raise BadInput(f"source must be one of {', '.join(_SOURCES)}.")
    at_ns = instant(body, "timestamp") or said_ns
    return Feedback(
        id=identifier(body, "id") or spare_id or str(uuid4()),
        project_id=project_id,
        key=name,
        score=score,
        value=None if data_type == "CORRECTION" else label,
        correction=encode(label) if data_type == "CORRECTION" else None,
        comment=text(body, "comment"),
        source=_SOURCES[source.upper()],
        session_ref=session_ref,
        trace_id=trace_id,
        observation_id=observation_id,
        extra=encode(extra),
        created_ns=at_ns,
        modified_ns=max(at_ns, said_ns),
    )


def _value(body: Fields) -> tuple[str, float | None, str | None]:
    """Data type, number and label."""
    value: Any = body.get("value")
    data_type = text(body, "dataType")
    if data_type is None:
        data_type = _guess(value)
    if data_type not in _TYPES:
        raise BadInput(f"dataType must be one of {', '.join(_TYPES)}.")
    if data_type == "BOOLEAN":
        found = float(value) if isinstance(value, bool) else number(value)
        if found not in (0.0, 1.0):
            raise BadInput("value must be 0 or 1 for dataType BOOLEAN.")
        return data_type, found, None
    if data_type == "NUMERIC":
        found = number(value)
        if found is None:
            raise BadInput("value must be a number for dataType NUMERIC.")
        return data_type, found, None
    if not isinstance(value, str):
        raise BadInput(f"value must be a text for dataType {data_type}.")
    return data_type, None, text(body, "value") or ""


def _guess(value: Any) -> str:
    if value is None:
        raise BadInput("value is required.")
    if isinstance(value, bool):
        return "BOOLEAN"
    return "CATEGORICAL" if isinstance(value, str) else "NUMERIC"
