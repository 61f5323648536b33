"""Sessions by age: what came in lately, and what is old, which is erased with its facts."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.administration import Arrivals
from turnwise.model.facts import FactKind
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.recording import ENDINGS
from turnwise.model.session import Session
from turnwise.store.telemetry.membership import FACT_TRACE
from turnwise.store.telemetry.reader import activity_around
from turnwise.store.telemetry.sql import chunks, lines

P = ParamSpec("P")
T = TypeVar("T")


class _Detail(msgspec.Struct):
    detail: str


class _Run(msgspec.Struct):
    span_id: str


class _File(msgspec.Struct):
    file: str


class _Id(msgspec.Struct):
    session_id: SessionId


_detail_decoder = msgspec.json.Decoder(_Detail)
_session_decoder = msgspec.json.Decoder(Session)
_arrivals_decoder = msgspec.json.Decoder(Arrivals)
_run_decoder = msgspec.json.Decoder(_Run)
_file_decoder = msgspec.json.Decoder(_File)
_id_decoder = msgspec.json.Decoder(_Id)

# An open session has a future, however old it is.
_IS_OLD = "is_open = 0 AND greatest(last_seen_ns, ifNull(ended_ns, last_seen_ns)) < {before:Int64}"

_OLD = f"""
SELECT detail FROM sessions FINAL
WHERE project_id = {{project:String}} AND session_id > {{after:String}} AND {_IS_OLD}
ORDER BY session_id LIMIT {{limit:UInt32}}
"""  # noqa: S608 - our own condition

_YOUNG = f"""
SELECT session_id FROM sessions FINAL
WHERE project_id = {{project:String}} AND session_id IN {{sessions:Array(String)}} AND NOT ({_IS_OLD})
"""  # noqa: S608

_WITH_FILES = """
SELECT DISTINCT span_id FROM observations
WHERE project_id = {project:String} AND trace_id IN {traces:Array(String)}
AND arrayExists(name -> startsWith(name, 'attachment.'), mapKeys(run))
"""

_ARRIVALS = """
SELECT framework AS source, count() AS sessions, max(one.last_arrival_ns) AS last_arrival_ns,
    sum(one.unpriced) AS unpriced
FROM sessions AS one FINAL
WHERE project_id = {project:String} AND one.last_arrival_ns >= {since:Int64}
GROUP BY framework ORDER BY last_arrival_ns DESC, source
"""

_RECORDINGS = """
SELECT concat(fact_id, '.', transform(JSONExtractString(body, 'content_type'), {types:Array(String)},
    {endings:Array(String)}, '')) AS file
FROM session_facts FINAL
WHERE project_id = {project:String} AND kind = {kind:String} AND file > {after:String}
AND position(JSONExtractString(body, 'storage_uri'), fact_id) > 0 AND NOT endsWith(file, '.')
ORDER BY file LIMIT 1 BY file LIMIT {limit:UInt32}
"""

_BY_TRACE = ("observations", "traces", "trace_activity")
_BY_SESSION = ("session_facts", "sessions", "diagnoses")


class Ask(Protocol):
    """Puts a question to the engine, in a thread for readers."""

    async def __call__(
        self, question: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The answer; raises Busy."""
        ...


class SessionAges:
    """Implements model.retention.RetentionStore."""

    def __init__(self, ask: Ask):
        self._ask = ask

    async def old_sessions(
        self, project_id: ProjectId, before_ns: int, after: SessionId | None, limit: int
    ) -> list[Session]:
        """See RetentionStore.old_sessions."""
        return await self._ask(old_sessions, project_id, before_ns, after, limit)

    async def held_back(
        self, project_id: ProjectId, before_ns: int, session_ids: Sequence[SessionId]
    ) -> set[SessionId]:
        """See RetentionStore.held_back."""
        return await self._ask(held_back, project_id, before_ns, session_ids)

    async def runs_with_files(
        self, project_id: ProjectId, session_ids: Sequence[SessionId]
    ) -> list[str]:
        """See RetentionStore.runs_with_files."""
        return await self._ask(runs_with_files, project_id, session_ids)

    async def recording_files(self, project_id: ProjectId, after: str, limit: int) -> list[str]:
        """See RetentionStore.recording_files."""
        return await self._ask(recording_files, project_id, after, limit)

    async def erase_sessions(self, project_id: ProjectId, sessions: Sequence[Session]) -> None:
        """See RetentionStore.erase_sessions."""
        await self._ask(erase_sessions, project_id, sessions)

    async def arrivals(self, project_id: ProjectId, since_ns: int) -> list[Arrivals]:
        """See RetentionStore.arrivals."""
        return await self._ask(arrivals, project_id, since_ns)


def old_sessions(
    client: Client, project_id: ProjectId, before_ns: int, after: SessionId | None, limit: int
) -> list[Session]:
    """Closed sessions whose last instant lies before, by id, from behind `after` on."""
    parameters = {"project": project_id, "before": before_ns, "after": after or "", "limit": limit}
    rows = _detail_decoder.decode_lines(lines(client, _OLD, parameters))
    return [_session_decoder.decode(row.detail) for row in rows]


def held_back(
    client: Client, project_id: ProjectId, before_ns: int, session_ids: Sequence[SessionId]
) -> set[SessionId]:
    """Those of the sessions that share a trace with one that is not old, and go when it does."""
    wanted = set(session_ids)
    shared: dict[SessionId, set[SessionId]] = {}
    for one in activity_around(client, project_id, session_ids).values():
        if len(one.winners) > 1:
            for mine in wanted.intersection(one.winners):
                shared.setdefault(mine, set()).update(one.winners)
    young: set[str] = set()
    for part in chunks(sorted({each for others in shared.values() for each in others})):
        parameters = {"project": project_id, "before": before_ns, "sessions": part}
        answer = lines(client, _YOUNG, parameters)
        young |= {row.session_id for row in _id_decoder.decode_lines(answer)}
    return {mine for mine, others in shared.items() if others & young}


def runs_with_files(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> list[str]:
    """Ids of the sessions' runs that carry attachments."""
    found: list[str] = []
    for part in chunks(_held_by(client, project_id, set(session_ids))):
        parameters = {"project": project_id, "traces": part}
        answer = lines(client, _WITH_FILES, parameters)
        found += [row.span_id for row in _run_decoder.decode_lines(answer)]
    return found


def recording_files(client: Client, project_id: ProjectId, after: str, limit: int) -> list[str]:
    """Names of the files of recordings, as `Recording.file` makes them."""
    parameters = {
        "project": project_id,
        "kind": FactKind.RECORDING.value,
        "types": list(ENDINGS),
        "endings": list(ENDINGS.values()),
        "after": after,
        "limit": limit,
    }
    rows = _file_decoder.decode_lines(lines(client, _RECORDINGS, parameters))
    return [row.file for row in rows]


def erase_sessions(client: Client, project_id: ProjectId, sessions: Sequence[Session]) -> None:
    """Delete every row of these sessions; returns when it is done, and may be repeated."""
    ids = {each.id for each in sessions}
    held = _held_by(client, project_id, ids)
    owners = {each.removeprefix(FACT_TRACE) for each in held if each.startswith(FACT_TRACE)}
    refs = {each.ref for each in sessions if each.ref}
    # Facts first: a derived session without facts is found and erased the next time.
    for table in _BY_TRACE:
        _delete(client, table, project_id, "trace_id", held)
    _delete(client, "feedback", project_id, "trace_id", held)
    _delete(client, "feedback", project_id, "session_ref", sorted(refs))
    for table in _BY_SESSION:
        _delete(client, table, project_id, "session_id", sorted(ids | owners))


def arrivals(client: Client, project_id: ProjectId, since_ns: int) -> list[Arrivals]:
    """Sessions that something came in for since then, by framework."""
    parameters = {"project": project_id, "since": since_ns}
    return _arrivals_decoder.decode_lines(lines(client, _ARRIVALS, parameters))


def _held_by(client: Client, project_id: ProjectId, ids: Collection[SessionId]) -> list[str]:
    """Traces, and facts as traces, that belong to these sessions."""
    return [
        trace_id
        for (_, trace_id), one in activity_around(client, project_id, sorted(ids)).items()
        if not set(ids).isdisjoint(one.winners)
    ]


def _delete(
    client: Client, table: str, project_id: ProjectId, column: str, values: Sequence[str]
) -> None:
    for part in chunks(values):
        parameters: dict[str, Any] = {"project": project_id, "values": part}
        client.command(
            f"ALTER TABLE {table} DELETE WHERE project_id = {{project:String}} "
            f"AND {column} IN {{values:Array(String)}}",
            parameters=parameters,
            settings={"mutations_sync": 2, "max_execution_time": 0},
        )
