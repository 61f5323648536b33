"""Another sample rate for a signal that comes in blocks."""

from math import gcd

import numpy
from numpy.typing import NDArray

Samples = NDArray[numpy.float32]

_LOBES = 12
"""Zero crossings of the low-pass to either side of an instant."""
_AT_ONCE = 16_000
"""Output samples that are computed together, so that memory stays bounded."""


class Resampler:
    """Band-limited interpolation by a windowed sinc, one table of taps per phase.

    Args:
        rate: samples per second of what comes in.
        target: samples per second of what goes out.
    """

    def __init__(self, rate: int, target: int):
        divisor = gcd(rate, target)
        self._down, self._up = rate // divisor, target // divisor
        cutoff = min(1.0, target / rate) * 0.95
        self._reach = int(_LOBES / cutoff) + 1
        offsets = numpy.arange(-self._reach, self._reach + 1)
        phases = numpy.arange(self._up)[:, None] / self._up
        at = offsets - phases
        taps = numpy.sinc(at * cutoff) * numpy.cos(numpy.pi * at / (2 * self._reach + 2)) ** 2
        self._taps = (taps / taps.sum(axis=1, keepdims=True)).astype(numpy.float32)
        self._held = numpy.zeros(self._reach, numpy.float32)
        self._next = 0
        """Place of the next output, in steps of 1/up input samples after the first one held."""

    def resample(self, block: Samples) -> Samples:
        """What can be said now; the last few samples wait for what follows them."""
        if self._up == self._down:
            return block
        self._held = numpy.concatenate([self._held, block])
        ready = max(0, len(self._held) - 2 * self._reach)
        count = max(0, -(-(ready * self._up - self._next) // self._down))
        pieces = [
            self._interpolate(first, min(_AT_ONCE, count - first))
            for first in range(0, count, _AT_ONCE)
        ]
        done = self._next + count * self._down
        passed = min(done // self._up, len(self._held))
        self._held = self._held[passed:]
        self._next = done - passed * self._up
        return numpy.concatenate(pieces) if pieces else numpy.zeros(0, numpy.float32)

    def finish(self) -> Samples:
        """The rest, silence assumed behind it."""
        behind = 0 if self._up == self._down else self._reach
        return self.resample(numpy.zeros(behind, numpy.float32))

    def _interpolate(self, first: int, count: int) -> Samples:
        steps = self._next + (first + numpy.arange(count)) * self._down
        views = numpy.lib.stride_tricks.sliding_window_view(self._held, 2 * self._reach + 1)
        taps = self._taps[steps % self._up]
        result: Samples = numpy.einsum("ij,ij->i", views[steps // self._up], taps)
        return result
