"""Pages of judgements, by what they are about and what they say."""

from dataclasses import fields
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.feedback import Feedback
from turnwise.model.trace import ScoreQuery
from turnwise.store.telemetry.column_filters import Column, Holds, add_filters
from turnwise.store.telemetry.conditions import Conditions
from turnwise.store.telemetry.judgements import DATA_TYPE
from turnwise.store.telemetry.observation_pages import OF_TRACE
from turnwise.store.telemetry.sql import lines


class _Count(msgspec.Struct):
    found: int


_FIELDS = ", ".join(item.name for item in fields(Feedback))
_decoder = msgspec.json.Decoder(Feedback)
_count_decoder = msgspec.json.Decoder(_Count)

_AMONG = {
    "ids": "id",
    "keys": "key",
    "sources": "source",
    "data_types": DATA_TYPE,
    "trace_ids": "trace_id",
    "observation_ids": "observation_id",
    "session_refs": "session_ref",
    "labels": "value",
}
ABOUT_SOMETHING = "(isNotNull(trace_id) OR isNotNull(session_ref) OR isNotNull(observation_id))"
ENVIRONMENT = """if(JSONExtractString(extra, 'environment') = '', 'default',
    JSONExtractString(extra, 'environment'))"""
SOURCE = "transform(source, ['api', 'app', 'model'], ['API', 'ANNOTATION', 'EVAL'], 'API')"

_TEXTS = {
    "id": "id",
    "name": "key",
    "source": SOURCE,
    "dataType": DATA_TYPE,
    "stringValue": "value",
    "comment": "comment",
    "environment": ENVIRONMENT,
    "traceId": "trace_id",
    "observationId": "observation_id",
    **{
        name: f"JSONExtractString(extra, '{name}')"
        for name in ("configId", "queueId", "authorUserId", "datasetRunId")
    },
}
COLUMNS: dict[str, Column] = {
    **{name: Column(sql) for name, sql in _TEXTS.items()},
    **OF_TRACE,
    "sessionId": Column("session_ref"),
    "value": Column("score", Holds.NUMBER),
    "timestamp": Column("created_ns", Holds.INSTANT),
    "metadata": Column("JSONExtractRaw(extra, 'metadata')", Holds.OBJECT),
}
"""What a filter may name."""

_OPERATORS = frozenset({"=", "!=", ">", ">=", "<", "<="})

_OF_TRACES = """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM (
        SELECT project_id, trace_id, user_ref, tags FROM observations FINAL
        WHERE project_id IN {projects:Array(String)}
        UNION ALL
        SELECT project_id, trace_id, user_ref, tags FROM traces FINAL
        WHERE project_id IN {projects:Array(String)})
    GROUP BY project_id, trace_id HAVING {having})"""

_ORDER = """
ORDER BY created_ns DESC, project_id DESC, id DESC LIMIT {limit:UInt32} OFFSET {offset:UInt64}"""


def scores(client: Client, query: ScoreQuery) -> list[Feedback]:
    """A page, newest first."""
    where = _conditions(query)
    statement = f"SELECT {_FIELDS} FROM feedback FINAL WHERE {where}{_ORDER}"  # noqa: S608
    paging = {"limit": query.limit, "offset": query.offset}
    return _decoder.decode_lines(lines(client, statement, where.parameters | paging))


def count_scores(client: Client, query: ScoreQuery) -> int:
    """How many there are without paging."""
    where = _conditions(query)
    statement = f"SELECT count() AS found FROM feedback FINAL WHERE {where}"  # noqa: S608
    return _count_decoder.decode_lines(lines(client, statement, where.parameters))[0].found


def _conditions(query: ScoreQuery) -> Conditions:
    where = Conditions(query.project_ids)
    # Judgements of a whole project have no place on this surface.
    where.add("isNotNull(trace_id)" if query.about_traces else ABOUT_SOMETHING)
    where.among(query, _AMONG)
    for index, (name, allowed) in enumerate(query.extras):
        found = f"JSONExtractString(extra, {{e_name{index}:String}})"
        if name == "environment":
            found = f"if({found} = '', 'default', {found})"
        wanted = {f"e_name{index}": name, f"e_values{index}": list(allowed)}
        where.add(f"{found} IN {{e_values{index}:Array(String)}}", **wanted)
    for index, (operator, bound) in enumerate(query.numbers):
        if operator not in _OPERATORS:
            raise ValueError("unknown operator")
        where.add(f"score {operator} {{n_bound{index}:Float64}}", **{f"n_bound{index}": bound})
    if query.scores is not None:
        where.add("score IN {scores:Array(Float64)}", scores=list(query.scores))
    _of_traces(query, where)
    add_filters(where, COLUMNS, query.filters)
    where.within("created_ns", query.from_ns, query.to_ns)
    where.before(("created_ns", "project_id", "id"), query.before)
    return where


def _of_traces(query: ScoreQuery, where: Conditions) -> None:
    having = []
    wanted: dict[str, Any] = {}
    if query.user is not None:
        having.append("has(groupArray(user_ref), {user:String})")
        wanted["user"] = query.user
    if query.tags:
        having.append("hasAll(groupUniqArrayArray(tags), {tags:Array(String)})")
        wanted["tags"] = list(query.tags)
    if having:
        where.add(_OF_TRACES.replace("{having}", " AND ".join(having)), **wanted)
