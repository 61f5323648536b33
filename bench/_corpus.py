"""Believable spans to measure with: the demo's sessions, packed as batch exporters pack them."""

import gzip
from collections.abc import Iterator, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from turnwise.app.demo.send import demo_sessions
from turnwise.ingest.otlp import decode_traces
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.normalise import normalise_spans

DAY_NS = 86_400 * 1_000_000_000
# A round instant, so that every run of a version measures the same bytes.
ANCHOR_NS = 1_790_000_000 * 1_000_000_000
DAYS = 7
_SPANS_PER_SESSION = 40
"""Fewer than a demo session has, so that enough are made."""


def session_requests(sessions: int, seed: int) -> Iterator[list[bytes]]:
    """The OTLP requests of each session, uncompressed, in the order in which they are sent."""
    for session in demo_sessions(sessions, seed, DAYS, ANCHOR_NS):
        yield [gzip.decompress(body) for body in session.bodies]


def session_observations(
    project_id: ProjectId, sessions: int, seed: int
) -> list[list[Observation]]:
    """The observations of each session, as they are written."""
    return [
        [
            observation
            for body in requests
            for observation in normalise_spans(
                project_id, decode_traces(body, None)[0], present_ns=ANCHOR_NS + DAYS * DAY_NS
            )[0]
        ]
        for requests in session_requests(sessions, seed)
    ]


def bodies(spans: int, per_request: int, seed: int) -> list[bytes]:
    """Requests of `per_request` spans, in all at least `spans`.

    Consecutive sessions fill a request, as in an agent process that serves one call after the
    other; children come before their parents and the root comes last.
    """
    made: list[bytes] = []
    packing = _Packing(per_request)
    for requests in session_requests(spans // _SPANS_PER_SESSION + 1, seed):
        for request in requests:
            made.extend(packing.add(ExportTraceServiceRequest.FromString(request)))
        if len(made) * per_request >= spans:
            break
    return made


class _Packing:
    def __init__(self, per_request: int):
        self._per_request = per_request
        self._current = ExportTraceServiceRequest()
        self._count = 0

    def add(self, request: ExportTraceServiceRequest) -> Iterator[bytes]:
        """Take in a request; gives what became full."""
        for sent in request.resource_spans:
            for scope in sent.scope_spans:
                left = list(scope.spans)
                while left:
                    room = self._per_request - self._count
                    packed = self._current.resource_spans.add(resource=sent.resource)
                    packed.scope_spans.add(scope=scope.scope, spans=left[:room])
                    self._count += len(left[:room])
                    left = left[room:]
                    if self._count == self._per_request:
                        yield self._current.SerializeToString()
                        self._current = ExportTraceServiceRequest()
                        self._count = 0


def span_keys(requests: Sequence[bytes]) -> set[tuple[bytes, bytes]]:
    """Trace and span ids of all spans."""
    return {
        (span.trace_id, span.span_id)
        for body in requests
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in sent.scope_spans
        for span in scope.spans
    }
