"""What a way in hands over, and what it gets back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnwise.model.facts import SessionFact
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.model.trace import TraceFact


@dataclass(slots=True)
class RawEvent:
    """A span event as it came; `time_ns` since the epoch."""

    name: str
    time_ns: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class RawLink:
    """A link from a span to another span; ids in lower-case hex."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawScope:
    """The instrumentation that made a span."""

    name: str = ""
    version: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RawSpan:
    """A span as its wire format said it, before anybody asked what its attributes mean.

    Attributes:
        status_code: OpenTelemetry's: 0 unset, 1 ok, 2 error.
        attributes: values are str, bool, int, float, bytes, list or dict.
        resource: shared by all spans of one resource; never changed.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_ns: int
    end_ns: int | None
    status_code: int
    status_message: str
    attributes: dict[str, Any]
    resource: Mapping[str, Any]
    scope: RawScope
    events: Sequence[RawEvent] = ()
    links: Sequence[RawLink] = ()


@dataclass(slots=True, kw_only=True)
class RawRun:
    """The making of a LangSmith run, or an update of one, before anybody asked what it means.

    Attributes:
        id, trace_id, parent_id: UUIDs in canonical text.
        is_update: an update wins over the making, whichever comes first.
        start_ns: None when this very message does not say; then `placed_ns` stands for it.
        placed_ns: the best guess at the start, until one is said.
        is_guessed: nobody has said yet to which project or which trace it belongs.
        fields: as they came, nulls left out; JSON values.
        attachments: what was kept: name to JSON-able facts about the file.
    """

    id: str
    trace_id: str
    parent_id: str | None
    is_update: bool
    start_ns: int | None
    placed_ns: int
    fields: dict[str, Any]
    attachments: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_guessed: bool = False


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log record as its wire format said it.

    Attributes:
        body: its text, JSON when it is none, "" when there is none.
        time_ns: when it was written, else when it was first seen; 0 when nobody says.
        resource: attributes of whatever wrote it; never changed.
        severity: OpenTelemetry's number, 0 when nobody says.
        trace_id, span_id: in lower-case hex, None outside of any.
    """

    body: str
    time_ns: int
    attributes: dict[str, Any]
    scope: RawScope
    resource: Mapping[str, Any]
    severity: int = 0
    severity_text: str = ""
    trace_id: str | None = None
    span_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record that was not stored: which, and why."""

    id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one request carries.

    Attributes:
        user_id: who sends it; becomes the creator of sessions that it begins.
        project_id: where all of it goes.
        spans, runs, logs: still to be normalised.
        observations: already in our own words (native ways in).
        facts: session facts.
        traces: what is said of traces as a whole.
        moved: stored observations that some of `observations` stand for in a better place; they
            are forgotten once these are durable.
        rejected: records that the way in itself could not read.
    """

    project_id: ProjectId
    user_id: int
    spans: Sequence[RawSpan] = ()
    runs: Sequence[RawRun] = ()
    logs: Sequence[RawLog] = ()
    observations: Sequence[Observation] = ()
    facts: Sequence[SessionFact] = ()
    traces: Sequence[TraceFact] = ()
    moved: Sequence[Observation] = ()
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and where it goes, for ways in that find that out by themselves."""

    project_id: ProjectId
    user_id: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch; returned only when `stored` records are durable.

    Attributes:
        dropped: log records that belong to nothing that could show them.
    """

    stored: int
    rejected: tuple[Rejected, ...] = ()
    dropped: int = 0
