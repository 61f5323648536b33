"""Sessions for the transcript surface: its rule of who may see what, in one place."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from turnwise.app.flow import Flow
from turnwise.app.reading import PATIENCE_SECONDS, Reading
from turnwise.model.ids import ProjectId
from turnwise.model.recording import Recording, RecordingStatus
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller
from turnwise.model.transcripts import (
    CallStats,
    SessionKey,
    Transcript,
    TranscriptPage,
    Usage,
    UsageFilter,
    UsageQuery,
)
from turnwise.store.catalog import SqlCatalog

_BEST_FIRST = (RecordingStatus.READY, RecordingStatus.PENDING, RecordingStatus.FAILED)

Made = tuple[tuple[ProjectId, str], ...]
"""Agents by project and slug."""


class Transcripts:
    """Implements model.transcripts.TranscriptReader.

    Staff see every session of every tenant. Others see sessions of agents that they made, in
    their own tenant; owners and admins are no exception.
    """

    def __init__(self, flow: Flow, reading: Reading, catalog: SqlCatalog):
        self._flow = flow
        self._reading = reading
        self._catalog = catalog.admin

    async def transcript(self, caller: Caller, session_id: str) -> Transcript | None:
        """See TranscriptReader.transcript."""
        made: Made | None = None
        if caller.is_staff:
            everywhere = await asyncio.to_thread(self._catalog.sessions.projects_of, None)
            others = [each for each in everywhere if each not in caller.project_ids]
            project_ids = (*caller.project_ids, *others)
        else:
            made = await self._made_by(caller)
            theirs = {project_id for project_id, _ in made}
            project_ids = tuple(each for each in caller.project_ids if each in theirs)
        if not project_ids:
            return None
        session = await self._reading.session(replace(caller, project_ids=project_ids), session_id)
        if session is None:
            return None
        if made is not None and (session.project_id, session.agent) not in made:
            return None
        return (await self._told([session]))[0]

    async def page(self, caller: Caller, wanted: UsageFilter) -> TranscriptPage:
        """See TranscriptReader.page."""
        query = UsageQuery(
            project_ids=caller.project_ids,
            agent=wanted.character,
            from_ns=wanted.from_ns,
            to_ns=wanted.to_ns,
            limit=wanted.limit,
            offset=wanted.offset,
        )
        if caller.is_staff:
            projects = await asyncio.to_thread(self._catalog.sessions.projects_of, wanted.tenant)
            query = replace(query, project_ids=projects if wanted.tenant is not None else None)
        else:
            projects = caller.project_ids
            is_theirs = wanted.tenant in (None, caller.tenant_slug)
            query = replace(query, agents=await self._made_by(caller) if is_theirs else ())
        await self._flow.pending.settled(PATIENCE_SECONDS, projects)
        found = await self._flow.store.usage(query)
        return TranscriptPage(found.totals, tuple(await self._told(found.sessions)))

    async def _made_by(self, caller: Caller) -> Made:
        agents = await asyncio.to_thread(self._catalog.agents.made, caller.user_id)
        return tuple(
            (each.agent.project_id, each.agent.slug)
            for each in agents
            if each.agent.project_id in caller.project_ids
        )

    async def _told(self, sessions: Sequence[Session]) -> list[Transcript]:
        keys = [(session.project_id, session.id) for session in sessions]
        numbers = await asyncio.to_thread(self._catalog.sessions.numbers, keys)
        projects = {session.project_id for session in sessions}
        tenants = await asyncio.to_thread(self._catalog.sessions.tenants_of, projects)
        return [
            Transcript(
                session=session,
                number=numbers[key],
                tenant=tenants.get(session.project_id, ""),
                recording=best_of(session.recordings),
            )
            for key, session in zip(keys, sessions, strict=True)
        ]


class Conversations:
    """Implements model.transcripts.ConversationReader."""

    def __init__(self, flow: Flow, catalog: SqlCatalog):
        self._flow = flow
        self._catalog = catalog.admin

    async def conversations(self, caller: Caller, query: UsageQuery) -> Usage:
        """See ConversationReader.conversations."""
        return await self._flow.store.usage(await self._visible(caller, query))

    async def reports(self, sessions: Sequence[Session]) -> dict[SessionKey, dict[str, Any]]:
        """See ConversationReader.reports."""
        found: dict[SessionKey, dict[str, Any]] = {}
        for project_id in {session.project_id for session in sessions}:
            wanted = [each.id for each in sessions if each.project_id == project_id]
            reports = await self._flow.store.reports(project_id, wanted)
            found |= {(project_id, each): report for each, report in reports.items()}
        return found

    async def creators(self, sessions: Sequence[Session]) -> dict[int, str]:
        """See ConversationReader.creators."""
        numbers = {session.created_by for session in sessions}
        return await asyncio.to_thread(self._catalog.users.uids, numbers)

    async def stats(self, caller: Caller, query: UsageQuery) -> CallStats:
        """See ConversationReader.stats."""
        return await self._flow.store.call_stats(await self._visible(caller, query))

    async def _visible(self, caller: Caller, query: UsageQuery) -> UsageQuery:
        await self._flow.pending.settled(PATIENCE_SECONDS, caller.project_ids)
        projects = caller.project_ids
        if query.project_ids is not None:
            projects = tuple(each for each in projects if each in query.project_ids)
        created_by = None if caller.sees_whole_tenant else caller.user_id
        return replace(query, project_ids=projects, created_by=created_by)


def best_of(recordings: Collection[Recording]) -> Recording | None:
    """The recording to show: one that can be played before one that may be, the first of equals."""
    found = [each for each in recordings if each.status in _BEST_FIRST]
    return min(found, key=lambda each: _BEST_FIRST.index(each.status), default=None)
