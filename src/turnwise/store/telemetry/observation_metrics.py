"""Numbers over observations: sums, averages and percentiles by group and by time."""

from collections.abc import Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.errors import BadInput
from turnwise.model.trace import MetricsQuery
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.observation_pages import IS_ROOT
from turnwise.store.telemetry.sql import lines
from turnwise.store.telemetry.trace_views import OF_SESSION, session_parameters

_ATTRIBUTE = (
    "nullIf(JSONExtractString(metadata, 'attributes', 'langfuse.observation.prompt.{0}'), '')"
)
_SECONDS = "(nullIf(if(end_ns < start_ns, NULL, end_ns - start_ns), 0) / 1e9)"

MEASURES = {
    "count": "1",
    "latency": "if(end_ns < start_ns, NULL, end_ns - start_ns) / 1e6",
    "streamingLatency": "if(end_ns < first_token_ns, NULL, end_ns - first_token_ns) / 1e6",
    "timeToFirstToken": "if(first_token_ns < start_ns, NULL, first_token_ns - start_ns) / 1e6",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "totalTokens": "total_tokens",
    "outputTokensPerSecond": f"output_tokens / {_SECONDS}",
    "tokensPerSecond": f"total_tokens / {_SECONDS}",
    "inputCost": "if(mapContains(cost_details, 'input'), toFloat64(cost_details['input']), NULL)",
    "outputCost": "if(mapContains(cost_details, 'output'), toFloat64(cost_details['output']), NULL)",
    "totalCost": "toFloat64(total_cost)",
}
"""What can be measured; durations are milliseconds, money is USD."""

DIMENSIONS = {
    "environment": "coalesce(environment, 'default')",
    "type": "kind",
    "name": "name",
    "level": "level",
    "version": "app_version",
    "tags": "tags",
    "release": "release",
    "traceName": "trace_name",
    "traceRelease": "release",
    "traceVersion": "app_version",
    "providedModelName": "model",
    "promptName": _ATTRIBUTE.format("name"),
    "promptVersion": _ATTRIBUTE.format("version"),
    "isRootObservation": IS_ROOT,
    "startTimeMonth": "formatDateTime(fromUnixTimestamp64Nano(start_ns, 'UTC'), '%Y-%m')",
}
"""What can be grouped by."""

_FILTERED = {
    **DIMENSIONS,
    "id": "span_id",
    "traceId": "trace_id",
    "userId": "user_ref",
    "parentObservationId": "parent_span_id",
    "model": "model",
}

_PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_PLAIN = frozenset({"sum", "avg", "count", "max", "min"})
_TEXT_TESTS = {
    "=": "{column} = {value}",
    "contains": "position({column}, {value}) > 0",
    "does not contain": "position({column}, {value}) = 0",
    "starts with": "startsWith({column}, {value})",
    "ends with": "endsWith({column}, {value})",
}
_NUMBER_TESTS = frozenset({"=", ">", "<", ">=", "<="})
_GRANULARITIES = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_678_400}
_BUCKETS = 50
_BETWEEN = "day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16})"


def metrics(client: Client, query: MetricsQuery) -> list[dict[str, Any]]:
    """One row per group. See `TraceReader.metrics`."""
    groups = {name: _known(DIMENSIONS, name, "dimension") for name in query.dimensions}
    if query.granularity is not None:
        groups["time_dimension"] = _bucket(query)
    numbers = {
        f"{aggregation}_{measure}": _aggregate(measure, aggregation, query.bins)
        for measure, aggregation in query.measures
    }
    where = _conditions(query)
    # Dimensions bear numbers here: a name of theirs would hide the column that it is made of.
    columns = [f"{expression} AS g{index}" for index, expression in enumerate(groups.values())]
    columns += [f"{expression} AS n{index}" for index, expression in enumerate(numbers.values())]
    statement = f"SELECT {', '.join(columns)} FROM observations FINAL WHERE {where}"  # noqa: S608
    if groups:
        statement += f" GROUP BY {', '.join(f'g{index}' for index in range(len(groups)))}"
    names = [*groups, *numbers]
    aliases = [f"g{index}" for index in range(len(groups))]
    aliases += [f"n{index}" for index in range(len(numbers))]
    statement += _order(query, dict(zip(names, aliases, strict=True)))
    answer = lines(client, statement, where.parameters | {"limit": query.limit})
    rows = [msgspec.json.decode(line) for line in answer.splitlines() if line]
    return [{name: row[alias] for name, alias in zip(names, aliases, strict=True)} for row in rows]


def _known(names: dict[str, str], name: str, what: str) -> str:
    found = names.get(name)
    if found is None:
        raise BadInput(f"'{name}' is no {what}; there are {', '.join(sorted(names))}.")
    return found


def _aggregate(measure: str, aggregation: str, bins: int) -> str:
    value = _known(MEASURES, measure, "measure")
    if aggregation in _PLAIN:
        return f"{aggregation}({value})"
    if (level := _PERCENTILES.get(aggregation)) is not None:
        return f"quantileExactInclusiveOrNull({level})(assumeNotNull({value})) FILTER (WHERE isNotNull({value}))"
    if aggregation == "histogram":
        return f"histogramIf({int(bins)})(assumeNotNull({value}), isNotNull({value}))"
    raise BadInput(f"'{aggregation}' is no aggregation.")


def _bucket(query: MetricsQuery) -> str:
    unit = query.granularity
    if unit == "auto":
        wanted = (query.to_ns - query.from_ns) / 1e9 / _BUCKETS
        unit = next((name for name, size in _GRANULARITIES.items() if size >= wanted), "month")
    if unit not in _GRANULARITIES:
        raise BadInput("granularity must be auto, minute, hour, day, week or month.")
    instant = "fromUnixTimestamp64Nano(start_ns, 'UTC')"
    start = f"toDateTime(toStartOfInterval({instant}, INTERVAL 1 {unit}), 'UTC')"
    return f"formatDateTime({start}, '%Y-%m-%dT%H:%i:%SZ')"


def _order(query: MetricsQuery, aliases: dict[str, str]) -> str:
    wanted = []
    for name, is_descending in query.order:
        alias = _known(aliases, name, "name in this answer")
        wanted.append(f"{alias} {'DESC' if is_descending else 'ASC'}")
    # The rest makes pages of equal rows come in the same order each time.
    wanted += [alias for alias in aliases.values() if alias.startswith("g")]
    order = f" ORDER BY {', '.join(wanted)}" if wanted else ""
    return order + " LIMIT {limit:UInt32}"


def _conditions(query: MetricsQuery) -> Conditions:
    where = Conditions(query.project_ids)
    where.within("start_ns", query.from_ns, query.to_ns)
    where.add(_BETWEEN, first=day_of(query.from_ns, 0), last=day_of(query.to_ns, 0))
    for index, (field, operator, value) in enumerate(query.filters):
        _add_filter(where, query, index, field, operator, value)
    return where


def _add_filter(
    where: Conditions, query: MetricsQuery, index: int, field: str, operator: str, value: Any
) -> None:
    name = f"f_{index}"
    if field == "sessionId" and operator == "=" and isinstance(value, str):
        sessions = session_parameters(query.project_ids, value)
        where.add(OF_SESSION, sessions=sessions)
    elif field == "tags":
        _add_tags(where, name, operator, value)
    elif field in MEASURES and field != "count":
        if operator not in _NUMBER_TESTS or isinstance(value, (bool, str)) or value is None:
            raise BadInput(f"The filter on '{field}' needs a comparison and a number.")
        test = f"({MEASURES[field]}) {operator} {{{name}:Float64}}"
        where.add(test, **{name: float(value)})
    elif field == "isRootObservation":
        is_wanted = bool(value) == (operator == "=")
        where.add(IS_ROOT if is_wanted else f"NOT {IS_ROOT}")
    else:
        column = f"coalesce(toString({_known(_FILTERED, field, 'column to filter on')}), '')"
        _add_text(where, name, column, operator, value)


def _add_text(where: Conditions, name: str, column: str, operator: str, value: Any) -> None:
    if operator in ("any of", "none of"):
        wanted = _texts(value)
        negation = "" if operator == "any of" else "NOT "
        where.add(f"{column} {negation}IN {{{name}:Array(String)}}", **{name: wanted})
    elif operator in ("is null", "is not null"):
        where.add(f"{column} {'=' if operator == 'is null' else '!='} ''")
    elif operator in _TEXT_TESTS:
        test = _TEXT_TESTS[operator].replace("{column}", column)
        where.add(test.replace("{value}", f"{{{name}:String}}"), **{name: str(value)})
    else:
        raise BadInput(f"'{operator}' is no operator for a text.")


def _add_tags(where: Conditions, name: str, operator: str, value: Any) -> None:
    tests = {"any of": "hasAny", "all of": "hasAll", "none of": "NOT hasAny"}
    if operator not in tests:
        raise BadInput("tags need the operator any of, all of or none of.")
    where.add(f"{tests[operator]}(tags, {{{name}:Array(String)}})", **{name: _texts(value)})


def _texts(value: Any) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput("The value of this filter must be a list of texts.")
    return value
