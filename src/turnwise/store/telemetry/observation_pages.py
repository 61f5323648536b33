"""Pages of observations across traces."""

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.observation import Observation
from turnwise.model.trace import ObservationQuery
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.rows import COLUMNS, FACT_COLUMNS, decode_observations
from turnwise.store.telemetry.sql import lines
from turnwise.store.telemetry.trace_views import OF_SESSION, session_parameters


class _Count(msgspec.Struct):
    found: int


_count_decoder = msgspec.json.Decoder(_Count)

IS_ROOT = """(isNull(parent_span_id)
    OR position(coalesce(metadata, ''), '"langfuse.internal.is_app_root":true') > 0)"""
"""Without a parent, or marked by its sender as the root of what it made."""

# A user is named on any observation of a trace, or of the trace as a whole.
_OF_USER = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM observations FINAL
    WHERE project_id IN {projects:Array(String)} AND user_ref = {user:String}
    UNION DISTINCT
    SELECT project_id, trace_id FROM traces FINAL
    WHERE project_id IN {projects:Array(String)} AND user_ref = {user:String})"""

_ORDER = """
ORDER BY start_ns DESC, project_id DESC, trace_id DESC, span_id DESC
LIMIT {limit:UInt32} OFFSET {offset:UInt64}"""

_BETWEEN = "day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16})"
_LAST_DAY = 64_999

_EQUAL = {
    "span_id": "span_id",
    "trace_id": "trace_id",
    "name": "name",
    "kind": "kind",
    "level": "level",
    "app_version": "app_version",
}


def observations(client: Client, query: ObservationQuery) -> list[Observation]:
    """A page, newest first."""
    where = _conditions(query)
    columns = COLUMNS if query.with_contents else FACT_COLUMNS
    statement = f"SELECT {columns} FROM observations FINAL WHERE {where}{_ORDER}"  # noqa: S608
    paging = {"limit": query.limit, "offset": query.offset}
    return decode_observations(lines(client, statement, where.parameters | paging))


def count_observations(client: Client, query: ObservationQuery) -> int:
    """How many there are without paging."""
    where = _conditions(query)
    statement = f"SELECT count() AS found FROM observations FINAL WHERE {where}"  # noqa: S608
    return _count_decoder.decode_lines(lines(client, statement, where.parameters))[0].found


def _conditions(query: ObservationQuery) -> Conditions:
    where = Conditions(query.project_ids)
    where.equal(query, _EQUAL)
    if query.user is not None:
        where.add(_OF_USER, user=query.user)
    if query.session is not None:
        sessions = session_parameters(query.project_ids, query.session)
        where.add(OF_SESSION, sessions=sessions)
    if query.parent == "":
        where.add("isNull(parent_span_id)")
    elif query.parent is not None:
        where.add("parent_span_id = {parent:String}", parent=query.parent)
    if query.is_root is not None:
        where.add(IS_ROOT if query.is_root else f"NOT {IS_ROOT}")
    where.environments(query.environments)
    where.within("start_ns", query.from_ns, query.to_ns)
    if query.from_ns is not None or query.to_ns is not None:
        first, last = day_of(query.from_ns, 0), day_of(query.to_ns, _LAST_DAY)
        where.add(_BETWEEN, first=first, last=last)
    where.before(("start_ns", "project_id", "trace_id", "span_id"), query.before)
    return where
