"""`GET /api/public/traces` and `/api/public/traces/{traceId}`."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from turnwise.api.langfuse.errors import ERRORS, NOT_FOUND
from turnwise.api.langfuse.filters import read_filter
from turnwise.api.langfuse.forms import (
    Form,
    data_type_of,
    observation_form,
    score_form,
    trace_with_numbers,
)
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
    words,
    wrong,
)
from turnwise.model.errors import NotFound
from turnwise.model.tenancy import Caller
from turnwise.model.trace import (
    ObservationQuery,
    ScoreQuery,
    TraceQuery,
    TraceReader,
    TraceView,
)

T = TypeVar("T")

MAX_OBSERVATIONS = 20_000
"""How many observations the detail of one trace shows."""

_MAX_SCORES = 10_000
_ORDERS = {
    "id": "trace_id",
    "timestamp": "at_ns",
    "name": "name",
    "userId": "user_ref",
    "release": "release",
    "version": "app_version",
    "public": "is_public",
    "bookmarked": "trace_id",
    "sessionId": "session_ref",
}


def router(reader: TraceReader) -> APIRouter:
    """The reads of traces."""
    routes = APIRouter(prefix="/api/public/traces", tags=["Langfuse"], responses=ERRORS)

    @routes.get("", summary="List traces")
    async def list_traces(
        caller: Reader,
        page: Page = 1,
        limit: Limit = DEFAULT_LIMIT,
        user_id: Annotated[str | None, Query(alias="userId")] = None,
        name: str | None = None,
        session_id: Annotated[str | None, Query(alias="sessionId")] = None,
        from_timestamp: Annotated[str | None, Query(alias="fromTimestamp")] = None,
        to_timestamp: Annotated[str | None, Query(alias="toTimestamp")] = None,
        order_by: Annotated[str | None, Query(alias="orderBy")] = None,
        tags: Annotated[list[str] | None, Query()] = None,
        version: str | None = None,
        release: str | None = None,
        environment: Environments = None,
        fields: str | None = None,
        filter_: Annotated[str | None, Query(alias="filter")] = None,
    ) -> Response:
        """Traces with their latency, cost and the ids of their observations and scores."""
        limit = min(limit, MAX_LIMIT)
        groups = None if fields is None else frozenset(words(fields) or ())
        filters = read_filter(filter_)
        columns = {each.column for each in filters}

        def unnamed(column: str, value: T) -> T | None:
            """A parameter, unless the filter names its column and so goes before it."""
            return None if column in columns else value

        query = TraceQuery(
            project_ids=caller.project_ids,
            name=unnamed("name", name),
            user=unnamed("userId", user_id),
            session=unnamed("sessionId", session_id or None),
            from_ns=unnamed("timestamp", instant(from_timestamp, "fromTimestamp")),
            to_ns=unnamed("timestamp", instant(to_timestamp, "toTimestamp")),
            tags=tuple(unnamed("tags", tags or []) or ()),
            app_version=unnamed("version", version),
            release=unnamed("release", release),
            environments=tuple(unnamed("environment", environment or []) or ()),
            order=_order(order_by),
            filters=filters,
            with_contents=groups is None or "io" in groups,
            limit=limit,
            offset=(page - 1) * limit,
        )
        found = await reader.traces(query)
        total = await reader.count_traces(query)
        scores = await _scores_of(caller, found)
        data = [_line(view, scores.get(view.trace_id, []), groups) for view in found]
        return answer({"data": data, "meta": page_meta(page, limit, total)})

    @routes.get("/{traceId:path}", summary="Get a trace", responses=NOT_FOUND)
    async def get_trace(
        request: Request, caller: Reader, trace_id: Annotated[str, Path(alias="traceId")]
    ) -> Response:
        """One trace with every observation and score."""
        found = await reader.traces(
            TraceQuery(
                project_ids=caller.project_ids, trace_id=trace_id, limit=len(caller.project_ids)
            )
        )
        # The key's own project goes first where two projects use the same id.
        found.sort(key=lambda view: caller.project_ids.index(view.project_id))
        if not found:
            raise NotFound(f"Trace {trace_id} not found within authorized project")
        view = found[0]
        spans = await reader.observations(
            ObservationQuery(
                project_ids=(view.project_id,), trace_id=trace_id, limit=MAX_OBSERVATIONS
            )
        )
        scores = await reader.scores(
            ScoreQuery(project_ids=(view.project_id,), trace_ids=(trace_id,), limit=_MAX_SCORES)
        )
        body = trace_with_numbers(view)
        body["observations"] = [observation_form(each) for each in reversed(spans)]
        spoken = _types_spoken(request)
        body["scores"] = [score_form(each) for each in scores if data_type_of(each) in spoken]
        return answer(body)

    async def _scores_of(caller: Caller, views: list[TraceView]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        if views:
            query = ScoreQuery(
                project_ids=caller.project_ids,
                trace_ids=tuple(view.trace_id for view in views),
                limit=_MAX_SCORES,
            )
            for each in await reader.scores(query):
                found.setdefault(each.trace_id or "", []).append(each.id)
        return found

    return routes


def _types_spoken(request: Request) -> frozenset[str]:
    """The types of scores that the client's models of a trace accept."""
    spoken = {"NUMERIC", "BOOLEAN", "CATEGORICAL"}
    version = request.headers.get("x-langfuse-sdk-version", "")
    return frozenset(spoken if version.startswith("2.") else {*spoken, "TEXT"})


def _line(view: TraceView, scores: list[str], groups: frozenset[str] | None) -> Form:
    """A trace of the list; groups that were not asked for are empty, as Langfuse answers."""
    found = trace_with_numbers(view)
    if groups is None:
        return {**found, "observations": view.observation_ids, "scores": scores}
    found["observations"] = view.observation_ids if "observations" in groups else []
    found["scores"] = scores if "scores" in groups else []
    if "metrics" not in groups:
        found |= {"latency": -1, "totalCost": -1}
    return found


def _order(text: str | None) -> tuple[str, bool]:
    if not text:
        return ("at_ns", True)
    field, _, direction = text.partition(".")
    if field not in _ORDERS or direction.lower() not in ("asc", "desc", ""):
        raise wrong("orderBy", "must be a field, a dot, and asc or desc")
    return (_ORDERS[field], direction.lower() == "desc")
