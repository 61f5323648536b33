"""Audio comes in: onto the disk within its limit, looked at, then into the media store."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from weakref import WeakValueDictionary

from turnwise.model.batch import Batch
from turnwise.model.errors import Busy, Forbidden, TooLarge
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.ports import Accept, MediaStore
from turnwise.model.recording import (
    ENDINGS,
    FOLDER,
    Analysis,
    Recording,
    RecordingOrigin,
    RecordingStatus,
)
from turnwise.store.media.audio import SNIFF_BYTES, Audio, ending_of, read_audio

log = logging.getLogger(__name__)

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recordings:
    """Implements model.ports.RecordingKeeper.

    Attributes:
        incoming: a folder for files that are not whole yet; a length is found at a file's end.
        are_kept: whether a project keeps recordings at all; asked in a worker thread.
    """

    accept: Accept
    media: MediaStore
    incoming: Path
    max_bytes: int
    are_kept: Callable[[ProjectId], bool]
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False, repr=False, compare=False
    )

    async def keep(self, origin: RecordingOrigin, content: AsyncIterator[bytes]) -> Recording:
        """See RecordingKeeper.keep."""
        if not await asyncio.to_thread(self.are_kept, origin.project_id):
            raise Forbidden("This project keeps no recordings.", code="recordings_off")
        self.incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.incoming) as draft:
            path = Path(draft.name)
            ending = await self._receive(draft.file, content)
            audio = await asyncio.to_thread(read_audio, path, ending)
            async with self._alone(origin.recording_id):
                key = _key(origin, ending)
                size = await self.media.put(key, _pieces(path), audio.content_type)
                recording = await self._tell(origin, audio, key, size)
                await self._forget_others(origin, ending)
        return recording

    def _alone(self, recording_id: str) -> asyncio.Lock:
        """Two uploads of one recording take turns: each would forget what the other has put."""
        return self._locks.setdefault(recording_id, asyncio.Lock())

    async def _forget_others(self, origin: RecordingOrigin, kept: str) -> None:
        """Remove what an earlier upload of another type has left."""
        for ending in ENDINGS.values():
            if ending != kept:
                try:
                    await self.media.delete(_key(origin, ending))
                except Busy:
                    # The recording itself is kept and told of; nothing leads to the other file.
                    log.warning("an older file of a recording could not be removed")

    async def _receive(self, draft: IO[bytes], content: AsyncIterator[bytes]) -> str:
        """Write the content to the file; returns the ending that its first bytes ask for."""
        held = bytearray()
        ending, size = "", 0
        async for piece in content:
            held += piece
            size += len(piece)
            if size > self.max_bytes:
                raise TooLarge(f"A recording may have {self.max_bytes} bytes.")
            if not ending and len(held) >= SNIFF_BYTES:
                ending = ending_of(bytes(held[:SNIFF_BYTES]))
            if len(held) >= _PIECE_BYTES:
                await asyncio.to_thread(_write, draft, bytes(held))
                held.clear()
        ending = ending or ending_of(bytes(held[:SNIFF_BYTES]))
        await asyncio.to_thread(_write, draft, bytes(held))
        return ending

    async def _tell(self, origin: RecordingOrigin, audio: Audio, key: str, size: int) -> Recording:
        recording = Recording(
            id=origin.recording_id,
            project_id=origin.project_id,
            session_id=origin.session_id,
            call_id=origin.call_id,
            status=RecordingStatus.READY,
            storage_uri=self.media.uri(key),
            content_type=audio.content_type,
            size_bytes=size,
            duration_ns=audio.duration_ns,
            channels=audio.channels,
            offset_ns=origin.offset_ns,
            external_id=origin.external_id,
            created_ns=now_ns(),
            analysis=Analysis.PENDING,
        )
        told = (
            "call_id", "status", "storage_uri", "content_type", "size_bytes", "duration_ns",
            "channels", "offset_ns", "external_id", "created_ns",
        )  # fmt: skip
        body = {name: value for name in told if (value := getattr(recording, name)) is not None}
        fact = SessionFact(
            project_id=origin.project_id,
            session_id=origin.session_id,
            kind=FactKind.RECORDING,
            fact_id=origin.recording_id,
            body=body,
        )
        receipt = await self.accept(
            Batch(project_id=origin.project_id, user_id=origin.user_id, facts=[fact])
        )
        if receipt.rejected:
            raise Busy("The recording could not be entered.")
        return recording


def _key(origin: RecordingOrigin, ending: str) -> str:
    return f"{FOLDER}{origin.recording_id}.{ending}"


def _write(draft: IO[bytes], piece: bytes) -> None:
    draft.write(piece)
    draft.flush()


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
