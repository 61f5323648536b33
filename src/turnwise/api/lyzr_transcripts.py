"""Transcripts of ended conversations, as the Lyzr voice API publishes them (under /v1/transcripts).

A caller sees a conversation of its tenant when it is owner or admin, or began it; everything else
is the same 404 as one that does not exist.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator

from turnwise.http.auth import with_scope
from turnwise.http.json_text import JSON
from turnwise.http.recordings import audio_answer
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.ids import agent_uuid_of, is_canonical_uuid
from turnwise.model.instants import NS_PER_SECOND, iso_ms, ms_from_ns, parse_iso_ns
from turnwise.model.ports import MediaStore, SessionReader
from turnwise.model.session import Session, Speaker, Turn
from turnwise.model.tenancy import Caller, Scope
from turnwise.model.transcripts import (
    CallStats,
    ConversationReader,
    Usage,
    UsageQuery,
    UsageTotals,
)

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_NS = 86_400 * NS_PER_SECOND
_LAST_NS = 2**63 - 1


def _is_uuid(text: str) -> str:
    if not is_canonical_uuid(text):
        raise ValueError("must be a UUID, 36 characters with dashes")
    return text.lower()


Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
SessionUuid = Annotated[str, Path(alias="sessionId"), AfterValidator(_is_uuid)]
AgentName = Annotated[str, Path(alias="agentId", max_length=256)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Page size.")]
Offset = Annotated[int, Query(ge=0, le=10**9, description="How many to pass over.")]
Sort = Annotated[Literal["asc", "desc"], Query(description="By end.")]

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A parameter is malformed or out of its bounds."},
    401: {"description": "No key, or one that is unknown."},
    403: {"description": "The key lacks the scope `read`."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "Unknown, or outside the caller's scope."}
}


def _instant(field: str, text: str | None, *, is_end: bool) -> int | None:
    """An inclusive bound; of a whole day the end means its last nanosecond."""
    if text is None:
        return None
    try:
        instant_ns = parse_iso_ns(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError) as error:
        message = f"{field} must be an ISO 8601 date or date-time."
        raise BadInput(message, issues=[Issue(("query", field), message)]) from error
    if is_end and _DAY.fullmatch(text):
        instant_ns += _DAY_NS - 1
    return max(-_LAST_NS, min(instant_ns, _LAST_NS))


def _chat_item(session: Session, turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "type": "message",
        "role": "assistant" if turn.speaker is Speaker.AGENT else "user",
        "content": [turn.text or ""],
        "interrupted": turn.interrupted,
        "created_at": turn.start_ns / NS_PER_SECOND,
    }


def _history(session: Session, report: dict[str, Any]) -> list[Any]:
    """The report's own items, else the turns in the same form."""
    told = report.get("chat_history")
    items = told.get("items") if isinstance(told, dict) else None
    if isinstance(items, list) and items:
        return items
    return [_chat_item(session, turn) for turn in session.turns]


def body_of(
    session: Session, report: dict[str, Any], tenant_id: str, creator: str | None
) -> dict[str, Any]:
    """The published form of a conversation; messageCount counts what caller and agent said."""
    end_ns = session.ended_ns if session.ended_ns is not None else session.last_seen_ns
    return {
        "id": session.id,
        "sessionId": session.id,
        "roomName": session.room_name,
        "agentId": agent_uuid_of(session.project_id, session.agent).hex[:24],
        "orgId": tenant_id,
        "createdByUserId": creator,
        "sessionReport": report,
        "chatHistory": _history(session, report),
        "closeReason": session.close_reason,
        "durationMs": ms_from_ns(end_ns - session.started_ns),
        "messageCount": len(session.turns),
        "startedAt": iso_ms(session.started_ns),
        "endedAt": None if session.ended_ns is None else iso_ms(session.ended_ns),
        "createdAt": iso_ms(session.started_ns),
        "updatedAt": iso_ms(session.last_arrival_ns),
    }


def _json(body: dict[str, Any]) -> Response:
    return Response(JSON.encode(body), media_type="application/json")


class _Pages:
    """What several of the routes do."""

    def __init__(self, reader: SessionReader, conversations: ConversationReader, media: MediaStore):
        self.reader = reader
        self.conversations = conversations
        self.media = media

    async def page(self, caller: Caller, query: UsageQuery, agent: str | None = None) -> Response:
        """A page, of one agent where one is named; of an unknown agent there is nothing."""
        limit, offset = query.limit, query.offset
        narrowed = query if agent is None else await self.of_agent(caller, agent, query)
        found = Usage(UsageTotals(), ())
        if narrowed is not None:
            found = await self.conversations.conversations(caller, narrowed)
        items = await self.bodies(caller, found.sessions)
        total, after = found.totals.sessions, offset + len(items)
        return _json(
            {
                "items": items,
                "total": total,
                "limit": limit,
                "offset": offset,
                "nextOffset": after if items and after < total else None,
            }
        )

    async def bodies(self, caller: Caller, sessions: Sequence[Session]) -> list[dict[str, Any]]:
        """The published forms, with reports and creators asked for once."""
        reports = await self.conversations.reports(sessions)
        creators = await self.conversations.creators(sessions)
        return [
            body_of(
                each,
                reports.get((each.project_id, each.id), {}),
                caller.tenant_id,
                creators.get(each.created_by),
            )
            for each in sessions
        ]

    async def of_agent(self, caller: Caller, name: str, query: UsageQuery) -> UsageQuery | None:
        """The query for one agent; None when the tenant has no such agent."""
        agent = await self.reader.agent(caller, name)
        return None if agent is None else replace(query, agents=((agent.project_id, agent.slug),))

    async def visible(self, caller: Caller, session_id: str) -> Session:
        """The session, if this surface shows it to the caller."""
        session = await self.reader.session(caller, session_id)
        if session is None or not (
            caller.sees_whole_tenant or session.created_by == caller.user_id
        ):
            raise NotFound("Transcript not found")
        return session


def _stats(found: CallStats) -> Response:
    mean = found.mean_turns
    return _json(
        {
            "totalCalls": found.total,
            "browserCalls": found.total - found.phone,
            "phoneCalls": found.phone,
            "avgMessages": None if mean is None else round(mean, 1),
        }
    )


def router(
    reader: SessionReader, conversations: ConversationReader, media: MediaStore
) -> APIRouter:
    """The endpoints of the surface; /agent/... is registered before /{sessionId}."""
    routes = APIRouter(prefix="/v1/transcripts", tags=["Transcripts of calls"], responses=ERRORS)
    pages = _Pages(reader, conversations, media)
    _add_lists(routes, pages)
    _add_single(routes, pages)
    return routes


def _add_lists(routes: APIRouter, pages: _Pages) -> None:
    @routes.get("", summary="List transcripts")
    async def list_transcripts(
        caller: Reader,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
        sort: Sort = "desc",
        agent_id: Annotated[str | None, Query(alias="agentId", max_length=256)] = None,
        session_id: Annotated[
            str | None, Query(alias="sessionId", description="UUID of one session.")
        ] = None,
        org_id: Annotated[
            str | None, Query(alias="orgId", description="Accepted; the key decides.")
        ] = None,
        start: Annotated[
            str | None, Query(alias="from", description="Earliest end, ISO 8601.")
        ] = None,
        end: Annotated[str | None, Query(alias="to", description="Latest end, ISO 8601.")] = None,
    ) -> Response:
        """Ended conversations."""
        if session_id is not None and not is_canonical_uuid(session_id):
            message = "sessionId must be a UUID."
            raise BadInput(message, issues=[Issue(("query", "sessionId"), message)])
        query = UsageQuery(
            project_ids=None,
            session_id=None if session_id is None else session_id.lower(),
            is_ended=True,
            ended_from_ns=_instant("from", start, is_end=False),
            ended_to_ns=_instant("to", end, is_end=True),
            oldest_first=sort == "asc",
            limit=limit,
            offset=offset,
        )
        return await pages.page(caller, query, agent_id)

    @routes.get("/agent/{agentId}", summary="List an agent's transcripts")
    async def list_of_agent(
        caller: Reader,
        agent_id: AgentName,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
        sort: Sort = "desc",
    ) -> Response:
        """Ended conversations of one agent; none of an unknown one."""
        oldest_first = sort == "asc"
        query = UsageQuery(
            project_ids=None, is_ended=True, oldest_first=oldest_first, limit=limit, offset=offset
        )
        return await pages.page(caller, query, agent_id)

    @routes.get("/agent/{agentId}/stats", summary="Get an agent's statistics")
    async def get_stats(caller: Reader, agent_id: AgentName) -> Response:
        """How many calls there were, by phone and by browser, and how long they were."""
        ended = UsageQuery(project_ids=None, is_ended=True)
        query = await pages.of_agent(caller, agent_id, ended)
        if query is None:
            return _stats(CallStats())
        return _stats(await pages.conversations.stats(caller, query))


def _add_single(routes: APIRouter, pages: _Pages) -> None:
    @routes.get("/{sessionId}", summary="Get a transcript", responses=NOT_FOUND)
    async def get_transcript(caller: Reader, session_id: SessionUuid) -> Response:
        """One conversation, also while it is live."""
        session = await pages.visible(caller, session_id)
        (body,) = await pages.bodies(caller, [session])
        return _json({"transcript": body})

    @routes.get("/{sessionId}/audio", summary="Get the audio", responses=NOT_FOUND)
    async def get_audio(caller: Reader, request: Request, session_id: SessionUuid) -> Response:
        """The recording, whole or in the range that is asked for; 404 when there is none."""
        session = await pages.visible(caller, session_id)
        file = next((each.file for each in session.recordings if each.file), None)
        if file is None:
            raise NotFound("Audio not found")
        answer = await audio_answer(request, pages.media, file)
        answer.headers["Content-Disposition"] = "inline"
        return answer
