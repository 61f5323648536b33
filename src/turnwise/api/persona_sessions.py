"""Sessions and session detail, as the Persona Labs API publishes them (under /v1/observability).

A caller sees every session of its tenant. Times that nobody reported are 0 here and texts that
nobody sent are empty, because the published shape demands numbers and strings; inside they are None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from msgspec.structs import fields

from turnwise.http.auth import with_scope
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.error_forms import ERRORS
from turnwise.http.heard import SessionAudioBody, session_audio
from turnwise.http.json_text import JSON, money, raw
from turnwise.model.diagnosis import Diagnosis, Issue, IssueGroup
from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId, SessionId, agent_uuid_of, public_session_id
from turnwise.model.instants import iso_seconds, ms_from_ns, now_ns
from turnwise.model.ports import Diagnose, SessionReader
from turnwise.model.query import SessionQuery
from turnwise.model.session import Session, SessionHead, Speaker, ToolExecution, Turn
from turnwise.model.tenancy import Caller, Scope
from turnwise.model.whole_call import places, whole_call

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]


class SessionLine(msgspec.Struct, rename="camel", frozen=True):
    """One session of the list."""

    id: str
    agent_id: str
    started_at: str
    ended_at: str | None
    turns: int
    status: str


class SessionPage(msgspec.Struct, rename="camel", frozen=True):
    """Answer of the list."""

    data: list[SessionLine]
    next_cursor: str | None
    has_more: bool


class TurnBody(msgspec.Struct, rename="camel", frozen=True):
    """One turn; milliseconds since the session's start."""

    index: int
    speaker: str
    text: str
    start_ms: int
    end_ms: int
    stt_ms: int
    llm_ms: int
    tts_ms: int
    interrupted: bool


class ToolBody(msgspec.Struct, rename="camel", frozen=True):
    """One run of a tool; milliseconds since the session's start."""

    id: str
    turn_index: int | None
    name: str
    start_ms: int
    end_ms: int
    duration_ms: int
    status: str
    error: str | None


class Metrics(msgspec.Struct, rename="camel", frozen=True):
    """Totals of a session."""

    total_duration_ms: int
    avg_turn_latency_ms: int | None
    tool_executions: int


class SessionDetail(msgspec.Struct, rename="camel", frozen=True):
    """Answer of the detail."""

    id: str
    agent_id: str
    started_at: str
    ended_at: str | None
    status: str
    turns: list[TurnBody]
    tool_executions: list[ToolBody]
    metrics: Metrics
    cost_usd: msgspec.Raw
    line_cost_usd: msgspec.Raw | None
    unpriced_usage: int
    audio: SessionAudioBody | None
    metadata: msgspec.Raw


class IssueBody(msgspec.Struct, rename="camel", frozen=True):
    """One issue: the four published keys, then ours; milliseconds since the session's start."""

    type: str
    turn: int | None
    description: str
    recommendation: str
    severity: str
    stage: str | None
    start_ms: int | None
    end_ms: int | None
    span_ids: list[str]
    evidence: dict[str, float | int | str]
    confidence: float
    caused_by: str | None


class IssueGroupBody(msgspec.Struct, rename="camel", frozen=True):
    """The issues of one type and stage; `excess_ms` is how much longer than usual was waited."""

    type: str
    stage: str | None
    severity: str
    count: int
    turns: list[int]
    excess_ms: int


def public_agent_id(project_id: ProjectId, slug: str) -> str:
    """`agent_` and the 32 hex digits of the agent's UUID."""
    return f"agent_{agent_uuid_of(project_id, slug).hex}"


def average_turn_latency_ms(turns: list[TurnBody]) -> int | None:
    """Mean over agent turns with any component of llmMs + ttsMs + the preceding caller's sttMs.

    Reproducible from the answer itself (contract 2.2); rounded half up; None when no agent turn
    has a component. The wall-clock figure that a framework reports is another number.
    """
    latencies = []
    for before, turn in zip([None, *turns], turns, strict=False):
        if turn.speaker != Speaker.AGENT:
            continue
        heard = before.stt_ms if before is not None and before.speaker == Speaker.USER else 0
        latency = turn.llm_ms + turn.tts_ms + heard
        if latency:
            latencies.append(latency)
    if not latencies:
        return None
    return (2 * sum(latencies) + len(latencies)) // (2 * len(latencies))


def _line(head: SessionHead) -> SessionLine:
    return SessionLine(
        id=public_session_id(head.id),
        agent_id=public_agent_id(head.project_id, head.agent),
        started_at=iso_seconds(head.started_ns),
        ended_at=None if head.ended_ns is None else iso_seconds(head.ended_ns),
        turns=head.turn_count,
        status=head.status,
    )


def _ms(duration_ns: int | None) -> int:
    return 0 if duration_ns is None else ms_from_ns(duration_ns)


def _turn(session: Session, turn: Turn) -> TurnBody:
    start_ms = ms_from_ns(turn.start_ns - session.started_ns)
    end_ns = turn.end_ns if turn.end_ns is not None else turn.start_ns
    return TurnBody(
        index=turn.index,
        speaker=turn.speaker,
        text=turn.text or "",
        start_ms=start_ms,
        end_ms=max(start_ms, ms_from_ns(end_ns - session.started_ns)),
        stt_ms=_ms(turn.stt_ns),
        llm_ms=_ms(turn.llm_ns),
        tts_ms=_ms(turn.tts_ns),
        interrupted=turn.interrupted,
    )


def _tool(session: Session, tool: ToolExecution) -> ToolBody:
    start_ms = 0 if tool.start_ns is None else ms_from_ns(tool.start_ns - session.started_ns)
    end_ms = start_ms if tool.end_ns is None else ms_from_ns(tool.end_ns - session.started_ns)
    return ToolBody(
        id=tool.id,
        turn_index=tool.turn_index,
        name=tool.name,
        start_ms=start_ms,
        end_ms=end_ms,
        duration_ms=max(0, end_ms - start_ms),
        status="error" if tool.is_error else "ok",
        error=tool.error,
    )


def detail_of(session: Session, at_ns: int) -> SessionDetail:
    """The published form of a session; `at_ns` stands for the end of a live one."""
    turns = [_turn(session, turn) for turn in session.turns]
    line = session.line_cost_usd
    return SessionDetail(
        id=public_session_id(session.id),
        agent_id=public_agent_id(session.project_id, session.agent),
        started_at=iso_seconds(session.started_ns),
        ended_at=None if session.ended_ns is None else iso_seconds(session.ended_ns),
        status=session.status,
        turns=turns,
        tool_executions=[_tool(session, tool) for tool in session.tools],
        metrics=Metrics(
            total_duration_ms=ms_from_ns(session.duration_ns(at_ns)),
            avg_turn_latency_ms=average_turn_latency_ms(turns),
            tool_executions=len(session.tools),
        ),
        cost_usd=money(session.cost_usd),
        line_cost_usd=None if line is None else money(line),
        unpriced_usage=session.unpriced,
        audio=session_audio(session),
        metadata=raw(session.metadata),
    )


def router(reader: SessionReader, diagnose: Diagnose) -> APIRouter:
    """The endpoints of sessions."""
    routes = APIRouter(prefix="/v1/observability", tags=["Sessions"], responses=ERRORS)

    @routes.get("/sessions", summary="List sessions")
    async def list_sessions(
        caller: Reader,
        agent_id: Annotated[
            str | None, Query(alias="agentId", description="Public id or slug of an agent.")
        ] = None,
        limit: Annotated[
            int, Query(ge=1, description=f"Page size; above {MAX_LIMIT} it is {MAX_LIMIT}.")
        ] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(description="`nextCursor` of the page before.")] = None,
    ) -> Response:
        """Sessions of the tenant, latest start first."""
        before = None
        if cursor is not None:
            started_ns, session_id = decode_cursor(cursor)
            before = (started_ns, SessionId(session_id))
        page_size = min(limit, MAX_LIMIT)
        project_ids, slug = caller.project_ids, None
        if agent_id is not None:
            agent = await reader.agent(caller, agent_id)
            if agent is None:
                return _page([], page_size)
            project_ids, slug = (agent.project_id,), agent.slug
        heads = await reader.sessions(
            caller,
            SessionQuery(project_ids=project_ids, agent=slug, before=before, limit=page_size + 1),
        )
        return _page(heads, page_size)

    @routes.get("/sessions/{sessionId}", summary="Get session detail")
    async def get_session(
        caller: Reader, session_id: Annotated[str, Path(alias="sessionId", max_length=256)]
    ) -> Response:
        """One session with its turns, tools and metrics."""
        session = await reader.session(caller, session_id)
        if session is None:
            raise NotFound("Session not found.", code="session_not_found")
        return Response(JSON.encode(detail_of(session, now_ns())), media_type="application/json")

    @routes.get("/sessions/{sessionId}/root-cause", summary="Root cause analysis of a session")
    async def get_root_cause(
        caller: Reader, session_id: Annotated[str, Path(alias="sessionId", max_length=256)]
    ) -> Response:
        """What went wrong in a session, by turn and then by severity."""
        session = await reader.session(caller, session_id)
        if session is None:
            raise NotFound("Session not found.", code="session_not_found")
        found = await diagnose(session)
        body = {
            "sessionId": public_session_id(session.id),
            "issues": _issues(session, found.issues),
            "groups": [_group(each) for each in found.groups],
        }
        return Response(JSON.encode(body), media_type="application/json")

    return routes


def calls_router(reader: SessionReader, diagnose: Diagnose) -> APIRouter:
    """The endpoints of calls, which answer as those of sessions do."""
    routes = APIRouter(prefix="/v1/observability/calls", tags=["Calls"], responses=ERRORS)

    async def sessions_of_call(caller: Caller, call_id: str) -> list[Session]:
        found = await reader.sessions_named(caller, call_id)
        # A session's own id is no call's, though it leads to the session.
        is_own = {call_id.lower(), call_id} & {
            name for each in found for name in (each.id, public_session_id(each.id))
        }
        if not found or is_own:
            raise NotFound("Call not found.", code="call_not_found")
        return found

    @routes.get("/{callId}", summary="Get call detail")
    async def get_call(
        caller: Reader, call_id: Annotated[str, Path(alias="callId", max_length=256)]
    ) -> Response:
        """A call as its sessions tell it; of several the turns are one sequence."""
        sessions = await sessions_of_call(caller, call_id)
        detail = detail_of(whole_call(sessions), now_ns())
        body = {
            "callId": call_id,
            "sessionIds": [public_session_id(each.id) for each in sessions],
            **{each.encode_name: getattr(detail, each.name) for each in fields(detail)},
        }
        return Response(JSON.encode(body), media_type="application/json")

    @routes.get("/{callId}/root-cause", summary="Root cause analysis of a call")
    async def get_call_root_cause(
        caller: Reader, call_id: Annotated[str, Path(alias="callId", max_length=256)]
    ) -> Response:
        """What went wrong in a call; turns are numbered as in its detail."""
        sessions = await sessions_of_call(caller, call_id)
        whole, place = whole_call(sessions), places(sessions)
        found = [await diagnose(each) for each in sessions]
        body = {
            "callId": call_id,
            "sessionId": public_session_id(whole.id),
            "issues": _issues(whole, placed(found, place)),
            "groups": [_group(each) for each in placed_groups(found, place)],
        }
        return Response(JSON.encode(body), media_type="application/json")

    return routes


def placed(found: Iterable[Diagnosis], place: Mapping[tuple[SessionId, int], int]) -> list[Issue]:
    """Issues of several sessions with the turns of the whole call; those of no turn come last."""
    moved = [
        replace(
            issue, turn=None if issue.turn is None else place.get((each.session_id, issue.turn))
        )
        for each in found
        for issue in each.issues
    ]
    return sorted(moved, key=lambda each: (each.turn is None, each.turn or 0))


def placed_groups(
    found: Iterable[Diagnosis], place: Mapping[tuple[SessionId, int], int]
) -> list[IssueGroup]:
    """Groups of several sessions as those of the whole call, the worst first."""
    whole: dict[tuple[str, str | None], IssueGroup] = {}
    for diagnosis in found:
        for each in diagnosis.groups:
            numbers = (place.get((diagnosis.session_id, turn)) for turn in each.turns)
            turns = tuple(sorted(turn for turn in numbers if turn is not None))
            known = whole.get((each.type, each.stage))
            moved = replace(each, turns=turns)
            whole[each.type, each.stage] = moved if known is None else known.joined(moved)
    return sorted(whole.values(), key=lambda each: each.rank)


def _group(each: IssueGroup) -> IssueGroupBody:
    return IssueGroupBody(
        type=each.type,
        stage=each.stage,
        severity=each.severity,
        count=each.count,
        turns=list(each.turns),
        excess_ms=ms_from_ns(each.excess_ns),
    )


def _issues(session: Session, issues: Iterable[Issue]) -> list[IssueBody]:
    return [
        IssueBody(
            type=each.type,
            turn=each.turn,
            description=each.description,
            recommendation=each.recommendation,
            severity=each.severity,
            stage=each.stage,
            start_ms=_offset_ms(session, each.start_ns),
            end_ms=_offset_ms(session, each.end_ns),
            span_ids=list(each.span_ids),
            evidence=each.evidence,
            confidence=each.confidence,
            caused_by=each.caused_by,
        )
        for each in issues
    ]


def _offset_ms(session: Session, instant_ns: int | None) -> int | None:
    return None if instant_ns is None else ms_from_ns(instant_ns - session.started_ns)


def _page(heads: list[SessionHead], page_size: int) -> Response:
    shown, more = heads[:page_size], len(heads) > page_size
    body = SessionPage(
        data=[_line(head) for head in shown],
        next_cursor=encode_cursor(shown[-1].started_ns, shown[-1].id) if more else None,
        has_more=more,
    )
    return Response(JSON.encode(body), media_type="application/json")
