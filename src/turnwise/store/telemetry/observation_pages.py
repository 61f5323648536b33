"""Pages of observations across traces."""

from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.observation import Observation
from turnwise.model.trace import ObservationQuery
from turnwise.store.telemetry.rows import COLUMNS, FACT_COLUMNS, NS_PER_DAY, decode_observations
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

_BEFORE = """(start_ns, project_id, trace_id, span_id)
    < ({b_start:Int64}, {b_project:String}, {b_trace:String}, {b_span:String})"""

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
    where, parameters = conditions(query)
    columns = COLUMNS if query.with_contents else FACT_COLUMNS
    statement = f"SELECT {columns} FROM observations FINAL WHERE {where}{_ORDER}"  # noqa: S608
    parameters |= {"limit": query.limit, "offset": query.offset}
    return decode_observations(lines(client, statement, parameters))


def count_observations(client: Client, query: ObservationQuery) -> int:
    """How many there are without paging."""
    where, parameters = conditions(query)
    statement = f"SELECT count() AS found FROM observations FINAL WHERE {where}"  # noqa: S608
    return _count_decoder.decode_lines(lines(client, statement, parameters))[0].found


def conditions(query: ObservationQuery) -> tuple[str, dict[str, Any]]:
    """The query as a condition on `observations`, and its parameters."""
    where = ["project_id IN {projects:Array(String)}"]
    parameters: dict[str, Any] = {"projects": list(query.project_ids)}
    for field, column in _EQUAL.items():
        wanted = getattr(query, field)
        if wanted is not None:
            where.append(f"{column} = {{{field}:String}}")
            parameters[field] = str(wanted)
    if query.user is not None:
        where.append(_OF_USER)
        parameters["user"] = query.user
    if query.session is not None:
        where.append(OF_SESSION)
        parameters["sessions"] = session_parameters(query.project_ids, query.session)
    if query.parent == "":
        where.append("isNull(parent_span_id)")
    elif query.parent is not None:
        where.append("parent_span_id = {parent:String}")
        parameters["parent"] = query.parent
    if query.is_root is not None:
        where.append(IS_ROOT if query.is_root else f"NOT {IS_ROOT}")
    if query.environments:
        where.append("coalesce(environment, 'default') IN {environments:Array(String)}")
        parameters["environments"] = list(query.environments)
    if query.from_ns is not None:
        where.append("start_ns >= {from:Int64} AND day >= toDate({first:UInt16})")
        parameters |= {"from": query.from_ns, "first": _day(query.from_ns)}
    if query.to_ns is not None:
        where.append("start_ns < {to:Int64} AND day <= toDate({last:UInt16})")
        parameters |= {"to": query.to_ns, "last": _day(query.to_ns)}
    if query.before is not None:
        where.append(_BEFORE)
        names = ("b_start", "b_project", "b_trace", "b_span")
        parameters |= dict(zip(names, query.before, strict=True))
    return " AND ".join(where), parameters


def _day(instant_ns: int) -> int:
    return max(0, min(instant_ns // NS_PER_DAY, 65_000))
