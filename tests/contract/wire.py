"""OTLP bodies in each encoding and packing, made from the JSON of tests/otlp.py."""

import base64
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import msgspec
import zstandard
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE_PATHS = (
    "/v1/traces",
    "/otel/v1/traces",
    "/api/v1/otel/v1/traces",
    "/api/otel/v1/traces",
    "/api/public/otel/v1/traces",
    "/api/public/otel",
)
"""As product.md 4.1 lists them; not imported, so that a path that goes missing is missed."""

PACKINGS = ("plain", "gzip", "zstd", "chunked")
_ID_FIELDS = ("traceId", "spanId", "parentSpanId")


def encoded(export: dict[str, Any], content_type: str) -> bytes:
    """The request in an encoding."""
    if content_type == JSON:
        return msgspec.json.encode(export)
    return ParseDict(_with_binary_ids(export), ExportTraceServiceRequest()).SerializeToString()


def _with_binary_ids(value: Any) -> Any:
    """Protobuf's own JSON has ids in base64, OTLP's has them in hex."""
    if isinstance(value, list):
        return [_with_binary_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(each)).decode()
        if name in _ID_FIELDS
        else _with_binary_ids(each)
        for name, each in value.items()
    }


def _pieces(body: bytes, size: int = 700) -> Iterator[bytes]:
    """Without a length, an HTTP client sends these in chunks."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


_PACKERS: dict[str, tuple[Callable[[bytes], bytes | Iterator[bytes]], str]] = {
    "plain": (bytes, ""),
    "gzip": (gzip.compress, "gzip"),
    "zstd": (zstandard.compress, "zstd"),
    "chunked": (_pieces, ""),
}


def post(
    client: httpx2.Client,
    body: bytes,
    content_type: str = PROTOBUF,
    packing: str = "plain",
    path: str = "/v1/traces",
) -> httpx2.Response:
    """Send the body as it is, or packed."""
    pack, name = _PACKERS[packing]
    headers = {"content-type": content_type, **({"content-encoding": name} if name else {})}
    return client.post(path, content=pack(body), headers=headers)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """How many spans an answer says were not taken, and why."""
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == JSON:
        found = answer.json().get("partialSuccess", {})
        return int(found.get("rejectedSpans", 0)), found.get("errorMessage", "")
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return told.rejected_spans, told.error_message
