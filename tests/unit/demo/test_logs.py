"""What the demo's programs log: of their own spans, with every failure among it."""

import gzip

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from turnwise.app.demo.send import DemoSession, demo_sessions

SESSIONS = 60
ANCHOR_NS = 497_900 * 3_600 * 10**9


def spans_of(session: DemoSession) -> list[Span]:
    requests = [ExportTraceServiceRequest.FromString(gzip.decompress(b)) for b in session.bodies]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def records_of(session: DemoSession) -> list[LogRecord]:
    request = ExportLogsServiceRequest.FromString(gzip.decompress(session.logs))
    (resource,) = request.resource_logs
    return [record for scope in resource.scope_logs for record in scope.log_records]


def test_each_record_is_of_a_span_that_was_sent_and_each_failure_is_logged() -> None:
    failures = 0
    for session in demo_sessions(SESSIONS, 7, 7, ANCHOR_NS):
        spans = {(span.trace_id, span.span_id): span for span in spans_of(session)}
        records = records_of(session)
        assert {(record.trace_id, record.span_id) for record in records} <= spans.keys()
        failed = {
            place for place, each in spans.items() if each.status.code == Status.STATUS_CODE_ERROR
        }
        said = {(r.trace_id, r.span_id) for r in records if r.severity_text == "ERROR"}
        assert said >= failed
        times = [each.time_unix_nano for each in records]
        assert times == sorted(times)
        failures += len(failed)
    assert failures


def test_equal_arguments_give_equal_bytes() -> None:
    first, second = ([s.logs for s in demo_sessions(9, 7, 7, ANCHOR_NS)] for _ in range(2))
    assert first == second
