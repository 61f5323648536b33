"""`GET /api/public/v2/metrics`: numbers over observations."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from turnwise.api.langfuse.errors import ERRORS
from turnwise.api.langfuse.parameters import Reader, answer, instant, wrong
from turnwise.model.tenancy import Caller
from turnwise.model.trace import MetricsQuery, TraceReader

MAX_ROWS = 1_000
MAX_PARTS = 20
"""How many metrics, dimensions or filters one question may have."""


class _Metric(msgspec.Struct):
    measure: str
    aggregation: str


class _Field(msgspec.Struct):
    field: str
    direction: str = "asc"


class _Filter(msgspec.Struct):
    column: str
    operator: str
    value: Any = None
    type: str = "string"


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
    filters: Annotated[list[_Filter], msgspec.Meta(max_length=MAX_PARTS)] = []
    time_dimension: _Time | None = None
    order_by: Annotated[list[_Field], msgspec.Meta(max_length=MAX_PARTS)] | None = None
    config: _Config | None = None


def router(reader: TraceReader) -> APIRouter:
    """The read of numbers."""
    routes = APIRouter(prefix="/api/public/v2", tags=["Langfuse"], responses=ERRORS)

    @routes.get("/metrics", summary="Numbers over observations")
    async def metrics(
        caller: Reader, query: Annotated[str, Query(description="JSON of the question.")]
    ) -> Response:
        """Sums, averages and percentiles by dimension and time; the view is `observations`."""
        return answer({"data": await reader.metrics(_read(caller, query))})

    return routes


def _read(caller: Caller, text: str) -> MetricsQuery:
    try:
        asked = msgspec.json.decode(text, type=_Question)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise wrong("query", str(error)) from error
    if asked.view != "observations":
        raise wrong("query", "the view must be observations")
    from_ns = instant(asked.from_timestamp, "fromTimestamp")
    to_ns = instant(asked.to_timestamp, "toTimestamp")
    if from_ns is None or to_ns is None or to_ns <= from_ns:
        raise wrong("query", "toTimestamp must be after fromTimestamp")
    config = asked.config or _Config()
    return MetricsQuery(
        project_ids=caller.project_ids,
        from_ns=from_ns,
        to_ns=to_ns,
        measures=tuple(dict.fromkeys((each.measure, each.aggregation) for each in asked.metrics)),
        dimensions=tuple(dict.fromkeys(each.field for each in asked.dimensions)),
        filters=tuple((each.column, each.operator, each.value) for each in asked.filters),
        granularity=asked.time_dimension.granularity if asked.time_dimension else None,
        order=tuple((each.field, each.direction == "desc") for each in asked.order_by or ()),
        bins=config.bins,
        limit=config.row_limit,
    )
