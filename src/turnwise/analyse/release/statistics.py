"""Percentiles of measurements, and how sure a difference between two of them is."""

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from turnwise.model.diagnosis import Spread

RESAMPLES = 1_000
"""Enough for the ends of a 95 % interval to move by less than a tenth of its width."""

# Any number will do; the same data must always give the same verdict.
_SEED = 20_240_229

Numbers = NDArray[numpy.float64]


class Measured:
    """Values in order, each with the number of the session that it comes from.

    Values of one session resemble each other, so a resample draws sessions and not single values
    (the cluster bootstrap): otherwise one odd call would look like many independent witnesses.
    """

    def __init__(self, values: Sequence[float], sessions: Sequence[int]):
        order = numpy.argsort(numpy.asarray(values, dtype=float), kind="stable")
        self.values: Numbers = numpy.asarray(values, dtype=float)[order]
        _, self._owner = numpy.unique(
            numpy.asarray(sessions, dtype=int)[order], return_inverse=True
        )
        self._owners = int(self._owner.max()) + 1 if len(self.values) else 0

    def __len__(self) -> int:
        return len(self.values)

    def percentile(self, share: float) -> float | None:
        """By linear interpolation between the two nearest values (type 7); None without values."""
        return float(numpy.quantile(self.values, share)) if len(self.values) else None

    def spread(self) -> Spread:
        """Count, mean and percentiles."""
        if not len(self.values):
            return Spread()
        return Spread(
            count=len(self.values),
            total=float(self.values.sum()),
            avg=float(self.values.mean()),
            p50=self.percentile(0.5),
            p95=self.percentile(0.95),
            max=float(self.values[-1]),
        )

    def resampled(self, share: float, chance: numpy.random.Generator) -> Numbers:
        """The percentile in each of RESAMPLES draws of as many sessions with replacement."""
        each = numpy.full(self._owners, 1 / self._owners)
        found = numpy.empty(RESAMPLES)
        for number in range(RESAMPLES):
            drawn = chance.multinomial(self._owners, each)
            found[number] = _weighted(self.values, drawn[self._owner], share)
        return found


def spread(values: Sequence[float]) -> Spread:
    """Count, mean and percentiles of values, wherever they come from."""
    return Measured(values, range(len(values))).spread()


def _weighted(ordered: Numbers, weights: NDArray[numpy.int64], share: float) -> float:
    """The type 7 percentile of values that are there as often as their weights say."""
    upto = numpy.cumsum(weights)
    position = (upto[-1] - 1) * share
    below = int(position)
    above = min(below + 1, int(upto[-1]) - 1)
    low, high = ordered[numpy.searchsorted(upto, [below, above], side="right")]
    return float(low + (high - low) * (position - below))


def difference(newer: Measured, older: Measured, share: float) -> tuple[float, float]:
    """The 95 % bootstrap interval of a percentile's difference, newer minus older.

    Raises:
        ValueError: one of them is empty.
    """
    if not len(newer) or not len(older):
        raise ValueError("an interval needs values on both sides")
    chance = numpy.random.default_rng(_SEED)
    drawn = newer.resampled(share, chance) - older.resampled(share, chance)
    low, high = numpy.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
