"""Sessions older than their project keeps them are erased, with their recordings; once a day."""

import asyncio
import logging
from collections.abc import Iterable

from turnwise.app.claiming import Claiming
from turnwise.app.flow import Flow
from turnwise.app.peaks import KeptPeaks
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.ports import MediaStore
from turnwise.model.recording import FOLDER
from turnwise.model.runs import ATTACHMENTS
from turnwise.model.session import Session
from turnwise.store.catalog import SqlCatalog

log = logging.getLogger(__name__)

EVERY_SECONDS = 86_400
PAGE = 100
_NS_PER_DAY = 86_400 * NS_PER_SECOND


class Retention:
    """An attendant of the worker.

    Args:
        default_days: for projects that say nothing themselves; None keeps forever.
        claiming: of several processes one erases at a time.
    """

    def __init__(
        self,
        flow: Flow,
        catalog: SqlCatalog,
        media: MediaStore,
        peaks: KeptPeaks,
        default_days: int | None,
        claiming: Claiming,
    ):
        self._claiming = claiming
        self._flow = flow
        self._catalog = catalog
        self._media = media
        self._peaks = peaks
        self._default_days = default_days

    def notice(self, sessions: Iterable[Session]) -> None:
        """See Attendant; what was just derived is judged with the next round."""

    async def run(self) -> None:
        """Look at the start, then every day, until cancelled."""
        while True:
            try:
                async with self._claiming.alone("retention") as is_ours:
                    if is_ours:
                        await self.enforce(now_ns())
            except Exception:
                # What is old stays old: the next round finds it again.
                log.exception("old sessions could not be erased; tried again tomorrow")
            await asyncio.sleep(EVERY_SECONDS)

    async def enforce(self, at_ns: int) -> int:
        """Erase what is too old at this instant; returns how many sessions went."""
        gone = 0
        policies = await asyncio.to_thread(self._catalog.admin.projects.policies)
        for project_id, policy in policies.items():
            days = policy.retention_days or self._default_days
            if days is not None:
                gone += await self._shorten(project_id, at_ns - days * _NS_PER_DAY)
        if gone:
            log.info("%d sessions were older than their projects keep them", gone)
        return gone

    async def _shorten(self, project_id: ProjectId, before_ns: int) -> int:
        store = self._flow.store.ages
        # By themselves, because the trace that one names may never come.
        await store.erase_logs(project_id, before_ns)
        gone, after = 0, SessionId("")
        while page := await store.old_sessions(project_id, before_ns, after, PAGE):
            after = page[-1].id
            # What came in since they were derived may be a recording, or make them young again.
            derived = await self._flow.settle(project_id, [each.id for each in page])
            found = {each.id for each in page}
            fresh = [each for each in derived if each.id in found and _is_old(each, before_ns)]
            kept = await store.held_back(project_id, before_ns, [each.id for each in fresh])
            old = [each for each in fresh if each.id not in kept]
            # Files first: without their session nobody would find them again.
            ids = [each.id for each in old]
            for session in old:
                await self._forget_recordings(session)
            for run_id in await store.runs_with_files(project_id, ids):
                await self._media.delete_all(f"{ATTACHMENTS}{project_id}/{run_id}/")
            await store.erase_sessions(project_id, old)
            await asyncio.to_thread(self._catalog.admin.forms.forget, ids)
            await asyncio.to_thread(self._catalog.admin.labels.forget, project_id, ids)
            await self._flow.diagnosing.forget(project_id, ids)
            self._flow.joining.forget(project_id, ids)
            gone += len(old)
        return gone

    async def _forget_recordings(self, session: Session) -> None:
        for recording in session.recordings:
            if recording.file is not None:
                await self._peaks.forget(recording.file)
                await self._media.delete(FOLDER + recording.file)


def _is_old(session: Session, before_ns: int) -> bool:
    """What `RetentionStore.old_sessions` asks for, of a session that was derived just now."""
    last_ns = max(session.last_seen_ns, session.ended_ns or session.last_seen_ns)
    return session.finalized_ns is not None and last_ns < before_ns
