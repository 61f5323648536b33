"""Feedback: kept, found and forgotten."""

import logging
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.query import FeedbackQuery
from turnwise.store.telemetry.clock import VersionClock
from turnwise.store.telemetry.failures import EngineError, as_busy, insert_divided, reason_of
from turnwise.store.telemetry.group import Job
from turnwise.store.telemetry.sql import lines

log = logging.getLogger(__name__)

Change = tuple[Feedback, bool]
"""A judgement, and whether it is to be forgotten."""

_NAMES = tuple(item.name for item in fields(Feedback))
_COLUMNS = ", ".join(_NAMES)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Feedback)

_CONDITIONS = {
    "ids": "id IN {ids:Array(String)}",
    "keys": "key IN {keys:Array(String)}",
    "trace_ids": "trace_id IN {trace_ids:Array(String)}",
    "observation_ids": "observation_id IN {observation_ids:Array(String)}",
    "session_refs": "session_ref IN {session_refs:Array(String)}",
    "sources": "source IN {sources:Array(String)}",
}
DATA_TYPE = """multiIf(JSONExtractString(extra, 'dataType') != '',
    JSONExtractString(extra, 'dataType'), isNotNull(score), 'NUMERIC',
    isNotNull(correction), 'CORRECTION', 'CATEGORICAL')"""
"""What kind of judgement it is; senders that have no such word mean what their value shows."""

_ON_PROJECT = "(observation_id IS NULL AND trace_id IS NULL AND session_ref IS NULL)"


class FeedbackWriter:
    """Commits groups of judgements. Not thread-safe: it belongs to one writer thread."""

    def __init__(self, client: Client, clock: VersionClock):
        self._client = client
        self._clock = clock

    def commit(self, jobs: Sequence[Job[Sequence[Change], None]]) -> None:
        """Store a group and settle each job's future, with Busy when the engine fails."""
        version = self._clock.next()
        # Of two of the same id in one group the later one holds.
        rows = {
            (one.project_id, one.id): _line(one, version, is_deleted=deleted)
            for job in jobs
            for one, deleted in job.work
        }
        try:
            refused = insert_divided(self._insert, list(rows.values()))
        except (EngineError, ClickHouseError, OSError) as error:
            log.warning("feedback of %d requests not stored: %s", len(jobs), reason_of(error))
            for job in jobs:
                job.done.set_exception(as_busy(error))
            return
        for _, reason in refused:
            log.warning("a judgement was not stored: %s", reason)
        for job in jobs:
            job.done.set_result(None)

    def _insert(self, part: Sequence[bytes]) -> None:
        self._client.raw_insert("feedback", insert_block=b"\n".join(part), fmt="JSONEachRow")


def _line(feedback: Feedback, version: int, *, is_deleted: bool) -> bytes:
    row: dict[str, Any] = {name: getattr(feedback, name) for name in _NAMES}
    return _encoder.encode(row | {"version": version, "is_deleted": int(is_deleted)})


def newest_version(client: Client) -> int:
    """The newest version among judgements, 0 for none."""
    return int(str(client.command("SELECT max(version) FROM feedback")))


def find(client: Client, query: FeedbackQuery) -> list[Feedback]:
    """Judgements, newest first, then id."""
    conditions = ["project_id IN {projects:Array(String)}"]
    parameters: dict[str, Any] = {
        "projects": list(query.project_ids),
        "limit": query.limit,
        "offset": query.offset,
    }
    for name, condition in _CONDITIONS.items():
        wanted = getattr(query, name)
        if wanted is not None:
            conditions.append(condition)
            parameters[name] = list(wanted)
    if query.on_project is not None:
        conditions.append(_ON_PROJECT if query.on_project else f"NOT {_ON_PROJECT}")
    statement = (
        f"SELECT {_COLUMNS} FROM feedback FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY created_ns DESC, id LIMIT {limit:UInt32} OFFSET {offset:UInt32}"
    )
    return _decoder.decode_lines(lines(client, statement, parameters))


def of_id(client: Client, project_ids: Sequence[ProjectId], feedback_id: str) -> list[Feedback]:
    """The judgement of this id, in a list of at most one for each project."""
    query = FeedbackQuery(project_ids=tuple(project_ids), ids=(feedback_id,))
    return find(client, query)
