"""Shapes of recordings: made when they are first looked at, then kept beside the audio."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from turnwise.model.ports import MediaStore
from turnwise.model.recording import FOLDER
from turnwise.store.media.files import BYTES
from turnwise.store.media.peaks import peaks_of

PEAKS_FOLDER = "peaks/"


class KeptPeaks:
    """Implements model.ports.PeaksKeeper.

    Args:
        scratch: a folder for copies of audio that are being looked at.
    """

    def __init__(self, media: MediaStore, scratch: Path):
        self._media = media
        self._scratch = scratch
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def peaks(self, file: str) -> bytes | None:
        """See PeaksKeeper.peaks."""
        size = await self._media.size(FOLDER + file)
        if size is None:
            return None
        # Audio of another size has replaced the one whose shape is kept.
        key = f"{_folder(file)}{file}.{size}"
        lock = self._making[key]
        try:
            async with lock:
                kept = await self._media.get(key)
                if kept is not None:
                    return b"".join([piece async for piece in kept.content])
                return await self._make(FOLDER + file, key)
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    async def forget(self, file: str) -> None:
        """Remove every shape of a recording, those of audio that this file has replaced too."""
        await self._media.delete_all(_folder(file))

    async def _make(self, audio_key: str, key: str) -> bytes | None:
        audio = await self._media.get(audio_key)
        if audio is None:
            return None
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._scratch) as copy:
            async for piece in audio.content:
                await asyncio.to_thread(copy.write, piece)
            await asyncio.to_thread(copy.flush)
            made = await asyncio.to_thread(peaks_of, Path(copy.name))

        async def whole() -> AsyncIterator[bytes]:
            yield made

        await self._media.put(key, whole(), BYTES)
        return made


def _folder(file: str) -> str:
    """Where the shapes of a recording are, whatever type its audio had."""
    return f"{PEAKS_FOLDER}{file.partition('.')[0]}/"
