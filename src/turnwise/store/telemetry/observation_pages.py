"""Pages of observations across traces."""

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.observation import Observation
from turnwise.model.trace import ObservationQuery
from turnwise.store.telemetry.column_filters import Column, Holds, add_filters
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.rows import COLUMNS as ROW_COLUMNS
from turnwise.store.telemetry.rows import FACT_COLUMNS, decode_observations
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

LATENCY_NS = "if(end_ns < start_ns, NULL, end_ns - start_ns)"
FIRST_OUTPUT_NS = "if(first_token_ns < start_ns, NULL, first_token_ns - start_ns)"
INPUT_COST, OUTPUT_COST = (
    f"if(mapContains(cost_details, '{side}'), toFloat64(cost_details['{side}']), NULL)"
    for side in ("input", "output")
)

_OF_TRACE = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM (
        SELECT project_id, trace_id, trace_name, user_ref, session_ref, tags
        FROM observations FINAL
        WHERE project_id IN {projects:Array(String)}
        UNION ALL
        SELECT project_id, trace_id, name AS trace_name, user_ref, session_ref, tags
        FROM traces FINAL
        WHERE project_id IN {projects:Array(String)})
    """

OF_TRACE = {
    "traceName": Column("trace_name", within=f"{_OF_TRACE} WHERE {{test}})"),
    "userId": Column("user_ref", within=f"{_OF_TRACE} WHERE {{test}})"),
    "sessionId": Column("session_ref", within=f"{_OF_TRACE} WHERE {{test}})"),
    **dict.fromkeys(
        ("tags", "traceTags"),
        Column(
            "groupUniqArrayArray(tags)",
            Holds.TEXTS,
            f"{_OF_TRACE} GROUP BY project_id, trace_id HAVING {{test}})",
        ),
    ),
}
"""What any observation may state of its trace, or what is said of the trace as a whole."""


def prompt(metadata: str, name: str) -> str:
    """The name or the version of the prompt that was used."""
    attribute = f"'langfuse.observation.prompt.{name}'"
    # The version comes as a number or as a text.
    found = f"JSONExtractRaw({metadata}, 'attributes', {attribute})"
    return f"nullIf(trim(BOTH '\"' FROM {found}), '')"


_NUMBERS = {
    "latency": f"{LATENCY_NS} / 1e9",
    "timeToFirstToken": f"{FIRST_OUTPUT_NS} / 1e9",
    "tokensPerSecond": f"output_tokens / (nullIf({LATENCY_NS}, 0) / 1e9)",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "totalTokens": "total_tokens",
    "tokens": "total_tokens",
    "inputCost": INPUT_COST,
    "outputCost": OUTPUT_COST,
    "totalCost": "toFloat64(total_cost)",
}
_TEXTS = {
    "id": "span_id",
    "traceId": "trace_id",
    "parentObservationId": "parent_span_id",
    "type": "kind",
    "name": "name",
    "level": "level",
    "statusMessage": "status_message",
    "version": "app_version",
    "environment": "coalesce(environment, 'default')",
    "traceEnvironment": "coalesce(environment, 'default')",
    "model": "model",
    "providedModelName": "model",
    "promptName": prompt("metadata", "name"),
    "input": "input",
    "output": "output",
}
COLUMNS: dict[str, Column] = {
    **{name: Column(sql) for name, sql in _TEXTS.items()},
    **{name: Column(sql, Holds.NUMBER) for name, sql in _NUMBERS.items()},
    "promptVersion": Column(f"toFloat64OrNull({prompt('metadata', 'version')})", Holds.NUMBER),
    "startTime": Column("start_ns", Holds.INSTANT),
    "endTime": Column("end_ns", Holds.INSTANT),
    "isRootObservation": Column(IS_ROOT, Holds.FLAG),
    "metadata": Column("metadata", Holds.OBJECT),
    **OF_TRACE,
}
"""What a filter may name; durations are seconds, money is USD."""

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
    columns = ROW_COLUMNS if query.with_contents else FACT_COLUMNS
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
    add_filters(where, COLUMNS, query.filters)
    where.before(("start_ns", "project_id", "trace_id", "span_id"), query.before)
    return where
