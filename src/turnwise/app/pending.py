"""What was written and is not settled yet."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.query import Written


@dataclass(slots=True)
class Work:
    """Traces and sessions of one project that changed."""

    traces: set[str] = field(default_factory=set)
    sessions: set[SessionId] = field(default_factory=set)


class Pending:
    """A set of changed traces and sessions per project; used from one event loop."""

    def __init__(self) -> None:
        self._work: defaultdict[ProjectId, Work] = defaultdict(Work)
        self._taken: set[ProjectId] = set()
        self._changed = asyncio.Event()
        # Set when what is in the work now, and what is taken now, has been settled.
        self._work_settled = asyncio.Event()
        self._taken_settled = asyncio.Event()

    def mark(self, written: Written) -> None:
        """Remember what a write has changed."""
        for project_id, trace_id in written.traces:
            self._work[project_id].traces.add(trace_id)
        self.mark_sessions(written.sessions)

    def mark_sessions(self, sessions: Iterable[tuple[ProjectId, SessionId]]) -> None:
        """Remember sessions that have to be derived anew."""
        for project_id, session_id in sessions:
            self._work[project_id].sessions.add(session_id)
        if self._work:
            self._changed.set()

    def concerns(self, project_ids: Iterable[ProjectId]) -> bool:
        """Whether anything of these projects is not settled."""
        return any(each in self._work or each in self._taken for each in project_ids)

    @property
    def is_empty(self) -> bool:
        """Whether everything is settled."""
        return not self._work and not self._taken

    def count(self) -> int:
        """How many traces and sessions wait."""
        return sum(len(each.traces) + len(each.sessions) for each in self._work.values())

    async def take(self) -> dict[ProjectId, Work]:
        """Wait for work, then hand out all of it; `done` says when it is settled."""
        await self._changed.wait()
        self._changed.clear()
        work, self._work = dict(self._work), defaultdict(Work)
        self._taken = set(work)
        self._taken_settled, self._work_settled = self._work_settled, asyncio.Event()
        return work

    def done(self) -> None:
        """What was taken last is settled."""
        self._taken = set()
        self._taken_settled.set()

    async def settled(
        self, timeout_seconds: float, project_ids: Iterable[ProjectId] | None = None
    ) -> bool:
        """Wait until what is pending now is settled, of these projects or of all.

        What comes in meanwhile is not waited for. False when the time ran out.
        """
        wanted = None if project_ids is None else set(project_ids)
        if self._work if wanted is None else not wanted.isdisjoint(self._work):
            last = self._work_settled
        elif self._taken if wanted is None else not wanted.isdisjoint(self._taken):
            last = self._taken_settled
        else:
            return True
        try:
            await asyncio.wait_for(last.wait(), timeout_seconds)
        except TimeoutError:
            return False
        return True
