"""The paths to which LiveKit Agents upload with LIVEKIT_OBSERVABILITY_URL and no code change.

Everything is answered when it is durable. The sender sends spans and logs again on 503, and the
recording only if the error carries a RetryInfo: see `render_recording_error`. No answer may say that
data recording is disabled, which stops a worker's uploads for good.

Source: clients.md 4.5; livekit-agents 1.8.9, telemetry/traces.py.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import INVALID
from turnwise.http.errors import ErrorRenderer, headers_of, status_of
from turnwise.ingest.livekit.logs import log_facts
from turnwise.ingest.livekit.recordings import RecordingReader
from turnwise.ingest.livekit.tokens import IssuerNamed, verified
from turnwise.model.batch import Batch, RawLog, Sender
from turnwise.model.errors import (
    BadInput,
    RetryableError,
    TurnwiseError,
    Unauthenticated,
    Unsupported,
)
from turnwise.model.facts import SessionFact
from turnwise.model.ids import ProjectId
from turnwise.model.ports import Accept, RecordingKeeper

OTLP_PATHS = TRACES, LOGS, METRICS = (
    "/observability/traces/otlp/v0",
    "/observability/logs/otlp/v0",
    "/observability/metrics/otlp/v0",
)
"""Where errors have the form of OTLP."""
RECORDINGS = "/observability/recordings/v0"
_RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field of at most 127 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def render_recording_error(error: TurnwiseError, _: Request) -> Response:
    """A google.rpc.Status; in protobuf and with a RetryInfo where the upload is to be repeated."""
    status = status_of(error)
    if not isinstance(error, RetryableError):
        told = {"code": status, "message": error.message}
        return Response(
            msgspec.json.encode(told),
            status,
            media_type="application/json",
            headers=headers_of(error),
        )
    # Status {code = 1, message = 2, details = 3: Any {type_url = 1, value = 2}}, where value is
    # RetryInfo {retry_delay = 1: Duration {seconds = 1}} and code 14 is UNAVAILABLE
    delay = bytes([1 << 3, min(max(1, error.retry_after_seconds), 127)])
    details = _field(1, _RETRY_INFO) + _field(2, _field(1, delay))
    body = bytes([1 << 3, 14]) + _field(2, b"Send the recording again.") + _field(3, details)
    return Response(body, status, media_type="application/x-protobuf", headers=headers_of(error))


ERROR_RENDERER = ErrorRenderer((RECORDINGS,), render_recording_error, retry_faults=True)
"""To be handed to install_error_handlers."""


class OtlpSignals(Protocol):
    """The receiver of OTLP, for senders who have proved who they are."""

    async def take_traces(
        self, request: Request, sender: Callable[[], Awaitable[Sender]]
    ) -> Response:
        """Store the spans of the body."""
        ...

    async def take_logs(
        self,
        request: Request,
        sender: Callable[[], Awaitable[Sender]],
        facts_of: Callable[
            [ProjectId, Sequence[RawLog]], tuple[Sequence[SessionFact], Sequence[RawLog]]
        ],
    ) -> Response:
        """Store the log records of the body, as facts where they are some."""
        ...

    async def take_metrics(self, request: Request) -> Response:
        """Count the metrics of the body."""
        ...


@dataclass(frozen=True, slots=True)
class CloudUpload:
    """Handlers of the upload.

    Attributes:
        keeper: where recordings go; without one their audio is passed over.
    """

    signals: OtlpSignals
    accept: Accept
    issuer_named: IssuerNamed
    keeper: RecordingKeeper | None
    max_body_bytes: int
    max_recording_bytes: int

    def routes(self) -> list[Route]:
        """The four paths."""
        return [
            Route(path, handler, methods=["POST"])
            for path, handler in (
                (TRACES, self.traces),
                (LOGS, self.logs),
                (METRICS, self.metrics),
                (RECORDINGS, self.recording),
            )
        ]

    async def traces(self, request: Request) -> Response:
        """Spans."""
        return await self.signals.take_traces(request, await self._proved(request))

    async def logs(self, request: Request) -> Response:
        """The session's report, history and judgements, and the program's own logs."""
        return await self.signals.take_logs(request, await self._proved(request), log_facts)

    async def metrics(self, request: Request) -> Response:
        """Metrics, which are counted and dropped: the spans and the history carry the same."""
        await self._sender(request)
        return await self.signals.take_metrics(request)

    async def recording(self, request: Request) -> Response:
        """The session's end: report, history and audio."""
        sender = await self._sender(request)
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unsupported("A recording is sent without content encoding.")
        reader = RecordingReader(sender, self.keeper, self.max_body_bytes, self.max_recording_bytes)
        facts = await reader.facts(request.stream(), request.headers.get("content-type"))
        receipt = await self.accept(
            Batch(project_id=sender.project_id, user_id=sender.user_id, facts=facts)
        )
        if receipt.rejected:
            raise BadInput(f"Not everything can be stored: {receipt.rejected[0].reason}")
        return Response(status_code=200)

    async def _proved(self, request: Request) -> Callable[[], Awaitable[Sender]]:
        sender = await self._sender(request)

        async def known() -> Sender:
            return sender

        return known

    async def _sender(self, request: Request) -> Sender:
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        bare = token.strip() if scheme.lower() == "bearer" else ""
        issuer, claims = await verified(bare, self.issuer_named)
        grants = claims.get("observability")
        if not isinstance(grants, dict) or grants.get("write") is not True:
            raise Unauthenticated("The token does not grant observability.write.", code=INVALID)
        return issuer.sender
