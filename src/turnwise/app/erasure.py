"""What a deleted project has left is erased: its files, then everything told of it.

The catalog remembers the project from the moment that it is gone, so that a process that ends
midway leaves nothing behind: the worker of the next one goes on.
"""

import asyncio
import logging
from collections.abc import Iterable

from turnwise.app.peaks import KeptPeaks
from turnwise.model.errors import RetryableError
from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.ports import MediaStore, RunStore
from turnwise.model.recording import FOLDER
from turnwise.model.retention import RetentionStore
from turnwise.model.runs import ATTACHMENTS
from turnwise.model.session import Session
from turnwise.model.trace import MEDIA
from turnwise.store.catalog import SqlCatalog

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
LATECOMERS_NS = 600 * NS_PER_SECOND
"""So long after a project is gone, what was under way to it has come in."""
PAGE = 500
_AT_ONCE = 16


class ProjectErasure:
    """Erases at once what a surface asks for, and is an attendant of the worker."""

    def __init__(
        self,
        runs: RunStore,
        ages: RetentionStore,
        catalog: SqlCatalog,
        media: MediaStore,
        peaks: KeptPeaks,
    ):
        self._runs = runs
        self._ages = ages
        self._projects = catalog.admin.projects
        self._media = media
        self._peaks = peaks

    def notice(self, sessions: Iterable[Session]) -> None:
        """See Attendant; sessions say nothing of their project's end."""

    async def run(self) -> None:
        """Go on with what the process before left, then look again and again, until cancelled."""
        older_than_ns = 0
        while True:
            try:
                await self.finish(now_ns() - older_than_ns)
                older_than_ns = LATECOMERS_NS
            except Exception:
                # What is left is remembered: the next look finds it again.
                log.exception("the data of deleted projects could not be erased; tried again")
            await asyncio.sleep(LOOK_SECONDS)

    async def finish(self, deleted_before_ns: int) -> None:
        """Erase what is left of the projects that were deleted before, latecomers included."""
        at_ns = now_ns()
        for project_id, deleted_ns in (await asyncio.to_thread(self._projects.erasures)).items():
            if deleted_ns > deleted_before_ns:
                continue
            await self._erase(project_id)
            if deleted_ns <= at_ns - LATECOMERS_NS:
                await asyncio.to_thread(self._projects.erased, project_id)

    async def begin(self, project_id: ProjectId) -> None:
        """Erase what a project has that was deleted just now; what fails is left to the worker."""
        try:
            await self._erase(project_id)
        except RetryableError as busy:
            log.warning("a deleted project is erased later: %s", busy.message)

    async def _erase(self, project_id: ProjectId) -> None:
        # Files first: without what is told of them nobody would find them again.
        after = ""
        while page := await self._ages.recording_files(project_id, after, PAGE):
            after = page[-1]
            for start in range(0, len(page), _AT_ONCE):
                async with asyncio.TaskGroup() as group:
                    for file in page[start : start + _AT_ONCE]:
                        group.create_task(self._forget(file))
        for folder in (ATTACHMENTS, MEDIA):
            await self._media.delete_all(f"{folder}{project_id}/")
        await self._runs.erase_project(project_id)

    async def _forget(self, file: str) -> None:
        await self._peaks.forget(file)
        await self._media.delete(FOLDER + file)
