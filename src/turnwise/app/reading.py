"""Reads for the surfaces: derived sessions, as fresh as the last acknowledged write."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from turnwise.app.flow import Flow
from turnwise.model.boards import BoardStore
from turnwise.model.diagnosis import Diagnosis
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.observation import Observation
from turnwise.model.overview import Facets, LineQuery, SessionFilter, SessionLine, Summary
from turnwise.model.query import SessionQuery, SessionRange
from turnwise.model.session import Session, SessionHead
from turnwise.model.tenancy import Agent, Caller

# How long a list, or a look-up by room or call, waits for sessions that are being derived. A session
# that is asked for by its id never waits for others.
PATIENCE_SECONDS = 3.0
PAGE = 200
"""Whole sessions that are held at a time."""


class Reading:
    """Implements model.ports.SessionReader, OverviewReader and BoardReader over the flow."""

    def __init__(self, flow: Flow):
        self._flow = flow
        self._store = flow.store

    async def session(self, caller: Caller, name: str) -> Session | None:
        """See SessionReader.session."""
        found = await self._by_id(caller.project_ids, name)
        if found is None and self._flow.pending.concerns(caller.project_ids):
            await self._settled(caller.project_ids)
            # While the legs of a call are joined, an id may be held by nobody for a moment.
            found = await self._by_id(caller.project_ids, name)
        if found is not None:
            return found
        named = await self._store.session_named(caller.project_ids, name)
        return await self._fresh([named.project_id], named.id) if named else None

    async def _by_id(self, project_ids: Sequence[ProjectId], name: str) -> Session | None:
        for candidates, session_id in _candidates(project_ids, name):
            found = await self._fresh(candidates, session_id)
            if found is not None:
                return found
        return None

    async def sessions_named(self, caller: Caller, name: str) -> list[Session]:
        """See SessionReader.sessions_named."""
        first = await self.session(caller, name)
        if first is None:
            return []
        found = {(first.project_id, first.id): first}
        for other in await self._store.sessions_named(caller.project_ids, name):
            if (other.project_id, other.id) not in found:
                fresh = await self._fresh([other.project_id], other.id)
                if fresh is not None:
                    found[fresh.project_id, fresh.id] = fresh
        return sorted(found.values(), key=lambda each: (each.started_ns, each.id))

    async def sessions(self, caller: Caller, query: SessionQuery) -> list[SessionHead]:
        """See SessionReader.sessions."""
        await self._settled(caller.project_ids)
        return await self._store.sessions(query)

    async def lines(self, caller: Caller, query: LineQuery) -> list[SessionLine]:
        """See OverviewReader.lines."""
        await self._settled(caller.project_ids)
        return await self._store.session_lines(query)

    async def summary(
        self, caller: Caller, wanted: SessionFilter, before_ns: int, step_ns: int
    ) -> Summary:
        """See OverviewReader.summary."""
        await self._settled(caller.project_ids)
        return await self._store.summary(wanted, before_ns, step_ns)

    async def count(self, caller: Caller, wanted: SessionFilter) -> int:
        """See OverviewReader.count."""
        await self._settled(caller.project_ids)
        return await self._store.count(wanted)

    async def facets(self, caller: Caller, project_id: ProjectId) -> Facets:
        """See OverviewReader.facets."""
        await self._settled(caller.project_ids)
        return await self._store.facets((project_id,))

    async def board(self, project_id: ProjectId) -> BoardStore:
        """See BoardReader.board."""
        await self._settled((project_id,))
        return self._store.boards

    async def sessions_in(self, caller: Caller, wanted: SessionRange) -> AsyncIterator[Session]:
        """See SessionReader.sessions_in."""
        await self._settled(caller.project_ids)
        after: tuple[int, SessionId] | None = None
        while page := await self._store.sessions_in(wanted, after, PAGE):
            for session in page:
                yield session
            after = (page[-1].started_ns, page[-1].id)

    async def trace(self, session: Session, trace_id: str) -> list[Observation]:
        """See SessionReader.trace."""
        return await self._store.trace(session.project_id, trace_id, session.id)

    async def session_with_trace(
        self, caller: Caller, name: str, trace_id: str
    ) -> tuple[Session | None, list[Observation]]:
        """See SessionReader.session_with_trace."""
        session_id = session_id_of(caller.project_id, name)
        session, observations = await asyncio.gather(
            self.session(caller, name),
            self._store.trace(caller.project_id, trace_id, session_id),
        )
        if session is None:
            return None, []
        if (session.project_id, session.id) != (caller.project_id, session_id):
            observations = await self.trace(session, trace_id)
        return session, observations

    async def sessions_of_trace(self, caller: Caller, trace_id: str) -> list[Session]:
        """See SessionReader.sessions_of_trace."""
        found: list[Session] = []
        for project_id in caller.project_ids:
            membership = await self._store.memberships(project_id, [trace_id])
            for session_id in sorted(membership.current):
                session = await self._fresh([project_id], session_id)
                if session is not None:
                    found.append(session)
        return found

    async def diagnosis(self, session: Session) -> Diagnosis:
        """See ports.Diagnose: by everything that was known of the agent when it was asked."""
        await self._settled([session.project_id])
        return await self._flow.diagnosing.diagnosis(session)

    async def agent(self, caller: Caller, name: str) -> Agent | None:
        """See SessionReader.agent."""
        return await asyncio.to_thread(self._flow.catalog.agent, caller.project_ids, name)

    async def _settled(self, project_ids: Sequence[ProjectId]) -> None:
        await self._flow.pending.settled(PATIENCE_SECONDS, project_ids)

    async def _fresh(
        self, project_ids: Sequence[ProjectId], session_id: SessionId
    ) -> Session | None:
        # Asked before the row is read: what is settled in between makes the row old, not the answer.
        may_be_stale = self._store.is_shared or self._flow.pending.concerns(project_ids)
        session = await self._store.session(project_ids, session_id)
        if not may_be_stale:
            return session or await self._succeeding(project_ids, session_id)
        where = [session.project_id] if session is not None else project_ids
        for project_id in where:
            version = await self._store.facts_version(project_id, session_id)
            if not version:
                # Its facts belong to another session now; the worker is about to retire it.
                session = None
            elif session is None or version > session.facts_version:
                settled = await self._flow.settle(project_id, [session_id])
                own = next((each for each in settled if each.id == session_id), None)
                if own is not None:
                    return own
                session = None
        return session or await self._succeeding(project_ids, session_id)

    async def _succeeding(
        self, project_ids: Sequence[ProjectId], session_id: SessionId
    ) -> Session | None:
        for project_id in project_ids:
            heir = await self._store.successor(project_id, session_id)
            if heir is not None and heir != session_id:
                return await self._fresh([project_id], heir)
        return None


def _candidates(
    project_ids: Sequence[ProjectId], name: str
) -> list[tuple[Sequence[ProjectId], SessionId]]:
    """The session ids that a name stands for; a UUID is the same one in every project."""
    by_project = {each: session_id_of(each, name) for each in project_ids}
    if len(set(by_project.values())) == 1:
        return [(project_ids, by_project[project_ids[0]])]
    return [([project_id], session_id) for project_id, session_id in by_project.items()]
