"""The log records of a session: a list by time, and each of them whole."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer, ms, visible
from turnwise.api.ui.contents import ContentBody, content_body
from turnwise.api.ui.sessions import SessionName
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.model.errors import NotFound
from turnwise.model.logs import MOST_SEVERE, LogLine, LogQuery, LogReader
from turnwise.model.ports import SessionReader

PAGE = 100
MAX_PAGE = 500
MAX_TEXT = 200


class LogLineBody(msgspec.Struct, rename="camel", frozen=True):
    """One record of the list.

    Attributes:
        at_ms: since the session's start.
        severity: OpenTelemetry's number, 0 where nobody said.
        is_cut: whether `text` is only the beginning.
    """

    id: str
    at_ms: float
    severity: int
    severity_text: str | None
    logger: str | None
    text: str
    is_cut: bool
    trace_id: str | None
    span_id: str | None


class LogPage(msgspec.Struct, rename="camel", frozen=True):
    """A page of the list, oldest first; `next_cursor` is None on the last one."""

    data: list[LogLineBody]
    next_cursor: str | None


class LogBody(msgspec.Struct, rename="camel", frozen=True):
    """One record, `written_ms` since the epoch; all of it when that is asked for."""

    id: str
    written_ms: float
    text: ContentBody | None
    attributes: ContentBody | None


def router(reader: SessionReader, logs: LogReader) -> APIRouter:
    """For whoever may see the session."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/sessions/{session_id}/logs")
    async def list_logs(
        caller: Viewer,
        request: Request,
        session_id: SessionName,
        severity: Annotated[int, Query(ge=0, le=MOST_SEVERE)] = 0,
        q: Annotated[str | None, Query(max_length=MAX_TEXT)] = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
    ) -> Response:
        session = visible(await reader.session(caller, session_id), caller)
        query = LogQuery(
            project_id=session.project_id,
            session_id=session.id,
            least_severity=severity,
            text=q,
            after=None if cursor is None else decode_cursor(cursor),
            limit=limit + 1,
        )
        found = await logs.lines(query)
        following = None
        if len(found) > limit:
            following = encode_cursor(found[limit - 1].time_ns, found[limit - 1].id)
        data = [_line(each, session.started_ns) for each in found[:limit]]
        return await json_answer(request, LogPage(data=data, next_cursor=following))

    @routes.get("/sessions/{session_id}/logs/{log_id}")
    async def get_log(
        caller: Viewer,
        request: Request,
        session_id: SessionName,
        log_id: Annotated[str, Path(max_length=256)],
        whole: bool = False,
    ) -> Response:
        session = visible(await reader.session(caller, session_id), caller)
        found = await logs.record(session.project_id, session.id, log_id)
        if found is None:
            raise NotFound("Log record not found.", code="log_not_found")
        body = LogBody(
            id=found.id,
            written_ms=ms(found.time_ns),
            text=content_body(found.text, whole=whole),
            attributes=content_body(found.attributes, whole=whole),
        )
        return await json_answer(request, body)

    return routes


def _line(each: LogLine, start_ns: int) -> LogLineBody:
    return LogLineBody(
        id=each.id,
        at_ms=ms(each.time_ns - start_ns),
        severity=each.severity,
        severity_text=each.severity_text,
        logger=each.logger,
        text=each.text,
        is_cut=each.size > len(each.text),
        trace_id=each.trace_id,
        span_id=each.span_id,
    )
