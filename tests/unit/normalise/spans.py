"""Spans made by hand, for one attribute at a time."""

from typing import Any

from tests.unit.normalise.captures import PRESENT_NS, PROJECT
from turnwise.model.batch import RawScope, RawSpan
from turnwise.model.observation import Observation
from turnwise.normalise import normalise_spans

START_NS = 1_790_000_000 * 1_000_000_000


def span(
    name: str = "work", scope: str = "", attributes: dict[str, Any] | None = None, **more: Any
) -> RawSpan:
    return RawSpan(
        **{
            "trace_id": "1" * 32,
            "span_id": "2" * 16,
            "parent_span_id": None,
            "name": name,
            "start_ns": START_NS,
            "end_ns": START_NS + 2_000_000_000,
            "status_code": 0,
            "status_message": "",
            "attributes": attributes or {},
            "resource": {},
            "scope": RawScope(scope),
            **more,
        }
    )


def observe(
    name: str = "work", scope: str = "", attributes: dict[str, Any] | None = None, **more: Any
) -> Observation:
    kept, rejected = normalise_spans(
        PROJECT, [span(name, scope, attributes, **more)], present_ns=PRESENT_NS
    )
    assert not rejected, rejected
    return kept[0]
