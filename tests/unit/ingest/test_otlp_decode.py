"""OTLP bodies: both encodings say the same, bad records cost only themselves."""

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.unit.normalise.captures import Sent, captures
from turnwise.ingest.otlp import decode_traces
from turnwise.ingest.otlp.decode import count_metrics, decode_logs
from turnwise.model.batch import RawSpan
from turnwise.model.errors import BadInput, Unsupported

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
RECORDED = [sent for capture in captures("livekit", "pipecat") for sent in capture.sent()]
BINARY = [sent for sent in RECORDED if sent.content_type == PROTOBUF]


def as_json(body: bytes) -> bytes:
    """The same request as an OTLP/JSON sender writes it: protobuf's mapping, but ids in hex."""
    found = MessageToDict(ExportTraceServiceRequest.FromString(body))
    _hex_ids(found)
    return json.dumps(found).encode()


def _hex_ids(value: Any) -> None:
    if isinstance(value, dict):
        for key in value:
            if key in ("traceId", "spanId", "parentSpanId"):
                value[key] = base64.b64decode(value[key]).hex()
            else:
                _hex_ids(value[key])
    elif isinstance(value, list):
        for item in value:
            _hex_ids(item)


@pytest.mark.parametrize("sent", BINARY[:60], ids=range(len(BINARY[:60])))
def test_both_encodings_say_the_same(sent: Sent) -> None:
    assert decode_traces(as_json(sent.body), JSON) == decode_traces(sent.body, PROTOBUF)


def request(*spans: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def record(**changes: Any) -> dict[str, Any]:
    return {
        "traceId": "A" * 32,
        "spanId": "B" * 16,
        "name": "work",
        "startTimeUnixNano": "1790000000000000000",
        "endTimeUnixNano": 1790000001000000000,
        **changes,
    }


def one(**changes: Any) -> RawSpan:
    spans, rejected = decode_traces(request(record(**changes)), JSON)
    assert not rejected, rejected
    return spans[0]


def attribute(value: Any) -> Any:
    return one(attributes=[{"key": "a", "value": value}]).attributes.get("a")


def test_json_span() -> None:
    span = one(parentSpanId="C" * 16, status={"code": "STATUS_CODE_ERROR", "message": "no"})
    assert (span.trace_id, span.span_id, span.parent_span_id) == ("a" * 32, "b" * 16, "c" * 16)
    assert (span.start_ns, span.end_ns) == (1790000000000000000, 1790000001000000000)
    assert (span.status_code, span.status_message) == (2, "no")
    assert one(status={"code": 2}).status_code == 2
    assert one(parentSpanId="").parent_span_id is None
    assert one(parentSpanId="0" * 16).parent_span_id is None
    assert one(endTimeUnixNano=0).end_ns is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"stringValue": "x"}, "x"),
        ({"string_value": "x"}, "x"),
        ({"intValue": "7"}, 7),
        ({"intValue": 7}, 7),
        ({"intValue": "-7"}, -7),
        ({"doubleValue": 1.5}, 1.5),
        ({"doubleValue": "NaN"}, None),
        ({"doubleValue": "Infinity"}, None),
        ({"boolValue": False}, False),
        ({"bytesValue": "AAE="}, "AAE="),
        ({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}]}}, [1, "x"]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"intValue": 1}}]}}, {"k": 1}),
        ({}, None),
        (None, None),
        ({"laterValue": 1}, None),
    ],
)
def test_json_values(sent: Any, kept: Any) -> None:
    assert attribute(sent) == kept


def test_snake_case_keys() -> None:
    body = {
        "resource_spans": [
            {
                "resource": {"attributes": [{"key": "r", "value": {"int_value": "1"}}]},
                "scope_spans": [
                    {
                        "scope": {"name": "s", "version": "1"},
                        "spans": [
                            {
                                "trace_id": "a" * 32,
                                "span_id": "b" * 16,
                                "parent_span_id": "c" * 16,
                                "start_time_unix_nano": 5,
                                "events": [{"name": "e", "time_unix_nano": "6"}],
                                "links": [{"trace_id": "d" * 32, "span_id": "e" * 16}],
                            }
                        ],
                    }
                ],
            }
        ]
    }
    spans, rejected = decode_traces(json.dumps(body).encode(), JSON)
    assert not rejected
    assert spans[0].resource == {"r": 1}
    assert (spans[0].scope.name, spans[0].parent_span_id) == ("s", "c" * 16)
    assert (spans[0].events[0].time_ns, spans[0].links[0].span_id) == (6, "e" * 16)


@pytest.mark.parametrize(
    "change",
    [
        {"traceId": "a" * 31},
        {"traceId": "0" * 32},
        {"traceId": "x" * 32},
        {"traceId": 7},
        {"spanId": "b" * 15},
        {"spanId": "0" * 16},
        {"spanId": None},
        {"parentSpanId": "abc"},
        {"startTimeUnixNano": 0},
        {"startTimeUnixNano": None},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": -5},
        {"startTimeUnixNano": 1.5},
        {"startTimeUnixNano": True},
        {"endTimeUnixNano": str(2**64)},
        {"name": 7},
        {"status": "bad"},
        {"status": {"code": "odd"}},
        {"attributes": {}},
        {"attributes": [7]},
        {"attributes": [{"key": 7}]},
        {"attributes": [{"key": "a", "value": 7}]},
        {"attributes": [{"key": "a", "value": {"stringValue": 7}}]},
        {"attributes": [{"key": "a", "value": {"intValue": str(2**63)}}]},
        {"attributes": [{"key": "a", "value": {"boolValue": 1}}]},
        {"attributes": [{"key": "a", "value": {"arrayValue": 1}}]},
        {"events": [7]},
        {"links": [{"traceId": "zz"}]},
    ],
    ids=str,
)
def test_a_bad_record_costs_only_itself(change: dict[str, Any]) -> None:
    good = record(spanId="c" * 16)
    spans, rejected = decode_traces(request(record(**change), good, 7), JSON)
    assert [span.span_id for span in spans] == ["c" * 16]
    assert len(rejected) == 2
    assert all(each.reason for each in rejected)


def test_bad_records_in_protobuf() -> None:
    sent = ExportTraceServiceRequest()
    scope = sent.resource_spans.add().scope_spans.add()
    for trace, span, start in (
        (b"\1" * 16, b"\2" * 8, 5),
        (b"\1" * 15, b"\2" * 8, 5),
        (b"\0" * 16, b"\2" * 8, 5),
        (b"\1" * 16, b"\0" * 8, 5),
        (b"\1" * 16, b"", 5),
        (b"\1" * 16, b"\3" * 8, 0),
    ):
        scope.spans.add(trace_id=trace, span_id=span, start_time_unix_nano=start)
    spans, rejected = decode_traces(sent.SerializeToString(), PROTOBUF)
    assert len(spans) == 1
    assert len(rejected) == 5


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"nul", b"{", b'{"resourceSpans": 7}', b"\xff"])
def test_broken_json(body: bytes) -> None:
    with pytest.raises(BadInput):
        decode_traces(body, JSON)


def test_empty_requests() -> None:
    assert decode_traces(b"", PROTOBUF) == ([], [])
    assert decode_traces(b"{}", JSON) == ([], [])
    assert decode_traces(b'{"resourceLogs": []}', JSON) == ([], [])


def test_broken_protobuf() -> None:
    with pytest.raises(BadInput):
        decode_traces(b"\x0a\xff\xff\xff\xff", PROTOBUF)


def test_unknown_type() -> None:
    with pytest.raises(Unsupported):
        decode_traces(b"", "text/plain")
    assert decode_traces(b"{}", "application/json; charset=utf-8") == ([], [])


def test_deep_values_end_somewhere() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(200):
        value = {"arrayValue": {"values": [value]}}
    kept = attribute(value)
    for _ in range(31):
        kept = kept[0]
    assert "x" not in str(kept)
    bomb = b'{"a":' + b"[" * 200_000
    with pytest.raises(BadInput):
        decode_traces(bomb, JSON)


def test_counting() -> None:
    metrics: Any = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{}]}, 7]}, {}]}
    assert count_metrics(json.dumps(metrics).encode(), JSON) == 1
    assert count_metrics(b"", PROTOBUF) == 0
    with pytest.raises(BadInput):
        count_metrics(b"\x0a\xff\xff", PROTOBUF)


WRITTEN_NS = 1_790_000_000_000_000_000
RECORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "everything": (
        {
            "timeUnixNano": str(WRITTEN_NS), "severityNumber": "SEVERITY_NUMBER_WARN2",
            "severityText": "WARNING", "body": {"stringValue": "slow"}, "eventName": "tool.slow",
            "traceId": "AB" * 16, "spanId": "cd" * 8,
            "attributes": [{"key": "tries", "value": {"intValue": "3"}}],
        },
        {
            "body": "slow", "time_ns": WRITTEN_NS, "severity": 14, "severity_text": "WARNING",
            "trace_id": "ab" * 16, "span_id": "cd" * 8,
            "attributes": {"tries": 3, "event.name": "tool.slow"},
        },
    ),
    "when it was first seen": (
        {"observedTimeUnixNano": WRITTEN_NS, "severityNumber": 9},
        {"body": "", "time_ns": WRITTEN_NS, "severity": 9, "trace_id": None, "span_id": None},
    ),
    "a body of parts": (
        {"body": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}]}}},
        {"body": '{"a":true}', "time_ns": 0, "severity": 0},
    ),
    "ids that are none": (
        {"traceId": "00" * 16, "spanId": "cd" * 8},
        {"trace_id": None, "span_id": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("content_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("said", RECORDS)
def test_log_records_are_read_alike_in_both_encodings(said: str, content_type: str) -> None:
    record, expected = RECORDS[said]
    request = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "a"}, "logRecords": [record]}]}]}
    body = json.dumps(request).encode()
    if content_type == PROTOBUF:
        # protobuf's own JSON takes ids as base64
        as_bytes: dict[str, Any] = {
            name: base64.b64encode(bytes.fromhex(record[name])).decode()
            for name in ("traceId", "spanId")
            if name in record
        }
        request["resourceLogs"][0]["scopeLogs"][0]["logRecords"] = [{**record, **as_bytes}]
        body = ParseDict(request, ExportLogsServiceRequest()).SerializeToString()
    (found,), rejected = decode_logs(body, content_type)
    assert rejected == []
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.scope.name == "a"


def test_a_log_record_that_cannot_be_read_costs_no_other() -> None:
    records = [{"severityNumber": "LOUD", "spanId": "ab"}, {"body": {"stringValue": "kept"}}, 7]
    request = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    found, rejected = decode_logs(json.dumps(request).encode(), JSON)
    assert [each.body for each in found] == ["kept"]
    assert [(each.id, each.reason) for each in rejected] == [
        ("ab", "severity is no whole number"), ("", "log record is no object"),
    ]  # fmt: skip
    with pytest.raises(BadInput):
        decode_logs(b"\x0a\xff\xff", PROTOBUF)


def _never_more_than_bad_input(body: bytes) -> None:
    for content_type in (PROTOBUF, JSON):
        try:
            decode_traces(body, content_type)
        except BadInput:
            continue


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    _never_more_than_bad_input(body)


@settings(max_examples=200)
@given(
    st.sampled_from(BINARY[:20]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.booleans(),
    st.integers(0, 400),
)
def test_mutated_bodies(
    sent: Sent, changes: list[tuple[int, int]], is_json: bool, cut: int
) -> None:
    body = bytearray(as_json(sent.body) if is_json else sent.body)
    for place, byte in changes:
        body[place % len(body)] = byte
    _never_more_than_bad_input(bytes(body[: len(body) - cut]))


KEYS = [
    "resourceSpans",
    "resource",
    "scopeSpans",
    "scope",
    "spans",
    "attributes",
    "key",
    "value",
    "stringValue",
    "arrayValue",
    "kvlistValue",
    "values",
    "traceId",
    "events",
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(JSON_VALUES)
def test_any_json(value: Any) -> None:
    _never_more_than_bad_input(json.dumps(value).encode())
    _never_more_than_bad_input(request(value))
