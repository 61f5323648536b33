"""Recorded calls of real SDKs, from their bytes to facts."""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit.analyse.build import PROJECT, facts_of
from turnwise.ingest.otlp import decode_traces
from turnwise.model.facts import SessionFacts
from turnwise.model.observation import Observation
from turnwise.normalise import normalise_spans

CAPTURES = Path(__file__).parents[2] / "captures"
_LATE_NS = 2**62
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Recording:
    """One scenario that one version of one SDK played.

    Attributes:
        batches: the observations of each request, in the order in which they came.
        truth: what the emitter says has happened.
    """

    name: str
    batches: tuple[tuple[Observation, ...], ...]
    truth: dict[str, Any]

    @property
    def facts(self) -> SessionFacts:
        return facts_of(*(each for batch in self.batches for each in batch))


def names() -> list[str]:
    """Every recorded scenario whose requests are OTLP traces."""
    found = [path.parent for path in CAPTURES.glob("*/*/*/truth.json")]
    return sorted(str(path.relative_to(CAPTURES)) for path in found if _has_traces(path))


def _requests(folder: Path) -> list[dict[str, Any]]:
    requests = [json.loads(path.read_text()) for path in sorted(folder.glob("[0-9]*.json"))]
    return [
        each for each in requests if "/traces" in each["path"] or each["path"].endswith("/otel")
    ]


def _has_traces(folder: Path) -> bool:
    return bool(_requests(folder))


@cache
def recording(name: str) -> Recording:
    """The scenario of that name."""
    folder = CAPTURES / name
    batches = []
    for request in _requests(folder):
        body = (folder / request["body"]).read_bytes()
        while body.startswith(_GZIP):  # as stored, and as sent
            body = gzip.decompress(body)
        spans, unread = decode_traces(body, request["headers"].get("content-type"))
        observations, refused = normalise_spans(PROJECT, spans, present_ns=_LATE_NS)
        assert not unread
        assert not refused
        batches.append(tuple(observations))
    return Recording(name, tuple(batches), json.loads((folder / "truth.json").read_text()))
