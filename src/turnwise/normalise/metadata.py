"""Everything that a span said and no field holds, as the JSON text of one object.

    {"attributes": {...}, "resource": {...}, "scope": {"name", "version", "attributes"},
     "events": [{"name", "timeUnixNano", "attributes"}], "links": [{"traceId", "spanId", ...}],
     "droppedAttributes": 3, ...}

The user's own metadata keys (Langfuse, LangSmith, OpenInference) stand beside these; a key of
ours wins, and the attribute is kept under `attributes` in any case. Empty parts are left out.
Attributes are kept as they came, except those whose value `input` or `output` holds verbatim.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from turnwise.model.batch import RawEvent, RawLink, RawScope, RawSpan
from turnwise.normalise.reading import Reading
from turnwise.normalise.values import encode_json

MAX_ATTRIBUTES = 20_000
"""Attributes kept of one span; how many more there were is noted as `droppedAttributes`."""

MAX_EVENTS = 20_000
"""Events, and likewise links, kept of one span."""


class Encoder:
    """Makes metadata texts; resources and scopes shared by many spans are encoded once."""

    def __init__(self) -> None:
        self._shared: dict[int, tuple[object, msgspec.Raw]] = {}

    def text(self, span: RawSpan, reading: Reading) -> str:
        """The metadata of one span."""
        found: dict[str, Any] = dict(reading.gathered.get("user_metadata", {}))
        found.update(reading.fields.get("metadata_object", {}))
        moved = reading.sources.values()
        kept = span.attributes
        if moved:
            kept = {name: value for name, value in kept.items() if name not in moved}
        if len(kept) > MAX_ATTRIBUTES:
            found["droppedAttributes"] = len(kept) - MAX_ATTRIBUTES
            kept = dict(list(kept.items())[:MAX_ATTRIBUTES])
        found["attributes"] = kept
        found["resource"] = self._once(span.resource, span.resource)
        found["scope"] = self._once(span.scope, _scope(span.scope))
        if span.events:
            found["events"] = _events(span.events)
        if span.links:
            found["links"] = _links(span.links)
        return encode_json(found)

    def _once(self, owner: object, value: Mapping[str, Any]) -> msgspec.Raw:
        known = self._shared.get(id(owner))
        if known is None:
            # the owner is kept so that its id is not used again
            known = (owner, msgspec.Raw(encode_json(value).encode()))
            self._shared[id(owner)] = known
        return known[1]


def _scope(scope: RawScope) -> dict[str, Any]:
    found: dict[str, Any] = {"name": scope.name, "version": scope.version}
    if scope.attributes:
        found["attributes"] = scope.attributes
    return found


def _events(events: Sequence[RawEvent]) -> list[dict[str, Any]]:
    return [
        {
            "name": event.name,
            "timeUnixNano": str(event.time_ns),
            "attributes": event.attributes,
        }
        for event in events[:MAX_EVENTS]
    ]


def _links(links: Sequence[RawLink]) -> list[dict[str, Any]]:
    return [
        {"traceId": link.trace_id, "spanId": link.span_id, "attributes": link.attributes}
        for link in links[:MAX_EVENTS]
    ]
