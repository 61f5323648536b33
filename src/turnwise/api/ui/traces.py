"""A trace: its rows without contents, and the turns of the call that it shows."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, MaybeMoney, Viewer, json_answer, ms, project_name
from turnwise.http.json_text import money, raw
from turnwise.model.errors import NotFound
from turnwise.model.ids import public_session_id
from turnwise.model.observation import Kind, Level, Observation, Step
from turnwise.model.ports import SessionReader
from turnwise.model.session import Session, Speaker, TraceSummary, Turn
from turnwise.model.tenancy import Caller
from turnwise.model.trace import ObservationQuery, TraceReader

MAX_ROWS = 50_000

TraceId = Annotated[str, Path(max_length=256)]


class RowBody(msgspec.Struct, rename="camel", frozen=True):
    """One observation without its contents; `start_ms` is since the trace's start.

    Attributes:
        tool: the tool that it ran, where that is not its name.
    """

    id: str
    parent: str | None
    name: str | None
    tool: str | None
    kind: Kind
    step: Step
    level: Level
    start_ms: float
    end_ms: float | None
    first_token_ms: float | None
    model: str | None
    tokens: int | float | None
    cost_usd: MaybeMoney


class TurnMark(msgspec.Struct, rename="camel", frozen=True):
    """A turn of the call; its times are since the trace's start, and may lie outside of it.

    Attributes:
        span_ids: the rows that it was made from.
    """

    index: int
    speaker: Speaker
    text: str | None
    start_ms: float
    end_ms: float | None
    span_ids: tuple[str, ...]


class NeighbourBody(msgspec.Struct, rename="camel", frozen=True):
    """Another trace of the session."""

    id: str
    name: str | None


class TraceBody(msgspec.Struct, rename="camel", frozen=True):
    """A trace, its rows by start.

    Attributes:
        started_ms: since the epoch.
        offset_ms: since the session's start.
        turns: of the whole session.
        previous, next: by start, among the traces of the session.
    """

    id: str
    name: str | None
    project: str
    session_id: str
    agent: str
    started_ms: float
    offset_ms: float
    duration_ms: float
    errors: int
    is_cut: bool
    previous: NeighbourBody | None
    next: NeighbourBody | None
    turns: list[TurnMark]
    rows: list[RowBody]


def router(reader: SessionReader, traces: TraceReader) -> APIRouter:
    """For whoever may see the trace."""
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
    order = sorted(session.traces, key=lambda each: (each.start_ns, each.trace_id))
    place = next((at for at, each in enumerate(order) if each.trace_id == trace_id), None)
    summary = None if place is None else order[place]
    return TraceBody(
        id=trace_id,
        name=summary.name if summary else None,
        project=project_name(caller, session.project_id),
        session_id=public_session_id(session.id),
        agent=session.agent,
        started_ms=ms(first_ns),
        offset_ms=ms(first_ns - session.started_ns),
        duration_ms=ms(max(0, last_ns - first_ns)),
        errors=sum(each.level is Level.ERROR for each in shown),
        is_cut=len(observations) > MAX_ROWS,
        previous=_neighbour(order, place, -1),
        next=_neighbour(order, place, 1),
        turns=[_turn(each, first_ns) for each in session.turns],
        rows=[_row(each, first_ns) for each in shown],
    )


def _neighbour(order: Sequence[TraceSummary], place: int | None, step: int) -> NeighbourBody | None:
    if place is None or not 0 <= place + step < len(order):
        return None
    return NeighbourBody(id=order[place + step].trace_id, name=order[place + step].name)


def _turn(each: Turn, first_ns: int) -> TurnMark:
    return TurnMark(
        index=each.index,
        speaker=each.speaker,
        text=each.text,
        start_ms=ms(each.start_ns - first_ns),
        end_ms=None if each.end_ns is None else ms(each.end_ns - first_ns),
        span_ids=each.span_ids,
    )


def _row(each: Observation, first_ns: int) -> RowBody:
    cost = each.total_cost_usd
    usage = each.usage_details
    return RowBody(
        id=each.span_id,
        parent=each.parent_span_id,
        name=each.name,
        tool=None if each.voice.tool_name == each.name else each.voice.tool_name,
        kind=each.kind,
        step=each.step,
        level=each.level,
        start_ms=ms(each.start_ns - first_ns),
        end_ms=None if each.end_ns is None else ms(each.end_ns - first_ns),
        first_token_ms=first_token_ms(each),
        model=each.model,
        tokens=usage.get("total", sum(usage.values())) if usage else None,
        cost_usd=raw(None) if cost is None else money(cost),
    )


def first_token_ms(each: Observation) -> float | None:
    """From its start to the first token or first audio byte."""
    return None if each.first_token_ns is None else ms(each.first_token_ns - each.start_ns)
