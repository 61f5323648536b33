"""The agent's own voice in the caller's channel: found by how levels move, and kept out of speech.

Without this guard every detector takes an echo 20 dB below the agent for the caller, and no
interruption can be told from it. Source: voice.md 3.2 (4), there by level alone; a quiet caller over
an echo shows only in some bands, so the spectrum of the echo is foretold here as well.
"""

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.frames import QUIETEST_DB, Heard, Levels, Mask

LAGS = 60
"""Echoes come back within 590 ms."""
LEAST_CORRELATION = 0.35
LEAST_FOLLOWED = 0.25
"""The same among the frames of loud speech alone, which an echo follows up and down. Noise that is
let through now and then meets the speech by chance, but does not follow it: correlations of echoes
down to 35 dB below speech were above 0.5, of such noise at most 0."""
MARGIN_DB = 9.0
"""How far above the expected echo a frame must be to be the caller's own."""
_EARLY, _LATE, _LINGERING = 2, 7, 20
"""Frames before and after the echo's instant in which it may be as loud as then, or fade away."""
_CEILINGS_DB = (10.0, 18.0, 26.0)
_DECAY_DB = 2.0
"""A frame: a room's reverberation loses about 20 dB in 100 ms."""

Bands = NDArray[numpy.uint8]


@dataclass(frozen=True, slots=True)
class Echo:
    """How one channel is heard in the other.

    Attributes:
        lag: in frames.
        gain_db: the echo's level over that of its source, negative.
        band_gains: the same of each band, in half decibels.
    """

    lag: int
    gain_db: float
    correlation: float
    band_gains: NDArray[numpy.int16]

    def level(self, source: Levels) -> Levels:
        """The echo's level in each frame."""
        steps = numpy.rint(2 * (source - QUIETEST_DB)).clip(0, 255).astype(numpy.uint8)
        shape = _lingering(steps[:, None], self.lag)[:, 0]
        levels = shape.astype(numpy.float32) / 2 + numpy.float32(QUIETEST_DB + self.gain_db)
        return levels.astype(numpy.float32)

    def bands(self, source: Bands) -> Bands:
        """The echo's power by band in each frame, in half decibels above QUIETEST_DB."""
        found = _lingering(source, self.lag)
        for band, gain in enumerate(self.band_gains.tolist()):
            column = found[:, band].astype(numpy.int16) + gain
            found[:, band] = column.clip(0, 255)
        return found


def _lingering(source: Bands, lag: int) -> Bands:
    """The loudest of what may still be heard in each frame."""
    found = numpy.zeros_like(source)
    for offset in range(-_EARLY, _LINGERING + 1):
        shift = lag + offset
        lost = round(2 * _DECAY_DB * max(0, offset - _LATE))
        part = source[max(0, -shift) : len(source) - max(0, shift)]
        faded = numpy.maximum(part, lost) - numpy.uint8(lost)
        target = found[max(0, shift) : max(0, shift) + len(faded)]
        numpy.maximum(target, faded, out=target)
    return found


def find_echo(speaker: Heard, listener: Heard) -> Echo | None:
    """The echo of one channel in another, None when there is none.

    Only frames count in which the other channel is not loud with a voice of its own; how loud that
    is depends on how loud the echo is, so several ceilings are tried.
    """
    loud_source, loud_target = _loud(speaker.levels), _loud(listener.levels)
    if len(speaker.levels) < 3 * LAGS or loud_source is None or loud_target is None:
        return None
    source = numpy.maximum(speaker.levels, loud_source - 50.0)
    target = numpy.maximum(listener.levels, loud_target - 70.0)
    found = [_echo_below(loud_target - each, source, target) for each in _CEILINGS_DB]
    usable = [
        (correlation, lag, loud)
        for correlation, lag, frames in found
        # What the agent says softly tells nothing of how loud it comes back.
        if len(loud := frames[source[frames - lag] > loud_source - 15.0]) >= LAGS
    ]
    correlation, lag, frames = max(usable, key=lambda each: each[0], default=(-1.0, 0, None))
    if frames is None or correlation < LEAST_CORRELATION:
        return None
    if _correlation(source[frames - lag], target[frames]) < LEAST_FOLLOWED:
        return None
    apart = listener.bands[frames].astype(numpy.int16) - speaker.bands[frames - lag]
    return Echo(
        lag,
        float(numpy.median(target[frames] - source[frames - lag])),
        correlation,
        numpy.median(apart, axis=0).astype(numpy.int16),
    )


def _echo_below(
    ceiling_db: float, source: Levels, target: Levels
) -> tuple[float, int, NDArray[numpy.intp]]:
    """The best correlation, its lag, and the frames that it was found in."""
    frames = LAGS + numpy.flatnonzero(target[LAGS:] < ceiling_db)
    if len(frames) < LAGS:
        return -1.0, 0, frames
    there = target[frames]
    found = [(_correlation(source[frames - lag], there), -lag) for lag in range(LAGS)]
    correlation, lag = max(found)
    return correlation, -lag, frames


def without_echo(mask: Mask, echo: Echo, source: Levels, target: Levels) -> Mask:
    """The frames that are louder than the echo can make them."""
    return mask & (target >= echo.level(source) + MARGIN_DB)


def _loud(levels: Levels) -> float | None:
    sounding = levels[levels > QUIETEST_DB + 30.0]
    return float(numpy.percentile(sounding, 98)) if len(sounding) > LAGS else None


def _correlation(first: Levels, second: Levels) -> float:
    spread = float(first.std()) * float(second.std())
    if spread < 1e-6:
        return 0.0
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread
