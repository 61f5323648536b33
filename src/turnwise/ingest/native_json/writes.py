"""The write side of /v1/observability.

Every item is an upsert: sent again it changes nothing, sent with other fields it updates those;
null and absent never clear. In a list one bad item does not sink the others; the answer names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import read_body
from turnwise.http.json_text import JSON, decode_json
from turnwise.ingest.native_json.forms import (
    InterruptionList,
    InterruptionWrite,
    Item,
    SessionWrite,
    ToolList,
    ToolWrite,
    TurnList,
    TurnWrite,
)
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import (
    MAX_ID_LENGTH,
    ProjectId,
    SessionId,
    agent_uuid_of,
    public_session_id,
    session_id_of,
)
from turnwise.model.instants import iso_ms, now_ns, parse_fact_ns
from turnwise.model.ports import Accept, SessionReader
from turnwise.model.session import Session, SessionStatus
from turnwise.model.tenancy import Caller, Scope

MAX_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class NativeWrites:
    """Handlers of the native writes."""

    accept: Accept
    reader: SessionReader
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes; reads of the same paths belong to `api`."""
        base = "/v1/observability/sessions"
        one = base + "/{session_id}"
        return [
            Route(base, self.create, methods=["POST"]),
            Route(one, self.patch, methods=["PATCH"]),
            Route(f"{one}/turns", self.turns, methods=["POST"]),
            Route(f"{one}/tools", self.tools, methods=["POST"]),
            Route(f"{one}/interruptions", self.interruptions, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """A new session, or an update of the one that has this id."""
        caller = await require_caller(request, Scope.INGEST)
        sent = decode_json(await read_body(request, self.max_body_bytes), SessionWrite)
        name = sent.id or str(uuid4())
        _check_id(name, ("body", "id"))
        known = await self.reader.session(caller, name) if sent.id else None
        if known is None:
            _require_for_new(sent)
        project_id = known.project_id if known else caller.project_id
        session_id = known.id if known else session_id_of(project_id, name)
        slug = await self._agent_slug(caller, sent.agent_id)
        facts = _session_facts(project_id, session_id, sent, slug, name, known)
        await self.accept(Batch(project_id=project_id, user_id=caller.user_id, facts=facts))
        session = await self.reader.session(caller, session_id)
        return _answer(_summary(session), 200 if known else 201)

    async def patch(self, request: Request) -> Response:
        """New values of some fields of a known session."""
        caller = await require_caller(request, Scope.INGEST)
        known = await self._known(caller, request)
        sent = decode_json(await read_body(request, self.max_body_bytes), SessionWrite)
        slug = await self._agent_slug(caller, sent.agent_id)
        facts = _session_facts(known.project_id, known.id, sent, slug, known.ref, known)
        await self.accept(Batch(project_id=known.project_id, user_id=caller.user_id, facts=facts))
        return _answer(_summary(await self.reader.session(caller, known.id)), 200)

    async def turns(self, request: Request) -> Response:
        """Turns of a known session."""
        caller, known, body = await self._opened(request)
        sent = decode_json(body, TurnList).turns
        return await self._write(caller, known, FactKind.TURN, "turns", TurnWrite, sent)

    async def tools(self, request: Request) -> Response:
        """Tool executions of a known session."""
        caller, known, body = await self._opened(request)
        sent = decode_json(body, ToolList).tools
        return await self._write(caller, known, FactKind.TOOL, "tools", ToolWrite, sent)

    async def interruptions(self, request: Request) -> Response:
        """Interruptions of a known session."""
        caller, known, body = await self._opened(request)
        sent = decode_json(body, InterruptionList).interruptions
        kind = FactKind.INTERRUPTION
        return await self._write(caller, known, kind, "interruptions", InterruptionWrite, sent)

    async def _opened(self, request: Request) -> tuple[Caller, Session, bytes]:
        caller = await require_caller(request, Scope.INGEST)
        known = await self._known(caller, request)
        return caller, known, await read_body(request, self.max_body_bytes)

    async def _write(
        self,
        caller: Caller,
        known: Session,
        kind: FactKind,
        field: str,
        form: type[Item],
        sent: Sequence[msgspec.Raw],
    ) -> Response:
        if len(sent) > MAX_ITEMS:
            raise _wrong(("body", field), f"At most {MAX_ITEMS} items in one request.")
        good, bad = _read_items(sent, field, form)
        if bad and not good:
            raise BadInput("No item could be read.", issues=[issue for _, issue in bad])
        facts = [
            SessionFact(
                project_id=known.project_id,
                session_id=known.id,
                kind=kind,
                fact_id=item.id,
                body=_body_of(item),
            )
            for item in good
        ]
        receipt = await self.accept(
            Batch(project_id=known.project_id, user_id=caller.user_id, facts=facts)
        )
        rejected = [_rejection(index, issue) for index, issue in bad]
        rejected += [{"id": each.id, "error": each.reason} for each in receipt.rejected]
        return _answer({"accepted": receipt.stored, "rejected": rejected}, 200)

    async def _known(self, caller: Caller, request: Request) -> Session:
        session = await self.reader.session(caller, request.path_params["session_id"])
        if session is None:
            raise NotFound("Session not found.", code="session_not_found")
        return session

    async def _agent_slug(self, caller: Caller, name: str | None) -> str | None:
        if name is None:
            return None
        agent = await self.reader.agent(caller, name)
        if agent is not None:
            return agent.slug
        if name.startswith("agent_"):
            raise _wrong(("body", "agentId"), "There is no agent with this id.")
        _check_id(name, ("body", "agentId"))
        return name


def _require_for_new(sent: SessionWrite) -> None:
    for field, value in (("agentId", sent.agent_id), ("startedAt", sent.started_at)):
        if value is None:
            raise _wrong(("body", field), f"{field} is required.")


def _session_facts(
    project_id: ProjectId,
    session_id: SessionId,
    sent: SessionWrite,
    slug: str | None,
    name: str | None,
    known: Session | None,
) -> list[SessionFact]:
    ended_ns = _instant(sent.ended_at, "endedAt")
    started_ns = _instant(sent.started_at, "startedAt")
    if ended_ns is not None and (started_ns or (known and known.started_ns) or 0) > ended_ns:
        raise _wrong(("body", "endedAt"), "endedAt is before startedAt.")
    body = {
        "ref": name,
        "agent": slug,
        "call_id": sent.call_id,
        "room_name": sent.room_name,
        "started_ns": started_ns,
        "ended_ns": ended_ns,
        "status": sent.status,
        "metadata": sent.metadata,
        "origin_url": sent.origin_url,
        "user_identity": sent.user_identity,
        "close_reason": sent.close_reason,
    }
    facts = [SessionFact.single(project_id, session_id, FactKind.SESSION, body)]
    ends = ended_ns is not None or sent.status in (SessionStatus.COMPLETED, SessionStatus.FAILED)
    if ends and not (known and known.finalized_ns):
        closed = {"at_ns": now_ns(), "reason": "ended"}
        facts.append(SessionFact.single(project_id, session_id, FactKind.FINALIZED, closed))
    return facts


def _read_items(
    raw_items: Sequence[msgspec.Raw], field: str, item_type: type[Item]
) -> tuple[list[Item], list[tuple[int, Issue]]]:
    good: list[Item] = []
    bad: list[tuple[int, Issue]] = []
    for index, raw_item in enumerate(raw_items):
        try:
            item = msgspec.json.decode(raw_item, type=item_type)
            _check_id(item.id, ("body", field, index, "id"))
            good.append(item)
        except msgspec.ValidationError as error:
            bad.append((index, Issue(("body", field, index), str(error))))
        except BadInput as error:
            bad.append((index, error.issues[0]))
    return good, bad


def _body_of(item: Item) -> dict[str, Any]:
    body = {
        name: value
        for name in item.__struct_fields__
        if name != "id" and (value := getattr(item, name)) is not None
    }
    if isinstance(item, InterruptionWrite) and "bleed_through_words" in body:
        body["bleed_words"] = body.pop("bleed_through_words")
    if isinstance(item, TurnWrite) and item.words is not None:
        body["words"] = [msgspec.structs.asdict(word) for word in item.words]
    return body


def _rejection(index: int, issue: Issue) -> dict[str, Any]:
    return {"index": index, "location": list(issue.location), "error": issue.message}


def _instant(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_fact_ns(text)
    except (ValueError, OverflowError) as error:
        raise _wrong(("body", field), f"{field} is no ISO 8601 instant.") from error


def _check_id(text: str, location: tuple[str | int, ...]) -> None:
    if not text or len(text) > MAX_ID_LENGTH or "/" in text:
        raise _wrong(location, f"An id has 1 to {MAX_ID_LENGTH} characters and no slash.")


def _wrong(location: tuple[str | int, ...], message: str) -> BadInput:
    return BadInput(message, issues=[Issue(location, message)])


def _summary(session: Session | None) -> dict[str, Any]:
    if session is None:
        return {}
    return {
        "id": public_session_id(session.id),
        "sessionId": session.id,
        "agentId": f"agent_{agent_uuid_of(session.project_id, session.agent).hex}",
        "callId": session.call_id,
        "startedAt": iso_ms(session.started_ns),
        "endedAt": None if session.ended_ns is None else iso_ms(session.ended_ns),
        "status": session.status,
        "metadata": msgspec.Raw(session.metadata.encode()),
    }


def _answer(body: dict[str, Any], status: int) -> Response:
    return Response(JSON.encode(body), status_code=status, media_type="application/json")
