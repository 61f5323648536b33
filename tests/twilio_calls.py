"""What Twilio sends, signed by its own package."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx2
from twilio.request_validator import HMAC_SHA256, RequestValidator, get_signature_algorithm

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC = "https://voice.example.com"
ACCOUNT = "AC" + "5" * 32


def new_call() -> str:
    return f"CA{uuid4().hex}"


def new_recording() -> str:
    return f"RE{uuid4().hex}"


def signature(url: str, form: Any, token: str = TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(url, form))


def shared_key_headers(url: str, form: Any, key: str, secret: str) -> dict[str, str]:
    """What a callback carries that was signed with a shared key, as Twilio's package checks it."""
    settings = f"key={key},algorithm={HMAC_SHA256}"
    assert get_signature_algorithm(settings) == HMAC_SHA256
    signed = RequestValidator(secret).compute_signature(url, form, HMAC_SHA256)
    return {"x-twilio-signature": signed, "x-twilio-webhooks-signature-settings": settings}


def send(
    client: httpx2.Client, path: str, form: dict[str, str], *, public: str = PUBLIC
) -> httpx2.Response:
    """A callback as Twilio would send it to the public address of the server."""
    headers = {"x-twilio-signature": signature(public + path, form)}
    return client.post(path, data=form, headers=headers)


def call_event(sid: str, number: int, status: str, second: int, **more: str) -> dict[str, str]:
    return {
        "CallSid": sid,
        "AccountSid": ACCOUNT,
        "CallStatus": status,
        "SequenceNumber": str(number),
        "Timestamp": f"Sat, 21 Mar 2026 10:00:{second:02} +0000",
        "Direction": "inbound",
        "From": "+15550100",
        "To": "+15550199",
        "CallbackSource": "call-progress-events",
        **more,
    }


def whole_call(sid: str, **more: str) -> list[dict[str, str]]:
    """All events of a call of 50 seconds."""
    return [
        call_event(sid, 0, "initiated", 0, **more),
        call_event(sid, 1, "ringing", 2, **more),
        call_event(sid, 2, "in-progress", 5, **more),
        call_event(sid, 3, "completed", 55, CallDuration="50", **more),
    ]


def recording_event(
    sid: str, recording: str, status: str = "completed", url: str = "", **more: str
) -> dict[str, str]:
    return {
        "CallSid": sid,
        "AccountSid": ACCOUNT,
        "RecordingSid": recording,
        "RecordingStatus": status,
        "RecordingUrl": url or f"https://api.twilio.com/Accounts/{ACCOUNT}/Recordings/{recording}",
        "RecordingDuration": "50",
        "RecordingChannels": "2",
        "RecordingStartTime": "Sat, 21 Mar 2026 10:00:05 +0000",
        "RecordingSource": "StartCallRecordingAPI",
        **more,
    }


class Carrier(ThreadingHTTPServer):
    """Serves what is put into `answers`: path to (status, headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Carrier
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        status, headers, body = self.server.answers.get(path, (404, {}, b""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def carrier() -> Iterator[Carrier]:
    """A carrier's storage of recordings on the loopback."""
    server = Carrier()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
