"""Work that only one process should do, where several share the stores.

Doing it twice would be wasteful and no more, so a claim that cannot be renewed in time is not
fought over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from turnwise.model.errors import RetryableError
from turnwise.model.instants import NS_PER_SECOND
from turnwise.store.catalog.claims import Claims

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
"""After so long what a process held that has died is free."""


class Claiming:
    """Claims of this process.

    Args:
        claims: where they are kept; None where no other process can be.
    """

    def __init__(self, claims: Claims | None, lease_seconds: float = LEASE_SECONDS):
        self._claims = claims
        self._lease_seconds = lease_seconds
        self._holder = str(uuid4())

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """Whether this process may do the work; no other one may for as long as the block lasts.

        Raises:
            Busy: the catalog does not answer.
        """
        if self._claims is None:
            yield True
            return
        if not await self._take(self._claims, name):
            yield False
            return
        renewing = asyncio.create_task(self._renew(self._claims, name))
        try:
            yield True
        finally:
            renewing.cancel()
            try:
                await asyncio.to_thread(self._claims.release, name, self._holder)
            except RetryableError:
                log.warning("a claim could not be let go of; it runs out")

    async def _take(self, claims: Claims, name: str) -> bool:
        lease_ns = round(self._lease_seconds * NS_PER_SECOND)
        return await asyncio.to_thread(claims.take, name, self._holder, lease_ns)

    async def _renew(self, claims: Claims, name: str) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            try:
                await self._take(claims, name)
            except RetryableError:
                log.warning("a claim could not be renewed; tried again")
