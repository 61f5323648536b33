"""Sessions as the transcript surface tells them: who may see them, their numbers and totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.recording import Recording
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller

SessionKey = tuple[ProjectId, SessionId]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """Which sessions, and which page of them; None means any.

    Attributes:
        project_ids: None stands for every project there is.
        agents: exact pairs of project and slug.
        agent: slug, in any of the projects.
        from_ns, to_ns: bounds of the start, both inclusive.
        created_by: user number of whoever sent the first fact.
        is_ended: only sessions with an end, and in the order of their ends.
        ended_from_ns, ended_to_ns: bounds of the end, both inclusive.
    """

    project_ids: tuple[ProjectId, ...] | None
    agents: tuple[tuple[ProjectId, str], ...] | None = None
    agent: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    session_id: str | None = None
    created_by: int | None = None
    is_ended: bool = False
    ended_from_ns: int | None = None
    ended_to_ns: int | None = None
    oldest_first: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStats:
    """How many conversations there were, and of what kind.

    Attributes:
        phone: those that came over a telephone line.
        mean_turns: None when there were none.
    """

    total: int = 0
    phone: int = 0
    mean_turns: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotals:
    """Sums over every session that a query matches, whatever page is shown."""

    sessions: int = 0
    llm_input_tokens: int = 0
    llm_output_tokens: int = 0
    stt_audio_ns: int = 0
    tts_characters: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Usage:
    """A page of sessions, latest start first, and the totals over all pages."""

    totals: UsageTotals
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A session with what the catalog knows of it.

    Attributes:
        number: serial number, given when the session was first shown.
        tenant: slug of its tenant.
        recording: the one to play, None when there is none.
    """

    session: Session
    number: int
    tenant: str
    recording: Recording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFilter:
    """What a caller asked for, before anybody looked at what they may see."""

    character: str | None = None
    tenant: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class TranscriptPage:
    """A page of what the caller may see, and the totals over all pages."""

    totals: UsageTotals
    transcripts: tuple[Transcript, ...]


class TranscriptReader(Protocol):
    """Sessions by the rule of this surface: staff see all, others those of agents they made."""

    async def transcript(self, caller: Caller, session_id: str) -> Transcript | None:
        """A session by its UUID; None when it is unknown or not the caller's to see."""
        ...

    async def page(self, caller: Caller, wanted: UsageFilter) -> TranscriptPage:
        """Sessions that the caller may see; what they may not is simply absent."""
        ...


class ConversationReader(Protocol):
    """Ended sessions of a tenant: owners and admins see all, members those that they began."""

    async def conversations(self, caller: Caller, query: UsageQuery) -> Usage:
        """A page of what the caller may see; the query's projects and creator are overruled."""
        ...

    async def reports(self, sessions: Sequence[Session]) -> dict[SessionKey, dict[str, Any]]:
        """The framework's own report of each session that has one, whole."""
        ...

    async def creators(self, sessions: Sequence[Session]) -> dict[int, str]:
        """UUIDs of the users who began the sessions, by their numbers."""
        ...

    async def stats(self, caller: Caller, query: UsageQuery) -> CallStats:
        """How many there are of what the caller may see."""
        ...
