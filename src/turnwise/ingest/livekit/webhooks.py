"""Webhooks of a LiveKit server.

A webhook is a fact under its event's id, so that one that comes again changes nothing and any order
gives the same session. It belongs to the session that the room's sid names, until something names
the room's session better. A room that finished closes its session for good.

Source: clients.md 8; livekit-protocol, livekit_webhook.proto; livekit-api, webhook.py.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import INVALID
from turnwise.http.body import read_body
from turnwise.ingest.livekit.tokens import IssuerNamed, verified
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Unauthenticated
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.ports import Accept
from turnwise.model.recording import RecordingStatus, recording_id_of
from turnwise.model.reports import provisional_session

PATHS = ("/webhooks/livekit", "/v1/telephony/livekit-webhook")
FINISHED = "room_finished"
EGRESS_ENDED = "egress_ended"
_MAX_BYTES = 4 * 1024 * 1024
_CALL_IDS = ("sip.twilio.callSid", "sip.callID", "sip.callIDFull")
"""Attributes of a SIP participant that name the call, the carrier's own name first."""
_MEDIA_TYPES = {
    "ogg": "audio/ogg", "mp3": "audio/mpeg", "wav": "audio/wav", "mp4": "video/mp4",
    "webm": "video/webm", "m3u8": "application/vnd.apple.mpegurl",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Handler of both addresses."""

    accept: Accept
    issuer_named: IssuerNamed

    def routes(self) -> list[Route]:
        """Our own address, and the one of the Lyzr voice API."""
        return [Route(path, self.receive, methods=["POST"]) for path in PATHS]

    async def receive(self, request: Request) -> Response:
        """One event; the token in Authorization, with or without "Bearer", signs the body."""
        issuer, claims = await verified(_token(request), self.issuer_named)
        body = await read_body(request, _MAX_BYTES)
        _check_body(body, claims.get("sha256"))
        sender = issuer.sender
        facts = event_facts(sender.project_id, _event(body))
        if facts:
            await self.accept(
                Batch(project_id=sender.project_id, user_id=sender.user_id, facts=facts)
            )
        return Response(b'{"ok":true}', media_type="application/json")


def _token(request: Request) -> str:
    header = request.headers.get("authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header


def _check_body(body: bytes, claimed: object) -> None:
    """Hold the body against the hash that its token signs, in constant time."""
    try:
        digest = base64.b64decode(claimed, validate=True) if isinstance(claimed, str) else b""
    except (binascii.Error, ValueError):
        digest = b""
    if not hmac.compare_digest(digest, sha256(body).digest()):
        raise Unauthenticated("The token is not of this body.", code=INVALID)


def _event(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadInput("The body is no JSON object.")
    return found


def event_facts(project_id: ProjectId, event: dict[str, Any]) -> list[SessionFact]:
    """The facts of an event; none when it is about no room."""
    room, egress = _object(event, "room"), _object(event, "egressInfo")
    room_sid = _text(room, "sid") or _text(egress, "roomId")
    session_id = provisional_session(project_id, room_sid, None)
    if session_id is None:
        return []
    body = {
        "event": _text(event, "event"),
        "room_sid": room_sid,
        "room_name": _text(room, "name") or _text(egress, "roomName"),
        "at_ns": _seconds(event, "createdAt"),
        "started_ns": _room_start(room),
        **_participant(_object(event, "participant")),
    }
    event_id = _text(event, "id") or _made_id(event)
    facts = [_fact(project_id, session_id, FactKind.ROOM_EVENT, event_id, body)]
    if _text(event, "event") == EGRESS_ENDED and egress:
        facts.extend(_recordings(project_id, session_id, room_sid, egress))
    return facts


def _made_id(event: dict[str, Any]) -> str:
    """An id for an event without one: the same for the same content."""
    return sha256(msgspec.json.encode(event, order="sorted")).hexdigest()[:32]


def _participant(participant: dict[str, Any]) -> dict[str, Any]:
    attributes = _object(participant, "attributes")
    return {
        "participant_identity": _text(participant, "identity"),
        "participant_kind": _text(participant, "kind"),
        "call_id": next((sid for name in _CALL_IDS if (sid := _text(attributes, name))), None),
        "sip_call_id": _text(attributes, "sip.callID"),
        "phone_number": _text(attributes, "sip.phoneNumber"),
        "trunk_number": _text(attributes, "sip.trunkPhoneNumber"),
        "disconnect_reason": _text(participant, "disconnectReason"),
    }


def _room_start(room: dict[str, Any]) -> int | None:
    exact = _whole(room, "creationTimeMs")
    return exact * 1_000_000 if exact else _seconds(room, "creationTime")


def _recordings(
    project_id: ProjectId, session_id: SessionId, room_sid: str | None, egress: dict[str, Any]
) -> list[SessionFact]:
    """One recording for each file that an egress has made.

    Only a loss is stated as a status, and what the webhook says has names of its own, so that a
    webhook that comes again takes nothing back from a file that was copied.
    """
    egress_id = _text(egress, "egressId") or _made_id(egress)
    status = _text(egress, "status") or ""
    files = egress.get("fileResults")
    made = [each for each in files if isinstance(each, dict)] if isinstance(files, list) else []
    if not made:
        single = _object(egress, "file")
        made = [single] if single else []
    is_done = status in ("EGRESS_COMPLETE", "EGRESS_LIMIT_REACHED")
    if not made and is_done:
        return []
    facts = []
    for number, file in enumerate(made or [{}]):
        location, name = _text(file, "location"), _text(file, "filename")
        ending = (name or location or "").rpartition(".")[2].lower()
        is_there = is_done and bool(location or name)
        body = {
            "status": None if is_there else RecordingStatus.FAILED,
            "linked_uri": location or name,
            "source_content_type": _MEDIA_TYPES.get(ending),
            "source_size_bytes": _whole(file, "size"),
            "source_duration_ns": _whole(file, "duration"),
            "started_ns": _whole(file, "startedAt") or _whole(egress, "startedAt"),
            "external_id": egress_id,
            "room_sid": room_sid,
            "error": _text(egress, "error"),
        }
        recording_id = recording_id_of(project_id, f"egress:{egress_id}:{number}")
        facts.append(_fact(project_id, session_id, FactKind.RECORDING, recording_id, body))
    return facts


def _fact(
    project_id: ProjectId,
    session_id: SessionId,
    kind: FactKind,
    fact_id: str,
    body: dict[str, Any],
) -> SessionFact:
    return SessionFact(
        project_id=project_id,
        session_id=session_id,
        kind=kind,
        fact_id=fact_id,
        body={name: value for name, value in body.items() if value is not None},
    )


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= 16 * MAX_ID_LENGTH else None


def _whole(body: dict[str, Any], name: str) -> int | None:
    """A number, or its digits: 64-bit numbers are texts in protobuf's JSON. 0 is none."""
    value = body.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value < 2**63 else None


def _seconds(body: dict[str, Any], name: str) -> int | None:
    value = _whole(body, name)
    return value * NS_PER_SECOND if value is not None and value < 2**33 else None
