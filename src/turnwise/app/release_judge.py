"""Sessions of a time, read one after the other and held against limits and a baseline."""

import asyncio
from dataclasses import dataclass

from turnwise.analyse.release import Window, quality_of
from turnwise.model.diagnosis import GateLimits, InterruptionQuality
from turnwise.model.ports import SessionReader
from turnwise.model.query import SessionRange
from turnwise.model.tenancy import Caller


@dataclass(frozen=True, slots=True)
class SessionJudge:
    """Implements model.ports.ReleaseJudge over the reader."""

    reader: SessionReader

    async def quality(
        self,
        caller: Caller,
        wanted: SessionRange,
        baseline: SessionRange | None,
        limits: GateLimits,
    ) -> tuple[InterruptionQuality, InterruptionQuality | None]:
        """See ReleaseJudge.quality."""
        window = await self._window(caller, wanted)
        if baseline is None:
            return await asyncio.to_thread(quality_of, window, limits), None
        before = await self._window(caller, baseline)
        return (
            await asyncio.to_thread(quality_of, window, limits, before),
            await asyncio.to_thread(quality_of, before, limits),
        )

    async def _window(self, caller: Caller, wanted: SessionRange) -> Window:
        window = Window()
        async for session in self.reader.sessions_in(caller, wanted):
            window.add(session)
        return window
