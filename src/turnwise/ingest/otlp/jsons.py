"""OTLP in JSON: bytes to raw spans.

Not protobuf's JSON mapping: ids are hex, 64-bit numbers may be texts or numbers, enums numbers or
names, and the keys of either spelling are read.

Source: OTLP specification 1.9, section "JSON Protobuf Encoding"; @opentelemetry/otlp-transformer.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from turnwise.http.json_text import decode_lenient
from turnwise.ingest.otlp.ids import MAX_NESTING, is_hex, span_id_of, trace_id_of
from turnwise.model.batch import RawEvent, RawLink, RawLog, RawScope, RawSpan, Rejected
from turnwise.model.errors import BadInput

_STATUS = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
_INT64 = 2**63
_UINT64 = 2**64


class _WrongType(ValueError):
    """A member of a record has a type that it must not have."""


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        found = decode_lenient(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadInput(f"The body is not an OTLP {what} request in JSON.") from error
    if not isinstance(found, dict):
        raise BadInput("The body is no JSON object.")
    return found


def _get(record: dict[str, Any], camel: str, snake: str) -> Any:
    found = record.get(camel)
    return record.get(snake) if found is None else found


def _list(record: dict[str, Any], camel: str, snake: str) -> list[Any]:
    found = _get(record, camel, snake)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _WrongType(f"{camel} is no list")
    return found


def _dict(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _WrongType(f"{what} is no object")
    return value


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _WrongType(f"{what} is no text")
    return value


def _whole(value: Any, what: str, *, limit: int = _UINT64) -> int:
    """A whole number from a number or its digits; 0 when absent."""
    if value is None or value == "":
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and len(value) <= 24:
        try:
            value = int(value)
        except ValueError:
            raise _WrongType(f"{what} is no whole number") from None
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < limit:
        raise _WrongType(f"{what} is no whole number")
    return value


def decode_traces(body: bytes) -> tuple[list[RawSpan], list[Rejected]]:
    """Spans of an ExportTraceServiceRequest, and those that cannot be read.

    Raises:
        BadInput: the bytes are no JSON object, or its lists are none.
    """
    request = _object(body, "trace")
    spans: list[RawSpan] = []
    rejected: list[Rejected] = []
    for resource, scope, record in _records(request, rejected):
        try:
            spans.append(_span(_dict(record, "span"), resource, scope))
        except ValueError as error:
            rejected.append(Rejected(_id_of(record), str(error)))
    return spans, rejected


def _records(
    request: dict[str, Any], rejected: list[Rejected]
) -> Iterator[tuple[dict[str, Any], RawScope, Any]]:
    """Every span with its resource and scope; a group of wrong shape is one rejected record."""
    for item in _outer_list(request, "resourceSpans", "resource_spans"):
        try:
            group = _dict(item, "resourceSpans")
            resource = _attributes(_dict(group.get("resource"), "resource"))
            inner = _list(group, "scopeSpans", "scope_spans") or _list(
                group, "instrumentationLibrarySpans", "instrumentation_library_spans"
            )
        except ValueError as error:
            rejected.append(Rejected("", str(error)))
            continue
        for part in inner:
            try:
                scope_spans = _dict(part, "scopeSpans")
                scope = _scope(scope_spans)
                records = _list(scope_spans, "spans", "spans")
            except ValueError as error:
                rejected.append(Rejected("", str(error)))
                continue
            for record in records:
                yield resource, scope, record


def decode_logs(body: bytes) -> list[RawLog]:
    """Records of an ExportLogsServiceRequest; those of a wrong shape are passed over.

    Raises:
        BadInput: the bytes are no JSON object, or its lists are none.
    """
    found: list[RawLog] = []
    for group in _outer_list(_object(body, "logs"), "resourceLogs", "resource_logs"):
        for part in _lenient(group, "scopeLogs", "scope_logs"):
            for record in _lenient(part, "logRecords", "log_records"):
                try:
                    found.append(_log(_dict(record, "log record"), part, group))
                except ValueError:
                    continue
    return found


def _log(record: dict[str, Any], part: dict[str, Any], group: dict[str, Any]) -> RawLog:
    text = _value(record.get("body"), 0)
    return RawLog(
        text if isinstance(text, str) else "",
        _time(record, "timeUnixNano", "time_unix_nano", "time"),
        _attributes(record),
        _scope(part),
        _attributes(_dict(group.get("resource"), "resource")),
    )


def _outer_list(request: dict[str, Any], camel: str, snake: str) -> list[Any]:
    try:
        return _list(request, camel, snake)
    except ValueError as error:
        raise BadInput(f"The body is not an OTLP request: {error}.") from error


def _counter(outer: tuple[str, str], inner: tuple[str, str], records: tuple[str, str]) -> Any:
    def count(body: bytes) -> int:
        total = 0
        for group in _outer_list(_object(body, outer[0]), *outer):
            for part in _lenient(group, *inner):
                total += len(_lenient(part, *records))
        return total

    return count


def _lenient(record: Any, camel: str, snake: str) -> list[Any]:
    found = _get(record, camel, snake) if isinstance(record, dict) else None
    return found if isinstance(found, list) else []


count_logs: Callable[[bytes], int] = _counter(
    ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records")
)
"""How many log records a body holds; raises BadInput like decode_traces."""

count_metrics: Callable[[bytes], int] = _counter(
    ("resourceMetrics", "resource_metrics"),
    ("scopeMetrics", "scope_metrics"),
    ("metrics", "metrics"),
)
"""How many metrics a body holds; raises BadInput like decode_traces."""


def _id_of(record: Any) -> str:
    found = _get(record, "spanId", "span_id") if isinstance(record, dict) else None
    return found[:32] if isinstance(found, str) else ""


def _scope(part: dict[str, Any]) -> RawScope:
    found = part.get("scope")
    scope = _dict(part.get("instrumentationLibrary") if found is None else found, "scope")
    return RawScope(
        _text(scope.get("name"), "scope name"),
        _text(scope.get("version"), "scope version"),
        _attributes(scope),
    )


def _hex(record: dict[str, Any], camel: str, snake: str, what: str) -> str:
    found = _text(_get(record, camel, snake), what).lower()
    if not is_hex(found):
        raise _WrongType(f"{what} is no hex text")
    return found


def _span(record: dict[str, Any], resource: dict[str, Any], scope: RawScope) -> RawSpan:
    start_ns = _time(record, "startTimeUnixNano", "start_time_unix_nano", "start time")
    if not start_ns:
        raise ValueError("start time is missing")
    status = _dict(record.get("status"), "status")
    parent = _hex(record, "parentSpanId", "parent_span_id", "parent span id")
    return RawSpan(
        trace_id=trace_id_of(_hex(record, "traceId", "trace_id", "trace id")),
        span_id=span_id_of(_hex(record, "spanId", "span_id", "span id"), "span id"),
        parent_span_id=span_id_of(parent, "parent span id") if parent.strip("0") else None,
        name=_text(record.get("name"), "name"),
        start_ns=start_ns,
        end_ns=_time(record, "endTimeUnixNano", "end_time_unix_nano", "end time") or None,
        status_code=_status(status.get("code")),
        status_message=_text(status.get("message"), "status message"),
        attributes=_attributes(record),
        resource=resource,
        scope=scope,
        events=[_event(_dict(item, "event")) for item in _list(record, "events", "events")],
        links=[_link(_dict(item, "link")) for item in _list(record, "links", "links")],
    )


def _time(record: dict[str, Any], camel: str, snake: str, what: str) -> int:
    found = _whole(_get(record, camel, snake), what)
    if found < 0:
        raise _WrongType(f"{what} is negative")
    return found


def _status(code: Any) -> int:
    if isinstance(code, str) and code in _STATUS:
        return _STATUS[code]
    return _whole(code, "status code", limit=2**31)


def _event(record: dict[str, Any]) -> RawEvent:
    return RawEvent(
        _text(record.get("name"), "event name"),
        _time(record, "timeUnixNano", "time_unix_nano", "event time"),
        _attributes(record),
    )


def _link(record: dict[str, Any]) -> RawLink:
    return RawLink(
        _hex(record, "traceId", "trace_id", "link's trace id"),
        _hex(record, "spanId", "span_id", "link's span id"),
        _attributes(record),
    )


def _attributes(owner: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in _list(owner, "attributes", "attributes"):
        if not isinstance(pair, dict) or not isinstance(key := pair.get("key", ""), str):
            raise _WrongType("an attribute is no key and value")
        if (value := _value(pair.get("value"), 0)) is not None:
            found[key] = value
    return found


def _value(value: Any, level: int) -> Any:
    if value is None or level > MAX_NESTING:
        return None
    for key, inner in _dict(value, "attribute value").items():
        if inner is not None and (read := _READERS.get(key)) is not None:
            return read(inner, level)
    return None


def _read_text(value: Any, _: int) -> str:
    return _text(value, "stringValue")


def _read_bool(value: Any, _: int) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise _WrongType("boolValue is neither true nor false")
    return value


def _read_int(value: Any, _: int) -> int:
    return _whole(value, "intValue", limit=_INT64)


def _read_double(value: Any, _: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _WrongType("doubleValue is no number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise _WrongType("doubleValue is no number") from None
    return found if math.isfinite(found) else None


def _read_array(value: Any, level: int) -> list[Any]:
    items = _list(_dict(value, "arrayValue"), "values", "values")
    return [_value(item, level + 1) for item in items]


def _read_map(value: Any, level: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in _list(_dict(value, "kvlistValue"), "values", "values"):
        if not isinstance(pair, dict) or not isinstance(key := pair.get("key", ""), str):
            raise _WrongType("an entry of kvlistValue is no key and value")
        if (inner := _value(pair.get("value"), level + 1)) is not None:
            found[key] = inner
    return found


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "stringValue": _read_text,
    "string_value": _read_text,
    "boolValue": _read_bool,
    "bool_value": _read_bool,
    "intValue": _read_int,
    "int_value": _read_int,
    "doubleValue": _read_double,
    "double_value": _read_double,
    "arrayValue": _read_array,
    "array_value": _read_array,
    "kvlistValue": _read_map,
    "kvlist_value": _read_map,
    "bytesValue": _read_text,
    "bytes_value": _read_text,
}
