"""Twilio's callbacks about calls and recordings.

Every callback is signed over the URL that Twilio was given: with the auth token of its account, or
with a shared key that it names. Before that is checked nothing is read of it but whose token to check
with, and the project of that token is where it goes. Callbacks are repeated and come in any order:
each is a fact under an id of its own, and the last word is found when the call is derived.

Source: twilio.com/docs/voice/api/call-resource, /recording and /usage/security, 2026-11; shared keys:
twilio-python 9.13.0, request_validator.py.
"""

import base64
import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}

Form = Mapping[str, str]

OPERATIONS = [
    Operation(
        path=path,
        method="POST",
        summary=f"Take a status callback of a Twilio {what}",
        tag="Webhooks",
        description="Needs no key: `X-Twilio-Signature` is checked against the auth token of the "
        "account, or the shared key that `X-Twilio-Webhooks-Signature-Settings` names.",
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
class Signer:
    """Who may have signed a callback, and where it goes if they have."""

    project_id: ProjectId
    secret: str = field(repr=False)


SignersNamed = Callable[[str], Awaitable[Sequence[Signer]]]
"""Those who sign in the name of an account's SID ("" where none is said) or of a shared key's id."""


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """The handlers.

    Attributes:
        public_url: the base of the URL that Twilio was given, "" to take the request's own.
    """

    accept: Accept
    signers_named: SignersNamed
    public_url: str = ""

    def routes(self) -> list[Route]:
        """One route for each kind of callback."""
        return [
            Route("/webhooks/twilio/call", self.call, methods=["POST"]),
            Route("/webhooks/twilio/recording", self.recording, methods=["POST"]),
        ]

    async def call(self, request: Request) -> Response:
        """A new status of a call, or of a leg of it."""
        project_id, form = await self._signed(request)
        sid = _required(form, "CallSid")
        facts = [_fact(project_id, sid, FactKind.CALL_EVENT, *_call_event(sid, form))]
        if form.get("RecordingSid") and form.get("RecordingUrl"):
            facts.append(_recording(project_id, sid, {**form, "RecordingStatus": "completed"}))
        return await self._stored(project_id, facts)

    async def recording(self, request: Request) -> Response:
        """A new status of a recording."""
        project_id, form = await self._signed(request)
        fact = _recording(project_id, _required(form, "CallSid"), form)
        return await self._stored(project_id, [fact])

    async def _stored(self, project_id: ProjectId, facts: list[SessionFact]) -> Response:
        await self.accept(Batch(project_id=project_id, user_id=0, facts=facts))
        return Response(status_code=204)

    async def _signed(self, request: Request) -> tuple[ProjectId, Form]:
        """The project that the callback is for, and its fields.

        Raises:
            Forbidden: its signature is missing or wrong, or nobody is known who could have made it.
        """
        signature = request.headers.get("x-twilio-signature")
        if not signature:
            raise Forbidden("This callback is not signed.", code="missing_signature")
        body = await read_body(request, MAX_BODY_BYTES)
        url = _outside_url(request, self.public_url)
        is_json = "json" in request.headers.get("content-type", "").lower()
        shared_key, algorithm = _signed_with(request)
        for signer in await self.signers_named(shared_key or _account(body, is_json=is_json)):
            if is_genuine(signer.secret, url, body, signature, algorithm, is_json=is_json):
                form = _fields_of_json(body) if is_json else dict(_pairs(body))
                return signer.project_id, form
        raise Forbidden("The signature of this callback is wrong.", code="bad_signature")


def _recording(project_id: ProjectId, sid: str, form: Form) -> SessionFact:
    recording_sid = _required(form, "RecordingSid")
    recording_id = recording_id_of(project_id, recording_sid)
    body = _recording_body(sid, recording_sid, form)
    return _fact(project_id, sid, FactKind.RECORDING, recording_id, body)


def _fact(
    project_id: ProjectId, sid: str, kind: FactKind, fact_id: str, body: dict[str, Any]
) -> SessionFact:
    return SessionFact(
        project_id=project_id,
        session_id=session_id_of(project_id, sid),
        kind=kind,
        fact_id=fact_id,
        body={name: value for name, value in body.items() if value is not None},
    )


def _signed_with(request: Request) -> tuple[str, str]:
    """The id of the shared key ("" for the account's token) and the algorithm of the signature."""
    header = request.headers.get("x-twilio-webhooks-signature-settings", "")
    settings = {
        name.strip(): value.strip()
        for name, _, value in (part.partition("=") for part in header.split(","))
    }
    return settings.get("key", ""), settings.get("algorithm", "").upper() or "HMAC_SHA1"


def _account(body: bytes, *, is_json: bool) -> str:
    """The account that the body names; "" when it names none or cannot be read."""
    try:
        form = _fields_of_json(body) if is_json else dict(_pairs(body))
    except BadInput:
        return ""
    return form.get("AccountSid", "")


def is_genuine(
    secret: str, url: str, body: bytes, signature: str, algorithm: str, *, is_json: bool
) -> bool:
    """Whether the holder of the secret signed this body for this URL.

    Twilio signs a form by its fields and anything else by a hash in the URL's query. It is not
    consistent about naming the port, so both spellings hold.
    """
    digest = _ALGORITHMS.get(algorithm)
    if digest is None:
        return False
    signed = ""
    if is_json:
        named = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not _same(sha256(body).hexdigest(), named):
            return False
    else:
        try:
            signed = "".join(name + value for name, value in sorted(set(_pairs(body))))
        except BadInput:
            # Twilio signs forms only, so nobody has signed this.
            return False
    genuine = [_signature(secret, spelling + signed, digest) for spelling in _spellings(url)]
    # Not any(): each is compared, whichever is right.
    return sum([_same(each, signature) for each in genuine]) > 0


def _signature(secret: str, signed: str, digest: str) -> str:
    mac = hmac.digest(secret.encode(), signed.encode(errors="surrogateescape"), digest)
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
