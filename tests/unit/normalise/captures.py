"""Recorded requests of real SDKs, decoded, and what their senders measured themselves."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from turnwise.ingest.otlp import decode_traces
from turnwise.model.batch import RawSpan
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation, Step
from turnwise.normalise import normalise_spans

CAPTURES = Path(__file__).parents[2] / "captures"
PROJECT = ProjectId("00000000-0000-0000-0000-000000000001")
PRESENT_NS = 1_800_000_000 * 1_000_000_000


@dataclass(frozen=True)
class Sent:
    """One recorded trace request, its body as the sender's encoder made it."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Capture:
    """One recorded call."""

    folder: Path

    def __str__(self) -> str:
        return "/".join(self.folder.relative_to(CAPTURES).parts)

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text())
        return found

    def sent(self) -> Iterator[Sent]:
        for path in sorted(self.folder.glob("[0-9]*.json")):
            about = json.loads(path.read_text())
            if "trace" not in about["path"]:
                continue
            stored = self.folder / about["body"]
            body = stored.read_bytes()
            if stored.suffix == ".gz":
                body = gzip.decompress(body)
            if about["headers"].get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            yield Sent(about["headers"]["content-type"], body)

    def spans(self) -> list[RawSpan]:
        found: list[RawSpan] = []
        for sent in self.sent():
            spans, rejected = decode_traces(sent.body, sent.content_type)
            assert not rejected
            found.extend(spans)
        return found

    def observations(self) -> list[Observation]:
        kept, rejected = normalise_spans(PROJECT, self.spans(), present_ns=PRESENT_NS)
        assert not rejected
        return sorted(kept, key=lambda each: each.start_ns)


def captures(*emitters: str) -> list[Capture]:
    return [
        Capture(truth.parent)
        for truth in sorted(CAPTURES.glob("*/*/*/truth.json"))
        if truth.relative_to(CAPTURES).parts[0] in emitters
    ]


def of_step(observations: list[Observation], *steps: Step) -> list[Observation]:
    return [each for each in observations if each.step in steps]
