"""Sessions that are slow throughout, and versions that became slower (voice.md 2.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.estimators import log_spread, mann_whitney, sign_test
from turnwise.analyse.diagnosis.figures import (
    COST,
    MICRO,
    cost_per_minute,
    length_class,
)
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.analyse.diagnosis.wording import advice, name_of
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Part, PipelineStage

_FEWEST = 4
"""Fewer answers show no habit."""
_SIGNIFICANT = 0.0625
"""The chance at which four values out of four lie above their median."""
_SHIFT = 1.5
_SHIFT_P = 0.001
_COMPARED = (Part.STT, Part.ENDPOINTING, Part.LLM, Part.TTS, Part.TOOL)
_ENOUGH = 10
"""Values on each side without which two versions are not compared."""
_PROVIDED = frozenset({PipelineStage.STT, PipelineStage.LLM, PipelineStage.TTS})
_FAR = 2.0
_LEAST_SHIFT_NS = 50_000_000
"""A median that moved by less is not felt."""


@dataclass(slots=True)
class _Habit:
    """Values of a stage over a session, with what shows them.

    Attributes:
        felt: for how long answers waited for it, where that is known.
    """

    part: Part
    values: list[int]
    felt: list[int]
    span_ids: list[str]
    model: str | None = None


def _habits(case: Case) -> dict[Part, _Habit]:
    found: dict[Part, _Habit] = {}
    for turn, response in case.answers:
        if case.is_skewed(turn, response):
            continue
        for each in case.believed(turn, response):
            habit = found.setdefault(each.part, _Habit(each.part, [], [], []))
            habit.values.append(each.duration_ns)
            habit.felt.append(each.held_ns if response.is_timed else each.duration_ns)
            habit.span_ids.extend(each.span_ids)
            habit.model = habit.model or each.model
    return found


def slow_throughout(case: Case) -> Iterator[Issue]:
    """A stage whose median over the session is above its target, or far above the agent's usual."""
    habits = {
        part: habit
        for part, habit in _habits(case).items()
        if part not in (Part.UNEXPLAINED, Part.WORDING, Part.ASKING)
        and len(habit.values) >= _FEWEST
    }
    found = [
        habit
        for habit in habits.values()
        if _is_shifted(case, habit, at_least=_SHIFT) or _is_above(case, habit)
    ]
    shifted = [
        habit
        for habit in habits.values()
        if habit.part.stage in _PROVIDED and _is_shifted(case, habit, at_least=1.0)
    ]
    if len({habit.part.stage for habit in shifted}) > 1:
        yield _region(case, shifted)
    for habit in found:
        yield _chronic(case, habit)


def _is_above(case: Case, habit: _Habit) -> bool:
    target_ns = case.limits.target_ns(habit.part.stage)
    above = sum(each > target_ns for each in habit.felt)
    return median(habit.felt) > target_ns and sign_test(above, len(habit.felt)) <= _SIGNIFICANT


def _is_shifted(case: Case, habit: _Habit, *, at_least: float) -> bool:
    """Whether the session is above the agent's usual by a felt time, and by so many times."""
    now = median(habit.felt)
    if now < ns(case.limits.spike_excess_ms):
        return False
    before = case.baselines.values(habit.part)
    if len(before) < 2 * _ENOUGH:
        return False
    usual = median(before)
    return (
        now >= at_least * usual
        and now - usual >= ns(case.limits.spike_excess_ms)
        and mann_whitney(habit.felt, before) < _SHIFT_P
    )


def _chronic(case: Case, habit: _Habit) -> Issue:
    stage = habit.part.stage
    target_ns = case.limits.target_ns(stage)
    p50, p95 = np.percentile(habit.felt, [50, 95])
    before = case.baselines.values(habit.part)
    usual = median(before) if len(before) >= 2 * _ENOUGH else None
    evidence: dict[str, float | int | str] = {
        "p50Ms": ms(p50),
        "p95Ms": ms(p95),
        "targetMs": ms(target_ns),
        "n": len(habit.felt),
        "excessMs": ms(sum(max(0, each - (usual or target_ns)) for each in habit.felt)),
    }
    if usual is not None:
        evidence["baselineMs"] = ms(usual)
    return Issue(
        type="chronic_latency",
        turn=None,
        stage=stage,
        description=f"{name_of(stage)} is {shown_ns(p50)} at the median and {shown_ns(p95)} at the "
        f"95th percentile of this session (target: <{ms(target_ns)}ms)",
        recommendation=advice(
            stage,
            f"{shown_ns(p50)} at the median",
            usual=shown_ns(usual) if usual is not None else None,
            target=shown_ns(target_ns),
        ),
        severity=Severity.MEDIUM,
        start_ns=case.session.started_ns,
        end_ns=case.session.ended_ns,
        span_ids=tuple(dict.fromkeys(habit.span_ids)),
        evidence=evidence,
        confidence=0.9,
    )


def _region(case: Case, habits: list[_Habit]) -> Issue:
    stages = ", ".join(each.part.stage for each in habits)
    return Issue(
        type="region_network",
        turn=None,
        description=f"Several providers were slow together in this session ({stages})",
        recommendation="Check the network between the agent and its providers, and run the agent "
        "nearer to them and to its callers.",
        severity=Severity.MEDIUM,
        start_ns=case.session.started_ns,
        end_ns=case.session.ended_ns,
        span_ids=tuple(dict.fromkeys(span for each in habits for span in each.span_ids)),
        evidence={
            "stages": stages,
            **{f"{each.part.stage}P50Ms": ms(median(each.felt)) for each in habits},
        },
        confidence=0.7,
    )


def slower_version(case: Case) -> Iterator[Issue]:
    """The stage that became slowest against the version before (voice.md 2.2)."""
    previous = case.baselines.previous_version()
    if previous is None:
        return
    shifts = []
    habits = _habits(case)
    for part in _COMPARED:
        stage, habit = part.stage, habits.get(part)
        before = case.baselines.values(part, previous)
        after = case.baselines.values(part, case.baselines.version)
        after += [float(each) for each in habit.values] if habit is not None else []
        if min(len(before), len(after)) < _ENOUGH or habit is None:
            continue
        old, new = median(before), median(after)
        p = mann_whitney(after, before)
        is_slower = new > old * (1 + case.limits.regression_share) and new - old > _LEAST_SHIFT_NS
        if is_slower and p * len(_COMPARED) < case.limits.regression_p:
            shifts.append((new - old, old, new, p, stage, habit, len(before), len(after)))
    if shifts:
        worst = max(shifts, key=lambda each: each[0])
        _, old, new, p, stage, habit, n_before, n_after = worst
        yield Issue(
            type="latency_regression",
            turn=None,
            stage=stage,
            description=f"{name_of(stage)} went from {shown_ns(old)} to {shown_ns(new)} at the median "
            f"with version {case.baselines.version}",
            recommendation=f"Compare version {case.baselines.version} with {previous}: what changed "
            f"in model, prompt or configuration of this stage{_models(case, habit)}?",
            severity=Severity.MEDIUM,
            start_ns=case.session.started_ns,
            end_ns=case.session.ended_ns,
            span_ids=tuple(dict.fromkeys(habit.span_ids)),
            evidence={
                "version": case.baselines.version,
                "previousVersion": previous,
                "beforeMs": ms(old),
                "afterMs": ms(new),
                "shift": round(new / old - 1, 3),
                "p": float(f"{p:.3g}"),
                "nBefore": n_before,
                "n": n_after,
                "excessMs": ms((new - old) * len(habit.values)),
            },
            confidence=0.9,
        )


def _models(case: Case, habit: _Habit) -> str:
    return f" (now {habit.model})" if habit.model and case.baselines.version else ""


def cost_outlier(case: Case) -> Iterator[Issue]:
    """A session that cost far more a minute than those of the agent that were about as long.

    Each request carries the history: in a long session a minute costs more than in a short one.
    """
    now = cost_per_minute(case.session)
    length = length_class(case.session)
    usual = [
        each
        for kind in (length - 1, length, length + 1)
        for each in case.baselines.values(COST, kind=str(kind))
    ]
    if now is None or len(usual) < _ENOUGH:
        return
    spread = log_spread(usual)
    z = spread.z(now)
    if z < spread.needed(case.limits.spike_z) or now < spread.median * _FAR:
        return
    rows = [each for each in case.session.usage if each.cost_usd]
    driver = max(rows, key=lambda each: each.cost_usd or 0, default=None)
    named = f"; most of it went to {driver.model or driver.stage}" if driver else ""
    yield Issue(
        type="cost_outlier",
        turn=None,
        description=f"This session cost {now / MICRO:.4f} USD a minute, usually "
        f"{spread.median / MICRO:.4f}{named}",
        recommendation="Look at what drove the cost: tokens of a grown prompt, audio that was "
        "transcribed while nobody spoke, or text that was never heard.",
        severity=Severity.MEDIUM if now > 3 * spread.median else Severity.LOW,
        start_ns=case.session.started_ns,
        end_ns=case.session.ended_ns,
        span_ids=case.ids(*(turn.index for turn, _ in case.answers)),
        evidence={
            "usdPerMinute": round(now / MICRO, 6),
            "baselineUsdPerMinute": round(spread.median / MICRO, 6),
            "z": round(z, 2),
            "n": spread.count,
            "costUsd": float(case.session.cost_usd),
            **({"driver": driver.model or str(driver.stage)} if driver else {}),
        },
        confidence=0.8,
    )
