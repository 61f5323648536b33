"""What traces of each day took, by model; what is told twice is counted once."""

from collections import defaultdict
from decimal import Decimal

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.trace import DayUsage, ModelUsage, TraceQuery
from turnwise.store.telemetry.repeats import REPEATS
from turnwise.store.telemetry.sql import lines
from turnwise.store.telemetry.trace_views import matching


class _Day(msgspec.Struct):
    date: str
    traces: int


class _Model(msgspec.Struct):
    date: str
    model: str | None
    traces: int
    observations: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: Decimal


_day_decoder = msgspec.json.Decoder(_Day)
_model_decoder = msgspec.json.Decoder(_Model)

_DATE = "toString(toDate(fromUnixTimestamp64Nano(at_ns, 'UTC'), 'UTC'))"

_DAYS = f"""
SELECT {_DATE} AS date, count() AS traces FROM ({{views}}) GROUP BY date ORDER BY date DESC
"""  # noqa: S608 - our own text

_OURS = "project_id IN {projects:Array(String)}"

_MODELS = f"""
SELECT date, model, uniqExact(project_id, trace_id) AS traces, count() AS observations,
    toUInt64(ifNull(sumIf(span.input_tokens, is_own), 0)) AS input_tokens,
    toUInt64(ifNull(sumIf(span.output_tokens, is_own), 0)) AS output_tokens,
    toUInt64(ifNull(sumIf(span.total_tokens, is_own), 0)) AS total_tokens,
    ifNull(sumIf(total_cost, is_own), 0) AS cost_usd
FROM (
    SELECT project_id, trace_id, model, input_tokens, output_tokens, total_tokens, total_cost,
        NOT ({REPEATS.replace("{where}", _OURS)}) AS is_own
    FROM observations FINAL WHERE {_OURS}) AS span
INNER JOIN (SELECT project_id, trace_id, {_DATE} AS date FROM ({{views}})) AS whole
    USING (project_id, trace_id)
GROUP BY date, model ORDER BY date, model NULLS FIRST
"""  # noqa: S608 - our own text


def daily(client: Client, query: TraceQuery) -> list[DayUsage]:
    """Every day with a trace that matches, the newest first."""
    views, parameters = matching(query)
    models: dict[str, list[_Model]] = defaultdict(list)
    answer = lines(client, _MODELS.replace("{views}", views), parameters)
    for row in _model_decoder.decode_lines(answer):
        models[row.date].append(row)
    days = _day_decoder.decode_lines(lines(client, _DAYS.replace("{views}", views), parameters))
    return [
        DayUsage(
            date=day.date,
            trace_count=day.traces,
            observation_count=sum(each.observations for each in models[day.date]),
            cost_usd=sum((each.cost_usd for each in models[day.date]), Decimal(0)),
            models=tuple(_usage(each) for each in models[day.date]),
        )
        for day in days
    ]


def _usage(row: _Model) -> ModelUsage:
    return ModelUsage(
        model=row.model,
        trace_count=row.traces,
        observation_count=row.observations,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        total_tokens=row.total_tokens,
        cost_usd=row.cost_usd,
    )
