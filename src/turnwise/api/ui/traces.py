"""A trace: its rows without contents, and the turns of the call that it shows."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import (
    PREFIX,
    MaybeMoney,
    Viewer,
    json_answer,
    ms,
    ms_since,
    project_name,
)
from turnwise.http.json_text import money, raw
from turnwise.model.errors import NotFound
from turnwise.model.ids import public_session_id
from turnwise.model.observation import Kind, Level, Step
from turnwise.model.ports import SessionReader
from turnwise.model.session import Session, Speaker, TraceSummary, Turn
from turnwise.model.tenancy import Caller
from turnwise.model.trace import TraceReader, TraceRow

MAX_ROWS = 50_000

TraceId = Annotated[str, Path(max_length=256)]


# Rows and turns come by the thousand and can be part of no cycle: the garbage collector is spared them.
class RowBody(msgspec.Struct, rename="camel", frozen=True, gc=False):
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
    tokens: int | None
    cost_usd: MaybeMoney


class TurnMark(msgspec.Struct, rename="camel", frozen=True, gc=False):
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
        found = await traces.rows_of_trace(session.project_id, trace_id, MAX_ROWS + 1)
        body = await asyncio.to_thread(_trace, caller, session, trace_id, found)
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


def _trace(caller: Caller, session: Session, trace_id: str, found: list[TraceRow]) -> TraceBody:
    shown = found[:MAX_ROWS]
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
        is_cut=len(found) > MAX_ROWS,
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
        end_ms=ms_since(first_ns, each.end_ns),
        span_ids=each.span_ids,
    )


def _row(each: TraceRow, first_ns: int) -> RowBody:
    return RowBody(
        id=each.span_id,
        parent=each.parent_span_id,
        name=each.name,
        tool=None if each.tool in ("", each.name) else each.tool,
        kind=each.kind,
        step=each.step,
        level=each.level,
        start_ms=ms(each.start_ns - first_ns),
        end_ms=ms_since(first_ns, each.end_ns),
        first_token_ms=ms_since(each.start_ns, each.first_token_ns),
        model=each.model,
        tokens=each.tokens,
        cost_usd=raw(None) if each.cost_usd is None else money(each.cost_usd),
    )
