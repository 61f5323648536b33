"""The figures that alert rules may name: of one session, and of all sessions of a window."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from turnwise.analyse.release import Window
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.session import InterruptionKind, Session, SessionStatus

ISSUES = "issues."
"""Followed by the type of an issue: how many of them a session has."""

_ALARMS = frozenset(Severity) - {Severity.INFO, Severity.LOW}
_GRAVE = frozenset({Severity.HIGH, Severity.CRITICAL})

OfSession = Callable[[Session, Sequence[Issue]], float | None]


def _latencies(session: Session) -> Iterator[float]:
    return (
        turn.response.latency_ns / NS_PER_MS
        for turn in session.turns
        if turn.response is not None and turn.response.latency_ns is not None
    )


def _mean_latency(session: Session, _: Sequence[Issue]) -> float | None:
    values = list(_latencies(session))
    return sum(values) / len(values) if values else None


def _minutes(session: Session) -> float:
    return session.duration_ns(session.last_seen_ns) / NS_PER_SECOND / 60


def _cost_per_minute(session: Session, _: Sequence[Issue]) -> float | None:
    minutes = _minutes(session)
    return float(session.cost_usd) / minutes if minutes else None


def _kind(kind: InterruptionKind) -> OfSession:
    return lambda session, _: sum(
        each.kind is kind for each in (*session.interruptions, *session.overlaps)
    )


def _slowest_stop(session: Session, _: Sequence[Issue]) -> float | None:
    return max(
        (
            (each.stopped_ns - each.onset_ns) / NS_PER_MS
            for each in session.interruptions
            if each.kind is InterruptionKind.BARGE_IN
            and each.stopped_ns is not None
            and each.onset_ns is not None
        ),
        default=None,
    )


SESSION_METRICS: Mapping[str, OfSession] = {
    "durationSeconds": lambda session, _: _minutes(session) * 60,
    "turns": lambda session, _: len(session.turns),
    "avgTurnLatencyMs": _mean_latency,
    "maxTurnLatencyMs": lambda session, _: max(_latencies(session), default=None),
    "maxStopLatencyMs": _slowest_stop,
    "interruptions": _kind(InterruptionKind.BARGE_IN),
    "falseInterruptions": _kind(InterruptionKind.FALSE_ALARM),
    "missedInterruptions": _kind(InterruptionKind.MISSED),
    "toolFailures": lambda session, _: sum(each.is_error for each in session.tools),
    "errors": lambda session, _: session.error_count,
    "failed": lambda session, _: session.status is SessionStatus.FAILED,
    "costUsd": lambda session, _: float(session.cost_usd),
    "costPerMinuteUsd": _cost_per_minute,
    "unpricedUsage": lambda session, _: session.unpriced,
    "issues": lambda _, issues: sum(each.severity in _ALARMS for each in issues),
    "graveIssues": lambda _, issues: sum(each.severity in _GRAVE for each in issues),
}

WINDOW_METRICS: Mapping[str, Callable[[Window], float | None]] = {
    "sessions": lambda window: window.sessions,
    "failedShare": lambda window: _share(window.failed, window.sessions),
    "errorsPerSession": lambda window: _share(window.errors, window.sessions),
    "costUsd": lambda window: float(window.cost_usd),
    "costPerSessionUsd": lambda window: _share(window.cost_usd, window.sessions),
    "falseInterruptionRate": lambda window: window.false_rate(),
    "missedInterruptionRate": lambda window: _share(
        window.kinds[InterruptionKind.MISSED], window.kinds.total()
    ),
    **{
        f"{metric}.{name}": lambda window, metric=metric, share=share: window.measured(  # type: ignore[misc]
            metric
        ).percentile(share)
        for metric in ("turnLatencyMs", "stopLatencyMs", "detectionLatencyMs", "bleedThroughWords",
                       "endpointingMs", "sttMs", "llmMs", "ttsMs")
        for name, share in (("p50", 0.5), ("p95", 0.95))
    },
}  # fmt: skip


def of_session(metric: str, session: Session, issues: Sequence[Issue]) -> float | None:
    """A figure of a session; None when it is unknown."""
    if metric.startswith(ISSUES):
        return sum(f"{ISSUES}{each.type}" == metric for each in issues)
    return SESSION_METRICS[metric](session, issues)


def is_session_metric(metric: str) -> bool:
    return metric in SESSION_METRICS or metric.removeprefix(ISSUES) not in ("", metric)


def _share(part: float | Decimal, whole: int) -> float | None:
    return float(part) / whole if whole else None
