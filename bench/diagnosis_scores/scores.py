"""Numbers from judged calls."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from bench._measure import percentile
from bench.diagnosis_scores.judge import Found, Judged, Verdict

CURVE = ("<=1.2x", "1.5x", "2x", "3x", "5x", "+0.8 s", "+1.5 s", "+3 s")
"""Sizes of delays: by a factor of what the stage took, or by about so many seconds."""


@dataclass(slots=True)
class Score:
    """How well one type is named; shares are None where nothing could be counted.

    Attributes:
        n: faults that were felt.
        false: issues of this type that nothing accounts for.
    """

    n: int
    hits: int
    false: int
    exact_turn: float | None
    right_stage: float | None
    grounded: float | None
    right_severity: float | None

    @property
    def precision(self) -> float | None:
        named = self.hits + self.false
        return self.hits / named if named else None

    @property
    def recall(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; 0 where there was something and none was named."""
        if not self.n:
            return None
        total = 2 * self.hits + self.false + (self.n - self.hits)
        return 2 * self.hits / total


@dataclass(slots=True)
class Alarms:
    """Issues above "info" in calls in which nothing was wrong."""

    calls: int
    calls_with_alarm: int
    alarms: int

    @property
    def per_100(self) -> float | None:
        return 100 * self.alarms / self.calls if self.calls else None


@dataclass(slots=True)
class Point:
    """One stage at one size on the detection curve.

    Attributes:
        n: delays of this size, felt or not.
        felt: those that the caller felt.
        named: those that were named with the right stage.
        named_felt: those that were both.
    """

    n: int = 0
    felt: int = 0
    named: int = 0
    named_felt: int = 0


def score(judged: Sequence[Judged]) -> Score:
    """One score over everything."""
    felt = [found for each in judged for found in each.found if found.fault.is_felt]
    false = [issue for each in judged for issue in each.false_alarms]
    return _score(felt, len(false))


def by_type(judged: Sequence[Judged]) -> dict[str, Score]:
    """A score for each type that was injected or wrongly named, by name."""
    faults: dict[str, list[Found]] = defaultdict(list)
    false: dict[str, int] = defaultdict(int)
    for each in judged:
        for found in each.found:
            if found.fault.is_felt:
                faults[found.fault.type].append(found)
        for issue, verdict in each.others:
            # What is only information is no alarm, but it has to be true as well.
            if verdict in (Verdict.FALSE, Verdict.INFO):
                false[issue["type"]] += 1
    return {kind: _score(faults[kind], false[kind]) for kind in sorted({*faults, *false})}


def macro_f1(scores: Iterable[Score]) -> float | None:
    """Mean F1 of the types that were injected."""
    values = [each.f1 for each in scores if each.f1 is not None]
    return sum(values) / len(values) if values else None


def _score(felt: Sequence[Found], false: int) -> Score:
    hits = [each for each in felt if each.issue is not None]
    return Score(
        n=len(felt),
        hits=len(hits),
        false=false,
        exact_turn=_share(each.exact_turn for each in hits),
        right_stage=_share(each.right_stage for each in hits),
        grounded=_share(each.grounded for each in hits),
        right_severity=_share(each.right_severity for each in hits),
    )


def _share(values: Iterable[bool | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None


def alarms(judged: Sequence[Judged]) -> Alarms:
    """False alarms in clean calls."""
    clean = [each for each in judged if each.case.condition == "clean"]
    counts = [len(each.false_alarms) for each in clean]
    return Alarms(len(clean), sum(1 for each in counts if each), sum(counts))


def curve(judged: Sequence[Judged]) -> dict[str, dict[str, Point]]:
    """Points by stage and size."""
    found: dict[str, dict[str, Point]] = defaultdict(lambda: defaultdict(Point))
    for each in judged:
        for one in each.found:
            fault = one.fault
            if fault.stage is None or not fault.operator.startswith("delay "):
                continue
            point = found[fault.stage][_size(fault.factor, fault.added)]
            is_named = one.issue is not None and one.exact_turn and one.right_stage is not False
            point.n += 1
            point.felt += fault.is_felt
            point.named += is_named
            point.named_felt += is_named and fault.is_felt
    return {stage: dict(points) for stage, points in sorted(found.items())}


def _size(factor: float | None, added: float) -> str:
    if factor is not None:
        return f"{factor:g}x" if factor > 1.2 else CURVE[0]
    if added < 1.2:
        return "+0.8 s"
    return "+1.5 s" if added < 2.4 else "+3 s"


def report(judged: Sequence[Judged], server_cpu_ms: float) -> dict[str, object]:
    """Everything, as plain values."""
    types = by_type(judged)
    took = [each.ms for each in judged]
    return {
        "types": {name: _plain(each) for name, each in types.items()},
        "macroF1": macro_f1(types.values()),
        "all": _plain(score(judged)),
        "cleanCalls": {**asdict(alarms(judged)), "per100": alarms(judged).per_100},
        **{
            name: {key: _plain(score(group)) for key, group in groups.items()}
            for name, groups in grouped(judged).items()
        },
        "curve": {
            stage: {size: asdict(point) for size, point in points.items()}
            for stage, points in curve(judged).items()
        },
        "readMs": {"p50": percentile(took, 0.5), "p95": percentile(took, 0.95)},
        "serverCpuMsPerRead": server_cpu_ms,
    }


def grouped(judged: Sequence[Judged]) -> dict[str, dict[str, list[Judged]]]:
    """The judged calls by condition and by shape."""
    found: dict[str, dict[str, list[Judged]]] = {"conditions": {}, "shapes": {}}
    for each in judged:
        shape = str(each.case.call.agent.shape)
        found["conditions"].setdefault(each.case.condition, []).append(each)
        found["shapes"].setdefault(shape, []).append(each)
    return {name: dict(sorted(groups.items())) for name, groups in found.items()}


def _plain(each: Score) -> dict[str, float | int | None]:
    return {**asdict(each), "precision": each.precision, "recall": each.recall, "f1": each.f1}
