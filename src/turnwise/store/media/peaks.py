"""The shape of a recording, small enough to be drawn at once: its loudest sample in short steps."""

import struct
from pathlib import Path

import numpy as np
import soundfile

from turnwise.store.media.audio import no_audio

PER_SECOND = 50
"""Steps of 20 ms: finer than a pixel of any timeline, 180 KB for an hour of one channel."""
_HEADER = struct.Struct("<III")
_LARGEST = 127
_BLOCK_SECONDS = 20


def peaks_of(file: Path) -> bytes:
    """The bytes that `PeaksKeeper.peaks` describes.

    Raises:
        Unsupported: the file cannot be read as audio.
    """
    try:
        with soundfile.SoundFile(file) as sound:
            block = max(1, round(sound.samplerate * _BLOCK_SECONDS))
            edge = sound.samplerate / PER_SECOND
            loudest: list[np.ndarray] = []
            while len(samples := sound.read(block, dtype="float32", always_2d=True)):
                loudest.append(_steps(samples, edge))
            channels = sound.channels
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise no_audio() from error
    steps = np.concatenate(loudest) if loudest else np.zeros((0, channels), np.uint8)
    return _HEADER.pack(channels, PER_SECOND, len(steps)) + steps.T.tobytes()


def _steps(samples: np.ndarray, edge: float) -> np.ndarray:
    """The loudest sample of each step; a block lasts whole seconds, so that it begins on a step."""
    starts = np.round(np.arange(0, len(samples), edge)).astype(np.int64)
    loudest = np.maximum.reduceat(np.abs(samples), starts[starts < len(samples)], axis=0)
    return np.round(np.clip(loudest, 0, 1) * _LARGEST).astype(np.uint8)
