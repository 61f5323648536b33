"""Raw log records in, records in our own words out. Pure, and one bad record costs no other."""

from collections.abc import Sequence
from hashlib import sha256

from turnwise.model.batch import RawLog, Rejected
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, SessionId, session_id_of
from turnwise.model.instants import now_ns
from turnwise.model.logs import MOST_SEVERE, LogRecord
from turnwise.model.observation import Framework, Step
from turnwise.model.reports import JOB_KEYS, name_in
from turnwise.normalise.index import rules_for
from turnwise.normalise.reading import read_attributes, read_resource
from turnwise.normalise.spans import EARLIEST_START_NS, FURTHEST_AHEAD_NS
from turnwise.normalise.values import encode_json


def normalise_logs(
    project_id: ProjectId, logs: Sequence[RawLog], *, present_ns: int | None = None
) -> tuple[list[LogRecord], list[Rejected], int]:
    """Records that belong to a trace or a session, and those that cannot be kept.

    Args:
        project_id: where the records belong.
        logs: as a way in decoded them.
        present_ns: what "too far in the future" is measured from; the clock when None.

    Returns:
        The records, the refused ones, and how many belong to nothing that could show them.
    """
    at_ns = now_ns() if present_ns is None else present_ns
    kept: list[LogRecord] = []
    rejected: list[Rejected] = []
    dropped = 0
    for log in logs:
        reason = _refusal(log, at_ns + FURTHEST_AHEAD_NS)
        if reason is not None:
            rejected.append(Rejected(log.span_id or "", reason))
            continue
        session_id = None if log.trace_id else _session_of(project_id, log)
        if log.trace_id is None and session_id is None:
            dropped += 1
            continue
        try:
            kept.append(_record(project_id, log, session_id))
        except (ValueError, TypeError) as error:
            # a value of a shape that nobody foresaw; its neighbours must not pay for it
            rejected.append(Rejected("", f"unreadable log record: {type(error).__name__}"))
    return kept, rejected, dropped


def _refusal(log: RawLog, latest_ns: int) -> str | None:
    if log.time_ns <= 0:
        return "time is missing"
    if log.time_ns < EARLIEST_START_NS:
        return "time before the year 2000"
    if log.time_ns > latest_ns:
        return "time more than 7 days ahead"
    return None


def _session_of(project_id: ProjectId, log: RawLog) -> SessionId | None:
    """The session that the record names as a span would; a room or a job is one until it joins."""
    said = {**log.scope.attributes, **log.attributes}
    reading = read_attributes(said, rules_for(Framework.LIVEKIT, Step.OTHER))
    read_resource(reading, log.resource)
    name = reading.fields.get("session_ref") or name_in({**log.resource, **said}, JOB_KEYS)
    return session_id_of(project_id, name) if name and len(name) <= MAX_ID_LENGTH else None


def _record(project_id: ProjectId, log: RawLog, session_id: SessionId | None) -> LogRecord:
    attributes = encode_json(log.attributes) if log.attributes else None
    severity = log.severity if 0 <= log.severity <= MOST_SEVERE else 0
    said = (
        log.trace_id, log.span_id, session_id, log.time_ns, severity, log.scope.name, log.body,
        attributes,
    )  # fmt: skip
    return LogRecord(
        project_id=project_id,
        id=sha256(encode_json(said).encode()).hexdigest()[:24],
        trace_id=log.trace_id,
        span_id=log.span_id,
        session_id=session_id,
        time_ns=log.time_ns,
        severity=severity,
        severity_text=log.severity_text or None,
        logger=log.scope.name or None,
        text=log.body,
        attributes=attributes,
    )
