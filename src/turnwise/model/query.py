"""What the seams take and give: questions to the stores, and what their writes did."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from turnwise.model.batch import Rejected
from turnwise.model.ids import ProjectId, SessionId


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    Attributes:
        stored: how many records are durable.
        rejected: records that the engine refused, each for itself.
        traces: traces whose observations changed.
        sessions: sessions of which a session fact changed.
    """

    stored: int = 0
    rejected: tuple[Rejected, ...] = ()
    traces: frozenset[tuple[ProjectId, str]] = frozenset()
    sessions: frozenset[tuple[ProjectId, SessionId]] = frozenset()


@dataclass(frozen=True, slots=True)
class Membership:
    """To which sessions some traces belong.

    Attributes:
        current: sessions that the traces belong to now.
        outranked: sessions that some span named, or that a trace formed by itself, before a
            better name came; they may have to be retired.
    """

    current: frozenset[SessionId] = frozenset()
    outranked: frozenset[SessionId] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """Facts that were written under one session id belong to another session.

    Attributes:
        facts_of: the id that they were written under.
        rank: 0 to 199; of several claims the lowest wins, then the smallest session id. Facts of
            FIRM_KINDS claim what is written under their own id with 0, others with 200.
    """

    facts_of: SessionId
    session_id: SessionId
    rank: int


@dataclass(frozen=True, slots=True)
class Estate:
    """What an id stands for, and who has a claim to what was written under it.

    Attributes:
        is_named: spans belong to it by this id, or facts of FIRM_KINDS were written under it.
        claims: every session with a claim to its facts, and the rank; holds the id itself when any
            fact was written under it.
        holds: the ids whose facts belong to this session now, and by which rank.
        heir: where its own facts or else its spans went; None while they are with it, or there
            are none.
    """

    is_named: bool = False
    claims: Mapping[SessionId, int] = field(default_factory=dict)
    holds: Mapping[SessionId, int] = field(default_factory=dict)
    heir: SessionId | None = None

    @property
    def holder(self) -> SessionId | None:
        """To whom the facts written under this id belong; None when nobody claims them."""
        return min(self.claims, key=lambda each: (self.claims[each], each), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which lines of the session list.

    Attributes:
        agent: slug; None means any.
        created_by: user number; None means any.
        before: keyset position (started_ns, id) of the last line already handed out.
    """

    project_ids: tuple[ProjectId, ...]
    agent: str | None = None
    created_by: int | None = None
    before: tuple[int, SessionId] | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRange:
    """Which whole sessions; None means any.

    Attributes:
        agent: slug.
        from_ns, to_ns: bounds of the start, `to_ns` exclusive.
    """

    project_ids: tuple[ProjectId, ...]
    agent: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisQuery:
    """Which diagnoses; None means any.

    Attributes:
        agent: slug.
        session_ids: of these sessions.
        types: those with an issue of one of these types.
        from_ns, to_ns: bounds of the session's start, `to_ns` exclusive.
    """

    project_ids: tuple[ProjectId, ...]
    session_ids: tuple[SessionId, ...] | None = None
    agent: str | None = None
    types: tuple[str, ...] | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackQuery:
    """Which judgements; None means any."""

    project_ids: tuple[ProjectId, ...]
    ids: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None
    trace_ids: tuple[str, ...] | None = None
    observation_ids: tuple[str, ...] | None = None
    session_refs: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    on_project: bool | None = None
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a store works, and what an operator should know.

    Attributes:
        problems: one sentence each; empty when all is well.
        facts: numbers and versions by name.
    """

    problems: tuple[str, ...] = ()
    facts: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the media store.

    Attributes:
        size_bytes: its whole length.
        content: the bytes asked for, in pieces.
        start, end: which bytes `content` holds, `end` exclusive.
    """

    size_bytes: int
    content_type: str
    start: int
    end: int
    content: AsyncIterator[bytes]
