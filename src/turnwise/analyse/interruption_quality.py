"""Interruptions of many sessions as figures that a release can be held against."""

from collections.abc import Sequence

from turnwise.model.diagnosis import Gate, InterruptionQuality, Spread
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import Interruption

ENOUGH = 30
"""Below this many interruptions nothing is said about a release."""
GATES = (
    ("detectionLatencyMs.p95", 400.0),
    ("stopLatencyMs.p95", 1200.0),
    ("bleedThroughWords.p95", 3.0),
)


def interruption_quality(
    sessions: int, interruptions: Sequence[Interruption]
) -> InterruptionQuality:
    """The figures of some sessions; false alarms are counted and not measured."""
    real = [each for each in interruptions if not each.is_false]
    spreads = {
        "detectionLatencyMs": _between(real, "onset_ns", "detected_ns"),
        "stopLatencyMs": _between(real, "onset_ns", "stopped_ns"),
        "flushLatencyMs": _between(real, "detected_ns", "stopped_ns"),
        "bleedThroughWords": spread(
            [each.bleed_words for each in real if each.bleed_words is not None]
        ),
    }
    gates = tuple(
        _gate(metric, limit, spreads[metric.partition(".")[0]], len(real))
        for metric, limit in GATES
    )
    verdicts = [each.passed for each in gates if each.passed is not None]
    return InterruptionQuality(
        sessions=sessions,
        interruptions=len(real),
        false_interruptions=len(interruptions) - len(real),
        detection_latency=spreads["detectionLatencyMs"],
        stop_latency=spreads["stopLatencyMs"],
        flush_latency=spreads["flushLatencyMs"],
        bleed_words=spreads["bleedThroughWords"],
        gates=gates,
        passed=all(verdicts) if verdicts else None,
    )


def spread(values: Sequence[float]) -> Spread:
    """Count, mean and percentiles."""
    if not values:
        return Spread()
    ordered = sorted(values)
    return Spread(
        count=len(ordered),
        total=sum(ordered),
        avg=sum(ordered) / len(ordered),
        p50=percentile(ordered, 0.5),
        p95=percentile(ordered, 0.95),
        max=ordered[-1],
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """By linear interpolation between the two nearest values (type 7)."""
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _between(interruptions: Sequence[Interruption], first: str, last: str) -> Spread:
    values = []
    for each in interruptions:
        start, end = getattr(each, first), getattr(each, last)
        if start is not None and end is not None and end >= start:
            values.append((end - start) / NS_PER_MS)
    return spread(values)


def _gate(metric: str, limit: float, found: Spread, interruptions: int) -> Gate:
    is_enough = interruptions >= ENOUGH and found.p95 is not None
    return Gate(
        metric=metric,
        threshold=limit,
        value=found.p95,
        passed=found.p95 <= limit if is_enough and found.p95 is not None else None,
    )
