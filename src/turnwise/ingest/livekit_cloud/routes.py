"""The paths to which LiveKit Agents upload with LIVEKIT_OBSERVABILITY_URL and no code change.

Everything is answered when it is durable. The sender sends spans and logs again on 503, and the
recording only if the error carries a RetryInfo: see `render_recording_error`. No answer may say that
data recording is disabled, which stops a worker's uploads for good.

Source: clients.md 4.5; livekit-agents 1.8.9, telemetry/traces.py.
"""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import INVALID
from turnwise.http.body import work_on_body
from turnwise.http.errors import ErrorRenderer, headers_of, status_of
from turnwise.ingest.livekit_cloud.logs import log_facts
from turnwise.ingest.livekit_cloud.recordings import RecordingReader
from turnwise.ingest.livekit_tokens import Issuer, IssuerNamed, verified
from turnwise.ingest.otlp import (
    count_records,
    decode_logs,
    decode_traces,
    encoding_of,
    error_renderer,
    partial_success,
    render_error,
)
from turnwise.ingest.otlp.answers import status_message
from turnwise.model.batch import Batch, Receipt
from turnwise.model.errors import Busy, RetryableError, TurnwiseError, Unauthenticated, Unsupported
from turnwise.model.ports import Accept, MediaStore

ROOT = "/observability"
TRACES, LOGS, METRICS = (f"{ROOT}/{signal}/otlp/v0" for signal in ("traces", "logs", "metrics"))
RECORDINGS = f"{ROOT}/recordings/v0"
_UNAVAILABLE = 14
_RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def render_recording_error(error: TurnwiseError, request: Request) -> Response:
    """A google.rpc.Status; in protobuf and with a RetryInfo where the upload is to be repeated."""
    if not isinstance(error, RetryableError):
        return render_error(error, request)
    seconds = min(max(1, error.retry_after_seconds), 127)
    delay = b"\x08" + bytes([seconds])  # Duration: int64 seconds = 1
    info = b"\x0a" + bytes([len(delay)]) + delay  # RetryInfo: Duration retry_delay = 1
    packed = b"\x0a" + bytes([len(_RETRY_INFO)]) + _RETRY_INFO + b"\x12" + bytes([len(info)]) + info
    body = status_message(_UNAVAILABLE, error.message) + b"\x1a" + bytes([len(packed)]) + packed
    return Response(
        body, status_of(error), media_type="application/x-protobuf", headers=headers_of(error)
    )


ERROR_RENDERERS = (
    error_renderer((TRACES, LOGS, METRICS)),
    ErrorRenderer((RECORDINGS,), render_recording_error, retry_faults=True),
)
"""To be handed to install_error_handlers."""


@dataclass(slots=True)
class CloudUpload:
    """Handlers of the upload.

    Attributes:
        media: where recordings go; without one their audio is passed over.
        counted: records of logs and metrics that were counted and dropped, by signal.
    """

    accept: Accept
    issuer_named: IssuerNamed
    media: MediaStore | None
    max_body_bytes: int
    max_recording_bytes: int
    counted: dict[str, int] = field(default_factory=lambda: {"logs": 0, "metrics": 0})

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
        issuer = await self._issuer(request)
        encoding = encoding_of(request.headers.get("content-type"))
        spans, rejected = await work_on_body(
            request, self.max_body_bytes, lambda body: decode_traces(body, encoding)
        )
        batch = Batch(
            project_id=issuer.project_id, user_id=issuer.user_id, spans=spans, rejected=rejected
        )
        receipt = await self.accept(batch) if spans else Receipt(0, tuple(rejected))
        return partial_success(encoding, receipt.rejected)

    async def logs(self, request: Request) -> Response:
        """The session's report, history and judgements; the program's own logs are counted."""
        issuer = await self._issuer(request)
        encoding = encoding_of(request.headers.get("content-type"))
        records = await work_on_body(
            request, self.max_body_bytes, lambda body: decode_logs(body, encoding)
        )
        facts = log_facts(issuer.project_id, records)
        self.counted["logs"] += len(records)
        if facts:
            await self.accept(
                Batch(project_id=issuer.project_id, user_id=issuer.user_id, facts=facts)
            )
        return partial_success(encoding, ())

    async def metrics(self, request: Request) -> Response:
        """Metrics, which are counted and dropped: the spans and the history carry the same."""
        await self._issuer(request)
        encoding = encoding_of(request.headers.get("content-type"))
        self.counted["metrics"] += await work_on_body(
            request, self.max_body_bytes, lambda body: count_records("metrics", body, encoding)
        )
        return partial_success(encoding, ())

    async def recording(self, request: Request) -> Response:
        """The session's end: report, history and audio."""
        issuer = await self._issuer(request)
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unsupported("A recording is sent without content encoding.")
        reader = RecordingReader(
            issuer.project_id, self.media, self.max_body_bytes, self.max_recording_bytes
        )
        facts = await reader.facts(request.stream(), request.headers.get("content-type"))
        receipt = await self.accept(
            Batch(project_id=issuer.project_id, user_id=issuer.user_id, facts=facts)
        )
        if receipt.rejected and not receipt.stored:
            raise Busy("The upload could not be stored.")
        return Response(status_code=200)

    async def _issuer(self, request: Request) -> Issuer:
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        bare = token.strip() if scheme.lower() == "bearer" else ""
        issuer, claims = await verified(bare, self.issuer_named)
        grants = claims.get("observability")
        if not isinstance(grants, dict) or grants.get("write") is not True:
            raise Unauthenticated("The token does not grant observability.write.", code=INVALID)
        return issuer
