"""Pages of judgements, by what they are about and what they say."""

from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.feedback import Feedback
from turnwise.model.trace import ScoreQuery
from turnwise.store.telemetry.feedback import FEEDBACK_COLUMNS, decode_feedback
from turnwise.store.telemetry.sql import lines


class _Count(msgspec.Struct):
    found: int


_count_decoder = msgspec.json.Decoder(_Count)

DATA_TYPE = """multiIf(JSONExtractString(extra, 'dataType') != '',
    JSONExtractString(extra, 'dataType'), isNotNull(score), 'NUMERIC',
    isNotNull(correction), 'CORRECTION', 'CATEGORICAL')"""
"""What kind of judgement it is; senders that have no such word mean what their value shows."""

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
_ABOUT_SOMETHING = "(isNotNull(trace_id) OR isNotNull(session_ref) OR isNotNull(observation_id))"
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
    where, parameters = _conditions(query)
    statement = f"SELECT {FEEDBACK_COLUMNS} FROM feedback FINAL WHERE {where}{_ORDER}"  # noqa: S608
    parameters |= {"limit": query.limit, "offset": query.offset}
    return decode_feedback(lines(client, statement, parameters))


def count_scores(client: Client, query: ScoreQuery) -> int:
    """How many there are without paging."""
    where, parameters = _conditions(query)
    statement = f"SELECT count() AS found FROM feedback FINAL WHERE {where}"  # noqa: S608
    return _count_decoder.decode_lines(lines(client, statement, parameters))[0].found


def _conditions(query: ScoreQuery) -> tuple[str, dict[str, Any]]:
    where = ["project_id IN {projects:Array(String)}"]
    # Judgements of a whole project have no place on this surface.
    where.append("isNotNull(trace_id)" if query.about_traces else _ABOUT_SOMETHING)
    parameters: dict[str, Any] = {"projects": list(query.project_ids)}
    for field, column in _AMONG.items():
        wanted = getattr(query, field)
        if wanted is not None:
            where.append(f"{column} IN {{{field}:Array(String)}}")
            parameters[field] = list(wanted)
    for index, (name, allowed) in enumerate(query.extras):
        found = f"JSONExtractString(extra, {{e_name{index}:String}})"
        if name == "environment":
            found = f"if({found} = '', 'default', {found})"
        where.append(f"{found} IN {{e_values{index}:Array(String)}}")
        parameters |= {f"e_name{index}": name, f"e_values{index}": list(allowed)}
    for index, (operator, bound) in enumerate(query.numbers):
        if operator not in _OPERATORS:
            raise ValueError("unknown operator")
        where.append(f"score {operator} {{n_bound{index}:Float64}}")
        parameters[f"n_bound{index}"] = bound
    if query.scores is not None:
        where.append("score IN {scores:Array(Float64)}")
        parameters["scores"] = list(query.scores)
    having = []
    if query.user is not None:
        having.append("has(groupArray(user_ref), {user:String})")
        parameters["user"] = query.user
    if query.tags:
        having.append("hasAll(groupUniqArrayArray(tags), {tags:Array(String)})")
        parameters["tags"] = list(query.tags)
    if having:
        where.append(_OF_TRACES.replace("{having}", " AND ".join(having)))
    if query.from_ns is not None:
        where.append("created_ns >= {from:Int64}")
        parameters["from"] = query.from_ns
    if query.to_ns is not None:
        where.append("created_ns < {to:Int64}")
        parameters["to"] = query.to_ns
    if query.before is not None:
        where.append(
            "(created_ns, project_id, id) < ({b_at:Int64}, {b_project:String}, {b_id:String})"
        )
        parameters |= dict(zip(("b_at", "b_project", "b_id"), query.before, strict=True))
    return " AND ".join(where), parameters
