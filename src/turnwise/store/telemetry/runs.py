"""Observations asked for as runs of tracing projects."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_US
from turnwise.model.observation import Observation
from turnwise.model.runs import GUESSED, RunPlace, RunQuery
from turnwise.store.telemetry.rows import COLUMNS, NS_PER_DAY, decode_observations
from turnwise.store.telemetry.run_filters import IS_ROOT, Conditions
from turnwise.store.telemetry.sql import chunks, date_text, lines


class _Place(msgspec.Struct):
    project_id: str
    trace_id: str
    span_id: str
    start_ns: int


class _Start(msgspec.Struct):
    project_id: str
    start_ns: int


class _Twin(msgspec.Struct):
    trace_id: str


_place_decoder = msgspec.json.Decoder(_Place)
_start_decoder = msgspec.json.Decoder(_Start)
_twin_decoder = msgspec.json.Decoder(_Twin)

_PLACES = """
SELECT project_id, trace_id, span_id, start_ns FROM observations FINAL
WHERE project_id IN {projects:Array(String)} AND span_id IN {spans:Array(String)}
ORDER BY mapContains(run, {guessed:String}) DESC, version
"""

_GUESSED = f"""
SELECT {COLUMNS} FROM observations FINAL
WHERE project_id IN {{projects:Array(String)}} AND span_id IN {{spans:Array(String)}}
AND mapContains(run, {{guessed:String}})
"""  # noqa: S608 - our own column names

_LAST_STARTS = """
SELECT project_id, max(start_ns) AS start_ns FROM observations FINAL
WHERE project_id IN {projects:Array(String)} AND {is_root} GROUP BY project_id
""".replace("{is_root}", IS_ROOT)

_IS_TWIN = """project_id = {project:String} AND day IN {days:Array(Date)}
AND start_ns IN {spans:Array(Int64)} AND empty(run)
AND JSONExtractString(ifNull(metadata, ''), 'scope', 'name') = 'langsmith'
AND (intDiv(start_ns + 500, 1000), name) IN (
    SELECT intDiv(start_ns, 1000), name FROM observations FINAL
    WHERE project_id = {project:String} AND day IN {days:Array(Date)}
    AND start_ns IN {runs:Array(Int64)} AND notEmpty(run))
"""

_TWINS = "SELECT DISTINCT trace_id FROM observations FINAL WHERE " + _IS_TWIN  # noqa: S608 - ours

_DROP = (
    "INSERT INTO observations (project_id, day, trace_id, span_id, version, is_deleted, start_ns) "
    "SELECT project_id, day, trace_id, span_id, version + 1, 1, start_ns "
    "FROM observations FINAL WHERE "
)
# A span that is sent again gets a newer version, comes back, and is dropped again.
_DROP_TWINS = _DROP + _IS_TWIN
_FORGET = (
    _DROP + "(project_id, trace_id, span_id, version) IN "
    "{keys:Array(Tuple(String, String, String, UInt64))}"
)

_OWNED = (
    "observations",
    "traces",
    "log_records",
    "trace_activity",
    "session_facts",
    "sessions",
    "feedback",
    "seen_events",
    "diagnoses",
)


def scope_of(query: RunQuery) -> tuple[str, Conditions]:
    """What holds of the rows that a query asks for, but for its page."""
    conditions = Conditions(query.project_ids)
    projects = conditions.bind(query.project_ids)
    made = [f"project_id IN {projects}"]
    if query.where is not None:
        made.append(conditions.of(query.where))
    for part, whose in ((query.of_root, f"{IS_ROOT} AND "), (query.of_tree, "")):
        if part is not None:
            made.append(
                "(project_id, trace_id) IN (SELECT project_id, trace_id FROM observations FINAL "  # noqa: S608
                f"WHERE project_id IN {projects} AND {whose}{conditions.of(part)})"
            )
    return " AND ".join(made), conditions


def runs(client: Client, query: RunQuery) -> list[Observation]:
    """Runs in the order asked."""
    condition, conditions = scope_of(query)
    if query.after is not None:
        sign = "<" if query.newest_first else ">"
        start, span = map(conditions.bind, query.after)
        condition += f" AND (start_ns, span_id) {sign} ({start}, {span})"
    order = "DESC" if query.newest_first else "ASC"
    statement = (
        f"SELECT {COLUMNS} FROM observations FINAL WHERE {condition} "  # noqa: S608 - no content
        f"ORDER BY start_ns {order}, span_id {order}"
    )
    if query.limit is not None:
        statement += f" LIMIT {conditions.bind(query.limit)}"
    return decode_observations(lines(client, statement, conditions.parameters))


def places(
    client: Client, project_ids: Sequence[ProjectId], run_ids: Collection[str]
) -> dict[str, RunPlace]:
    """Where runs are kept; of several of one id no guess, and then the one written last."""
    found: dict[str, RunPlace] = {}
    for part in chunks(list(run_ids)):
        answer = lines(client, _PLACES, _of_ids(project_ids, part))
        for row in _place_decoder.decode_lines(answer):
            found[row.span_id] = RunPlace(ProjectId(row.project_id), row.trace_id, row.start_ns)
    return found


def guessed(
    client: Client, project_ids: Sequence[ProjectId], run_ids: Collection[str]
) -> list[Observation]:
    """Runs whose place was guessed."""
    return [
        each
        for part in chunks(list(run_ids))
        for each in decode_observations(lines(client, _GUESSED, _of_ids(project_ids, part)))
    ]


def _of_ids(project_ids: Sequence[ProjectId], run_ids: list[str]) -> dict[str, Any]:
    return {"projects": list(project_ids), "spans": run_ids, "guessed": GUESSED}


def forget(client: Client, observations: Sequence[Observation]) -> None:
    """Make exactly these versions of observations disappear."""
    for part in chunks(observations):
        keys = [(each.project_id, each.trace_id, each.span_id, each.version) for each in part]
        client.command(_FORGET, parameters={"keys": keys})


def last_starts(client: Client, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
    """When the newest root run of each project began."""
    found: dict[ProjectId, int] = {}
    for part in chunks(list(project_ids)):
        for row in _start_decoder.decode_lines(lines(client, _LAST_STARTS, {"projects": part})):
            found[ProjectId(row.project_id)] = row.start_ns
    return found


def drop_twins(client: Client, project_id: ProjectId, starts_us: Collection[int]) -> set[str]:
    """Make spans disappear that repeat a run; returns the traces that had some."""
    dropped: set[str] = set()
    for part in chunks(sorted(set(starts_us))):
        exact = [each * NS_PER_US for each in part]
        parameters = {
            "project": project_id,
            "days": sorted({date_text(each // NS_PER_DAY) for each in exact}),
            "runs": exact,
            "spans": sorted({*exact, *map(_as_sent, part)}),
        }
        answer = lines(client, _TWINS, parameters)
        if found := {row.trace_id for row in _twin_decoder.decode_lines(answer)}:
            client.command(_DROP_TWINS, parameters=parameters)
            dropped |= found
    return dropped


def _as_sent(start_us: int) -> int:
    """Nanoseconds as the SDK makes them of a run's start, by way of a float of seconds."""
    return int(start_us / 1_000_000 * 1_000_000_000)


def erase(client: Client, project_id: ProjectId) -> None:
    """Delete every row of a project; returns when it is done."""
    for table in _OWNED:
        client.command(
            f"ALTER TABLE {table} DELETE WHERE project_id = {{project:String}}",
            parameters={"project": project_id},
            settings={"mutations_sync": 2, "max_execution_time": 0},
        )
