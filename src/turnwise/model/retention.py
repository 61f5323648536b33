"""What came in lately, what is old, and its erasure."""

from collections.abc import Sequence
from typing import Protocol

from turnwise.model.administration import Arrivals
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.session import Session


class RetentionStore(Protocol):
    """The telemetry store's answers about the ages of sessions, and the end of old ones."""

    async def old_sessions(
        self, project_id: ProjectId, before_ns: int, after: SessionId | None, limit: int
    ) -> list[Session]:
        """Closed sessions whose last instant lies before, by id, from behind `after` on."""
        ...

    async def held_back(
        self, project_id: ProjectId, before_ns: int, session_ids: Sequence[SessionId]
    ) -> set[SessionId]:
        """Those of the sessions that share a trace with one that is not old."""
        ...

    async def runs_with_files(
        self, project_id: ProjectId, session_ids: Sequence[SessionId]
    ) -> list[str]:
        """Ids of the sessions' runs that carry attachments."""
        ...

    async def recording_files(self, project_id: ProjectId, after: str, limit: int) -> list[str]:
        """Names of the files of recordings that are told of, in order, from behind `after` on."""
        ...

    async def erase_sessions(self, project_id: ProjectId, sessions: Sequence[Session]) -> None:
        """Delete everything that is kept of these sessions, facts included; may be repeated."""
        ...

    async def arrivals(self, project_id: ProjectId, since_ns: int) -> list[Arrivals]:
        """Sessions that something came in for since then, by source, the last one first."""
        ...
