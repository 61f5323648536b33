"""What the demo's programs log of a call: a few words of its spans, as one OTLP request."""

import gzip
from collections.abc import Iterator

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from turnwise.app.demo.otlp_bytes import Span, Trace, as_they_end, pairs
from turnwise.model.instants import NS_PER_MS

LOGGER = "agent"
_SLOW_NS = 2_500 * NS_PER_MS
_INFO = SeverityNumber.SEVERITY_NUMBER_INFO
_WARN = SeverityNumber.SEVERITY_NUMBER_WARN
_ERROR = SeverityNumber.SEVERITY_NUMBER_ERROR
_LEVELS = {_INFO: "INFO", _WARN: "WARNING", _ERROR: "ERROR"}

_Said = tuple[SeverityNumber.ValueType, str]


def log_request(trace: Trace) -> bytes:
    """The gzipped request body with what was logged, in the order of time."""
    sent = ExportLogsServiceRequest()
    within = sent.resource_logs.add()
    within.resource.attributes.extend(pairs(trace.resource))
    scope = within.scope_logs.add()
    scope.scope.name = LOGGER
    scope.log_records.extend(_records(trace))
    return gzip.compress(sent.SerializeToString(deterministic=True), compresslevel=4, mtime=0)


def _records(trace: Trace) -> Iterator[LogRecord]:
    for span in as_they_end(trace):
        if (said := _said(span)) is not None:
            severity, words = said
            events = [event for event in span.events if event.name == "exception"]
            yield LogRecord(
                time_unix_nano=span.end_ns,
                observed_time_unix_nano=span.end_ns,
                severity_number=severity,
                severity_text=_LEVELS[severity],
                body=AnyValue(string_value=words),
                trace_id=bytes.fromhex(trace.trace_id),
                span_id=bytes.fromhex(span.span_id),
                attributes=pairs(events[0].attributes) if events else [],
            )


def _said(span: Span) -> _Said | None:
    """What a program says when it is done with this; of most things nothing."""
    if span.error is not None:
        return _ERROR, f"{span.name} failed: {span.error}"
    if (tool := span.attributes.get("gen_ai.tool.name")) is not None:
        took_ns = span.end_ns - span.start_ns
        if span.attributes.get("lk.function_tool.is_error"):
            return _ERROR, f"{tool} failed after {took_ns // NS_PER_MS} ms"
        is_slow = took_ns >= _SLOW_NS
        return _WARN if is_slow else _INFO, f"{tool} answered after {took_ns // NS_PER_MS} ms"
    if span.parent_id is None:
        return _INFO, "the call is over"
    return None
