"""Twilio's callbacks about calls and recordings.

Every callback is signed with the account's auth token over the URL that Twilio was given; what is
not, or not rightly, is refused before anything of it is read. Callbacks are repeated and come in any
order: each is a fact under an id of its own, and the last word is found when the call is derived.

Source: twilio.com/docs/voice/api/call-resource, /recording and /usage/security, 2026-11.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.body import read_body
from turnwise.http.documents import Operation
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Forbidden
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, session_id_of
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.ports import Accept
from turnwise.model.recording import RecordingStatus, recording_id_of

MAX_BODY_BYTES = 256 * 1024
_FORM = "application/x-www-form-urlencoded"
_LOST = frozenset({"absent", "failed"})
_MAX_SECONDS = 10 * 365 * 86_400

Form = Mapping[str, str]

OPERATIONS = [
    Operation(
        path=path,
        method="POST",
        summary=f"Take a status callback of a Twilio {what}",
        tag="Webhooks",
        description="Needs no key: `X-Twilio-Signature` is checked against the auth token.",
        media_types=(_FORM, "application/json"),
        answers={204: "Stored, or known already."},
        errors=(400, 403, 413, 503),
    )
    for path, what in (
        ("/webhooks/twilio/call", "call"),
        ("/webhooks/twilio/recording", "recording"),
    )
]


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Whose callbacks are taken, and where they go; an empty token takes none."""

    project_id: ProjectId
    auth_token: str
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """The handlers."""

    accept: Accept
    account: TwilioAccount

    def routes(self) -> list[Route]:
        """One route for each kind of callback."""
        return [
            Route("/webhooks/twilio/call", self.call, methods=["POST"]),
            Route("/webhooks/twilio/recording", self.recording, methods=["POST"]),
        ]

    async def call(self, request: Request) -> Response:
        """A new status of a call, or of a leg of it."""
        form = await self._signed(request)
        sid = _required(form, "CallSid")
        facts = [self._fact(sid, FactKind.CALL_EVENT, *_call_event(sid, form))]
        if form.get("RecordingSid") and form.get("RecordingUrl"):
            facts.append(self._recording(sid, {**form, "RecordingStatus": "completed"}))
        return await self._stored(facts)

    async def recording(self, request: Request) -> Response:
        """A new status of a recording."""
        form = await self._signed(request)
        return await self._stored([self._recording(_required(form, "CallSid"), form)])

    def _recording(self, sid: str, form: Form) -> SessionFact:
        recording_sid = _required(form, "RecordingSid")
        recording_id = recording_id_of(self.account.project_id, recording_sid)
        return self._fact(
            sid, FactKind.RECORDING, recording_id, _recording_body(sid, recording_sid, form)
        )

    def _fact(self, sid: str, kind: FactKind, fact_id: str, body: dict[str, Any]) -> SessionFact:
        project_id = self.account.project_id
        return SessionFact(
            project_id=project_id,
            session_id=session_id_of(project_id, sid),
            kind=kind,
            fact_id=fact_id,
            body={name: value for name, value in body.items() if value is not None},
        )

    async def _stored(self, facts: list[SessionFact]) -> Response:
        await self.accept(Batch(project_id=self.account.project_id, user_id=0, facts=facts))
        return Response(status_code=204)

    async def _signed(self, request: Request) -> Form:
        """The callback's fields.

        Raises:
            Forbidden: its signature is missing or wrong, or no auth token is configured.
        """
        signature = request.headers.get("x-twilio-signature")
        if not signature or not self.account.auth_token:
            raise Forbidden("This callback is not signed.", code="missing_signature")
        body = await read_body(request, MAX_BODY_BYTES)
        url = _outside_url(request, self.account.public_url)
        is_json = "json" in request.headers.get("content-type", "").lower()
        token = self.account.auth_token
        if not is_genuine(token, url, body, signature, is_json=is_json):
            raise Forbidden("The signature of this callback is wrong.", code="bad_signature")
        return _fields_of_json(body) if is_json else dict(_pairs(body))


def is_genuine(token: str, url: str, body: bytes, signature: str, *, is_json: bool) -> bool:
    """Whether the holder of the token signed this body for this URL.

    Twilio signs a form by its fields and anything else by a hash in the URL's query. It is not
    consistent about naming the port, so both spellings hold.
    """
    signed = ""
    if is_json:
        named = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not _same(sha256(body).hexdigest(), named):
            return False
    else:
        signed = "".join(name + value for name, value in sorted(set(_pairs(body))))
    genuine = [_signature(token, spelling + signed) for spelling in _spellings(url)]
    # Not any(): each is compared, whichever is right.
    return sum([_same(each, signature) for each in genuine]) > 0


def _signature(token: str, signed: str) -> str:
    mac = hmac.digest(token.encode(), signed.encode(errors="surrogateescape"), "sha1")
    return base64.b64encode(mac).decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))


def _spellings(url: str) -> Iterator[str]:
    """The URL with its port and without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return
    for netloc in (f"{host}:{port}", host):
        yield parts._replace(netloc=netloc).geturl()


def _outside_url(request: Request, public_url: str) -> str:
    """The URL that Twilio called, as it knows it."""
    base = public_url.rstrip("/") or str(request.base_url).rstrip("/")
    query = request.url.query
    return f"{base}{request.url.path}" + (f"?{query}" if query else "")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=500)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput("The body is no form.") from error


def _fields_of_json(body: bytes) -> Form:
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("The body is no JSON object.") from error
    return {name: str(value) for name, value in fields.items() if value is not None}


def _required(form: Form, name: str) -> str:
    text = form.get(name, "")
    if not text or len(text) > MAX_ID_LENGTH:
        raise BadInput(f"{name} is missing or too long.")
    return text


def _call_event(sid: str, form: Form) -> tuple[str, dict[str, Any]]:
    status = form.get("CallStatus", "").lower() or None
    sequence = _whole(form.get("SequenceNumber"))
    at_ns = _instant(form.get("Timestamp"))
    body = {
        "sid": sid,
        "carrier": "twilio",
        "sequence": sequence,
        "status": status,
        "direction": form.get("Direction") or None,
        "from_number": form.get("From") or None,
        "to_number": form.get("To") or None,
        "parent_sid": form.get("ParentCallSid") or None,
        "at_ns": now_ns() if at_ns is None else at_ns,
        "duration_seconds": _whole(form.get("CallDuration")),
    }
    return f"{sid}:{status if sequence is None else sequence}", body


def _recording_body(sid: str, recording_sid: str, form: Form) -> dict[str, Any]:
    """What a callback says of a recording.

    Only a loss is stated as a status, and what the callback counts has names of its own: what the
    audio is, is for the one to say who has fetched it, in whatever order the callbacks come.
    """
    status = form.get("RecordingStatus", "").lower()
    seconds = _whole(form.get("RecordingDuration"))
    is_done = status == "completed"
    return {
        "call_id": sid,
        "external_id": recording_sid,
        "status": RecordingStatus.FAILED if status in _LOST else None,
        "source_url": (form.get("RecordingUrl") or None) if is_done else None,
        "source_channels": _whole(form.get("RecordingChannels")) if is_done else None,
        "source_duration_ns": None if seconds is None or not is_done else seconds * NS_PER_SECOND,
        "started_ns": _instant(form.get("RecordingStartTime")),
        "error": (form.get("ErrorCode") or status) if status in _LOST else None,
    }


def _whole(text: str | None) -> int | None:
    """A count; Twilio says -1 for what it does not know."""
    if text is None or not text.isdecimal() or len(text) > 18:
        return None
    number = int(text)
    return number if number <= _MAX_SECONDS else None


def _instant(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return round(parsedate_to_datetime(text).timestamp()) * NS_PER_SECOND
    except (ValueError, TypeError, OverflowError):
        return None
