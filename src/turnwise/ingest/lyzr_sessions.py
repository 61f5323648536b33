"""Start and end of a session, as the Lyzr voice API has them (POST /v1/sessions/start and /end)."""

import re
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import read_body
from turnwise.http.documents import Operation
from turnwise.http.json_text import JSON, decode_json
from turnwise.http.livekit_access import LiveKitAccess
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import SessionId, is_canonical_uuid
from turnwise.model.instants import now_ns
from turnwise.model.ports import Accept, SessionReader
from turnwise.model.tenancy import Scope

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
_EXAMPLE = {"userIdentity": "caller-1", "roomName": "support-1"}


class Start(msgspec.Struct, rename="camel"):
    """Body of start."""

    user_identity: str
    room_name: str = ""
    session_id: str | None = None
    agent_id: str | None = None
    agent_config: dict[str, Any] | None = None


class End(msgspec.Struct, rename="camel"):
    """Body of end: one of the two."""

    room_name: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionCalls:
    """Handlers of start and end."""

    accept: Accept
    reader: SessionReader
    livekit: LiveKitAccess
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The two routes, and the singular spelling of the vendor's guide."""
        return [
            Route(path, handler, methods=["POST"])
            for path, handler in (
                ("/v1/sessions/start", self.start),
                ("/v1/session/start", self.start),
                ("/v1/sessions/end", self.end),
                ("/v1/session/end", self.end),
            )
        ]

    async def start(self, request: Request) -> Response:
        """Opens a session and hands out what the caller's client needs to join its room."""
        caller = await require_caller(request, Scope.INGEST)
        sent = decode_json(await read_body(request, self.max_body_bytes), Start)
        _check_start(sent)
        agent = await self.reader.agent(caller, sent.agent_id) if sent.agent_id else None
        if sent.agent_id and agent is None:
            raise _wrong("agentId", "There is no agent with this id.")
        session_id = SessionId((sent.session_id or str(uuid4())).lower())
        known = await self.reader.session(caller, session_id)
        named = sent.room_name or (known.room_name if known else None)
        room = named or f"room-{uuid4()}"
        config = sent.agent_config or {}
        body = {
            "room_name": room,
            "started_ns": None if known else now_ns(),
            "user_identity": sent.user_identity,
            "agent": agent.slug if agent else None,
            "metadata": {"agentConfig": config} if config else None,
        }
        project_id = known.project_id if known else caller.project_id
        fact = SessionFact.single(project_id, session_id, FactKind.SESSION, body)
        await self.accept(Batch(project_id=project_id, user_id=caller.user_id, facts=[fact]))
        token = await self.livekit.token(
            project_id, sent.user_identity, room, int(time.time()), is_fresh=named is None
        )
        answer = {
            "userToken": token,
            "roomName": room,
            "sessionId": session_id,
            "livekitUrl": self.livekit.url,
            "agentDispatched": False,
            "agentConfig": {"engine": config.get("engine", {}), "tools": config.get("tools", [])},
        }
        return Response(JSON.encode(answer), media_type="application/json")

    async def end(self, request: Request) -> Response:
        """Closes a session for good; a second time changes nothing."""
        caller = await require_caller(request, Scope.INGEST)
        sent = decode_json(await read_body(request, self.max_body_bytes), End)
        name = sent.session_id or sent.room_name
        if not name:
            raise _wrong("roomName", "roomName or sessionId is required.")
        session = await self.reader.session(caller, name)
        if session is None:
            raise NotFound(f"Session not found for {'sessionId' if sent.session_id else 'room'}")
        if session.finalized_ns is None:
            at_ns = now_ns()
            ended = {"ended_ns": session.ended_ns or at_ns, "status": "completed"}
            closed = {"at_ns": at_ns, "reason": "ended"}
            facts = [
                SessionFact.single(session.project_id, session.id, FactKind.SESSION, ended),
                SessionFact.single(session.project_id, session.id, FactKind.FINALIZED, closed),
            ]
            await self.accept(
                Batch(project_id=session.project_id, user_id=caller.user_id, facts=facts)
            )
        return Response(status_code=204)


def _check_start(sent: Start) -> None:
    if not _NAME.fullmatch(sent.user_identity):
        raise _wrong("userIdentity", "1 to 128 letters, digits, underscores or dashes.")
    if sent.room_name and not _NAME.fullmatch(sent.room_name):
        raise _wrong("roomName", "At most 128 letters, digits, underscores or dashes.")
    if sent.session_id is not None and not is_canonical_uuid(sent.session_id):
        raise _wrong("sessionId", "sessionId must be a UUID.")
    if sent.agent_id is not None and not _OBJECT_ID.fullmatch(sent.agent_id):
        raise _wrong("agentId", "agentId must be 24 hex digits.")


def _wrong(field: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", field), message)], details=str(_EXAMPLE))


OPERATIONS = [
    Operation(
        path="/v1/sessions/start",
        method="POST",
        summary="Start a session",
        tag="Session calls",
        body=Start,
        answers={200: "What the caller's client needs to join the room."},
        errors=(400, 401, 403, 413, 503),
    ),
    Operation(
        path="/v1/sessions/end",
        method="POST",
        summary="End a session",
        tag="Session calls",
        body=End,
        answers={204: "Ended, now or before."},
        errors=(400, 401, 403, 404, 413, 503),
    ),
]
"""These routes in the OpenAPI document."""
