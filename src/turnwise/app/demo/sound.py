"""Recordings for the demo: something like speech in two channels, where the turns of a call are.

Each turn is a row of syllables, harmonics of a falling pitch under two formants. Nobody understands
them, but they begin, end and overlap as the call did, which is what a recording shows.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import soundfile
from numpy.typing import NDArray

_RATE = 8_000
_PITCHES_HZ = (180.0, 120.0)
_TAIL_MS = 600
_LINE_NOISE = 0.0015
_LONGEST_MS = 30 * 60 * 1_000

Samples = NDArray[numpy.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn: who speaks (channel 0 is the caller, 1 the agent), from when until when."""

    channel: int
    start_ms: int
    end_ms: int


def recording_of(turns: Sequence[Spoken], seed: int) -> bytes:
    """An Ogg file with these turns; equal arguments give the same sound."""
    chance = numpy.random.default_rng(seed)
    length_ms = min(max((turn.end_ms for turn in turns), default=0) + _TAIL_MS, _LONGEST_MS)
    samples = numpy.zeros((_places(length_ms), 2), numpy.float32)
    samples[:, 0] += _LINE_NOISE * chance.standard_normal(len(samples)).astype(numpy.float32)
    for turn in turns:
        first, last = _places(turn.start_ms), min(_places(turn.end_ms), len(samples))
        if first < last:
            samples[first:last, turn.channel] += _speech(last - first, turn.channel, chance)
    file = io.BytesIO()
    soundfile.write(file, numpy.clip(samples, -1, 1), _RATE, format="OGG", subtype="VORBIS")
    return file.getvalue()


def _places(at_ms: int) -> int:
    return at_ms * _RATE // 1_000


def _speech(count: int, channel: int, chance: numpy.random.Generator) -> Samples:
    time = numpy.arange(count) / _RATE
    drift = 1 - 0.05 * time / max(1.0, time[-1]) + 0.04 * numpy.sin(2 * numpy.pi * 1.9 * time)
    pitch = _PITCHES_HZ[channel] * chance.uniform(0.92, 1.08) * drift
    phase = 2 * numpy.pi * numpy.cumsum(pitch) / _RATE
    vowel = 2 * numpy.pi * chance.uniform(1.3, 2.1) * time
    formants = 520 + 170 * numpy.sin(vowel), 1_500 + 380 * numpy.sin(1.6 * vowel)
    sound = numpy.zeros(count)
    for harmonic in range(1, int(3_200 / _PITCHES_HZ[channel])):
        hertz = harmonic * pitch
        weight = sum(numpy.exp(-(((hertz - each) / 240) ** 2)) for each in formants) + 0.02
        sound += weight * numpy.sin(harmonic * phase)
    syllables = numpy.abs(numpy.cos(numpy.pi * chance.uniform(3.4, 4.6) * time)) ** 0.6
    sound *= 0.2 + 0.8 * syllables
    return (0.3 * sound / max(1e-9, float(numpy.abs(sound).max()))).astype(numpy.float32)
