"""Short recordings of every type, made on the spot."""

import io

import numpy
import soundfile

TYPES = {
    "wav": ("WAV", "PCM_16", "audio/wav"),
    "mu-law": ("WAV", "ULAW", "audio/wav"),
    "a-law": ("WAV", "ALAW", "audio/wav"),
    "flac": ("FLAC", "PCM_16", "audio/flac"),
    "mp3": ("MP3", "MPEG_LAYER_III", "audio/mpeg"),
    "vorbis": ("OGG", "VORBIS", "audio/ogg"),
    "opus": ("OGG", "OPUS", "audio/ogg"),
}
"""Container, encoding and media type by a short name."""


def recording(kind: str = "wav", seconds: float = 1.0, channels: int = 2) -> bytes:
    """A tone in each channel, the second one an octave higher."""
    rate = 8_000 if kind != "mp3" else 16_000
    time = numpy.arange(int(rate * seconds)) / rate
    tones = [0.3 * numpy.sin(2 * numpy.pi * 220 * (n + 1) * time) for n in range(channels)]
    container, encoding, _ = TYPES[kind]
    file = io.BytesIO()
    soundfile.write(file, numpy.stack(tones, axis=1), rate, format=container, subtype=encoding)
    return file.getvalue()
