"""`GET /api/public/v2/metrics` (SDK 3 to 5), `/metrics` (SDK 3, 4) and `/metrics/daily` (SDK 2)."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from turnwise.api.langfuse.errors import ERRORS
from turnwise.api.langfuse.filters import SentFilter, column_filters
from turnwise.api.langfuse.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Environments,
    Limit,
    Page,
    Reader,
    answer,
    instant,
    page_meta,
    wrong,
)
from turnwise.http.json_text import money
from turnwise.model.tenancy import Caller
from turnwise.model.trace import DayUsage, MetricsQuery, TraceQuery, TraceReader

MAX_ROWS = 1_000
MAX_PARTS = 20
"""How many metrics or dimensions one question may have."""

_VIEWS = frozenset({
    "observations", "traces", "scores-numeric", "scores-boolean", "scores-categorical",
})  # fmt: skip

Query_ = Annotated[str, Query(alias="query", description="JSON of the question.")]


class _Metric(msgspec.Struct):
    measure: str
    aggregation: str


class _Field(msgspec.Struct):
    field: str
    direction: str = "asc"


class _Time(msgspec.Struct):
    granularity: str


class _Config(msgspec.Struct):
    bins: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    row_limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ROWS)] = 100


class _Question(msgspec.Struct, rename="camel"):
    view: str
    metrics: Annotated[list[_Metric], msgspec.Meta(min_length=1, max_length=MAX_PARTS)]
    from_timestamp: str
    to_timestamp: str
    dimensions: Annotated[list[_Field], msgspec.Meta(max_length=MAX_PARTS)] = []
    filters: list[SentFilter] = []
    time_dimension: _Time | None = None
    order_by: Annotated[list[_Field], msgspec.Meta(max_length=MAX_PARTS)] | None = None
    config: _Config | None = None


def router(reader: TraceReader) -> APIRouter:
    """The reads of numbers."""
    routes = APIRouter(prefix="/api/public", tags=["Langfuse"], responses=ERRORS)

    @routes.get("/v2/metrics", summary="Numbers over observations and scores")
    async def metrics(caller: Reader, query: Query_) -> Response:
        """Sums, averages and percentiles by dimension and time."""
        asked = _read(caller, query, _VIEWS - {"traces"})
        return answer({"data": await reader.metrics(asked)})

    @routes.get("/metrics", summary="Numbers over traces, observations and scores")
    async def metrics_v1(caller: Reader, query: Query_) -> Response:
        """The same over traces too, and by user, session and id."""
        asked = _read(caller, query, _VIEWS - {"scores-boolean"})
        return answer({"data": await reader.metrics(replace(asked, is_fine=True))})

    @routes.get("/metrics/daily", summary="Numbers by day and model")
    async def daily(
        caller: Reader,
        page: Page = 1,
        limit: Limit = DEFAULT_LIMIT,
        trace_name: Annotated[str | None, Query(alias="traceName")] = None,
        user_id: Annotated[str | None, Query(alias="userId")] = None,
        tags: Annotated[list[str] | None, Query()] = None,
        environment: Environments = None,
        from_timestamp: Annotated[str | None, Query(alias="fromTimestamp")] = None,
        to_timestamp: Annotated[str | None, Query(alias="toTimestamp")] = None,
    ) -> Response:
        """Days (UTC) on which traces began, the newest first, with what their models took."""
        limit = min(limit, MAX_LIMIT)
        days = await reader.daily(
            TraceQuery(
                project_ids=caller.project_ids,
                name=trace_name,
                user=user_id,
                tags=tuple(tags or ()),
                environments=tuple(environment or ()),
                from_ns=instant(from_timestamp, "fromTimestamp"),
                to_ns=instant(to_timestamp, "toTimestamp"),
            )
        )
        data = [_day(each) for each in days[(page - 1) * limit : page * limit]]
        return answer({"data": data, "meta": page_meta(page, limit, len(days))})

    return routes


def _day(day: DayUsage) -> dict[str, Any]:
    return {
        "date": day.date,
        "countTraces": day.trace_count,
        "countObservations": day.observation_count,
        "totalCost": money(day.cost_usd),
        "usage": [
            {
                "model": each.model,
                "inputUsage": each.input_tokens,
                "outputUsage": each.output_tokens,
                "totalUsage": each.total_tokens,
                "totalCost": money(each.cost_usd),
                "countObservations": each.observation_count,
                "countTraces": each.trace_count,
            }
            for each in day.models
        ],
    }


def _read(caller: Caller, text: str, views: frozenset[str]) -> MetricsQuery:
    try:
        asked = msgspec.json.decode(text, type=_Question)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise wrong("query", str(error)) from error
    if asked.view not in views:
        raise wrong("query", f"the view must be one of {', '.join(sorted(views))}")
    from_ns = instant(asked.from_timestamp, "fromTimestamp")
    to_ns = instant(asked.to_timestamp, "toTimestamp")
    if from_ns is None or to_ns is None or to_ns <= from_ns:
        raise wrong("query", "toTimestamp must be after fromTimestamp")
    config = asked.config or _Config()
    return MetricsQuery(
        project_ids=caller.project_ids,
        view=asked.view,
        from_ns=from_ns,
        to_ns=to_ns,
        measures=tuple(dict.fromkeys((each.measure, each.aggregation) for each in asked.metrics)),
        dimensions=tuple(dict.fromkeys(each.field for each in asked.dimensions)),
        filters=column_filters(asked.filters, "query"),
        granularity=asked.time_dimension.granularity if asked.time_dimension else None,
        order=tuple((each.field, each.direction == "desc") for each in asked.order_by or ()),
        bins=config.bins,
        limit=config.row_limit,
    )
