"""What an audio file is, by its bytes: its type, how long it is, and for how many channels.

soundfile (libsndfile) reads all the types of phone recordings and never decodes more than it needs.
"""

from dataclasses import dataclass
from pathlib import Path

import soundfile

from turnwise.model.errors import Unsupported
from turnwise.model.instants import NS_PER_SECOND
from turnwise.store.media.files import CONTENT_TYPES

SNIFF_BYTES = 64
"""How many bytes of the beginning tell the type."""

_ENCODINGS = {
    "wav": ("PCM_", "ULAW", "ALAW", "FLOAT", "DOUBLE"),
    "flac": ("PCM_",),
    "mp3": ("MPEG_LAYER_III",),
    "ogg": ("OPUS", "VORBIS"),
}
_CONTAINERS = {"wav": ("WAV", "WAVEX", "RF64"), "flac": ("FLAC",), "mp3": ("MP3",), "ogg": ("OGG",)}


@dataclass(frozen=True, slots=True)
class Audio:
    """What the header of a file says.

    Attributes:
        ending: of its key in the media store: wav, flac, mp3 or ogg.
    """

    ending: str
    duration_ns: int
    channels: int
    sample_rate: int

    @property
    def content_type(self) -> str:
        """Its media type."""
        return CONTENT_TYPES[self.ending]


def ending_of(head: bytes) -> str:
    """The ending that the first bytes stand for.

    Raises:
        Unsupported: they begin no type that is kept.
    """
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    is_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2
    if head[:3] == b"ID3" or is_frame:
        return "mp3"
    raise no_audio()


def read_audio(file: Path, ending: str) -> Audio:
    """What the file says of itself.

    Raises:
        Unsupported: its bytes are not what its beginning promised.
    """
    try:
        with soundfile.SoundFile(file) as sound:
            is_known = sound.format in _CONTAINERS[ending] and sound.subtype.startswith(
                _ENCODINGS[ending]
            )
            if not is_known or sound.samplerate <= 0:
                raise no_audio()
            return Audio(
                ending=ending,
                duration_ns=round(sound.frames * NS_PER_SECOND / sound.samplerate),
                channels=sound.channels,
                sample_rate=sound.samplerate,
            )
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise no_audio() from error


def no_audio() -> Unsupported:
    """The error for anything that is no recording."""
    return Unsupported(
        "A recording must be WAV (PCM, mu-law or A-law), FLAC, MP3 or Ogg (Opus or Vorbis).",
        code="unsupported_recording",
    )
