"""Derived sessions as rows: putting, retiring and finding them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.query import SessionQuery, SessionRange
from turnwise.model.recording import Analysis
from turnwise.model.session import Session, SessionHead, SessionStatus
from turnwise.store.telemetry.failures import as_busy
from turnwise.store.telemetry.figures import Figures, figures_of
from turnwise.store.telemetry.group import Job
from turnwise.store.telemetry.sql import chunks, lines


@dataclass(frozen=True, slots=True)
class Change:
    """One call of `put_sessions` or `retire_sessions`.

    Attributes:
        retired: with the version up to which each is gone.
    """

    put: Sequence[Session] = ()
    retired: Sequence[tuple[ProjectId, SessionId, int]] = ()


class _Row(Figures, omit_defaults=True, kw_only=True):
    """A row of `sessions`; defaults are the columns' defaults."""

    project_id: str
    session_id: str
    version: int
    is_deleted: int = 0
    agent: str = ""
    framework: str = ""
    status: str = ""
    is_open: int = 0
    started_ns: int = 0
    ended_ns: int | None = None
    last_seen_ns: int = 0
    last_arrival_ns: int = 0
    finalized_ns: int | None = None
    ref: str | None = None
    call_id: str | None = None
    room_name: str | None = None
    job_id: str | None = None
    names: tuple[str, ...] = ()
    user_ref: str | None = None
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    created_by: int = 0
    turn_count: int = 0
    tool_count: int = 0
    interruption_count: int = 0
    error_count: int = 0
    unpriced: int = 0
    is_unheard: int = 0
    cost_usd: Decimal = Decimal(0)
    facts_version: int = 0
    detail: str = ""
    transcript: str = ""


class _Detail(msgspec.Struct):
    detail: str


class _Key(msgspec.Struct):
    project_id: ProjectId
    session_id: SessionId


class _Head(msgspec.Struct):
    project_id: ProjectId
    session_id: SessionId
    agent: str
    status: SessionStatus
    started_ns: int
    ended_ns: int | None
    turn_count: int


_Versioned = tuple[int, bytes]

_encoder = msgspec.json.Encoder()
_detail_decoder = msgspec.json.Decoder(_Detail)
_session_decoder = msgspec.json.Decoder(Session)
_key_decoder = msgspec.json.Decoder(_Key)
_head_decoder = msgspec.json.Decoder(_Head)

_SESSION = """
SELECT detail FROM sessions FINAL
WHERE project_id IN {projects:Array(String)} AND session_id = {session:String}
ORDER BY indexOf({projects:Array(String)}, project_id) LIMIT 1
"""

_NAMED = """
SELECT detail FROM sessions FINAL
WHERE project_id IN {projects:Array(String)} AND has(names, {name:String})
ORDER BY started_ns DESC, session_id DESC LIMIT {limit:UInt32}
"""

_HEADS = """
SELECT project_id, session_id, agent, status, started_ns, ended_ns, turn_count
FROM sessions FINAL WHERE project_id IN {projects:Array(String)}"""

_HEADS_ORDER = " ORDER BY started_ns DESC, session_id DESC, project_id LIMIT {limit:UInt32}"

_SILENT = """
SELECT project_id, session_id FROM sessions FINAL
WHERE is_open = 1 AND last_arrival_ns < {before:Int64}
ORDER BY last_arrival_ns, session_id LIMIT {limit:UInt32}
"""


_UNHEARD = """
SELECT project_id, session_id FROM sessions FINAL
WHERE is_unheard = 1 ORDER BY last_arrival_ns, session_id LIMIT {limit:UInt32}
"""


class SessionWriter:
    """Commits groups of changes to derived sessions; belongs to its one thread."""

    def __init__(self, client: Client):
        self._client = client

    def commit(self, jobs: Sequence[Job[Change, None]]) -> None:
        """Store a group and settle each job's future."""
        newest: dict[tuple[str, str], _Versioned] = {}
        good = []
        for job in jobs:
            try:
                changes = _encoded(job.work)
            except (ValueError, OverflowError) as error:
                job.done.set_exception(error)
                continue
            good.append(job)
            for key, change in changes:
                # The engine does the same between inserts: of equal versions the last stays.
                if key not in newest or change[0] >= newest[key][0]:
                    newest[key] = change
        failure = self._inserted([line for _, line in newest.values()])
        if failure is not None and len(good) > 1:
            # A session that the engine refuses must not cost its neighbours anything.
            for job in good:
                self.commit([job])
            return
        for job in good:
            if failure is not None:
                job.done.set_exception(as_busy(failure))
            else:
                job.done.set_result(None)

    def _inserted(self, rows: Sequence[bytes]) -> Exception | None:
        """Insert the rows; what went wrong, None when they are there."""
        try:
            if rows:
                block = b"\n".join(rows)
                self._client.raw_insert("sessions", insert_block=block, fmt="JSONEachRow")
        except (ClickHouseError, OSError) as error:
            return error
        return None


def session(
    client: Client, project_ids: Sequence[ProjectId], session_id: SessionId
) -> Session | None:
    """A derived session of one of these projects, the first project's before the others'."""
    parameters = {"projects": list(project_ids), "session": session_id}
    return _only(lines(client, _SESSION, parameters))


def session_named(client: Client, project_ids: Sequence[ProjectId], name: str) -> Session | None:
    """The session with the latest start among those known by this text."""
    found = sessions_named(client, project_ids, name, 1)
    return found[0] if found else None


def sessions_named(
    client: Client, project_ids: Sequence[ProjectId], name: str, limit: int = 50
) -> list[Session]:
    """The sessions known by this text, the latest start first."""
    parameters = {"projects": list(project_ids), "name": name, "limit": limit}
    rows = _detail_decoder.decode_lines(lines(client, _NAMED, parameters))
    return [_session_decoder.decode(row.detail) for row in rows]


def heads(client: Client, query: SessionQuery) -> list[SessionHead]:
    """A page of the list."""
    statement = _HEADS
    parameters: dict[str, Any] = {"projects": list(query.project_ids), "limit": query.limit}
    if query.agent is not None:
        statement += " AND agent = {agent:String}"
        parameters["agent"] = query.agent
    if query.created_by is not None:
        statement += " AND created_by = {creator:Int64}"
        parameters["creator"] = query.created_by
    if query.before is not None:
        statement += " AND (started_ns, session_id) < ({start:Int64}, {last:String})"
        parameters["start"], parameters["last"] = query.before
    answer = lines(client, statement + _HEADS_ORDER, parameters)
    return [
        SessionHead(
            project_id=row.project_id,
            id=row.session_id,
            agent=row.agent,
            status=row.status,
            started_ns=row.started_ns,
            ended_ns=row.ended_ns,
            turn_count=row.turn_count,
        )
        for row in _head_decoder.decode_lines(answer)
    ]


def sessions_in(
    client: Client, wanted: SessionRange, after: tuple[int, SessionId] | None, limit: int
) -> list[Session]:
    """A page of whole sessions."""
    statement = "SELECT detail FROM sessions FINAL WHERE project_id IN {projects:Array(String)}"
    parameters: dict[str, Any] = {"projects": list(wanted.project_ids), "limit": limit}
    if wanted.agent is not None:
        statement += " AND agent = {agent:String}"
        parameters["agent"] = wanted.agent
    if wanted.from_ns is not None:
        statement += " AND started_ns >= {first:Int64}"
        parameters["first"] = wanted.from_ns
    if wanted.to_ns is not None:
        statement += " AND started_ns < {last:Int64}"
        parameters["last"] = wanted.to_ns
    if wanted.created_by is not None:
        statement += " AND created_by = {creator:Int64}"
        parameters["creator"] = wanted.created_by
    if wanted.version is not None:
        statement += " AND ifNull(app_version, release) = {version:String}"
        parameters["version"] = wanted.version
    if after is not None:
        statement += " AND (started_ns, session_id) > ({start:Int64}, {id:String})"
        parameters["start"], parameters["id"] = after
    statement += " ORDER BY started_ns, session_id LIMIT {limit:UInt32}"
    rows = _detail_decoder.decode_lines(lines(client, statement, parameters))
    return [_session_decoder.decode(row.detail) for row in rows]


def silent(client: Client, before_ns: int, limit: int) -> list[tuple[ProjectId, SessionId]]:
    """Open sessions, the longest silent first, by what was known when they were derived."""
    answer = lines(client, _SILENT, {"before": before_ns, "limit": limit})
    return [(row.project_id, row.session_id) for row in _key_decoder.decode_lines(answer)]


def unheard(client: Client, limit: int) -> list[tuple[ProjectId, SessionId]]:
    """Sessions with a recording that nobody has listened to, the longest waiting first."""
    answer = lines(client, _UNHEARD, {"limit": limit})
    return [(row.project_id, row.session_id) for row in _key_decoder.decode_lines(answer)]


def known(
    client: Client, project_id: ProjectId, session_ids: Collection[SessionId]
) -> list[SessionId]:
    """Those of the sessions that are there."""
    found: list[SessionId] = []
    statement = (
        "SELECT project_id, session_id FROM sessions FINAL "
        "WHERE project_id = {project:String} AND session_id IN {sessions:Array(String)}"
    )
    for part in chunks(sorted(session_ids)):
        answer = lines(client, statement, {"project": project_id, "sessions": part})
        found += [row.session_id for row in _key_decoder.decode_lines(answer)]
    return found


def weight_of(sessions: Sequence[Session]) -> int:
    """About how many bytes the sessions will take: twice their texts, and some for the rest."""
    return sum(
        2_000 + sum(500 + 3 * len(turn.text or "") for turn in session.turns)
        for session in sessions
    )


def _only(answer: bytes) -> Session | None:
    rows = _detail_decoder.decode_lines(answer)
    return _session_decoder.decode(rows[0].detail) if rows else None


def _encoded(change: Change) -> list[tuple[tuple[str, str], _Versioned]]:
    rows = [_row(item) for item in change.put]
    rows += [
        _Row(project_id=project_id, session_id=session_id, version=version, is_deleted=1)
        for project_id, session_id, version in change.retired
    ]
    return [((row.project_id, row.session_id), (row.version, _encoder.encode(row))) for row in rows]


def _row(item: Session) -> _Row:
    names = (item.ref, item.call_id, item.room_name, item.room_sid, item.job_id)
    return _Row(
        project_id=item.project_id,
        session_id=item.id,
        version=item.facts_version,
        agent=item.agent,
        framework=item.framework,
        status=item.status,
        is_open=int(item.finalized_ns is None),
        started_ns=item.started_ns,
        ended_ns=item.ended_ns,
        last_seen_ns=item.last_seen_ns,
        last_arrival_ns=item.last_arrival_ns,
        finalized_ns=item.finalized_ns,
        ref=item.ref,
        call_id=item.call_id,
        room_name=item.room_name,
        job_id=item.job_id,
        names=tuple(sorted({name for name in names if name})),
        user_ref=item.user_ref,
        environment=item.environment,
        release=item.release,
        app_version=item.app_version,
        created_by=item.created_by,
        turn_count=len(item.turns),
        tool_count=len(item.tools),
        interruption_count=len(item.interruptions),
        error_count=item.error_count,
        unpriced=item.unpriced,
        is_unheard=int(any(each.analysis is Analysis.PENDING for each in item.recordings)),
        cost_usd=item.cost_usd,
        facts_version=item.facts_version,
        detail=_encoder.encode(item).decode(),
        transcript="\n".join(turn.text for turn in item.turns if turn.text),
        **figures_of(item),
    )
