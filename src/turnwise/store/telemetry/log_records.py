"""Log records: rows, the records of a session, and the end of old ones."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.logs import LogLine, LogQuery, LogRecord
from turnwise.store.telemetry import reader
from turnwise.store.telemetry.activity import fact_trace
from turnwise.store.telemetry.asking import Ask
from turnwise.store.telemetry.membership import FACT_TRACE
from turnwise.store.telemetry.sql import lines

SHOWN_CHARACTERS = 2_000
"""Of a record's text in a list."""

_encoder = msgspec.json.Encoder()


class _Head(msgspec.Struct, kw_only=True):
    trace_id: str
    time_ns: int
    id: str
    span_id: str
    severity: int
    severity_text: str
    logger: str


class _Row(_Head, kw_only=True):
    project_id: ProjectId
    body: str
    attributes: str


class _Line(_Head, kw_only=True):
    text: str
    size: int


_row_decoder = msgspec.json.Decoder(_Row)
_line_decoder = msgspec.json.Decoder(_Line)

# Of a trace that several sessions share each has those of its own spans.
_OWN = """
project_id = {project:String} AND trace_id IN {traces:Array(String)}
AND (trace_id NOT IN {shared:Array(String)}
    OR (trace_id, span_id) IN {spans:Array(Tuple(String, String))})
"""

_LINES = f"""
SELECT {", ".join(_Head.__struct_fields__)},
    substringUTF8(body, 1, {{shown:UInt32}}) AS text, lengthUTF8(body) AS size
FROM log_records FINAL WHERE
"""  # noqa: S608 - our own column names

_RECORD = f"""
SELECT {", ".join(_Row.__struct_fields__)} FROM log_records FINAL
WHERE {_OWN} AND id = {{id:String}} LIMIT 1
"""  # noqa: S608 - our own column names and condition


class SessionLogs:
    """Implements model.logs.LogReader."""

    def __init__(self, ask: Ask):
        self._ask = ask

    async def lines(self, query: LogQuery) -> list[LogLine]:
        """See LogReader.lines."""
        return await self._ask(find, query)

    async def record(
        self, project_id: ProjectId, session_id: SessionId, record_id: str
    ) -> LogRecord | None:
        """See LogReader.record."""
        return await self._ask(one, project_id, session_id, record_id)


def rows_of(records: Iterable[LogRecord]) -> list[bytes]:
    """Rows as lines of JSON."""
    return [_encoder.encode(_row(each)) for each in records]


def find(client: Client, query: LogQuery) -> list[LogLine]:
    """A page of a session's records, oldest first."""
    parameters = _place(client, query.project_id, query.session_id)
    parameters |= {"shown": SHOWN_CHARACTERS, "limit": query.limit}
    conditions = [_OWN]
    if query.least_severity:
        conditions.append("severity >= {least:UInt8}")
        parameters["least"] = query.least_severity
    if query.text:
        conditions.append("positionCaseInsensitiveUTF8(body, {text:String}) > 0")
        parameters["text"] = query.text
    if query.after is not None:
        conditions.append("(time_ns, id) > ({after_ns:Int64}, {after_id:String})")
        parameters["after_ns"], parameters["after_id"] = query.after
    statement = f"{_LINES} {' AND '.join(conditions)} ORDER BY time_ns, id LIMIT {{limit:UInt32}}"
    rows = _line_decoder.decode_lines(lines(client, statement, parameters))
    return [
        LogLine(
            id=row.id,
            trace_id=_trace_of(row.trace_id),
            span_id=row.span_id or None,
            time_ns=row.time_ns,
            severity=row.severity,
            severity_text=row.severity_text or None,
            logger=row.logger or None,
            text=row.text,
            size=row.size,
        )
        for row in rows
    ]


def one(
    client: Client, project_id: ProjectId, session_id: SessionId, record_id: str
) -> LogRecord | None:
    """A record of the session, whole."""
    parameters = {**_place(client, project_id, session_id), "id": record_id}
    rows = _row_decoder.decode_lines(lines(client, _RECORD, parameters))
    if not rows:
        return None
    row = rows[0]
    trace_id = _trace_of(row.trace_id)
    return LogRecord(
        project_id=row.project_id,
        id=row.id,
        trace_id=trace_id,
        span_id=row.span_id or None,
        session_id=SessionId(row.trace_id.removeprefix(FACT_TRACE)) if trace_id is None else None,
        time_ns=row.time_ns,
        severity=row.severity,
        severity_text=row.severity_text or None,
        logger=row.logger or None,
        text=row.body,
        attributes=row.attributes or None,
    )


def _trace_of(place: str) -> str | None:
    return None if place.startswith(FACT_TRACE) else place


def _row(record: LogRecord) -> _Row:
    place = record.trace_id
    if place is None:
        if record.session_id is None:
            raise ValueError("a log record needs a trace or a session")
        place = fact_trace(record.session_id)
    return _Row(
        project_id=record.project_id,
        trace_id=place,
        time_ns=record.time_ns,
        id=record.id,
        span_id=record.span_id or "",
        severity=record.severity,
        severity_text=record.severity_text or "",
        logger=record.logger or "",
        body=record.text,
        attributes=record.attributes or "",
    )


def _place(client: Client, project_id: ProjectId, session_id: SessionId) -> dict[str, Any]:
    """Where the session's records lie: its traces, and the ids under which it is told of."""
    activity = reader.activity_around(client, project_id, [session_id])
    held = {trace: one for (_, trace), one in activity.items() if session_id in one.winners}
    places = set(held)
    # A name of its traces that lost to the session's is the session's too, as a room is.
    lesser = {
        SessionId(line.session_id)
        for one in held.values()
        for line in one.lines
        if line.session_id not in one.winners
    }
    for name in {session_id, *lesser}:
        told = activity.get((project_id, fact_trace(name)))
        if told is not None:
            continue
        if name == session_id or reader.successor(client, project_id, name) == session_id:
            places.add(fact_trace(name))
    shared = [trace for trace, one in held.items() if len(one.winners) > 1]
    return {
        "project": project_id,
        "traces": sorted(places),
        "shared": shared,
        "spans": _own_spans(client, project_id, session_id, shared, held),
    }


def _own_spans(
    client: Client,
    project_id: ProjectId,
    session_id: SessionId,
    shared: Sequence[str],
    held: dict[str, reader.TraceActivity],
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for trace in shared:
        spans = reader.trace(client, project_id, trace, session_id)
        found += [(trace, span.span_id) for span in spans]
        if held[trace].winners[0] == session_id:
            found.append((trace, ""))
    return found
