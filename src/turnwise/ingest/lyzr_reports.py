"""What a worker says after a session: POST /internal/sessions/observability.

JSON, or multipart with the same JSON in the part `payload` and audio in the part `audio`. The
report is kept whole, in any version and shape; the session is finalized by it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import INVALID, require_caller
from turnwise.http.body import read_body
from turnwise.http.documents import Operation
from turnwise.http.json_text import decode_json
from turnwise.http.multipart import parts_of
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Forbidden, Issue, TooLarge, Unauthenticated, Unsupported
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, SessionId, is_canonical_uuid
from turnwise.model.instants import NS_PER_SECOND, now_ns, parse_fact_ns
from turnwise.model.ports import Accept, SessionReader
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller, Scope

PATH = "/internal/sessions/observability"
MAX_AUDIO_BYTES = 50 * 1024 * 1024
KEY_HEADER = "x-observability-key"

WorkerCaller = Callable[[str], Awaitable[Caller | None]]
"""Who holds this worker key; None when the server knows no such key."""

KeepAudio = Callable[[Caller, ProjectId, SessionId, AsyncIterator[bytes]], Awaitable[None]]
"""Keeps the recording of a session and tells of it; durable on return."""


class Payload(msgspec.Struct, rename="camel"):
    """What the worker says; `orgId` is accepted, the credential decides."""

    room_name: str
    session_id: str
    org_id: Any = None
    session_report: Any = None
    close_reason: str | None = None
    received_at: str | int | float | None = None


@dataclass(frozen=True, slots=True)
class WorkerReports:
    """The handler.

    Attributes:
        worker: checks the worker key; the sessions of every tenant are open to who holds it.
        keep_audio: raises TooLarge or Unsupported for what is no audio that can be kept.
    """

    accept: Accept
    reader: SessionReader
    worker: WorkerCaller
    max_body_bytes: int
    keep_audio: KeepAudio

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(PATH, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Keep a report and close its session; a second time changes nothing."""
        caller = await self._caller(request)
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            await self._take_parts(caller, request)
        else:
            sent = decode_json(await read_body(request, self.max_body_bytes), Payload)
            await self._take(caller, sent)
        return Response(status_code=204)

    async def _caller(self, request: Request) -> Caller:
        """By the worker key when one is presented, else by an API key in scope `ingest`."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return await require_caller(request, Scope.INGEST)
        caller = await self.worker(key)
        if caller is None:
            raise Unauthenticated("The observability key is unknown.", code=INVALID)
        return caller

    async def _take_parts(self, caller: Caller, request: Request) -> None:
        where: tuple[ProjectId, SessionId] | None = None
        limit = self.max_body_bytes + MAX_AUDIO_BYTES
        content_type = request.headers.get("content-type")
        async for part in parts_of(request.stream(), content_type, limit):
            if part.name == "payload":
                sent = decode_json(await part.read(self.max_body_bytes), Payload)
                where = await self._take(caller, sent)
            elif part.name == "audio":
                if where is None:
                    raise _wrong("payload", "The part 'payload' must come before 'audio'.")
                await self._keep(caller, *where, part.chunks())
        if where is None:
            raise _wrong("payload", "The part 'payload' is required.")

    async def _take(self, caller: Caller, sent: Payload) -> tuple[ProjectId, SessionId]:
        if not is_canonical_uuid(sent.session_id):
            raise _wrong("sessionId", "sessionId must be a UUID.")
        session_id = SessionId(sent.session_id.lower())
        known = await self.reader.session(caller, session_id)
        if known is not None and known.room_name not in (None, sent.room_name):
            raise Forbidden("sessionId does not belong to roomName")
        project_id = known.project_id if known else caller.project_id
        session_id = known.id if known else session_id
        facts = [
            SessionFact(
                project_id=project_id, session_id=session_id, kind=kind, fact_id=name, body=body
            )
            for kind, name, body in _bodies(sent, known)
        ]
        await self.accept(Batch(project_id=project_id, user_id=caller.user_id, facts=facts))
        return project_id, session_id

    async def _keep(
        self,
        caller: Caller,
        project_id: ProjectId,
        session_id: SessionId,
        content: AsyncIterator[bytes],
    ) -> None:
        """Keep the audio; one that cannot be kept costs only itself, and the session says why."""
        try:
            await self.keep_audio(caller, project_id, session_id, _capped(content))
        except (Forbidden, TooLarge, Unsupported) as error:
            body = {"status": "failed", "error": error.code}
        else:
            return
        fact = SessionFact(
            project_id=project_id,
            session_id=session_id,
            kind=FactKind.RECORDING,
            fact_id=f"worker:{session_id}",
            body=body,
        )
        await self.accept(Batch(project_id=project_id, user_id=caller.user_id, facts=[fact]))


def _bodies(sent: Payload, known: Session | None) -> list[tuple[FactKind, str, dict[str, Any]]]:
    session: dict[str, Any] = {"room_name": sent.room_name}
    if sent.close_reason:
        session["close_reason"] = sent.close_reason
    bodies = [(FactKind.SESSION, "", session)]
    if sent.session_report is not None:
        report = sent.session_report
        body = report if isinstance(report, dict) else {"report": report}
        bodies.append((FactKind.REPORT, _report_id(body), body))
    if known is None or known.finalized_ns is None:
        closed = {"at_ns": _instant(sent.received_at), "reason": "reported"}
        bodies.append((FactKind.FINALIZED, "", closed))
    return bodies


def _report_id(report: dict[str, Any]) -> str:
    for name in ("job_id", "jobId", "room_id", "roomId"):
        value = report.get(name)
        if isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH:
            return value
    return "report"


def _instant(received_at: str | float | None) -> int:
    """When the worker had it: ISO 8601, or epoch seconds or milliseconds; else now."""
    now = now_ns()
    try:
        if isinstance(received_at, str):
            instant = parse_fact_ns(received_at)
        elif received_at is not None:
            unit = NS_PER_SECOND if received_at < 10**11 else 1_000_000
            instant = round(received_at * unit)
        else:
            instant = now
    except (ValueError, OverflowError):
        instant = now
    return instant if 0 < instant <= now else now


async def _capped(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for piece in content:
        size += len(piece)
        if size > MAX_AUDIO_BYTES:
            raise TooLarge(f"The audio is larger than {MAX_AUDIO_BYTES} bytes.")
        yield piece


def _wrong(field: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", field), message)])


OPERATIONS = [
    Operation(
        path=PATH,
        method="POST",
        summary="Report a session from its worker",
        tag="Session calls",
        body=Payload,
        media_types=("application/json", "multipart/form-data"),
        answers={204: "Kept, and the session is finalized."},
        errors=(400, 401, 403, 413, 415, 503),
    )
]
"""This route in the OpenAPI document."""
