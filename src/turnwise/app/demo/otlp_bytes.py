"""Spans as OTLP bytes, in the requests in which an exporter would send them."""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from turnwise.model.instants import NS_PER_SECOND

Value = str | bool | int | float | Sequence[str]

_REQUEST_NS = 30 * NS_PER_SECOND
"""How much of a call goes into one request."""

_HAS_LOCAL_PARENT = 0x100
_INTERNAL = WireSpan.SPAN_KIND_INTERNAL
_ERROR = Status.STATUS_CODE_ERROR


@dataclass(slots=True)
class Event:
    """Something that happened during a span."""

    name: str
    at_ns: int
    attributes: Mapping[str, Value]


@dataclass(slots=True)
class Span:
    """A span to be sent.

    Attributes:
        span_id: 16 hex digits.
        parent_id: None for the root.
        error: what the status says; None for a status that is unset.
    """

    scope: str
    name: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Value]
    events: list[Event] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """All spans of one call, under one resource.

    Attributes:
        until_ns: what ends later was never sent; None where everything was.
    """

    trace_id: str
    resource: Mapping[str, Value]
    spans: Sequence[Span]
    until_ns: int | None = None


def requests(trace: Trace) -> list[bytes]:
    """The gzipped request bodies of a call, in the order in which they are sent.

    A span is sent when it ends, so children come before their parents and the root comes last.
    """
    return [
        gzip.compress(request.SerializeToString(deterministic=True), compresslevel=4, mtime=0)
        for request in _messages(trace)
    ]


def _messages(trace: Trace) -> Iterable[ExportTraceServiceRequest]:
    batch: list[Span] = []
    for span in as_they_end(trace):
        if batch and span.end_ns - batch[0].end_ns > _REQUEST_NS:
            yield message(trace, batch)
            batch = []
        batch.append(span)
    if batch:
        yield message(trace, batch)


def as_they_end(trace: Trace) -> list[Span]:
    """Ascending by end; of spans that end together, the one that began last comes first."""
    ended = [
        span for span in trace.spans if trace.until_ns is None or span.end_ns <= trace.until_ns
    ]
    return sorted(ended, key=lambda span: (span.end_ns, -span.start_ns))


def message(trace: Trace, spans: Iterable[Span]) -> ExportTraceServiceRequest:
    """One request with some of the spans of a call."""
    sent = ExportTraceServiceRequest()
    within = sent.resource_spans.add()
    within.resource.attributes.extend(pairs(trace.resource))
    by_scope: dict[str, list[WireSpan]] = {}
    for span in spans:
        by_scope.setdefault(span.scope, []).append(_wire(trace.trace_id, span))
    for scope, listed in by_scope.items():
        _add_scope(within, scope, listed)
    return sent


def _add_scope(within: ResourceSpans, name: str, spans: list[WireSpan]) -> None:
    scope = within.scope_spans.add()
    scope.scope.name = name
    scope.spans.extend(spans)


def _wire(trace_id: str, span: Span) -> WireSpan:
    wire = WireSpan(
        trace_id=bytes.fromhex(trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id or ""),
        flags=_HAS_LOCAL_PARENT,
        name=span.name,
        kind=_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=pairs(span.attributes),
        events=[
            WireSpan.Event(
                time_unix_nano=event.at_ns, name=event.name, attributes=pairs(event.attributes)
            )
            for event in span.events
        ],
    )
    wire.status.SetInParent()
    if span.error is not None:
        wire.status.code = _ERROR
        wire.status.message = span.error
    return wire


def pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    """Attributes as they go over the wire."""
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    wrapped = AnyValue()
    wrapped.array_value.SetInParent()
    wrapped.array_value.values.extend(AnyValue(string_value=each) for each in value)
    return wrapped
