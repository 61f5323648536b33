"""Session traces and trace details, as the Lyzr voice API publishes them (under /v1/traces).

A caller sees a session of its tenant when it is owner or admin, or made the session; everything
else is the same 404 as a session that does not exist.
"""

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel

from turnwise.http.auth import MISSING, with_scope
from turnwise.http.errors import ErrorRenderer, render_default
from turnwise.http.json_text import JSON, money, raw
from turnwise.model.errors import NotFound, TurnwiseError, Unauthenticated
from turnwise.model.ids import is_canonical_uuid
from turnwise.model.instants import iso_ms, seconds_from_ns
from turnwise.model.observation import Observation
from turnwise.model.ports import SessionReader
from turnwise.model.session import Session, TraceSummary
from turnwise.model.tenancy import Caller, Scope

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def _is_uuid(text: str) -> str:
    if not is_canonical_uuid(text):
        raise ValueError("must be a UUID, 36 characters with dashes")
    return text


Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
SessionUuid = Annotated[
    str,
    Path(
        alias="sessionId", description="The session's UUID.", json_schema_extra={"format": "uuid"}
    ),
    AfterValidator(_is_uuid),
]


class TraceLine(msgspec.Struct, rename="camel", frozen=True):
    """One trace of the list."""

    trace_id: str
    name: str | None
    session_id: str
    timestamp: str
    latency_seconds: float | None
    total_cost_usd: msgspec.Raw
    observation_count: int
    html_path: str


class Pagination(msgspec.Struct, rename="camel", frozen=True):
    """The values applied, and the totals before paging."""

    page: int
    limit: int
    total_items: int
    total_pages: int


class TraceList(msgspec.Struct, frozen=True):
    """Answer of the list."""

    traces: list[TraceLine]
    pagination: Pagination


class ObservationBody(msgspec.Struct, rename="camel", frozen=True):
    """One unit of work of a trace; contents are carried as the sender's own JSON."""

    id: str
    trace_id: str
    parent_observation_id: str | None
    type: str
    name: str | None
    level: str
    start_time: str
    end_time: str | None
    completion_start_time: str | None
    status_message: str | None
    model: str | None
    model_parameters: msgspec.Raw
    input: msgspec.Raw
    output: msgspec.Raw
    metadata: msgspec.Raw
    usage_details: dict[str, int | float]
    cost_details: dict[str, msgspec.Raw]
    environment: str | None


class TraceBody(msgspec.Struct, rename="camel", frozen=True):
    """A trace with its observations."""

    trace_id: str
    name: str | None
    session_id: str
    timestamp: str
    latency_seconds: float | None
    total_cost_usd: msgspec.Raw
    html_path: str
    observations: list[ObservationBody]


class TraceDetail(msgspec.Struct, frozen=True):
    """Answer of the detail."""

    trace: TraceBody


class ErrorBody(BaseModel):
    """Every error of this surface."""

    error: str
    details: str | None = None
    issues: list[dict[str, Any]] | None = None


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A parameter is malformed or out of its bounds."},
    401: {"model": ErrorBody, "description": "No key, or one that is unknown."},
    403: {"model": ErrorBody, "description": "The key lacks the scope `read`."},
    404: {"model": ErrorBody, "description": "Unknown, or outside the caller's scope."},
}


def _render_error(error: TurnwiseError, request: Request) -> bytes:
    """The published form; a missing and a wrong key have the vendor's own words."""
    if isinstance(error, Unauthenticated):
        word = "Missing" if error.code == MISSING else "Invalid"
        return JSON.encode({"error": f"{word} x-api-key"})
    return render_default(error, request)


ERROR_RENDERER = ErrorRenderer(("/v1/traces/session", "/v1/sessions", "/v1/session"), _render_error)


def html_path(trace_id: str) -> str:
    """The page that shows a trace, relative to the server."""
    return "/traces/view/" + quote(trace_id, safe="")


def _visible(session: Session | None, caller: Caller) -> Session:
    if session is None or not (caller.sees_whole_tenant or session.created_by == caller.user_id):
        raise NotFound(
            "Session traces not found.", details="No session with this id is visible to this key."
        )
    return session


def _line(session: Session, trace: TraceSummary) -> TraceLine:
    return TraceLine(
        trace_id=trace.trace_id,
        name=trace.name,
        session_id=session.id,
        timestamp=iso_ms(trace.start_ns),
        latency_seconds=None if trace.latency_ns is None else seconds_from_ns(trace.latency_ns),
        total_cost_usd=money(trace.cost_usd),
        observation_count=trace.observation_count,
        html_path=html_path(trace.trace_id),
    )


def _observation(each: Observation) -> ObservationBody:
    return ObservationBody(
        id=each.span_id,
        trace_id=each.trace_id,
        parent_observation_id=each.parent_span_id,
        type=each.kind,
        name=each.name,
        level=each.level,
        start_time=iso_ms(each.start_ns),
        end_time=None if each.end_ns is None else iso_ms(each.end_ns),
        completion_start_time=None if each.first_token_ns is None else iso_ms(each.first_token_ns),
        status_message=each.status_message,
        model=each.model,
        model_parameters=raw(each.model_parameters),
        input=raw(each.input),
        output=raw(each.output),
        metadata=raw(each.metadata),
        usage_details=_with_total(each.usage_details),
        cost_details={name: money(cost) for name, cost in _priced(each.cost_details).items()},
        environment=each.environment,
    )


def _with_total(usage: dict[str, int | float]) -> dict[str, int | float]:
    if not usage or "total" in usage:
        return usage
    return {**usage, "total": sum(usage.values())}


def _priced(costs: dict[str, Decimal]) -> dict[str, Decimal]:
    if not costs or "total" in costs:
        return costs
    return {**costs, "total": sum(costs.values(), Decimal(0))}


def router(reader: SessionReader) -> APIRouter:
    """The two endpoints of the surface."""
    routes = APIRouter(prefix="/v1/traces/session", tags=["Session traces"], responses=ERRORS)

    @routes.get("/{sessionId}", summary="List session traces")
    async def list_session_traces(
        caller: Reader,
        session_id: SessionUuid,
        page: Annotated[int, Query(ge=1, description="1-based page.")] = 1,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Page size.")] = DEFAULT_LIMIT,
    ) -> Response:
        """Traces of one session, newest first."""
        session = _visible(await reader.session(caller, session_id), caller)
        newest_first = sorted(session.traces, key=lambda trace: (-trace.start_ns, trace.trace_id))
        lines = newest_first[(page - 1) * limit : page * limit]
        body = TraceList(
            traces=[_line(session, trace) for trace in lines],
            pagination=Pagination(
                page=page,
                limit=limit,
                total_items=len(newest_first),
                total_pages=-(-len(newest_first) // limit),
            ),
        )
        return Response(JSON.encode(body), media_type="application/json")

    @routes.get("/{sessionId}/{traceId}", summary="Get trace details")
    async def get_trace_details(
        caller: Reader,
        session_id: SessionUuid,
        trace_id: Annotated[str, Path(alias="traceId", min_length=1, max_length=256)],
    ) -> Response:
        """One trace with every observation: prompts, answers, tokens, cost and timing."""
        found, observations = await reader.session_with_trace(caller, session_id, trace_id)
        session = _visible(found, caller)
        summary = next((each for each in session.traces if each.trace_id == trace_id), None)
        if summary is None:
            raise NotFound(await _why_missing(caller, trace_id))
        line = _line(session, summary)
        body = TraceBody(
            trace_id=line.trace_id,
            name=line.name,
            session_id=line.session_id,
            timestamp=line.timestamp,
            latency_seconds=line.latency_seconds,
            total_cost_usd=line.total_cost_usd,
            html_path=line.html_path,
            observations=[_observation(each) for each in observations],
        )
        return Response(JSON.encode(TraceDetail(trace=body)), media_type="application/json")

    async def _why_missing(caller: Caller, trace_id: str) -> str:
        elsewhere = await reader.sessions_of_trace(caller, trace_id)
        seen = caller.sees_whole_tenant or any(
            each.created_by == caller.user_id for each in elsewhere
        )
        return "Trace not found for session" if elsewhere and seen else "Trace not found"

    return routes
