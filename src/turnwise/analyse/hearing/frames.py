"""A recording as one row of small numbers every ten milliseconds, made while it is decoded.

An hour of one channel takes 14 MB: its levels, its spectrum in 34 bands in half decibels, and which
tone it may be. Nothing else of the sound is kept.
"""

from dataclasses import dataclass, field

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.spans import spans_of

Samples = NDArray[numpy.float32]
Levels = NDArray[numpy.float32]
Mask = NDArray[numpy.bool_]

HOPS_PER_SECOND = 100
QUIETEST_DB = -120.0
LOWEST_HZ, HIGHEST_HZ = 200.0, 3_600.0
"""The band of telephone speech."""
CLIPPED = 0.98
"""Mu-law, which has no more, ends at 0.98 of full scale."""

_BAND_BINS = 2
_TONE_REACH = 2
"""Bins to either side of a peak that belong to it, with a Hann window."""
_TONE_SHARE = 0.95
_LOW_TONES_HZ = (697.0, 770.0, 852.0, 941.0)
_HIGH_TONES_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
_KEY_FRAMES = 4
_CLICK_DB = 12.0
"""How far a click stands out from what is around it."""
_STEADY_FRAMES = 30
_TONAL_RANGE_DB = 30.0
_TONAL_SHARE = 0.95


def hop_of(rate: int) -> int:
    """How many samples a frame is behind the one before, at so many a second."""
    return max(1, round(rate / HOPS_PER_SECOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One channel.

    Attributes:
        levels: of each frame, in dB of full scale, never below QUIETEST_DB.
        bands: (frames, bands): power by band, in half decibels above QUIETEST_DB.
        tones: frames of telephone keys and other steady tones.
        is_tonal: there is nothing but steady tones, which then are no `tones`: somebody tries out
            with them what they mean to record.
    """

    levels: Levels
    bands: NDArray[numpy.uint8]
    tones: Mask
    is_tonal: bool = False


@dataclass(slots=True)
class _Channel:
    levels: list[Levels] = field(default_factory=list)
    bands: list[NDArray[numpy.uint8]] = field(default_factory=list)
    peaks: list[NDArray[numpy.int16]] = field(default_factory=list)


class Frames:
    """Collects the frames of all channels from blocks of samples.

    Args:
        rate: samples per second.
    """

    def __init__(self, rate: int, channels: int):
        self.hop = hop_of(rate)
        self.rate = rate
        self.samples = 0
        self._channels = [_Channel() for _ in range(channels)]
        self._held = numpy.zeros((0, channels), numpy.float32)
        self._window = numpy.hanning(2 * self.hop + 1)[:-1].astype(numpy.float32)
        width_hz = rate / (2 * self.hop)
        first = round(LOWEST_HZ / width_hz)
        count = int((min(HIGHEST_HZ, 0.45 * rate) / width_hz - first) // _BAND_BINS)
        self._bins = slice(first, first + max(1, count) * _BAND_BINS)
        self._width_hz = width_hz
        self._clipped = 0
        self._loudest = 0.0
        self._power = 0.0
        self._difference = 0.0

    def add(self, block: Samples) -> None:
        """Take in samples of shape (count, channels)."""
        self.samples += len(block)
        if not len(block):
            return
        self._clipped += int((numpy.abs(block) >= CLIPPED).sum())
        # An offset of the line is no sound, let alone one that both have in common.
        centred = block - block.mean(axis=0)
        self._loudest = max(self._loudest, float(numpy.abs(centred).max()))
        if block.shape[1] == 2:
            self._power += float(numpy.square(centred, dtype=numpy.float64).sum())
            apart = centred[:, 0] - centred[:, 1]
            self._difference += float(numpy.square(apart, dtype=numpy.float64).sum())
        self._held = numpy.concatenate([self._held, block])
        whole = len(self._held) // self.hop - 1
        if whole > 0:
            for channel, samples in zip(self._channels, self._held.T, strict=True):
                self._measure(channel, samples[: (whole + 1) * self.hop])
            self._held = self._held[whole * self.hop :]

    def finish(self) -> list[Heard]:
        """The frames of each channel; silence is assumed behind the end."""
        behind = numpy.zeros((2 * self.hop, len(self._channels)), numpy.float32)
        self._held = numpy.concatenate([self._held, behind])
        whole = -(-(len(self._held) - 2 * self.hop) // self.hop)
        for channel, samples in zip(self._channels, self._held.T, strict=True):
            self._measure(channel, samples[: (whole + 1) * self.hop])
        return [self._heard(each) for each in self._channels]

    @property
    def clipped_share(self) -> float:
        """Samples at full scale among all."""
        return self._clipped / max(1, self.samples * len(self._channels))

    @property
    def peak_db(self) -> float:
        """The loudest sample, in dB of full scale."""
        return max(QUIETEST_DB, 20 * float(numpy.log10(max(self._loudest, 1e-9))))

    @property
    def is_one_sound_twice(self) -> bool:
        """Whether two channels carry the same, to within 30 dB."""
        return self._power > 0 and self._difference < 1e-3 * self._power

    def _measure(self, channel: _Channel, samples: Samples) -> None:
        if len(samples) < 2 * self.hop:
            return
        hops = samples[: -self.hop].reshape(-1, self.hop)
        # The variance: what does not move is no sound.
        channel.levels.append(_decibels(numpy.var(hops, axis=1)))
        frames = numpy.lib.stride_tricks.sliding_window_view(samples, 2 * self.hop)[:: self.hop]
        spectra = numpy.abs(numpy.fft.rfft(frames * self._window, axis=1)) ** 2
        # A sine of full scale is half a unit of power, and the window passes a quarter of its square.
        powers = (spectra * (2 / self.hop**2)).astype(numpy.float32)
        pairs = powers[:, self._bins].reshape(len(powers), -1, _BAND_BINS).sum(axis=2)
        steps = 2 * (_decibels(pairs) - QUIETEST_DB)
        channel.bands.append(numpy.clip(numpy.rint(steps), 0, 255).astype(numpy.uint8))
        channel.peaks.append(_peaks(powers))

    def _heard(self, channel: _Channel) -> Heard:
        if not channel.levels:
            count = (self._bins.stop - self._bins.start) // _BAND_BINS
            empty = numpy.zeros((0, count), numpy.uint8)
            return Heard(levels=numpy.zeros(0, numpy.float32), bands=empty, tones=_none(0))
        levels = numpy.concatenate(channel.levels)
        keys, steady = self._tones(numpy.concatenate(channel.peaks), levels)
        levels, bands = _without_clicks(levels, numpy.concatenate(channel.bands))
        sounding = levels > max(QUIETEST_DB, float(levels.max()) - _TONAL_RANGE_DB)
        is_tonal = bool((steady & sounding).sum() > _TONAL_SHARE * sounding.sum())
        tones = keys if is_tonal else keys | steady
        return Heard(levels=levels, bands=bands, tones=tones, is_tonal=is_tonal)

    def _tones(self, peaks: NDArray[numpy.int16], levels: Levels) -> tuple[Mask, Mask]:
        """Frames in runs of one pair of peaks: keys after 40 ms, any steady tone after 300 ms."""
        keys, steady = _none(len(peaks)), _none(len(peaks))
        if not len(peaks):
            return keys, steady
        is_new = numpy.any(numpy.abs(numpy.diff(peaks, axis=0)) > 1, axis=1)
        starts = numpy.flatnonzero(numpy.concatenate([[True], is_new]))
        ends = numpy.concatenate([starts[1:], [len(peaks)]])
        for start, end in zip(starts, ends, strict=True):
            if end - start < _KEY_FRAMES or peaks[start, 1] <= 0:
                continue
            # The frames around it hold the tone's beginning and end.
            around = slice(max(0, start - 2), end + 2)
            keys[around] |= self._is_key(peaks[(start + end) // 2])
            steady[around] |= (
                end - start >= _STEADY_FRAMES and float(levels[start + 1 : end - 1].std()) < 0.5
            )
        return keys, steady

    def _is_key(self, peaks: NDArray[numpy.int16]) -> bool:
        low, high = (float(peak) * self._width_hz for peak in peaks)
        return any(abs(low - each) < self._width_hz for each in _LOW_TONES_HZ) and any(
            abs(high - each) < self._width_hz for each in _HIGH_TONES_HZ
        )


def _without_clicks(
    levels: Levels, bands: NDArray[numpy.uint8]
) -> tuple[Levels, NDArray[numpy.uint8]]:
    """What is left where something loud lasts no longer than 20 ms: no sound of speech does."""
    opened = _widest(_narrowest(levels))
    clicks = spans_of(levels - opened > _CLICK_DB)
    levels = levels.copy()
    for start, end in clicks:
        levels[start:end] = opened[start:end]
        # A spectrum reaches over two frames.
        around = bands[[max(0, start - 2), min(len(bands) - 1, end)]].min(axis=0)
        bands[max(0, start - 1) : end] = numpy.minimum(bands[max(0, start - 1) : end], around)
    return levels, bands


def _narrowest(levels: Levels) -> Levels:
    """The least of each frame and its two neighbours."""
    padded = numpy.pad(levels, 1, mode="edge")
    return numpy.minimum(numpy.minimum(padded[:-2], padded[1:-1]), padded[2:])


def _widest(levels: Levels) -> Levels:
    """The most of each frame and its two neighbours."""
    return -_narrowest(-levels)


def decibels_of(bands: NDArray[numpy.uint8]) -> Levels:
    """Powers by band in dB of full scale."""
    return (bands.astype(numpy.float32) / 2 + numpy.float32(QUIETEST_DB)).astype(numpy.float32)


def _decibels(power: NDArray[numpy.float32]) -> Levels:
    least = 10 ** (QUIETEST_DB / 10)
    found: Levels = (10 * numpy.log10(numpy.maximum(power, least))).astype(numpy.float32)
    return found


def _none(count: int) -> Mask:
    return numpy.zeros(count, numpy.bool_)


def _peaks(powers: Samples) -> NDArray[numpy.int16]:
    """The one or two bins that are all of a frame, in ascending order, 0 where there are none."""
    rest = powers.copy()
    rest[:, :2] = 0
    total = rest.sum(axis=1)
    rows = numpy.arange(len(rest))
    kept = numpy.zeros(len(rest), numpy.float32)
    bins = numpy.zeros((len(rest), 2), numpy.int16)
    for place in range(2):
        peak = rest.argmax(axis=1)
        # Behind a single tone the second strongest bin is chance.
        bins[:, place] = numpy.where(kept >= _TONE_SHARE * total, 0, peak)
        for offset in range(-_TONE_REACH, _TONE_REACH + 1):
            at = numpy.clip(peak + offset, 0, rest.shape[1] - 1)
            kept += rest[rows, at]
            rest[rows, at] = 0
    bins.sort(axis=1)
    is_tone = (kept >= _TONE_SHARE * total) & (total > 10**-6)
    return numpy.where(is_tone[:, None], bins, 0).astype(numpy.int16)
