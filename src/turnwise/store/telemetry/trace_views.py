"""Traces as wholes: what their observations and what is said of them together show."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId, session_id_of
from turnwise.model.trace import NamedSession, TraceQuery, TraceView
from turnwise.store.telemetry.column_filters import Column, Holds, add_filters
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.judgements import DATA_TYPE
from turnwise.store.telemetry.repeats import REPEATS
from turnwise.store.telemetry.sql import chunks, lines


class _View(msgspec.Struct):
    project_id: ProjectId
    trace_id: str
    at_ns: int
    name: str | None
    session_ref: str | None
    user_ref: str | None
    tags: tuple[str, ...]
    environment: str | None
    release: str | None
    app_version: str | None
    is_public: int
    latency_ns: int
    cost_usd: Decimal
    observation_ids: tuple[str, ...]
    version: int


class _Content(msgspec.Struct):
    project_id: ProjectId
    trace_id: str
    input: str | None
    output: str | None
    metadata: str | None


class _Session(msgspec.Struct):
    project_id: ProjectId
    ref: str
    started_ns: int
    environment: str | None


class _Count(msgspec.Struct):
    found: int


_view_decoder = msgspec.json.Decoder(_View)
_content_decoder = msgspec.json.Decoder(_Content)
_session_decoder = msgspec.json.Decoder(_Session)
_count_decoder = msgspec.json.Decoder(_Count)

_SPAN_COLUMNS = f"""project_id, trace_id, span_id, version, start_ns, end_ns, parent_span_id, name,
    trace_name, session_ref, session_rank, user_ref, tags, environment, release, app_version,
    if({REPEATS}, NULL, total_cost) AS own_cost, 0 AS is_said, NULL AS at, NULL AS seen, NULL AS shared"""

_SAID_COLUMNS = """project_id, trace_id, '' AS span_id, version, NULL AS start_ns, NULL AS end_ns,
    NULL AS parent_span_id, NULL AS name, traces.name AS trace_name, session_ref, session_rank, user_ref,
    tags, environment, release, app_version, NULL AS own_cost, 1 AS is_said, at_ns AS at,
    seen_ns AS seen, is_public AS shared"""


def _first(column: str, condition: str = "1") -> str:
    """What is said of the trace, else what its earliest observation with a value says."""
    return (
        f"nullIf(argMinIf(assumeNotNull({column}), coalesce(start_ns, -1), "
        f"{column} IS NOT NULL AND {condition}), '')"
    )


VIEWS = f"""
SELECT project_id, trace_id,
    assumeNotNull(coalesce(max(at), min(start_ns), max(seen))) AS at_ns,
    coalesce({_first("trace_name")}, {_first("name", "parent_span_id IS NULL AND is_said = 0")},
        {_first("name")}) AS name,
    nullIf(argMinIf(assumeNotNull(session_ref), (session_rank, coalesce(start_ns, -1)),
        session_ref IS NOT NULL), '') AS session_ref,
    {_first("user_ref")} AS user_ref,
    arraySort(groupUniqArrayArray(tags)) AS tags,
    {_first("environment")} AS environment,
    {_first("release")} AS release,
    {_first("app_version")} AS app_version,
    toUInt8(coalesce(max(shared), 0)) AS is_public,
    greatest(coalesce(max(end_ns), max(start_ns), 0) - coalesce(min(start_ns), 0), 0)
        AS latency_ns,
    coalesce(sum(own_cost), 0) AS cost_usd,
    arrayMap(pair -> pair.2, arraySort(groupArrayIf((coalesce(start_ns, 0), span_id),
        is_said = 0))) AS observation_ids,
    max(version) AS version
FROM (
    SELECT {_SPAN_COLUMNS} FROM observations FINAL WHERE {{where}}
    UNION ALL
    SELECT {_SAID_COLUMNS} FROM traces FINAL WHERE {{where}})
AS told
GROUP BY project_id, trace_id
"""  # noqa: S608 - our own column names

WITH_NUMBERS = f"""
SELECT * FROM ({{views}}) AS whole
LEFT JOIN (
    SELECT project_id, trace_id, toUInt64(ifNull(sumIf(input_tokens, is_own), 0)) AS input_tokens,
        toUInt64(ifNull(sumIf(output_tokens, is_own), 0)) AS output_tokens,
        toUInt64(ifNull(sumIf(total_tokens, is_own), 0)) AS total_tokens,
        toFloat64(sumIf(cost_details['input'], is_own)) AS input_cost,
        toFloat64(sumIf(cost_details['output'], is_own)) AS output_cost,
        countIf(level = 'ERROR') AS errors, countIf(level = 'WARNING') AS warnings,
        countIf(level = 'DEFAULT') AS defaults, countIf(level = 'DEBUG') AS debugs
    FROM (
        SELECT project_id, trace_id, input_tokens, output_tokens, total_tokens, cost_details, level,
            NOT ({REPEATS}) AS is_own
        FROM observations FINAL WHERE {{where}})
    GROUP BY project_id, trace_id
) AS sums USING (project_id, trace_id)
LEFT JOIN (
    SELECT project_id, trace_id, sum(scores) AS score_count,
        toNullable(sum(points) / nullIf(sum(numbers), 0)) AS score_average,
        toJSONString(mapFromArrays(groupArrayIf(key, numbers > 0),
            groupArrayIf(points / numbers, numbers > 0))) AS scores_avg,
        toJSONString(mapFromArrays(groupArray(key), groupArray(labels))) AS score_categories
    FROM (
        SELECT project_id, assumeNotNull(trace_id) AS trace_id, key, count() AS scores,
            countIf(is_number) AS numbers, sumIf(assumeNotNull(score), is_number) AS points,
            groupUniqArrayIf(assumeNotNull(value), is_label) AS labels
        FROM (
            SELECT project_id, trace_id, key, score, value, {DATA_TYPE} AS data_type,
                isNotNull(score) AND data_type IN ('NUMERIC', 'BOOLEAN') AS is_number,
                isNotNull(value) AND data_type = 'CATEGORICAL' AS is_label
            FROM feedback FINAL
            WHERE project_id IN {{projects:Array(String)}} AND isNotNull(trace_id))
        GROUP BY project_id, trace_id, key)
    GROUP BY project_id, trace_id
) AS judged USING (project_id, trace_id)
"""  # noqa: S608 - our own text
"""Views (`{views}`) with what their observations (`{where}`) add up to."""

_OF_METADATA = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM (
        SELECT project_id, trace_id, metadata FROM traces FINAL
        WHERE project_id IN {projects:Array(String)}
        UNION ALL
        SELECT project_id, trace_id, metadata FROM observations FINAL
        WHERE project_id IN {projects:Array(String)} AND isNull(parent_span_id))
    WHERE {test})"""

_TEXTS = {
    "id": "trace_id",
    "name": "name",
    "userId": "user_ref",
    "sessionId": "session_ref",
    "environment": "coalesce(environment, 'default')",
    "version": "app_version",
    "release": "release",
    "level": """multiIf(errors > 0, 'ERROR', warnings > 0, 'WARNING', defaults > 0, 'DEFAULT',
        debugs > 0, 'DEBUG', NULL)""",
}
_NUMBERS = {
    "latency": "latency_ns / 1e9",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "totalTokens": "total_tokens",
    "tokens": "total_tokens",
    "inputCost": "input_cost",
    "outputCost": "output_cost",
    "totalCost": "toFloat64(cost_usd)",
    "warningCount": "warnings",
    "errorCount": "errors",
    "defaultCount": "defaults",
    "debugCount": "debugs",
}
COLUMNS: dict[str, Column] = {
    **{name: Column(sql) for name, sql in _TEXTS.items()},
    **{name: Column(sql, Holds.NUMBER) for name, sql in _NUMBERS.items()},
    "timestamp": Column("at_ns", Holds.INSTANT),
    "tags": Column("tags", Holds.TEXTS),
    "bookmarked": Column("0", Holds.FLAG),
    "metadata": Column("metadata", Holds.OBJECT, _OF_METADATA),
    **dict.fromkeys(
        ("scores_avg", "scores"), Column("scores_avg", Holds.OBJECT, alone="score_average")
    ),
    "score_categories": Column("score_categories", Holds.CATEGORIES),
}
"""What a filter may name, of views with numbers; durations are seconds, money is USD."""

OF_SESSION = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM (
        SELECT project_id, trace_id, session_id, min(rank) AS named_with,
            min(named_with) OVER (PARTITION BY project_id, trace_id) AS best
        FROM trace_activity WHERE (project_id, trace_id) IN (
            SELECT project_id, trace_id FROM trace_activity
            WHERE project_id IN {projects:Array(String)}
            AND session_id IN {sessions:Array(String)})
        GROUP BY project_id, trace_id, session_id)
    WHERE named_with = best AND session_id IN {sessions:Array(String)})"""
"""Traces that belong to a session, by any name that it is known by."""

_TOUCHED = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM trace_activity WHERE project_id IN {projects:Array(String)}
    GROUP BY project_id, trace_id
    HAVING max(last_day) >= toDate({first:UInt16}) AND min(first_day) <= toDate({last:UInt16}))"""
"""Traces with anything on some days, told without their observations."""

_CONTENTS = """
SELECT project_id, trace_id, input, output, metadata FROM traces FINAL
WHERE (project_id, trace_id) IN {keys:Array(Tuple(String, String))}
"""

# Without a root the one that its sender marks as such, else the earliest, stands for the trace.
_ROOTS = """
SELECT project_id, trace_id, input, output, metadata FROM observations FINAL
WHERE (project_id, trace_id) IN {keys:Array(Tuple(String, String))}
ORDER BY project_id, trace_id, isNull(parent_span_id) DESC,
    position(coalesce(metadata, ''), '"langfuse.internal.is_app_root":true') > 0 DESC, start_ns,
    span_id
LIMIT 1 BY project_id, trace_id
"""

_SESSIONS = """
SELECT project_id, assumeNotNull(session_ref) AS ref, min(at_ns) AS started_ns,
    argMin(environment, at_ns) AS environment
FROM ({views}) WHERE session_ref IS NOT NULL GROUP BY project_id, session_ref
"""

# SDK 3 says input and output of a trace on any of its spans, beside the span's own.
_TOLD = """
SELECT project_id, trace_id,
    nullIf(JSONExtractString(told.metadata, 'attributes', 'langfuse.trace.input'), '') AS input,
    nullIf(JSONExtractString(told.metadata, 'attributes', 'langfuse.trace.output'), '') AS output,
    NULL AS metadata
FROM observations AS told FINAL
WHERE (project_id, trace_id) IN {keys:Array(Tuple(String, String))}
AND multiSearchAny(coalesce(told.metadata, ''), ['"langfuse.trace.input"', '"langfuse.trace.output"'])
ORDER BY start_ns, span_id
"""

_EQUAL = {"name": "name", "user": "user_ref", "release": "release", "app_version": "app_version"}
_ORDERS = frozenset({
    "at_ns", "trace_id", "name", "user_ref", "session_ref", "release", "app_version", "is_public",
    "latency_ns", "cost_usd",
})  # fmt: skip
_LAST_DAY = 64_999


def traces(client: Client, query: TraceQuery) -> list[TraceView]:
    """A page of traces, with contents when they are asked for."""
    statement, parameters = matching(query)
    field, is_descending = query.order
    direction = "DESC" if is_descending else "ASC"
    order = field if field in _ORDERS else "at_ns"
    statement += (
        f" ORDER BY {order} {direction}, trace_id {direction}, project_id"
        " LIMIT {limit:UInt32} OFFSET {offset:UInt64}"
    )
    answer = lines(client, statement, {**parameters, "limit": query.limit, "offset": query.offset})
    rows = _view_decoder.decode_lines(answer)
    contents = _contents(client, [(row.project_id, row.trace_id) for row in rows], query)
    return [_view(row, contents.get((row.project_id, row.trace_id))) for row in rows]


def count_traces(client: Client, query: TraceQuery) -> int:
    """How many traces there are without paging."""
    statement, parameters = matching(query)
    return _counted(client, statement, parameters)


def named_sessions(client: Client, query: TraceQuery) -> list[NamedSession]:
    """A page of sessions that traces name, newest first."""
    statement, parameters = _sessions(query)
    statement += (
        " ORDER BY started_ns DESC, ref, project_id LIMIT {limit:UInt32} OFFSET {offset:UInt64}"
    )
    answer = lines(client, statement, {**parameters, "limit": query.limit, "offset": query.offset})
    return [
        NamedSession(
            project_id=row.project_id,
            ref=row.ref,
            started_ns=row.started_ns,
            environment=row.environment,
        )
        for row in _session_decoder.decode_lines(answer)
    ]


def count_named_sessions(client: Client, query: TraceQuery) -> int:
    """How many sessions there are without paging."""
    statement, parameters = _sessions(query)
    return _counted(client, statement, parameters)


def session_parameters(project_ids: Sequence[ProjectId], session: str) -> list[str]:
    """The session ids that a name stands for in these projects."""
    return sorted({session_id_of(each, session) for each in project_ids})


def _counted(client: Client, rows: str, parameters: dict[str, Any]) -> int:
    statement = f"SELECT count() AS found FROM ({rows})"  # noqa: S608 - our own text
    return _count_decoder.decode_lines(lines(client, statement, parameters))[0].found


def matching(query: TraceQuery) -> tuple[str, dict[str, Any]]:
    """A statement of every view that matches, without paging, and its parameters."""
    inside, around = Conditions(query.project_ids), Conditions(query.project_ids)
    if query.keys is not None:
        inside.add(
            "(project_id, trace_id) IN {keys:Array(Tuple(String, String))}", keys=list(query.keys)
        )
    inside.equal(query, {"trace_id": "trace_id"})
    if query.session is not None:
        sessions = session_parameters(query.project_ids, query.session)
        inside.add(OF_SESSION, sessions=sessions)
    if query.from_ns is not None or query.to_ns is not None:
        first, last = day_of(query.from_ns, 0), day_of(query.to_ns, _LAST_DAY)
        inside.add(_TOUCHED, first=first, last=last)
    around.within("at_ns", query.from_ns, query.to_ns)
    around.equal(query, _EQUAL)
    if query.tags:
        around.add("hasAll(tags, {tags:Array(String)})", tags=list(query.tags))
    around.environments(query.environments)
    add_filters(around, COLUMNS, query.filters)
    # Around the grouping names mean the results, and not the columns that these are made of.
    views = VIEWS if not query.filters else WITH_NUMBERS.replace("{views}", VIEWS)
    views = views.replace("{where}", str(inside))
    statement = f"SELECT * FROM ({views}) WHERE {around}"  # noqa: S608 - our own text
    return statement, inside.parameters | around.parameters


def _sessions(query: TraceQuery) -> tuple[str, dict[str, Any]]:
    views, parameters = matching(query)
    return _SESSIONS.replace("{views}", views), parameters


def _contents(
    client: Client, keys: Sequence[tuple[ProjectId, str]], query: TraceQuery
) -> dict[tuple[ProjectId, str], _Content]:
    found: dict[tuple[ProjectId, str], _Content] = {}
    if not query.with_contents:
        return found
    # From the weakest word to the strongest: the root's own, a span's about its trace, the trace's.
    for statement in (_ROOTS, _TOLD, _CONTENTS):
        for part in chunks(keys):
            for row in _content_decoder.decode_lines(lines(client, statement, {"keys": part})):
                if statement is _TOLD:
                    row.input, row.output = _json(row.input), _json(row.output)
                known = found.setdefault((row.project_id, row.trace_id), row)
                for name in ("input", "output", "metadata"):
                    if (said := getattr(row, name)) is not None:
                        setattr(known, name, said)
    return found


def _json(text: str | None) -> str | None:
    """JSON text of an attribute that holds JSON text or plain text."""
    if text is None:
        return None
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return msgspec.json.encode(text).decode()
    return text


def _view(row: _View, content: _Content | None) -> TraceView:
    return TraceView(
        project_id=row.project_id,
        trace_id=row.trace_id,
        at_ns=row.at_ns,
        name=row.name,
        session_ref=row.session_ref,
        user_ref=row.user_ref,
        input=content.input if content else None,
        output=content.output if content else None,
        metadata=content.metadata if content else None,
        tags=row.tags,
        environment=row.environment,
        release=row.release,
        app_version=row.app_version,
        is_public=bool(row.is_public),
        latency_ns=row.latency_ns,
        cost_usd=row.cost_usd,
        observation_ids=row.observation_ids,
        version=row.version,
    )
