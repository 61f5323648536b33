"""Numbers over observations, traces and scores: sums, averages, percentiles by group and time."""

from collections.abc import Mapping
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.errors import BadInput
from turnwise.model.trace import MetricsQuery
from turnwise.store.telemetry.column_filters import add_filters
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.metric_views import METRIC_VIEWS, MetricView
from turnwise.store.telemetry.sql import lines

_PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_PLAIN = frozenset({"sum", "avg", "count", "max", "min"})
_GRANULARITIES = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_678_400}
_BUCKETS = 50
_BETWEEN = "day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16})"


def metrics(client: Client, query: MetricsQuery) -> list[dict[str, Any]]:
    """One row per group. See `TraceReader.metrics`."""
    view = METRIC_VIEWS[query.view]
    dimensions = {**view.dimensions, **view.fine} if query.is_fine else view.dimensions
    groups = {name: _known(dimensions, name, "dimension") for name in query.dimensions}
    if query.granularity is not None:
        groups["time_dimension"] = _bucket(query, view.instant)
    numbers = {
        f"{aggregation}_{measure}": _aggregate(view, measure, aggregation, query.bins)
        for measure, aggregation in query.measures
    }
    where = _conditions(query, view)
    # Dimensions bear numbers here: a name of theirs would hide the column that it is made of.
    columns = [f"{expression} AS g{index}" for index, expression in enumerate(groups.values())]
    columns += [f"{expression} AS n{index}" for index, expression in enumerate(numbers.values())]
    named = (*query.dimensions, *(measure for measure, _ in query.measures))
    rows = view.rows + "".join(dict.fromkeys(view.joins.get(name, "") for name in named))
    statement = f"SELECT {', '.join(columns)} FROM {rows} WHERE {where}"  # noqa: S608
    if groups:
        statement += f" GROUP BY {', '.join(f'g{index}' for index in range(len(groups)))}"
    names = [*groups, *numbers]
    aliases = [f"g{index}" for index in range(len(groups))]
    aliases += [f"n{index}" for index in range(len(numbers))]
    statement += _order(query, dict(zip(names, aliases, strict=True)))
    answer = lines(client, statement, where.parameters | {"limit": query.limit})
    found = [msgspec.json.decode(line) for line in answer.splitlines() if line]
    return [{name: row[alias] for name, alias in zip(names, aliases, strict=True)} for row in found]


def _known(names: Mapping[str, str], name: str, what: str) -> str:
    found = names.get(name)
    if found is None:
        raise BadInput(f"'{name}' is no {what}; there are {', '.join(sorted(names))}.")
    return found


def _aggregate(view: MetricView, measure: str, aggregation: str, bins: int) -> str:
    value = _known(view.measures, measure, "measure")
    if aggregation in _PLAIN:
        return f"{aggregation}({value})"
    if (level := _PERCENTILES.get(aggregation)) is not None:
        return f"quantileExactInclusiveOrNull({level})(assumeNotNull({value})) FILTER (WHERE isNotNull({value}))"
    if aggregation == "histogram":
        return f"histogramIf({int(bins)})(assumeNotNull({value}), isNotNull({value}))"
    raise BadInput(f"'{aggregation}' is no aggregation.")


def _bucket(query: MetricsQuery, column: str) -> str:
    unit = query.granularity
    if unit == "auto":
        wanted = (query.to_ns - query.from_ns) / 1e9 / _BUCKETS
        unit = next((name for name, size in _GRANULARITIES.items() if size >= wanted), "month")
    if unit not in _GRANULARITIES:
        raise BadInput("granularity must be auto, minute, hour, day, week or month.")
    instant = f"fromUnixTimestamp64Nano({column}, 'UTC')"
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


def _conditions(query: MetricsQuery, view: MetricView) -> Conditions:
    where = Conditions(query.project_ids)
    where.within(view.instant, query.from_ns, query.to_ns)
    if view.has_days:
        where.add(_BETWEEN, first=day_of(query.from_ns, 0), last=day_of(query.to_ns, 0))
    add_filters(where, view.columns, query.filters)
    return where
