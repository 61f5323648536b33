"""Access tokens of a LiveKit server, for the ways in that send callers to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import jwt

from turnwise.model.ids import ProjectId

TOKEN_SECONDS = 3_600
"""How long a caller may take to join."""


@dataclass(frozen=True, slots=True)
class LiveKitPair:
    """An API key of a LiveKit server with its secret."""

    key: str
    secret: str = field(repr=False)


PairOf = Callable[[ProjectId], Awaitable[LiveKitPair | None]]
"""The pair that is a project's own; None when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKitAccess:
    """Where callers are sent, and what their tokens are signed with.

    Attributes:
        url: "" when none is configured.
        shared: the operator's own pair, for projects that have none.
        shared_project: the project whom the operator's pair serves in every room. Others get with
            it only into rooms that this server has named just now: a name that they choose may be
            that of somebody else's call.
    """

    url: str
    pair_of: PairOf
    shared: LiveKitPair | None
    shared_project: ProjectId

    async def token(
        self,
        project_id: ProjectId,
        identity: str,
        room: str,
        now_s: int,
        *,
        is_fresh: bool,
        metadata: str = "",
    ) -> str:
        """A LiveKit access token for one room, or "" when there is no pair to sign it with.

        `is_fresh` says that this server has named the room for this very request. The agent finds
        `metadata` with the participant; the caller can read it too.
        """
        pair = await self.pair_of(project_id)
        if pair is None and (is_fresh or project_id == self.shared_project):
            pair = self.shared
        if pair is None:
            return ""
        claims = {
            "iss": pair.key,
            "sub": identity,
            "nbf": now_s,
            "exp": now_s + TOKEN_SECONDS,
            "video": {"roomJoin": True, "room": room},
        }
        if metadata:
            claims["metadata"] = metadata
        return jwt.encode(claims, pair.secret, algorithm="HS256")
