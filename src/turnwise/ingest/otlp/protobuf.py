"""OTLP in protobuf: bytes to raw spans.

Source: opentelemetry-proto 1.9, collector/trace/v1/trace_service.proto and trace/v1/trace.proto.
"""

import base64
import math
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from turnwise.ingest.otlp.ids import (
    EVENT_NAME,
    MAX_NESTING,
    place_of,
    span_id_of,
    trace_id_of,
    words_of,
)
from turnwise.model.batch import RawEvent, RawLink, RawLog, RawScope, RawSpan, Rejected
from turnwise.model.errors import BadInput


def decode_traces(body: bytes) -> tuple[list[RawSpan], list[Rejected]]:
    """Spans of an ExportTraceServiceRequest, and those that cannot be read.

    Raises:
        BadInput: the bytes are no such message.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadInput("The body is not an OTLP trace request in protobuf.") from error
    spans: list[RawSpan] = []
    rejected: list[Rejected] = []
    for resource_spans in request.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = _scope(scope_spans.scope)
            for span in scope_spans.spans:
                try:
                    spans.append(_span(span, resource, scope))
                except ValueError as error:
                    rejected.append(Rejected(span.span_id[:32].hex(), str(error)))
    return spans, rejected


def decode_logs(body: bytes) -> tuple[list[RawLog], list[Rejected]]:
    """Records of an ExportLogsServiceRequest, all readable; raises BadInput like decode_traces."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadInput("The body is not an OTLP logs request in protobuf.") from error
    found: list[RawLog] = []
    for resource_logs in request.resource_logs:
        resource = _attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            scope = _scope(scope_logs.scope)
            found.extend(_log(record, resource, scope) for record in scope_logs.log_records)
    return found, []


def _log(record: LogRecord, resource: dict[str, Any], scope: RawScope) -> RawLog:
    attributes = _attributes(record.attributes)
    if record.event_name:
        attributes[EVENT_NAME] = record.event_name
    trace_id, span_id = place_of(record.trace_id.hex(), record.span_id.hex())
    return RawLog(
        record.body.string_value or words_of(_value(record.body, 0)),
        record.time_unix_nano or record.observed_time_unix_nano,
        attributes,
        scope,
        resource,
        record.severity_number,
        record.severity_text,
        trace_id,
        span_id,
    )


def count_metrics(body: bytes) -> int:
    """How many metrics a body holds; raises BadInput like decode_traces."""
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadInput("The body is not an OTLP metrics request in protobuf.") from error
    return sum(
        len(scope.metrics)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
    )


def _scope(scope: InstrumentationScope) -> RawScope:
    return RawScope(scope.name, scope.version, _attributes(scope.attributes))


def _span(span: Span, resource: dict[str, Any], scope: RawScope) -> RawSpan:
    start_ns = span.start_time_unix_nano
    if not start_ns:
        raise ValueError("start time is missing")
    return RawSpan(
        trace_id=trace_id_of(span.trace_id.hex()),
        span_id=span_id_of(span.span_id.hex(), "span id"),
        parent_span_id=_parent(span.parent_span_id),
        name=span.name,
        start_ns=start_ns,
        end_ns=span.end_time_unix_nano or None,
        status_code=span.status.code,
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        resource=resource,
        scope=scope,
        events=[
            RawEvent(event.name, event.time_unix_nano, _attributes(event.attributes))
            for event in span.events
        ],
        links=[
            RawLink(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes))
            for link in span.links
        ],
    )


def _parent(raw: bytes) -> str | None:
    if not raw.strip(b"\0"):
        return None
    return span_id_of(raw.hex(), "parent span id")


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        # texts are by far the most frequent
        plain = value.string_value
        converted = plain or _value(value, 0)
        if converted is not None:
            found[pair.key] = converted
    return found


def _value(value: AnyValue, level: int) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or level > MAX_NESTING:
        return None
    found = getattr(value, kind)
    if kind == "double_value":
        return found if math.isfinite(found) else None
    if kind == "array_value":
        return [_value(item, level + 1) for item in found.values]
    if kind == "kvlist_value":
        pairs = ((pair.key, _value(pair.value, level + 1)) for pair in found.values)
        return {key: inner for key, inner in pairs if inner is not None}
    if kind == "bytes_value":
        return base64.b64encode(found).decode()
    return found
