"""Judgements as rows: putting, deleting and finding them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.ports import FeedbackQuery
from turnwise.store.telemetry.clock import VersionClock
from turnwise.store.telemetry.failures import as_busy
from turnwise.store.telemetry.group import Job
from turnwise.store.telemetry.sql import lines


class FeedbackRow(msgspec.Struct, kw_only=True):
    """A row of `feedback`: field names are column names."""

    project_id: ProjectId
    id: str
    key: str = ""
    score: float | None = None
    value: str | None = None
    comment: str | None = None
    correction: str | None = None
    source: str = "api"
    session_ref: str | None = None
    trace_id: str | None = None
    observation_id: str | None = None
    extra: str = "{}"
    created_ns: int = 0
    modified_ns: int = 0


class _WrittenRow(FeedbackRow, kw_only=True):
    version: int
    is_deleted: int = 0


Change = Sequence[Feedback] | tuple[ProjectId, str]
"""Judgements to keep, or the key of one to forget."""

FEEDBACK_COLUMNS = ", ".join(FeedbackRow.__struct_fields__)

_FIELDS = FeedbackRow.__struct_fields__
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(FeedbackRow)

_PAGE = (
    f"SELECT {FEEDBACK_COLUMNS} FROM feedback FINAL "  # noqa: S608 - our own column names
    "WHERE project_id IN {projects:Array(String)}"
)
_ORDER = " ORDER BY created_ns DESC, id, project_id LIMIT {limit:UInt32} OFFSET {offset:UInt32}"
_OF_PROJECT = "session_ref IS NULL AND trace_id IS NULL AND observation_id IS NULL"
_AMONG = {
    "ids": "id",
    "keys": "key",
    "trace_ids": "trace_id",
    "observation_ids": "observation_id",
    "session_refs": "session_ref",
    "sources": "source",
}


class FeedbackWriter:
    """Commits groups of changes to judgements; belongs to its one thread."""

    def __init__(self, client: Client, clock: VersionClock):
        self._client = client
        self._clock = clock

    def commit(self, jobs: Sequence[Job[Change, None]]) -> None:
        """Store a group in its order and settle each job's future."""
        newest: dict[tuple[str, str], bytes] = {}
        good = []
        for job in jobs:
            try:
                found = _rows(job.work, self._clock.next())
            except (ValueError, OverflowError) as error:
                job.done.set_exception(error)
                continue
            newest |= found
            good.append(job)
        try:
            if newest:
                block = b"\n".join(newest.values())
                self._client.raw_insert("feedback", insert_block=block, fmt="JSONEachRow")
        except (ClickHouseError, OSError) as error:
            for job in good:
                job.done.set_exception(as_busy(error))
            return
        for job in good:
            job.done.set_result(None)


def feedback(client: Client, query: FeedbackQuery) -> list[Feedback]:
    """A page of judgements, newest first."""
    statement = _PAGE
    parameters: dict[str, Any] = {
        "projects": list(query.project_ids),
        "limit": query.limit,
        "offset": query.offset,
    }
    for field, column in _AMONG.items():
        wanted = getattr(query, field)
        if wanted is not None:
            statement += f" AND {column} IN {{{field}:Array(String)}}"
            parameters[field] = list(wanted)
    if query.on_project is not None:
        statement += f" AND {'' if query.on_project else 'NOT '}({_OF_PROJECT})"
    return decode_feedback(lines(client, statement + _ORDER, parameters))


def decode_feedback(answer: bytes) -> list[Feedback]:
    """Judgements from JSONEachRow, in their order."""
    return [
        Feedback(**{name: getattr(row, name) for name in _FIELDS})
        for row in _decoder.decode_lines(answer)
    ]


def weight_of(items: Sequence[Feedback]) -> int:
    """About how many bytes the rows will take."""
    return sum(
        300 + len(item.extra) + len(item.value or "") + len(item.comment or "") for item in items
    )


def _rows(change: Change, version: int) -> dict[tuple[str, str], bytes]:
    if isinstance(change, tuple) and len(change) == 2 and isinstance(change[1], str):
        project_id, feedback_id = change
        row = _WrittenRow(
            project_id=ProjectId(str(project_id)), id=feedback_id, version=version, is_deleted=1
        )
        return {(row.project_id, row.id): _encoder.encode(row)}
    found: dict[tuple[str, str], bytes] = {}
    for item in change:
        assert isinstance(item, Feedback)
        values = {name: getattr(item, name) for name in _FIELDS}
        try:
            line = _encoder.encode(_WrittenRow(**values, version=version))
        except UnicodeEncodeError as error:
            raise ValueError("a text is no valid Unicode") from error
        found[item.project_id, item.id] = line
    return found
