"""Events of the ingestion batch as facts: each is a partial update, ordered by its time stamp.

A create and an update of the same instant are ordered create first. What an event does not say, or
says as null, it does not touch; so events may come in any order and any number of times.

    trace-create                              a fact about the trace as a whole; never an observation
    span-, generation-, event-, observation-  an observation, created or updated
    score-create                              a judgement
    sdk-log                                   nothing
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from turnwise.ingest.langfuse.fields import (
    LATEST_NS,
    Fields,
    encode,
    flag,
    identifier,
    instant,
    json_object,
    json_text,
    text,
    texts,
)
from turnwise.ingest.langfuse.scores import feedback_of
from turnwise.ingest.langfuse.usage import costs_of, usage_of
from turnwise.model.errors import BadInput
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.instants import parse_fact_ns
from turnwise.model.observation import Kind, Level, Observation
from turnwise.model.trace import TraceFact

Made = Observation | TraceFact | Feedback | None

_KINDS = {
    "span-create": Kind.SPAN,
    "span-update": Kind.SPAN,
    "generation-create": Kind.GENERATION,
    "generation-update": Kind.GENERATION,
    "event-create": Kind.EVENT,
}
_GENERIC = ("observation-create", "observation-update")
_PROMPT = {
    "promptName": "langfuse.observation.prompt.name",
    "promptVersion": "langfuse.observation.prompt.version",
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a batch with its envelope checked.

    Attributes:
        at_ns: the event's own time, which orders updates.
    """

    id: str
    type: str
    at_ns: int
    body: Fields

    @property
    def is_update(self) -> bool:
        """Whether it changes something rather than making it."""
        return self.type.endswith("-update")

    @property
    def stamp(self) -> int:
        """Orders updates of one field; an update goes after a create of the same instant."""
        # Instants are whole microseconds, so one more nanosecond passes nobody else.
        return self.at_ns + self.is_update

    @property
    def is_observation(self) -> bool:
        """Whether it is about one unit of work."""
        return self.type in _KINDS or self.type in _GENERIC


def read_event(sent: Any) -> Event:
    """The envelope of an event.

    Raises:
        BadInput: the event is no object, or one of its four fields is missing or wrong.
    """
    if not isinstance(sent, dict):
        raise BadInput("An event must be an object.")
    event_id = identifier(sent, "id")
    if event_id is None:
        raise BadInput("id is required.")
    kind = text(sent, "type")
    if kind not in _KINDS and kind not in (*_GENERIC, "trace-create", "score-create", "sdk-log"):
        raise BadInput("type is not one that this server knows.")
    body = sent.get("body")
    if not isinstance(body, dict):
        raise BadInput("body must be an object.")
    return Event(event_id, kind or "", _time_of(sent), body)


def _time_of(sent: Fields) -> int:
    value = sent.get("timestamp")
    try:
        found = parse_fact_ns(value) if isinstance(value, str) else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found < LATEST_NS:
        raise BadInput("timestamp must be an ISO 8601 instant.")
    return found


def fact_of(project_id: ProjectId, event: Event, traces: Mapping[str, str]) -> Made:
    """The fact that an event tells, None for one that tells nothing.

    Args:
        project_id: where it belongs.
        event: what came.
        traces: the trace of observations whose update may leave it out.

    Raises:
        BadInput: a field is missing or wrong.
    """
    if event.type == "trace-create":
        return _trace(project_id, event)
    if event.type == "score-create":
        return feedback_of(project_id, event.body, event.at_ns, event.id)
    if event.is_observation:
        return _observation(project_id, event, traces)
    return None


def _trace(project_id: ProjectId, event: Event) -> TraceFact:
    body, stamp = event.body, event.stamp
    metadata = json_object(body, "metadata")
    values: dict[str, Any] = {
        "at_ns": instant(body, "timestamp"),
        "name": text(body, "name"),
        "session_ref": identifier(body, "sessionId") if body.get("sessionId") else None,
        "user_ref": text(body, "userId"),
        "input": json_text(body, "input"),
        "output": json_text(body, "output"),
        "environment": text(body, "environment"),
        "release": text(body, "release"),
        "app_version": text(body, "version"),
        "is_public": flag(body, "public"),
    }
    said = [name for name, value in values.items() if value is not None]
    said += [f"metadata.{key}" for key in metadata or {}]
    return TraceFact(
        project_id=project_id,
        trace_id=identifier(body, "id") or event.id,
        seen_ns=event.at_ns,
        tags=texts(body, "tags"),
        metadata=encode(metadata) if metadata else None,
        stamps=encode(dict.fromkeys(said, stamp)),
        **values,
    )


def _observation(project_id: ProjectId, event: Event, traces: Mapping[str, str]) -> Observation:
    body, stamp = event.body, event.stamp
    span_id = identifier(body, "id")
    if span_id is None and event.is_update:
        raise BadInput("id is required.")
    span_id = span_id or event.id
    trace_id = identifier(body, "traceId") or traces.get(span_id)
    if trace_id is None:
        if event.is_update:
            raise BadInput("traceId is required: no observation of this id is known.")
        trace_id = span_id
    metadata = {**(json_object(body, "metadata") or {}), **_prompt(body)}
    costs = costs_of(body)
    start_ns = instant(body, "startTime")
    values: dict[str, Any] = {
        "parent_span_id": identifier(body, "parentObservationId"),
        "end_ns": instant(body, "endTime"),
        "name": text(body, "name"),
        "first_token_ns": instant(body, "completionStartTime"),
        "level": _level(body),
        "status_message": text(body, "statusMessage"),
        "model": text(body, "model"),
        "model_parameters": _parameters(body),
        "input": json_text(body, "input"),
        "output": json_text(body, "output"),
        "usage_details": usage_of(body) or None,
        "cost_details": costs or None,
        "environment": text(body, "environment"),
        "app_version": text(body, "version"),
        "kind": _kind(event),
    }
    values = {name: value for name, value in values.items() if value is not None}
    said = [*values, *(f"metadata.{key}" for key in metadata)]
    if start_ns is not None:
        said.append("start_ns")
    return Observation(
        project_id=project_id,
        trace_id=trace_id,
        span_id=span_id,
        # Without a stamp it holds the place until an event says when the work began.
        start_ns=event.at_ns if start_ns is None else start_ns,
        cost_source="reported" if costs else None,
        metadata=encode(metadata) if metadata else None,
        stamps=encode(dict.fromkeys(said, stamp)),
        **values,
    )


def _kind(event: Event) -> Kind | None:
    """What kind of work it is; None for a span, which every observation is until it is said."""
    kind = _KINDS.get(event.type)
    if kind is None:
        named = (text(event.body, "type") or "").upper()
        kind = Kind.__members__.get(named)
        if kind is None:
            raise BadInput("type of the observation is not one that this server knows.")
    return None if kind is Kind.SPAN else kind


def _level(body: Fields) -> Level | None:
    named = text(body, "level")
    if named is None:
        return None
    level = Level.__members__.get(named.upper())
    if level is None:
        raise BadInput(f"level must be one of {', '.join(Level)}.")
    return level


def _parameters(body: Fields) -> str | None:
    found = body.get("modelParameters")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise BadInput("modelParameters must be an object.")
    return encode(found)


def _prompt(body: Fields) -> dict[str, Any]:
    """Which prompt was used, under the names that spans carry it by."""
    found = {
        attribute: body[name]
        for name, attribute in _PROMPT.items()
        if isinstance(body.get(name), (str, int)) and not isinstance(body[name], bool)
    }
    return {"attributes": found} if found else {}
