"""Requests of recorded calls: as they were sent, or taken apart and put together anew."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.contract.wire import JSON, PROTOBUF

CAPTURES = Path(__file__).parent.parent / "captures"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Sent:
    """One request: its decompressed body and what it is written in."""

    body: bytes
    content_type: str

    @property
    def spans(self) -> int:
        """How many spans it holds."""
        return sum(1 for _ in _single_spans(self))


def requests_of(capture: str) -> list[Sent]:
    """The traces requests of a recorded call, in the order in which they were sent."""
    found = []
    for path in sorted((CAPTURES / capture).glob("[0-9]*.json")):
        told = json.loads(path.read_text())
        if not told["path"].endswith(("/traces", "/otel")):
            continue
        body = (path.parent / told["body"]).read_bytes()
        while body.startswith(_GZIP):  # as stored, and as sent
            body = gzip.decompress(body)
        found.append(Sent(body, told["headers"]["content-type"].partition(";")[0]))
    return found


def session_of(capture: str) -> str:
    """The session's name in the call."""
    return str(json.loads((CAPTURES / capture / "truth.json").read_text())["session_id"])


def shuffled(requests: list[Sent], seed: int) -> list[Sent]:
    """The same spans in another order, divided into other requests."""
    chance = random.Random(seed)
    single = [each for sent in requests for each in _single_spans(sent)]
    chance.shuffle(single)
    found = []
    while single:
        count = chance.randint(1, 40)
        found.append(_joined(single[:count]))
        single = single[count:]
    return found


def _single_spans(sent: Sent) -> Iterator[Sent]:
    if sent.content_type == JSON:
        yield from _single_json(msgspec.json.decode(sent.body))
        return
    for group in ExportTraceServiceRequest.FromString(sent.body).resource_spans:
        for scoped in group.scope_spans:
            for span in scoped.spans:
                one = ExportTraceServiceRequest()
                kept = one.resource_spans.add(resource=group.resource, schema_url=group.schema_url)
                kept.scope_spans.add(scope=scoped.scope, spans=[span])
                yield Sent(one.SerializeToString(), PROTOBUF)


def _single_json(request: dict[str, Any]) -> Iterator[Sent]:
    for group in request["resourceSpans"]:
        for scoped in group["scopeSpans"]:
            for span in scoped["spans"]:
                one = {**group, "scopeSpans": [{**scoped, "spans": [span]}]}
                yield Sent(msgspec.json.encode({"resourceSpans": [one]}), JSON)


def _joined(single: list[Sent]) -> Sent:
    """One request with the spans of all; protobuf messages are joined by putting them in a row."""
    if single[0].content_type == PROTOBUF:
        return Sent(b"".join(each.body for each in single), PROTOBUF)
    groups = [msgspec.json.decode(each.body)["resourceSpans"][0] for each in single]
    return Sent(msgspec.json.encode({"resourceSpans": groups}), JSON)
