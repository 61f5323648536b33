"""Samples in memory in place of a file."""

from collections.abc import Iterator, Sequence

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing import hear
from turnwise.model.audio import AudioReport, HeardKind
from turnwise.model.errors import BadInput
from turnwise.model.instants import NS_PER_MS
from turnwise.model.speaker import Speaker

Samples = NDArray[numpy.float32]


class Memory:
    """Implements analyse.hearing.Sound; `broken_at` is the sample at which decoding fails."""

    def __init__(self, samples: Samples, rate: int = 8_000, broken_at: int | None = None):
        self.samples = samples
        self.rate = rate
        self.channels = samples.shape[1]
        self.frames = len(samples)
        self._broken_at = broken_at

    def blocks(self) -> Iterator[Samples]:
        end = self.frames if self._broken_at is None else self._broken_at
        for start in range(0, end, 12_345):
            yield self.samples[start : min(end, start + 12_345)]
        if self._broken_at is not None:
            raise BadInput("The sound cannot be decoded.")


def heard(samples: Samples, rate: int = 8_000, agent_channel: int | None = 1) -> AudioReport:
    return hear("r1", Memory(samples, rate), agent_channel=agent_channel)


def turns_of(report: AudioReport, speaker: Speaker) -> list[tuple[float, float]]:
    """In milliseconds."""
    return [
        (each.start_ns / NS_PER_MS, each.end_ns / NS_PER_MS)
        for each in report.turns
        if each.speaker is speaker
    ]


def kinds_of(report: AudioReport) -> list[HeardKind]:
    return [each.kind for each in report.overlaps]


def near(spans: Sequence[tuple[float, float]], truth: Sequence[tuple[float, float]]) -> bool:
    """Whether the spans are those of the truth (in seconds), to within 60 ms."""
    return len(spans) == len(truth) and all(
        abs(a - 1000 * c) <= 60 and abs(b - 1000 * d) <= 60
        for (a, b), (c, d) in zip(spans, truth, strict=True)
    )
