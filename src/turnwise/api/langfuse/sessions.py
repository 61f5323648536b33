"""`GET /api/public/sessions` and `/api/public/sessions/{sessionId}`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from turnwise.api.langfuse.errors import ERRORS, NOT_FOUND
from turnwise.api.langfuse.forms import DEFAULT_ENVIRONMENT, Form, trace_form
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
)
from turnwise.model.errors import NotFound
from turnwise.model.instants import iso_ms
from turnwise.model.trace import NamedSession, TraceQuery, TraceReader

MAX_TRACES = 1_000
"""How many traces the detail of one session shows."""


def router(reader: TraceReader) -> APIRouter:
    """The reads of sessions that traces name."""
    routes = APIRouter(prefix="/api/public/sessions", tags=["Langfuse"], responses=ERRORS)

    @routes.get("", summary="List sessions")
    async def list_sessions(
        caller: Reader,
        page: Page = 1,
        limit: Limit = DEFAULT_LIMIT,
        from_timestamp: Annotated[str | None, Query(alias="fromTimestamp")] = None,
        to_timestamp: Annotated[str | None, Query(alias="toTimestamp")] = None,
        environment: Environments = None,
    ) -> Response:
        """Sessions that some trace names, newest first."""
        limit = min(limit, MAX_LIMIT)
        query = TraceQuery(
            project_ids=caller.project_ids,
            from_ns=instant(from_timestamp, "fromTimestamp"),
            to_ns=instant(to_timestamp, "toTimestamp"),
            environments=tuple(environment or ()),
            limit=limit,
            offset=(page - 1) * limit,
        )
        found = await reader.named_sessions(query)
        total = await reader.count_named_sessions(query)
        data = [_form(each) for each in found]
        return answer({"data": data, "meta": page_meta(page, limit, total)})

    @routes.get("/{sessionId:path}", summary="Get a session", responses=NOT_FOUND)
    async def get_session(
        caller: Reader, session_id: Annotated[str, Path(alias="sessionId")]
    ) -> Response:
        """One session with its traces, by any name that it is known by."""
        query = TraceQuery(
            project_ids=caller.project_ids,
            session=session_id,
            order=("at_ns", False),
            limit=MAX_TRACES,
        )
        found = await reader.traces(query)
        if not found:
            raise NotFound("Session not found within authorized project")
        first = found[0]
        named = next((view.session_ref for view in found if view.session_ref), session_id)
        session = NamedSession(
            project_id=first.project_id,
            ref=named,
            started_ns=first.at_ns,
            environment=first.environment,
        )
        return answer({**_form(session), "traces": [trace_form(view) for view in found]})

    return routes


def _form(session: NamedSession) -> Form:
    return {
        "id": session.ref,
        "createdAt": iso_ms(session.started_ns),
        "projectId": session.project_id,
        "environment": session.environment or DEFAULT_ENVIRONMENT,
    }
