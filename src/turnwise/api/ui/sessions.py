"""The list of sessions, one session, and how it grows while it is live."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from turnwise.api.ui.answers import (
    NO_CACHE,
    PREFIX,
    Money,
    Viewer,
    json_answer,
    ms,
    project_name,
    project_of,
    visible,
)
from turnwise.api.ui.export import Form, exported
from turnwise.api.ui.session_bodies import SessionBody, session_body
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.json_text import JSON, money
from turnwise.model.errors import BadInput
from turnwise.model.errors import Issue as Wrong
from turnwise.model.ids import SessionId, public_session_id
from turnwise.model.instants import NS_PER_MS, now_ns
from turnwise.model.overview import LineQuery, Order, OverviewReader, SessionFilter, SessionLine
from turnwise.model.ports import Diagnose, SessionReader
from turnwise.model.session import SessionStatus
from turnwise.model.tenancy import Caller

PAGE = 50
MAX_PAGE = 200
MAX_TEXT = 200
LOOK_SECONDS = 1.0
"""How often a live session is looked at for one who watches it."""
_LARGEST_MS = 2**62 // NS_PER_MS

SessionName = Annotated[str, Path(max_length=256)]
Ms = Annotated[int | None, Query(ge=0, le=_LARGEST_MS)]


class LineBody(msgspec.Struct, rename="camel", frozen=True):
    """One session of the list; times in milliseconds, `started_ms` since the epoch."""

    id: str
    ref: str | None
    agent: str
    app_version: str | None
    environment: str | None
    user_ref: str | None
    status: SessionStatus
    is_open: bool
    started_ms: float
    duration_ms: float
    turns: int
    tools: int
    interruptions: int
    errors: int
    recordings: int
    unpriced: int
    cost_usd: Money
    p50_ms: float | None
    p95_ms: float | None


class LinePage(msgspec.Struct, rename="camel", frozen=True):
    """A page of the list; `next_cursor` is None on the last one."""

    data: list[LineBody]
    next_cursor: str | None


class FacetsBody(msgspec.Struct, rename="camel", frozen=True):
    """What the list can be filtered by, most frequent first."""

    agents: Sequence[str]
    versions: Sequence[str]
    environments: Sequence[str]


def line_body(line: SessionLine) -> LineBody:
    """A line as the pages read it."""
    p50, p95 = line.response_p50_ns, line.response_p95_ns
    return LineBody(
        id=public_session_id(line.id),
        ref=line.ref,
        agent=line.agent,
        app_version=line.app_version,
        environment=line.environment,
        user_ref=line.user_ref,
        status=line.status,
        is_open=line.is_open,
        started_ms=ms(line.started_ns),
        duration_ms=ms(line.duration_ns),
        turns=line.turn_count,
        tools=line.tool_count,
        interruptions=line.interruption_count,
        errors=line.error_count,
        recordings=line.recording_count,
        unpriced=line.unpriced,
        cost_usd=money(line.cost_usd),
        p50_ms=None if p50 is None else ms(p50),
        p95_ms=None if p95 is None else ms(p95),
    )


def _ns(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds * NS_PER_MS


def _position(cursor: str | None, sorting: str) -> tuple[int, SessionId] | None:
    """Where the page before ended, if it was sorted as this one."""
    if cursor is None:
        return None
    value, name = decode_cursor(cursor)
    sorted_by, _, session_id = name.partition("/")
    if sorted_by != sorting:
        message = "This cursor belongs to another order."
        raise BadInput(message, issues=[Wrong(("query", "cursor"), message)], code="bad_cursor")
    return value, SessionId(session_id)


def wanted_sessions(
    caller: Caller,
    project: str,
    agent: Sequence[str] = (),
    status: Sequence[SessionStatus] = (),
    version: Sequence[str] = (),
    from_ms: int | None = None,
    to_ms: int | None = None,
    **others: Any,
) -> SessionFilter:
    """The sessions of a project that the caller may see, less what is filtered out."""
    return SessionFilter(
        project_ids=(project_of(caller, project),),
        created_by=None if caller.sees_whole_tenant else caller.user_id,
        agents=tuple(agent),
        statuses=tuple(status),
        versions=tuple(version),
        from_ns=_ns(from_ms),
        to_ns=_ns(to_ms),
        **others,
    )


def asked_lines(
    caller: Viewer,
    project: str,
    agent: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 -- FastAPI copies it
    status: Annotated[list[SessionStatus], Query()] = [],  # noqa: B006
    version: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    env: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    user: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    tag: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    from_ms: Annotated[int | None, Query(alias="from", ge=0, le=_LARGEST_MS)] = None,
    to_ms: Annotated[int | None, Query(alias="to", ge=0, le=_LARGEST_MS)] = None,
    longer: Ms = None,
    shorter: Ms = None,
    slower: Ms = None,
    dearer: Annotated[Decimal | None, Query(ge=0, max_digits=20, decimal_places=12)] = None,
    errors: bool | None = None,
    interrupted: bool | None = None,
    recorded: bool | None = None,
    q: Annotated[str | None, Query(max_length=MAX_TEXT)] = None,
    sort: Order = Order.STARTED,
    ascending: bool = False,
) -> LineQuery:
    """What the parameters of a request ask for, without a page of it."""
    wanted = wanted_sessions(
        caller, project, agent, status, version, from_ms, to_ms,
        min_duration_ns=_ns(longer), max_duration_ns=_ns(shorter), min_response_ns=_ns(slower),
        min_cost_usd=dearer, environments=tuple(env), users=tuple(user), tags=tuple(tag),
        has_errors=errors, is_interrupted=interrupted, has_recording=recorded, text=q,
    )  # fmt: skip
    return LineQuery(filter=wanted, order=sort, is_descending=not ascending)


Asked = Annotated[LineQuery, Depends(asked_lines)]


def router(overview: OverviewReader, reader: SessionReader, diagnose: Diagnose) -> APIRouter:
    """The list with its filters, and single sessions."""
    routes = APIRouter(prefix=PREFIX)
    _add_list(routes, overview)
    _add_session(routes, reader, diagnose)
    return routes


def _add_list(routes: APIRouter, overview: OverviewReader) -> None:
    @routes.get("/projects/{project}/facets")
    async def get_facets(caller: Viewer, request: Request, project: str) -> Response:
        found = await overview.facets(caller, project_of(caller, project))
        body = FacetsBody(
            agents=found.agents, versions=found.versions, environments=found.environments
        )
        return await json_answer(request, body)

    @routes.get("/projects/{project}/sessions")
    async def list_sessions(
        caller: Viewer,
        request: Request,
        asked: Asked,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
    ) -> Response:
        sorting = f"{asked.order}{'-' if asked.is_descending else '+'}"
        query = replace(asked, after=_position(cursor, sorting), limit=limit + 1)
        found = await overview.lines(caller, query)
        shown = found[:limit]
        following = None
        if len(found) > limit:
            following = encode_cursor(shown[-1].sort_value, f"{sorting}/{shown[-1].id}")
        body = LinePage(data=[line_body(each) for each in shown], next_cursor=following)
        return await json_answer(request, body)

    @routes.get("/projects/{project}/sessions/export")
    async def export_sessions(
        caller: Viewer, project: str, asked: Asked, form: Annotated[Form, Query(alias="format")]
    ) -> Response:
        """All that the list would show, however many pages that takes."""
        return exported(overview, caller, asked, form, project)


def _add_session(routes: APIRouter, reader: SessionReader, diagnose: Diagnose) -> None:
    async def body_of(caller: Caller, name: str) -> SessionBody:
        session = visible(await reader.session(caller, name), caller)
        project = project_name(caller, session.project_id)
        return session_body(session, project, await diagnose(session), now_ns())

    @routes.get("/sessions/{session_id}")
    async def get_session(caller: Viewer, request: Request, session_id: SessionName) -> Response:
        return await json_answer(request, await body_of(caller, session_id))

    @routes.get("/sessions/{session_id}/events")
    async def watch_session(caller: Viewer, request: Request, session_id: SessionName) -> Response:
        """The session whenever it has changed, as server-sent events, until it is closed."""
        first = await body_of(caller, session_id)

        async def events() -> AsyncIterator[bytes]:
            body, shown = first, -1
            while True:
                if body.version != shown:
                    yield _event("session", body)
                    shown = body.version
                if not body.is_open or await request.is_disconnected():
                    break
                await asyncio.sleep(LOOK_SECONDS)
                body = await body_of(caller, session_id)
            yield _event("end", {})

        headers = {**NO_CACHE, "X-Accel-Buffering": "no"}
        return StreamingResponse(events(), headers=headers, media_type="text/event-stream")


def _event(name: str, body: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), JSON.encode(body))
