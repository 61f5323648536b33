"""Who speaks in which frame: by level where it is quiet, by spectrum where it is not.

Source: voice.md 3.2 with thresholds fitted by `./dev bench hearing`; see docs/audio.md.
"""

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.frames import QUIETEST_DB, Heard, Levels, Mask, decibels_of
from turnwise.analyse.hearing.neural import PIECE_SECONDS
from turnwise.analyse.hearing.spans import Span, longer_than, merged, spans_of

SHORTEST_FRAMES = 9
"""90 ms: less is a click."""
GAP_FRAMES = 20
"""200 ms: less is a stop consonant."""
_FLOOR_SHARE = 20
"""Percentile of a channel that is taken for its noise: nobody speaks for four fifths of a call."""
_RANGE_DB = 42.0
"""How far below loud speech its softest sounds are."""
_BELOW_DB = 8.0
_SMOOTH_FRAMES = 5
_REACH_FRAMES = 3
"""How far a frame's score may reach: half of the smoothing, and half of a spectrum's window."""
_ECHO_MARGIN_DB = 4.0
LIKELY = 0.5
"""From here on the neural detector takes a frame for speech."""
_LEAST_DB = -3.0
"""How far below the noise a band may count as being."""
ENOUGH_FRAMES = 200
"""Two seconds of a background show what it is like; less may be one sound."""
_CLEAR_DB = 12.0
"""How far below loud speech a background is at least taken to be."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """A channel's two levels in dB of full scale: its noise, and its speech."""

    noise_db: float
    speech_db: float

    @property
    def snr_db(self) -> float:
        return self.speech_db - self.noise_db


def loudness_of(levels: Levels, mask: Mask) -> Loudness:
    """The median level of the frames outside and inside of speech."""
    if not mask.any():
        return Loudness(_median(levels), QUIETEST_DB)
    return Loudness(_median(levels[~mask]), _median(levels[mask]))


def by_level(heard: Heard, other: Mask | None = None) -> Mask:
    """Frames louder than the noise and than soft speech: for a synthetic voice on a clean line.

    Measured against such a voice it finds an onset within 10 ms; every other way is later.

    Args:
        heard: the channel.
        other: see by_spectrum.
    """
    levels = heard.levels
    if not len(levels):
        return numpy.zeros(0, numpy.bool_)
    loud = loud_of(levels)
    noise = float(numpy.percentile(levels, _FLOOR_SHARE))
    if (background := _background(levels, other)) is not None:
        noise = max(noise, min(background[0], loud - 3 * _CLEAR_DB))
    least = max(noise + 9.0, loud - _RANGE_DB, QUIETEST_DB + 20.0)
    return _joined(levels >= least, levels >= least + 6.0)


def by_spectrum(
    heard: Heard, echo: NDArray[numpy.uint8] | None = None, other: Mask | None = None
) -> Mask:
    """Frames whose spectrum stands out from the noise's own, for noise that does not change much.

    The score of a frame is the mean over its bands of the logarithm of power over noise, smoothed
    over 50 ms; the threshold lies a little above the score of noise alone.

    Args:
        heard: the channel.
        echo: what else is to be expected in each frame and band, and is no speech.
        other: frames in which the other party speaks. Whoever listens is mostly silent, so what is
            heard then is mostly the background, however it changes.
    """
    score = _score(heard, echo)
    if not len(score):
        return numpy.zeros(0, numpy.bool_)
    floor = float(numpy.percentile(score, _FLOOR_SHARE))
    top = float(numpy.percentile(score[score > floor], 95)) if (score > floor).any() else floor
    spread = top - floor
    if spread < 0.3:
        return numpy.zeros(len(score), numpy.bool_)
    least, enough = floor + max(0.12, 0.12 * spread), floor + max(0.25, 0.22 * spread)
    if echo is not None:
        # What does not rise above the echo scores 0.
        least, enough = max(least, 0.06), max(enough, 0.15)
    if (background := _background(score, other)) is not None:
        usual, highest = background
        fence = min(highest + 0.5 * (highest - usual), floor + 0.5 * spread)
        least, enough = max(least, fence + 0.05 * spread), max(enough, fence + 0.12 * spread)
    return _exact(_joined(score >= least, score >= enough), heard.levels)


def by_network(
    probabilities: NDArray[numpy.float32],
    heard: Heard,
    frame_seconds: float,
    other: Mask | None = None,
) -> Mask:
    """Frames that the neural detector takes for speech, as far as they stand out from the noise.

    Voices in the background are speech to the detector too, so a stretch of it must come near to
    the level of the loudest speech. It lags behind onsets by 20 ms and behind ends by 50 ms.

    Args:
        probabilities: of the detector, by piece.
        heard: the channel.
        frame_seconds: how long a frame is.
        other: see by_spectrum.
    """
    levels = smoothed(heard.levels)
    if not len(levels):
        return numpy.zeros(0, numpy.bool_)
    likely = likelihoods(probabilities, len(levels), frame_seconds)
    unlikely = levels[likely < 0.35]
    # Voices that never pause leave nothing to measure the noise in but the softest frames.
    noise = _median(unlikely) if len(unlikely) >= 50 else float(numpy.percentile(levels, 5))
    if (background := _background(levels, other)) is not None:
        noise = max(noise, min(background[0], loud_of(levels) - _CLEAR_DB))
    spread = max(0.0, loud_of(levels) - noise)
    found = _joined(likely >= 0.35, likely >= LIKELY)
    return _joined(found & (levels >= noise + 0.35 * spread), levels >= noise + 0.6 * spread)


def likelihoods(
    probabilities: NDArray[numpy.float32], count: int, frame_seconds: float
) -> NDArray[numpy.float32]:
    """How likely each frame is anybody's speech, from what the neural detector says of its pieces."""
    if not len(probabilities):
        return numpy.zeros(count, numpy.float32)
    at = (numpy.arange(count) * frame_seconds / PIECE_SECONDS).astype(int)
    found: NDArray[numpy.float32] = probabilities[numpy.minimum(at, len(probabilities) - 1)]
    return found


def _background(values: Levels, other: Mask | None) -> tuple[float, float] | None:
    """The median and the upper end of a value while the other party speaks; None if it hardly does.

    The upper end leaves a fifth of that time for words that are spoken over the other's.
    """
    if other is None or int(other.sum()) < ENOUGH_FRAMES:
        return None
    usual, highest = numpy.percentile(values[other], [50, 80])
    return float(usual), float(highest)


def without_tones(mask: Mask, tones: Mask) -> Mask:
    """Speech, less what is a tone."""
    return mask & ~tones


def speech_spans(mask: Mask) -> list[Span]:
    """The stretches of speech, pauses shorter than 200 ms closed and clicks left out."""
    return longer_than(merged(longer_than(spans_of(mask), 3), GAP_FRAMES), SHORTEST_FRAMES)


def _score(heard: Heard, echo: NDArray[numpy.uint8] | None) -> NDArray[numpy.float32]:
    if not len(heard.bands):
        return numpy.zeros(0, numpy.float32)
    loud = decibels_of(numpy.percentile(heard.bands, 98, axis=0).astype(numpy.uint8))
    noise = decibels_of(numpy.percentile(heard.bands, _FLOOR_SHARE, axis=0).astype(numpy.uint8))
    noise = numpy.maximum(noise + 2.0, loud.max() - _RANGE_DB - _BELOW_DB)
    score = numpy.empty(len(heard.bands), numpy.float32)
    for first in range(0, len(score), 6_000):
        part = decibels_of(heard.bands[first : first + 6_000])
        if echo is None:
            above = part - noise
        else:
            foretold = decibels_of(echo[first : first + 6_000]) + _ECHO_MARGIN_DB
            above = numpy.where(foretold > noise, numpy.maximum(part - foretold, 0.0), part - noise)
        score[first : first + 6_000] = numpy.maximum(above, _LEAST_DB).mean(axis=1) / 10
    return smoothed(score)


def _exact(mask: Mask, levels: Levels) -> Mask:
    """Without frames at the edges of speech that are as silent as what lies around it.

    A score reaches 30 ms further than the sound that it tells of; a level does not.
    """
    found = mask.copy()
    noise = loudness_of(levels, mask).noise_db
    silent = levels < max(noise + 3.0, loud_of(levels) - _RANGE_DB, QUIETEST_DB + 20.0)
    for start, end in spans_of(mask):
        for inwards in (range(start, end)[:_REACH_FRAMES], range(start, end)[::-1][:_REACH_FRAMES]):
            for frame in inwards:
                if not silent[frame]:
                    break
                found[frame] = False
    return found


def smoothed(values: Levels) -> Levels:
    """The mean over 50 ms around each frame."""
    kernel = numpy.ones(_SMOOTH_FRAMES) / _SMOOTH_FRAMES
    middle = _SMOOTH_FRAMES // 2
    mean = numpy.convolve(numpy.pad(values, middle, mode="edge"), kernel, mode="valid")
    return mean.astype(numpy.float32)


def _joined(low: Mask, high: Mask) -> Mask:
    """The stretches of the lower threshold in which the higher one is reached."""
    found = numpy.zeros(len(low), numpy.bool_)
    for start, end in spans_of(low):
        if high[start:end].any():
            found[start:end] = True
    return found


def loud_of(levels: Levels) -> float:
    """The level of loud speech: that of the loudest twentieth of what is not digital silence."""
    sounding = levels[levels > QUIETEST_DB + 30.0]
    return float(numpy.percentile(sounding, 95)) if len(sounding) else QUIETEST_DB


def _median(levels: Levels) -> float:
    return float(numpy.median(levels)) if len(levels) else QUIETEST_DB
