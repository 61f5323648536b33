"""OTLP request bodies of either encoding."""

from enum import StrEnum

from turnwise.ingest.otlp import jsons, protobuf
from turnwise.model.batch import RawLog, RawSpan, Rejected
from turnwise.model.errors import Unsupported


class Encoding(StrEnum):
    """How a body is written; an answer is written in the same way."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


_ENCODINGS = {
    "application/x-protobuf": Encoding.PROTOBUF,
    "application/protobuf": Encoding.PROTOBUF,
    "application/json": Encoding.JSON,
}


def encoding_of(content_type: str | None) -> Encoding:
    """The encoding that a Content-Type header names; absent means protobuf.

    Raises:
        Unsupported: any other type.
    """
    bare = (content_type or Encoding.PROTOBUF).partition(";")[0].strip().lower()
    found = _ENCODINGS.get(bare)
    if found is None:
        raise Unsupported(
            "The content type must be application/x-protobuf or application/json.",
            details=f"Got {bare[:100]!r}.",
        )
    return found


def decode_traces(body: bytes, content_type: str | None) -> tuple[list[RawSpan], list[Rejected]]:
    """Spans of an export request, and those that cannot be read, each with its reason.

    Raises:
        BadInput: the body is broken as a whole.
        Unsupported: the content type is neither protobuf nor JSON.
    """
    if encoding_of(content_type) is Encoding.JSON:
        return jsons.decode_traces(body)
    return protobuf.decode_traces(body)


def decode_logs(body: bytes, content_type: str | None) -> tuple[list[RawLog], list[Rejected]]:
    """Records of a logs request, and those that cannot be read; raises as decode_traces."""
    if encoding_of(content_type) is Encoding.JSON:
        return jsons.decode_logs(body)
    return protobuf.decode_logs(body)


def count_metrics(body: bytes, content_type: str | None) -> int:
    """How many metrics a body holds; raises as decode_traces."""
    if encoding_of(content_type) is Encoding.JSON:
        return jsons.count_metrics(body)
    return protobuf.count_metrics(body)
