"""The limits that a release has to keep, and what it may not make worse.

voice.md 1.4 (release gate) and 1.3 (turn latency); contracts.md 2.4 (shape, detection).
"""

from turnwise.analyse.release.statistics import Measured, difference
from turnwise.analyse.release.window import Window
from turnwise.model.diagnosis import (
    Change,
    Gate,
    GateLimits,
    InterruptionQuality,
    PerHundredTurns,
)
from turnwise.model.session import InterruptionKind

ENOUGH = 30
"""Below this many interruptions nothing is said about a release."""

_PERCENTILES = {"p50": 0.5, "p95": 0.95}
_COMPARED = ("stopLatencyMs.p95", "detectionLatencyMs.p95", "bleedThroughWords.p50",
             "turnLatencyMs.p50", "turnLatencyMs.p95", "endpointingMs.p50", "sttMs.p50",
             "llmMs.p50", "ttsMs.p50")  # fmt: skip
_DECISIVE = frozenset({"stopLatencyMs.p95", "turnLatencyMs.p95"})
"""What may not get worse; the other changes only say where it comes from."""


def quality_of(
    window: Window, limits: GateLimits, baseline: Window | None = None
) -> InterruptionQuality:
    """The figures of some sessions and what they mean for a release.

    A release passes when every gate does. With fewer than ENOUGH interruptions, or with a baseline
    that has fewer, it neither passes nor fails.
    """
    taken = window.kinds[InterruptionKind.BARGE_IN]
    false = window.kinds[InterruptionKind.FALSE_ALARM]
    is_enough = taken >= ENOUGH
    gates = [_gate(name, limit, _value(window, name), is_enough) for name, limit in limits.pairs()]
    changes: tuple[Change, ...] = ()
    if baseline is not None:
        is_known = is_enough and baseline.kinds[InterruptionKind.BARGE_IN] >= ENOUGH
        changes = tuple(_change(name, window, baseline, limits) for name in _COMPARED)
        gates += [
            _worsening(each, limits, is_known) for each in changes if each.metric in _DECISIVE
        ]
    return InterruptionQuality(
        sessions=window.sessions,
        turns=window.agent_turns,
        interruptions=taken,
        false_interruptions=false,
        missed_interruptions=window.kinds[InterruptionKind.MISSED],
        backchannels=window.kinds[InterruptionKind.BACKCHANNEL],
        premature_endpointing=window.kinds[InterruptionKind.PREMATURE],
        false_interruption_rate=window.false_rate(),
        per_hundred_turns=_per_hundred(window),
        sources={str(kind): dict(sorted(told.items())) for kind, told in window.sources.items()},
        detection_latency=window.measured("detectionLatencyMs").spread(),
        stop_latency=window.measured("stopLatencyMs").spread(),
        flush_latency=window.measured("flushLatencyMs").spread(),
        bleed_words=window.measured("bleedThroughWords").spread(),
        turn_latency=window.measured("turnLatencyMs").spread(),
        false_stop_recovery=window.measured("falseStopRecoveryMs").spread(),
        gates=tuple(gates),
        changes=changes,
        passed=_verdict(gates, is_enough),
    )


def _verdict(gates: list[Gate], is_enough: bool) -> bool | None:
    if not is_enough:
        return None
    if any(each.passed is False for each in gates):
        return False
    undecided = [each for each in gates if each.passed is None and each.is_required]
    return None if undecided else True


def _value(window: Window, name: str) -> float | None:
    if name == "falseInterruptionRate":
        return window.false_rate()
    metric, _, percentile = name.partition(".")
    return window.measured(metric).percentile(_PERCENTILES[percentile])


def _gate(name: str, limit: float, value: float | None, is_enough: bool) -> Gate:
    passed = value <= limit if is_enough and value is not None else None
    return Gate(metric=name, threshold=limit, value=value, passed=passed, is_required=False)


def _change(name: str, newer: Window, older: Window, limits: GateLimits) -> Change:
    metric, _, percentile = name.partition(".")
    share = _PERCENTILES[percentile]
    now, then = newer.measured(metric), older.measured(metric)
    value, before = now.percentile(share), then.percentile(share)
    if value is None or before is None:
        return Change(metric=name, value=value, baseline=before, count=len(now),
                      baseline_count=len(then))  # fmt: skip
    low, high = difference(now, then, share)
    ratio = (value - before) / before if before else None
    return Change(
        metric=name,
        value=value,
        baseline=before,
        count=len(now),
        baseline_count=len(then),
        ratio=ratio,
        low=low,
        high=high,
        is_worse=_is_enough(now, then) and low > 0 and (ratio is None or ratio > limits.worsening),
    )


def _is_enough(*sides: Measured) -> bool:
    return all(len(each) >= ENOUGH for each in sides)


def _worsening(change: Change, limits: GateLimits, is_known: bool) -> Gate:
    """A change as a gate; it cannot be decided when one side has hardly any values."""
    is_decided = is_known and min(change.count, change.baseline_count) >= ENOUGH
    return Gate(
        metric=f"{change.metric}.change",
        threshold=limits.worsening,
        value=change.ratio,
        passed=not change.is_worse if is_decided else None,
        is_required=change.metric == "stopLatencyMs.p95",
    )


def _per_hundred(window: Window) -> PerHundredTurns | None:
    if not window.agent_turns:
        return None

    def rate(kind: InterruptionKind) -> float:
        return 100 * window.kinds[kind] / window.agent_turns

    return PerHundredTurns(
        interruptions=rate(InterruptionKind.BARGE_IN),
        false_interruptions=rate(InterruptionKind.FALSE_ALARM),
        missed_interruptions=rate(InterruptionKind.MISSED),
        backchannels=rate(InterruptionKind.BACKCHANNEL),
        premature_endpointing=rate(InterruptionKind.PREMATURE),
    )
