"""Start of a session from a web page, as the Oshara API has it (POST /api/agents/agent-session/).

No credential: the page's origin must be among those that the character allows, and a character
has a limit of live sessions. Other tenants may have a character of the same slug; then the oldest
one that allows the origin is meant, and `tenant_id` (a slug) may say which tenant's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.documents import Operation
from turnwise.http.envelope import bare, read_form
from turnwise.http.livekit_access import TOKEN_SECONDS, LiveKitAccess
from turnwise.http.origins import is_allowed
from turnwise.model.accounts import Character, Characters
from turnwise.model.batch import Batch
from turnwise.model.errors import Forbidden, NotFound, TooManyRequests
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import now_ns
from turnwise.model.ports import Accept

PATH = "/api/agents/agent-session"
ANONYMOUS = 0
MAX_BODY_BYTES = 64 * 1024
"""Anybody may send one."""
_RETRY_SECONDS = 30

Live = Callable[[ProjectId, str], Awaitable[int]]
"""How many sessions of an agent are open."""


class StartSession(msgspec.Struct):
    """Body of the start; `mcp_headers` may hold secrets and is not kept."""

    agent: str
    language: str | None = None
    system_prompt: str | None = None
    greeting: str | None = None
    voice_model: str | None = None
    reference_audio_url: str | None = None
    mcp_headers: dict[str, Any] | None = None
    origin_url: str | None = None
    metadata: dict[str, Any] | None = None
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class AgentSessions:
    """Handler of the start.

    Attributes:
        accept: returns when the session is derived, so that the next start counts it.
        max_live: of a character that states no limit of its own; 0 is no limit. Several
            processes each hold the limit by themselves.
    """

    accept: Accept
    characters: Characters
    live: Live
    livekit: LiveKitAccess
    max_live: int
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def routes(self) -> list[Route]:
        """The route with and without its last slash, and the browser's question before it."""
        return [
            Route(path, handler, methods=[method])
            for path in (PATH, PATH + "/")
            for method, handler in (("POST", self.start), ("OPTIONS", self.preflight))
        ]

    async def preflight(self, request: Request) -> Response:
        """Lets a browser send the request; whether the page may start is said then."""
        headers = {"Access-Control-Allow-Methods": "POST", "Access-Control-Max-Age": "600"}
        asked = request.headers.get("access-control-request-headers")
        if asked:
            headers["Access-Control-Allow-Headers"] = asked
        return Response(status_code=204, headers={**headers, **_readable_by(request)})

    async def start(self, request: Request) -> Response:
        """Opens a session and hands out what the page needs to join its room."""
        sent = await read_form(request, StartSession, MAX_BODY_BYTES)
        found = await self.characters.known(sent.agent)
        if sent.tenant_id is not None:
            found = [each for each in found if each.tenant == sent.tenant_id]
        if not found:
            raise NotFound("Character not found.")
        character = _open_to(found, request, sent)
        session_id = SessionId(str(uuid4()))
        room, identity = f"session-{session_id}", f"user-{uuid4().hex[:12]}"
        lock = self.locks.setdefault(character.agent.id, asyncio.Lock())
        async with lock:
            await self._check_room_for_one(character)
            await self.accept(_batch(character, session_id, room, identity, sent, request))
        prompt = _said(sent.system_prompt, character, "system_prompt")
        greeting = _said(sent.greeting, character, "greeting")
        told = {
            "session_id": session_id,
            "character_slug": character.agent.slug,
            "system_prompt": prompt,
            "greeting": greeting,
            "language": _said(sent.language, character, "language"),
            "voice_model": _said(sent.voice_model, character, "voice_model"),
            "reference_audio_url": sent.reference_audio_url,
            "metadata": sent.metadata or {},
        }
        token = await self.livekit.token(
            character.agent.project_id,
            identity,
            room,
            int(time.time()),
            is_fresh=True,
            metadata=msgspec.json.encode(told).decode(),
        )
        answer = bare(
            {
                "token": token,
                "livekit_url": self.livekit.url,
                "room_name": room,
                "participant_identity": identity,
                "session_id": session_id,
                "expires_in_seconds": TOKEN_SECONDS,
                "character_slug": character.agent.slug,
                "system_prompt": prompt,
                "greeting": greeting,
            }
        )
        answer.headers.update(_readable_by(request))
        return answer

    async def _check_room_for_one(self, character: Character) -> None:
        own = character.config.get("max_concurrent_sessions")
        most = own if isinstance(own, int) else self.max_live
        if most and await self.live(character.agent.project_id, character.agent.slug) >= most:
            raise TooManyRequests(
                "This character has as many live sessions as it may have.",
                retry_after_seconds=_RETRY_SECONDS,
            )


def _open_to(found: Sequence[Character], request: Request, sent: StartSession) -> Character:
    origin = request.headers.get("origin")
    for page in (sent.origin_url, request.headers.get("referer")):
        for character in found:
            if is_allowed(origin, page, character.allowed_origins):
                return character
    raise Forbidden("This origin may not start sessions of this character.", code="origin")


def _said(override: str | None, character: Character, name: str) -> str:
    value = character.config.get(name) if override is None else override
    return value if isinstance(value, str) else ""


def _batch(
    character: Character,
    session_id: SessionId,
    room: str,
    identity: str,
    sent: StartSession,
    request: Request,
) -> Batch:
    agent = character.agent
    page = sent.origin_url or request.headers.get("referer") or request.headers.get("origin")
    body = {
        "agent": agent.slug,
        "room_name": room,
        "started_ns": now_ns(),
        "user_identity": identity,
        "origin_url": page,
        "metadata": sent.metadata or None,
    }
    fact = SessionFact.single(agent.project_id, session_id, FactKind.SESSION, body)
    return Batch(project_id=agent.project_id, user_id=ANONYMOUS, facts=[fact])


def _readable_by(request: Request) -> dict[str, str]:
    origin = request.headers.get("origin")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


OPERATIONS = [
    Operation(
        path=PATH + "/",
        method="POST",
        summary="Start a session from a web page",
        tag="AI characters",
        body=StartSession,
        answers={
            200: "What the page needs to join the room.",
            429: "As many live sessions as the character may have.",
        },
        errors=(400, 403, 404, 413, 503),
    )
]
"""This route in the OpenAPI document."""
