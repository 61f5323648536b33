"""A trace: its rows without contents at once, the contents of one observation when it is opened."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, MaybeMoney, Money, Viewer, json_answer, project_name
from turnwise.api.ui.session_bodies import ms
from turnwise.http.json_text import money, raw
from turnwise.model.errors import NotFound
from turnwise.model.ids import public_session_id
from turnwise.model.observation import Kind, Level, Observation, Step
from turnwise.model.ports import SessionReader
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller
from turnwise.model.trace import ObservationQuery, TraceReader

MAX_ROWS = 50_000
SHOWN_BYTES = 64 * 1024
"""Of a content that is longer, only so much is sent until all of it is asked for."""

TraceId = Annotated[str, Path(max_length=256)]


class RowBody(msgspec.Struct, rename="camel", frozen=True):
    """One observation without its contents; `start_ms` is since the trace's start."""

    id: str
    parent: str | None
    name: str | None
    kind: Kind
    step: Step
    level: Level
    start_ms: float
    end_ms: float | None
    first_token_ms: float | None
    model: str | None
    tokens: int | float | None
    cost_usd: MaybeMoney


class TraceBody(msgspec.Struct, rename="camel", frozen=True):
    """A trace, its rows by start. `started_ms` is since the epoch."""

    id: str
    name: str | None
    project: str
    session_id: str
    agent: str
    started_ms: float
    duration_ms: float
    errors: int
    is_cut: bool
    rows: list[RowBody]


class ContentBody(msgspec.Struct, rename="camel", frozen=True):
    """Contents of an observation as text: JSON, unless it was cut off at `SHOWN_BYTES`."""

    text: str
    bytes: int
    is_cut: bool


class ObservationBody(msgspec.Struct, rename="camel", frozen=True):
    """One observation with its contents; `costs` in USD by name."""

    id: str
    trace_id: str
    parent: str | None
    name: str | None
    kind: Kind
    step: Step
    level: Level
    status_message: str | None
    started_ms: float
    duration_ms: float | None
    first_token_ms: float | None
    model: str | None
    provider: str | None
    environment: str | None
    app_version: str | None
    parameters: msgspec.Raw
    usage: dict[str, int | float]
    costs: dict[str, Money]
    cost_source: str | None
    input: ContentBody | None
    output: ContentBody | None
    metadata: ContentBody | None


def router(reader: SessionReader, traces: TraceReader) -> APIRouter:
    """Light rows first, bodies on demand."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/traces/{trace_id}")
    async def get_trace(caller: Viewer, request: Request, trace_id: TraceId) -> Response:
        session = await session_of_trace(reader, caller, trace_id)
        found = await traces.observations(
            ObservationQuery(
                project_ids=(session.project_id,),
                trace_id=trace_id,
                with_contents=False,
                limit=MAX_ROWS + 1,
            )
        )
        body = _trace(caller, session, trace_id, found[::-1])
        return await json_answer(request, body)

    @routes.get("/traces/{trace_id}/observations/{span_id}")
    async def get_observation(
        caller: Viewer,
        request: Request,
        trace_id: TraceId,
        span_id: Annotated[str, Path(max_length=256)],
        whole: bool = False,
    ) -> Response:
        session = await session_of_trace(reader, caller, trace_id)
        found = await traces.observations(
            ObservationQuery(
                project_ids=(session.project_id,), trace_id=trace_id, span_id=span_id, limit=1
            )
        )
        if not found:
            raise NotFound("Observation not found.", code="observation_not_found")
        return await json_answer(request, _observation(found[0], whole=whole))

    return routes


async def session_of_trace(reader: SessionReader, caller: Caller, trace_id: str) -> Session:
    """A session of the trace that the caller may see.

    Raises:
        NotFound: there is none for this caller.
    """
    for session in await reader.sessions_of_trace(caller, trace_id):
        if caller.sees_whole_tenant or session.created_by == caller.user_id:
            return session
    raise NotFound("Trace not found.", code="trace_not_found")


def _trace(
    caller: Caller, session: Session, trace_id: str, observations: list[Observation]
) -> TraceBody:
    shown = observations[:MAX_ROWS]
    first_ns = min((each.start_ns for each in shown), default=session.started_ns)
    last_ns = max((each.end_ns or each.start_ns for each in shown), default=first_ns)
    summary = next((each for each in session.traces if each.trace_id == trace_id), None)
    return TraceBody(
        id=trace_id,
        name=summary.name if summary else None,
        project=project_name(caller, session.project_id),
        session_id=public_session_id(session.id),
        agent=session.agent,
        started_ms=ms(first_ns),
        duration_ms=ms(max(0, last_ns - first_ns)),
        errors=sum(each.level is Level.ERROR for each in shown),
        is_cut=len(observations) > MAX_ROWS,
        rows=[_row(each, first_ns) for each in shown],
    )


def _row(each: Observation, first_ns: int) -> RowBody:
    cost = each.total_cost_usd
    usage = each.usage_details
    return RowBody(
        id=each.span_id,
        parent=each.parent_span_id,
        name=each.name,
        kind=each.kind,
        step=each.step,
        level=each.level,
        start_ms=ms(each.start_ns - first_ns),
        end_ms=None if each.end_ns is None else ms(each.end_ns - first_ns),
        first_token_ms=_first_token_ms(each),
        model=each.model,
        tokens=usage.get("total", sum(usage.values())) if usage else None,
        cost_usd=raw(None) if cost is None else money(cost),
    )


def _first_token_ms(each: Observation) -> float | None:
    return None if each.first_token_ns is None else ms(each.first_token_ns - each.start_ns)


def _observation(each: Observation, *, whole: bool) -> ObservationBody:
    return ObservationBody(
        id=each.span_id,
        trace_id=each.trace_id,
        parent=each.parent_span_id,
        name=each.name,
        kind=each.kind,
        step=each.step,
        level=each.level,
        status_message=each.status_message,
        started_ms=ms(each.start_ns),
        duration_ms=None if each.duration_ns is None else ms(each.duration_ns),
        first_token_ms=_first_token_ms(each),
        model=each.model,
        provider=each.provider,
        environment=each.environment,
        app_version=each.app_version or each.release,
        parameters=raw(each.model_parameters),
        usage=each.usage_details,
        costs={name: money(cost) for name, cost in each.cost_details.items()},
        cost_source=each.cost_source,
        input=_content(each.input, whole=whole),
        output=_content(each.output, whole=whole),
        metadata=_content(each.metadata, whole=whole),
    )


def _content(text: str | None, *, whole: bool) -> ContentBody | None:
    if text is None:
        return None
    size = len(text.encode())
    is_cut = size > SHOWN_BYTES and not whole
    shown = text.encode()[:SHOWN_BYTES].decode(errors="ignore") if is_cut else text
    return ContentBody(text=shown, bytes=size, is_cut=is_cut)
