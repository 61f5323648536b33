"""What happens without a request: sessions are settled, and closed after silence."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Protocol

from turnwise.app.flow import Flow
from turnwise.app.pending import Work
from turnwise.model.batch import Batch
from turnwise.model.errors import RetryableError
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.query import Written
from turnwise.model.session import Session

log = logging.getLogger(__name__)

# A session is looked at again at most this often while it changes; under load, settling takes at most
# a third of the time, so that what comes in has the rest, and waits no longer than the longest pause.
SETTLE_EVERY_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 1.0
# Sessions are read and written in pieces of this many, so that one piece stays within memory.
SESSIONS_PER_STEP = 32
SILENCE_CHECK_SECONDS = 5.0
# After a start everything that came in shortly before the last stop is looked at again.
LOOK_BACK_NS = 3_600 * NS_PER_SECOND
# Two API processes may finish their writes in another order than they took their versions.
VERSION_OVERLAP_NS = 10 * NS_PER_SECOND
_LATEST = 2**63 - 1


class Attendant(Protocol):
    """Does something about sessions, in its own time."""

    def notice(self, sessions: Iterable[Session]) -> None:
        """Take up what is of interest; must not wait."""
        ...

    def run(self) -> Coroutine[None, None, None]:
        """Work until cancelled."""
        ...


class Worker:
    """The background half of the server.

    Args:
        silence_ns: an open session is closed when nothing came in for so long.
        attendants: shown every session that was derived.
    """

    def __init__(self, flow: Flow, silence_ns: int, attendants: Sequence[Attendant] = ()):
        self._flow = flow
        self._silence_ns = silence_ns
        self._attendants = attendants

    async def run(self) -> None:
        """Work until cancelled; `catch_up` comes before it."""
        loops = [self._settle_forever(), self._close_silent_forever()]
        loops += [each.run() for each in self._attendants]
        if self._flow.store.is_shared:
            loops.append(self._follow_others_forever())
        async with asyncio.TaskGroup() as group:
            for each in loops:
                group.create_task(each)

    async def catch_up(self) -> int:
        """Mark what was written shortly before the last stop; returns the newest version.

        Before it, a reader cannot know that a derived session is older than its facts.
        """
        newest, _ = await self._flow.store.changed_sessions(_LATEST)
        _, changed = await self._flow.store.changed_sessions(newest - LOOK_BACK_NS)
        self._flow.pending.mark_sessions(changed)
        return newest

    async def settle_taken(self, work: dict[ProjectId, Work]) -> None:
        """Derive every session that the work concerns."""
        for project_id, changed in work.items():
            membership = await self._flow.store.memberships(
                project_id, changed.traces, changed.sessions
            )
            touched = changed.sessions | membership.current | membership.outranked
            for piece in pieces(sorted(touched), SESSIONS_PER_STEP):
                await self._settle(project_id, piece)

    async def _settle(self, project_id: ProjectId, session_ids: Sequence[SessionId]) -> None:
        settled = await self._flow.settle(project_id, session_ids)
        for each in self._attendants:
            each.notice(settled)

    async def close_silent(self, arrived_before_ns: int) -> int:
        """Finalize open sessions whose newest fact came in before; returns how many."""
        silent = await self._flow.store.silent_sessions(arrived_before_ns, 500)
        for project_id, session_id in silent:
            closed = SessionFact(
                project_id=project_id,
                session_id=session_id,
                kind=FactKind.FINALIZED,
                fact_id="",
                body={"at_ns": now_ns(), "reason": "silence"},
            )
            await self._flow.accept(Batch(project_id=project_id, user_id=0, facts=[closed]))
        return len(silent)

    async def _settle_forever(self) -> None:
        while True:
            work = await self._flow.pending.take()
            began = time.monotonic()
            try:
                await self.settle_taken(work)
            except RetryableError:
                self._mark_again(work)
            except Exception:
                # One session that cannot be derived must not stop all others from being so.
                log.exception("settling failed; its sessions are tried one by one")
                await self._settle_one_by_one(work)
            finally:
                self._flow.pending.done()
            took = time.monotonic() - began
            await asyncio.sleep(max(SETTLE_EVERY_SECONDS, min(2 * took, LONGEST_PAUSE_SECONDS)))

    def _mark_again(self, work: dict[ProjectId, Work]) -> None:
        self._flow.pending.mark(
            Written(
                traces=frozenset((p, t) for p, changed in work.items() for t in changed.traces),
                sessions=frozenset((p, s) for p, changed in work.items() for s in changed.sessions),
            )
        )

    async def _settle_one_by_one(self, work: dict[ProjectId, Work]) -> None:
        for project_id, changed in work.items():
            try:
                membership = await self._flow.store.memberships(
                    project_id, changed.traces, changed.sessions
                )
            except Exception:
                # Not one session's fault: the store itself does not answer, and all is tried again.
                log.exception("the sessions of what has changed could not be found; tried again")
                self._mark_again({project_id: changed})
                continue
            for session_id in changed.sessions | membership.current | membership.outranked:
                await self._settle_one(project_id, session_id)

    async def _settle_one(self, project_id: ProjectId, session_id: SessionId) -> None:
        try:
            await self._settle(project_id, [session_id])
        except RetryableError:
            self._flow.pending.mark_sessions([(project_id, session_id)])
        except Exception:
            # The same facts would fail again; the next one of the session tries anew.
            log.exception("a session could not be derived", extra={"session": session_id})

    async def _close_silent_forever(self) -> None:
        while True:
            await asyncio.sleep(SILENCE_CHECK_SECONDS)
            try:
                await self.close_silent(now_ns() - self._silence_ns)
            except RetryableError as busy:
                log.warning("silent sessions are closed later", extra={"reason": busy.message})
            except Exception:
                # A failure here must not end the loop, and with it every other one.
                log.exception("silent sessions could not be closed; tried again")

    async def _follow_others_forever(self) -> None:
        newest, _ = await self._flow.store.changed_sessions(_LATEST)
        while True:
            await asyncio.sleep(SETTLE_EVERY_SECONDS)
            try:
                seen, changed = await self._flow.store.changed_sessions(newest - VERSION_OVERLAP_NS)
            except Exception:
                # As above: what others have written is found with the next look.
                log.exception("what others have written could not be read; tried again")
                continue
            newest = max(newest, seen)
            self._flow.pending.mark_sessions(changed)


def pieces(items: Sequence[SessionId], size: int) -> Iterator[Sequence[SessionId]]:
    """Consecutive pieces of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def rebuild(flow: Flow, report: Callable[[int, int], None]) -> int:
    """Derive every session anew from its facts; returns how many there are.

    `report` is called with (done, all) after every piece.
    """
    flow.diagnosing.remakes = True
    by_project: defaultdict[ProjectId, list[SessionId]] = defaultdict(list)
    for project_id, session_id in await flow.store.session_ids():
        by_project[project_id].append(session_id)
    total = sum(len(each) for each in by_project.values())
    done = 0
    for project_id, session_ids in by_project.items():
        for piece in pieces(sorted(session_ids), SESSIONS_PER_STEP):
            await flow.settle(project_id, piece)
            done += len(piece)
            report(done, total)
    return total
