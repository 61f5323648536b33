"""Statistics of tracing projects, computed by the engine."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.runs import FeedbackSummary, RunFilter, RunQuery, RunStats
from turnwise.store.telemetry.repeats import CONSUMES, REPEATS
from turnwise.store.telemetry.rows import NS_PER_DAY
from turnwise.store.telemetry.run_filters import IS_ROOT
from turnwise.store.telemetry.runs import scope_of
from turnwise.store.telemetry.sql import chunks, date_text, lines


class _Times(msgspec.Struct):
    owner: str
    runs: int
    latency_p50: float | None
    latency_p99: float | None
    first_p50: float | None
    first_p99: float | None
    failed: float
    streamed: float
    last_start_ns: int


class _Sums(msgspec.Struct):
    owner: str
    tokens: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    prompt_cost: Decimal
    completion_cost: Decimal


class _Judgements(msgspec.Struct):
    owner: str
    is_own: int
    key: str
    n: int
    average: float | None
    deviation: float | None
    lowest: float | None
    highest: float | None
    labels: dict[str, int]


_times_decoder = msgspec.json.Decoder(_Times)
_sums_decoder = msgspec.json.Decoder(_Sums)
_judgements_decoder = msgspec.json.Decoder(_Judgements)

# quantileExactInclusive interpolates between ranks like type 7; it answers null for nothing.
_TIMES = """
SELECT owner, count() AS runs,
    quantileExactInclusiveOrNull(0.5)(latency) AS latency_p50,
    quantileExactInclusiveOrNull(0.99)(latency) AS latency_p99,
    quantileExactInclusiveOrNull(0.5)(first_token) AS first_p50,
    quantileExactInclusiveOrNull(0.99)(first_token) AS first_p99,
    avg(failed) AS failed, countIf(first_token IS NOT NULL) / count() AS streamed,
    max(start_ns) AS last_start_ns
FROM (
    SELECT {owner} AS owner, start_ns, level = 'ERROR' AS failed,
        if(end_ns >= start_ns, toFloat64(end_ns - start_ns), NULL) AS latency,
        if(first_token_ns IS NULL AND parent_span_id IS NULL, earliest, first_token_ns) AS first_ns,
        if(first_ns >= start_ns, toFloat64(first_ns - start_ns), NULL) AS first_token
    FROM observations FINAL LEFT JOIN (
        SELECT project_id, trace_id, min(first_token_ns) AS earliest FROM observations FINAL
        WHERE project_id IN {projects:Array(String)} AND first_token_ns IS NOT NULL
        GROUP BY project_id, trace_id) AS first USING (project_id, trace_id)
    WHERE {condition})
GROUP BY owner
"""

_SUMS = """
SELECT {owner} AS owner,
    sum(ifNull(total_tokens, 0)) AS tokens, sum(ifNull(input_tokens, 0)) AS prompt_tokens,
    sum(ifNull(output_tokens, 0)) AS completion_tokens, sum(ifNull(total_cost, 0)) AS cost,
    sum(cost_details['input'] + cost_details['input_cached_tokens']) AS prompt_cost,
    sum(cost_details['output']) AS completion_cost
FROM observations FINAL
WHERE {condition} AND {consumes} AND NOT ({repeats})
GROUP BY owner
""".replace("{consumes}", CONSUMES).replace(
    "{repeats}", REPEATS.replace("{where}", "project_id IN {projects:Array(String)}")
)

_JUDGEMENTS = """
SELECT {owner} AS owner,
    observation_id IS NULL AND trace_id IS NULL AND session_ref IS NULL AS is_own, key,
    count() AS n, avgOrNull(score) AS average, stddevPopOrNull(score) AS deviation,
    minOrNull(score) AS lowest, maxOrNull(score) AS highest,
    sumMapIf(map(ifNull(value, ''), toUInt64(1)), value IS NOT NULL) AS labels
FROM feedback FINAL
WHERE project_id IN {projects:Array(String)} AND {condition}
GROUP BY owner, is_own, key ORDER BY key
"""

_ABOUT = """(observation_id IN (SELECT span_id FROM observations FINAL WHERE {condition})
    OR observation_id IS NULL AND trace_id IN (
        SELECT trace_id FROM observations FINAL WHERE {condition}))"""
_ABOUT_ALL = "1"
_OWN = "(observation_id IS NULL AND trace_id IS NULL AND session_ref IS NULL)"

_BY_PROJECT, _TOGETHER, _BY_RUN = "project_id", "''", "ifNull(observation_id, '')"


def by_project(
    client: Client,
    project_ids: Sequence[ProjectId],
    since_ns: int | None,
    where: RunFilter | None,
) -> dict[ProjectId, RunStats]:
    """Statistics of each project over the matching runs that start at or after an instant."""
    found: dict[ProjectId, RunStats] = {}
    for part in chunks(list(project_ids)):
        condition, conditions = scope_of(RunQuery(project_ids=tuple(part), where=where))
        parameters: dict[str, Any] = {**conditions.parameters, "projects": part}
        if since_ns is not None:
            condition += " AND day >= {since_day:Date} AND start_ns >= {since:Int64}"
            day = min(max(0, since_ns // NS_PER_DAY), 65_000)
            parameters |= {"since": since_ns, "since_day": date_text(day)}
        about = _ABOUT_ALL
        if since_ns is not None or where is not None:
            about = f"({_OWN} OR {_ABOUT.replace('{condition}', condition)})"
        made = _stats(
            client, _BY_PROJECT, condition, f"{condition} AND {IS_ROOT}", about, parameters
        )
        found |= {each: made.get(each, RunStats()) for each in part}
    return found


def matching(client: Client, query: RunQuery) -> RunStats:
    """Statistics over the runs that a query asks for, of all projects together."""
    condition, conditions = scope_of(query)
    parameters = {**conditions.parameters, "projects": list(query.project_ids)}
    about = _ABOUT.replace("{condition}", condition)
    return _stats(client, _TOGETHER, condition, condition, about, parameters).get("", RunStats())


def of_runs(
    client: Client, project_ids: Sequence[ProjectId], run_ids: Collection[str]
) -> dict[str, dict[str, FeedbackSummary]]:
    """Judgements of runs by key."""
    found: dict[str, dict[str, FeedbackSummary]] = {}
    for part in chunks(list(run_ids)):
        parameters = {"projects": list(project_ids), "runs": part}
        condition = "observation_id IN {runs:Array(String)}"
        for (owner, _), summaries in _judgements(client, _BY_RUN, condition, parameters).items():
            found[owner] = summaries
    return found


def _stats(
    client: Client,
    owner: str,
    condition: str,
    counted: str,
    about: str,
    parameters: Mapping[str, Any],
) -> dict[str, RunStats]:
    """Statistics by owner: times of the `counted` runs, sums over all that meet the condition."""
    statement = _TIMES.replace("{owner}", owner).replace("{condition}", counted)
    times = {
        row.owner: row for row in _times_decoder.decode_lines(lines(client, statement, parameters))
    }
    statement = _SUMS.replace("{owner}", owner).replace("{condition}", condition)
    sums = {
        row.owner: row for row in _sums_decoder.decode_lines(lines(client, statement, parameters))
    }
    judgements = _judgements(client, owner, about, parameters)
    owners = {*times, *sums, *(each for each, _ in judgements)}
    return {
        each: _made(
            times.get(each),
            sums.get(each),
            judgements.get((each, False), {}),
            judgements.get((each, True), {}),
        )
        for each in owners
    }


def _judgements(
    client: Client, owner: str, condition: str, parameters: Mapping[str, Any]
) -> dict[tuple[str, bool], dict[str, FeedbackSummary]]:
    found: dict[tuple[str, bool], dict[str, FeedbackSummary]] = defaultdict(dict)
    statement = _JUDGEMENTS.replace("{owner}", owner).replace("{condition}", condition)
    for row in _judgements_decoder.decode_lines(lines(client, statement, parameters)):
        found[row.owner, bool(row.is_own)][row.key] = FeedbackSummary(
            count=row.n,
            average=row.average,
            deviation=row.deviation,
            lowest=row.lowest,
            highest=row.highest,
            values=row.labels,
        )
    return dict(found)


def _made(
    times: _Times | None,
    sums: _Sums | None,
    about_runs: Mapping[str, FeedbackSummary],
    about_project: Mapping[str, FeedbackSummary],
) -> RunStats:
    found: dict[str, Any] = {"feedback": about_runs, "own_feedback": about_project}
    if times is not None:
        found |= {
            "run_count": times.runs,
            "latency_p50": _seconds(times.latency_p50),
            "latency_p99": _seconds(times.latency_p99),
            "first_token_p50": _seconds(times.first_p50),
            "first_token_p99": _seconds(times.first_p99),
            "error_rate": times.failed,
            "streaming_rate": times.streamed,
            "last_run_start_ns": times.last_start_ns,
        }
    if sums is not None:
        found |= {
            "total_tokens": sums.tokens,
            "prompt_tokens": sums.prompt_tokens,
            "completion_tokens": sums.completion_tokens,
            "total_cost": sums.cost,
            "prompt_cost": sums.prompt_cost,
            "completion_cost": sums.completion_cost,
        }
    return RunStats(**found)


def _seconds(duration_ns: float | None) -> float | None:
    return None if duration_ns is None else round(duration_ns) / NS_PER_SECOND
