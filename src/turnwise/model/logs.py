"""Log records of programs, as they are kept beside the sessions that they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from turnwise.model.ids import ProjectId, SessionId

MOST_SEVERE = 24
"""The highest severity number (OpenTelemetry's SeverityNumber)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One record. It makes no session and breaks no silence: it is shown where it belongs.

    Attributes:
        id: the same for the same record, so that what is sent again is kept once.
        trace_id: of the trace in which it was written, None outside of any.
        session_id: the session that its attributes name, asked for only without a trace.
        time_ns: since the epoch.
        severity: OpenTelemetry's number, 1 (trace) to 24 (fatal); 0 where nobody said.
        severity_text: as its sender wrote it.
        logger: what wrote it.
        text: its words; JSON where its body is no text.
        attributes: JSON of one object, None without any.
    """

    project_id: ProjectId
    id: str
    trace_id: str | None
    span_id: str | None
    session_id: SessionId | None
    time_ns: int
    severity: int
    severity_text: str | None
    logger: str | None
    text: str
    attributes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A record of a session in a list: its text is cut, its attributes are left out.

    Attributes:
        size: characters of the whole text.
    """

    id: str
    trace_id: str | None
    span_id: str | None
    time_ns: int
    severity: int
    severity_text: str | None
    logger: str | None
    text: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """The records of a session, oldest first.

    Attributes:
        least_severity: 0 asks also for those that name none.
        text: what the record's text holds, whatever the case.
        after: time and id of the last record of the page before.
    """

    project_id: ProjectId
    session_id: SessionId
    least_severity: int = 0
    text: str | None = None
    after: tuple[int, str] | None = None
    limit: int = 100


class LogReader(Protocol):
    """The telemetry store's answers about log records."""

    async def lines(self, query: LogQuery) -> Sequence[LogLine]:
        """Those that belong to the session: of its traces, and those that name it."""
        ...

    async def record(
        self, project_id: ProjectId, session_id: SessionId, record_id: str
    ) -> LogRecord | None:
        """One of the session's records, whole."""
        ...
