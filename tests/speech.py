"""Sounds that a voice detector takes for speech, made with NumPy: no file, no other program.

Each is a row of syllables: harmonics of a falling pitch under two formants, swelling and fading
four times a second. They begin and end at once, so that their times are exact.
"""

import io
from collections.abc import Sequence

import numpy
import soundfile
from numpy.typing import NDArray

Samples = NDArray[numpy.float32]
Span = tuple[float, float]


def syllables(seconds: float, rate: int, pitch_hz: float, seed: int = 0) -> Samples:
    """Speech-like sound of a length."""
    rng = numpy.random.default_rng(seed)
    time = numpy.arange(round(seconds * rate)) / rate
    pitch = pitch_hz * (1 - 0.06 * time + 0.03 * numpy.sin(2 * numpy.pi * 2.1 * time))
    phase = 2 * numpy.pi * numpy.cumsum(pitch) / rate
    sound = numpy.zeros(len(time))
    formants = 500 + 150 * numpy.sin(2 * numpy.pi * 1.7 * time), 1500 + 400 * numpy.sin(5 * time)
    for harmonic in range(1, int(min(3_400, 0.45 * rate) / pitch_hz)):
        hertz = harmonic * pitch
        weight = sum(numpy.exp(-(((hertz - each) / 250) ** 2)) for each in formants) + 0.02
        sound += weight * numpy.sin(harmonic * phase)
    envelope = 0.25 + 0.75 * numpy.abs(numpy.cos(2 * numpy.pi * 2 * time)) ** 0.5
    sound = sound * envelope + 0.01 * rng.standard_normal(len(time))
    loud: Samples = (0.35 * sound / numpy.abs(sound).max()).astype(numpy.float32)
    return loud


def call(seconds: float, user: Sequence[Span], agent: Sequence[Span], rate: int = 8_000) -> Samples:
    """Two channels, the caller first; spans in seconds."""
    samples = numpy.zeros((round(seconds * rate), 2), numpy.float32)
    for channel, spans, pitch in ((0, user, 170.0), (1, agent, 115.0)):
        for number, (start, end) in enumerate(spans):
            sound = syllables(end - start, rate, pitch, number)
            first = round(start * rate)
            samples[first : first + len(sound), channel] = sound
    return samples


def noisy(samples: Samples, level: float = 0.002, seed: int = 1) -> Samples:
    """The same with a line's noise on the caller's channel."""
    rng = numpy.random.default_rng(seed)
    changed = samples.copy()
    changed[:, 0] += (level * rng.standard_normal(len(samples))).astype(numpy.float32)
    return changed


def file_of(samples: Samples, rate: int = 8_000, subtype: str = "ULAW", kind: str = "WAV") -> bytes:
    """An audio file."""
    file = io.BytesIO()
    soundfile.write(file, numpy.clip(samples, -1, 1), rate, format=kind, subtype=subtype)
    return file.getvalue()
