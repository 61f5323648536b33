"""What an audio file is, by its bytes: its type, how long it is, and for how many channels.

soundfile (libsndfile) reads all the types of phone recordings and never decodes more than it needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END
from pathlib import Path

import numpy
import soundfile
from numpy.typing import NDArray

from turnwise.model.errors import BadInput, NotFound, Unsupported
from turnwise.model.instants import NS_PER_SECOND
from turnwise.store.media.files import CONTENT_TYPES

SNIFF_BYTES = 64
"""How many bytes of the beginning tell the type."""

MIN_RATE, MAX_RATE = 1_000, 768_000
"""Samples per second: below every telephone, above every studio. What lies outside was made to harm."""
MAX_CHANNELS = 32
MAX_SECONDS = 48 * 3_600
"""Silence takes next to nothing in FLAC and Ogg; drawn and listened to, it takes its length."""

_BLOCK_SECONDS = 5
"""Of sound that are decoded at a time."""

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
        Unsupported: its bytes are not what its beginning promised, or no call can have made it.
    """
    try:
        with soundfile.SoundFile(file) as sound:
            is_known = sound.format in _CONTAINERS[ending] and sound.subtype.startswith(
                _ENCODINGS[ending]
            )
            if not is_known:
                raise no_audio()
            _check_measures(sound)
            return Audio(
                ending=ending,
                duration_ns=round(sound.frames * NS_PER_SECOND / sound.samplerate),
                channels=sound.channels,
                sample_rate=sound.samplerate,
            )
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise no_audio() from error


def _check_measures(sound: soundfile.SoundFile) -> None:
    is_sane = MIN_RATE <= sound.samplerate <= MAX_RATE and sound.channels <= MAX_CHANNELS
    if not is_sane or sound.frames > sound.samplerate * MAX_SECONDS:
        raise Unsupported(
            f"A recording has {MIN_RATE} to {MAX_RATE} samples per second and at most "
            f"{MAX_CHANNELS} channels, and lasts at most {MAX_SECONDS // 3_600} hours.",
            code="unsupported_recording",
        )


class SoundFile:
    """An audio file as samples, some at a time: `analyse.hearing.Sound`.

    Args:
        opened: the file; whoever opened it closes it.
        kept: the share of the file that is there, of what its header promises.
    """

    def __init__(self, opened: soundfile.SoundFile, kept: float = 1.0):
        self._opened = opened
        self.rate: int = opened.samplerate
        self.channels: int = opened.channels
        self.frames: int = round(opened.frames / kept)

    def blocks(self) -> Iterator[NDArray[numpy.float32]]:
        """See `Sound.blocks`."""
        done = 0
        try:
            # To a decoder of MP3 a seek is no beginning, not even one to where it is.
            if self._opened.tell():
                self._opened.seek(0)
            while len(block := self._opened.read(self.rate * _BLOCK_SECONDS, "float32", True)):
                done += len(block)
                # A file of floats may hold anything.
                yield numpy.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).clip(-8.0, 8.0)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            seconds = done / self.rate
            raise BadInput(
                f"The sound cannot be decoded after {seconds:.1f} s.", code="broken_audio"
            ) from error


@contextmanager
def open_sound(file: Path) -> Iterator[SoundFile]:
    """A recording, opened for as long as the block lasts.

    Raises:
        Unsupported: its bytes are of no type that is read here.
        NotFound: there is no such file, or it may not be read.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
            ending_of(head)
            kept = _kept_share(head, stream.seek(0, SEEK_END))
        opened = soundfile.SoundFile(file)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise no_audio() from error
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.", code="no_file") from error
    with opened:
        yield SoundFile(opened, kept)


def _kept_share(head: bytes, size: int) -> float:
    """How much of a WAV is there; libsndfile takes what there is for the whole."""
    promised = int.from_bytes(head[4:8], "little") + 8
    # Who writes to a pipe does not know the size and leaves none or the largest.
    is_told = head[:4] == b"RIFF" and 8 < promised < 0xFFFF_FFFF
    return min(1.0, size / promised) if is_told else 1.0


def no_audio() -> Unsupported:
    """The error for anything that is no recording."""
    return Unsupported(
        "A recording must be WAV (PCM, mu-law or A-law), FLAC, MP3 or Ogg (Opus or Vorbis).",
        code="unsupported_recording",
    )
