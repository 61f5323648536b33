"""Robust statistics. None of them is moved by a few extreme values; all take finite numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLOOR = 0.10
"""The least spread of logarithms that is believed (voice.md 2.3): a tenth up or down is noise."""
CONSISTENCY = 1.4826
"""Makes the MAD of a normal sample estimate its standard deviation."""
_USUAL_SPREAD = 0.35
"""Spread of a stage's logarithms where too little was seen to tell: 0.25 to 0.4 in voice.md 2.4."""
_USUAL_WEIGHT = 10.0
_MAD_ERROR = 1.17
"""Standard error of that estimate over itself, times the root of the sample's size."""
_ENOUGH_FOR_TAIL = 40
"""Fewer values do not show how heavy their tail is."""
_TAIL = 0.975
_TAIL_Z = 1.96
"""Where that share of a normal sample lies, in standard deviations."""


@dataclass(frozen=True, slots=True)
class LogSpread:
    """Where logarithms lie.

    Attributes:
        middle: median of the natural logarithms.
        spread: 1.4826 times their MAD, at least FLOOR; more where the upper tail is heavier than
            that of a normal distribution.
        count: how many values.
        borrowed: how many values' worth of the spread comes from elsewhere.
    """

    middle: float
    spread: float
    count: int
    borrowed: float = 0.0

    @property
    def median(self) -> float:
        """The median in the values' own unit."""
        return float(np.exp(self.middle))

    def z(self, value: float) -> float:
        """How many spreads a value lies above the median, on the logarithmic scale."""
        return float((np.log(max(value, 1.0)) - self.middle) / self.spread)

    def needed(self, z: float) -> float:
        """The score that is as unlikely as `z` would be if the spread were known for sure.

        The MAD of a small sample is often too small by its own standard error.
        """
        return z * (1 + _MAD_ERROR / sqrt(self.count + self.borrowed))


def log_spread(values: Sequence[float] | Floats) -> LogSpread:
    """Median and MAD of the logarithms of values of at least 1; smaller ones count as 1.

    Raises:
        ValueError: there are none.
    """
    if not len(values):
        raise ValueError("no values")
    logs = np.log(np.maximum(np.asarray(values, dtype=np.float64), 1.0))
    middle = _median(logs)
    mad = _median(np.abs(logs - middle))
    spread = max(CONSISTENCY * mad, FLOOR)
    if len(logs) >= _ENOUGH_FOR_TAIL:
        spread = max(spread, (float(np.quantile(logs, _TAIL)) - middle) / _TAIL_Z)
    return LogSpread(middle, spread, len(logs))


def _median(values: Floats) -> float:
    """What `numpy.median` gives, which takes several times as long for a few hundred values."""
    ordered, half = np.sort(values), len(values) // 2
    return float(ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def shrunk(found: LogSpread, usual: float, weight: float) -> LogSpread:
    """A spread pulled towards the usual one, as if that had been seen `weight` times."""
    mixed = (found.count * found.spread**2 + weight * usual**2) / (found.count + weight)
    return LogSpread(found.middle, max(sqrt(mixed), FLOOR), found.count, weight)


def among_few(values: Sequence[float] | Floats) -> LogSpread:
    """Where a few values lie: their own median, and a spread that is mostly what is usual."""
    return shrunk(log_spread(values), _USUAL_SPREAD, _USUAL_WEIGHT)


def theil_sen(x: Sequence[float], y: Sequence[float]) -> float:
    """Median of the slopes between all pairs of points; 0 when no two differ in x."""
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    i, j = np.triu_indices(len(across), 1)
    runs = across[j] - across[i]
    apart = runs != 0
    if not apart.any():
        return 0.0
    return float(np.median((up[j] - up[i])[apart] / runs[apart]))


def ranks(values: Sequence[float] | Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    array = np.asarray(values, dtype=np.float64)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means = ends - (counts - 1) / 2
    return np.asarray(means[inverse], dtype=np.float64)


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation from -1 to 1; 0 when one of them does not vary."""
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()
    size = sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / size, -1.0, 1.0)) if size else 0.0


def mann_whitney(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Two-sided p of the rank-sum test: normal approximation, ties and continuity corrected.

    Returns 1 when either sample is empty or all values are equal.
    """
    n, m = len(x), len(y)
    if not n or not m:
        return 1.0
    both = np.concatenate([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    placed = ranks(both)
    u = float(placed[:n].sum()) - n * (n + 1) / 2
    total = n + m
    _, counts = np.unique(both, return_counts=True)
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(u - n * m / 2) - 0.5)
    return float(min(1.0, erfc(distance / sqrt(2 * variance))))


def sign_test(above: int, count: int) -> float:
    """Chance that so many of `count` values or more lie above their true median."""
    if not count:
        return 1.0
    chances, total = 1.0, 0.0
    for k in range(count, above - 1, -1):
        total += chances
        chances = chances * k / (count - k + 1)
    return float(min(1.0, total / 2.0**count)) if count < 1_000 else float(above <= count / 2)
