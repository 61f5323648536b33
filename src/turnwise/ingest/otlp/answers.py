"""OTLP answers, each in the encoding of its request.

Source: OTLP specification 1.9, sections "OTLP/HTTP Response" and "Failures".
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import Response

from turnwise.http.errors import ErrorRenderer, headers_of, status_of
from turnwise.ingest.otlp.decode import Encoding, encoding_of
from turnwise.model.batch import Rejected
from turnwise.model.errors import TurnwiseError, Unsupported

_MAX_REASONS = 5
_RPC_CODES = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    403: 7,  # PERMISSION_DENIED
    404: 5,  # NOT_FOUND
    405: 12,  # UNIMPLEMENTED
    409: 6,  # ALREADY_EXISTS
    413: 3,
    415: 3,
    429: 8,  # RESOURCE_EXHAUSTED
    503: 14,  # UNAVAILABLE
}
_UNKNOWN = 2


def partial_success(
    encoding: Encoding, rejected: Sequence[Rejected], records: str = "Spans"
) -> Response:
    """200, with the number of rejected records and their reasons when there are any.

    `records` is what JSON calls them; the numbers of the fields are the same for all of them.
    """
    if not rejected:
        return Response(b"" if encoding is Encoding.PROTOBUF else b"{}", media_type=encoding)
    message = _reasons(rejected)
    if encoding is Encoding.JSON:
        found = {f"rejected{records}": str(len(rejected)), "errorMessage": message}
        return Response(msgspec.json.encode({"partialSuccess": found}), media_type=encoding)
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = len(rejected)
    answer.partial_success.error_message = message
    return Response(answer.SerializeToString(), media_type=encoding)


def _reasons(rejected: Sequence[Rejected]) -> str:
    counts = Counter(each.reason for each in rejected)
    examples = {each.reason: each.id for each in reversed(rejected)}
    said = [
        f"{reason} ({count} times, for example {examples[reason] or 'without id'})"
        for reason, count in counts.most_common(_MAX_REASONS)
    ]
    if len(counts) > _MAX_REASONS:
        said.append(f"and {len(counts) - _MAX_REASONS} other reasons")
    return "; ".join(said)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def status_message(code: int, message: str) -> bytes:
    """google.rpc.Status in protobuf: `int32 code = 1; string message = 2;`."""
    text = message.encode()
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def render_error(error: TurnwiseError, request: Request) -> Response:
    """A google.rpc.Status in the encoding of the request, JSON when that one is not spoken."""
    status = status_of(error)
    code = _RPC_CODES.get(status, _UNKNOWN)
    try:
        encoding = encoding_of(request.headers.get("content-type"))
    except Unsupported:
        encoding = Encoding.JSON
    if encoding is Encoding.JSON:
        body = msgspec.json.encode({"code": code, "message": error.message})
    else:
        body = status_message(code, error.message)
    return Response(body, status, media_type=encoding, headers=headers_of(error))


def error_renderer(paths: tuple[str, ...]) -> ErrorRenderer:
    """The form of errors on these paths; a fault of ours is 503, because senders drop on 500."""
    return ErrorRenderer(paths, render_error, retry_faults=True)
