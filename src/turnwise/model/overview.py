"""Many sessions at a glance: lines of a list that can be searched and sorted, and their course."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.session import Session, SessionStatus, Speaker
from turnwise.model.tenancy import Caller


class Order(StrEnum):
    """What lines may be sorted by; the largest or latest first, ties by id."""

    STARTED = "started"
    DURATION = "duration"
    TURNS = "turns"
    RESPONSE_P50 = "p50"
    RESPONSE_P95 = "p95"
    INTERRUPTIONS = "interruptions"
    ERRORS = "errors"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions; None, and no values at all, mean any.

    Attributes:
        created_by: user number.
        agents, statuses, versions: one of them.
        session_ids: these alone; None means any.
        environments: one of them; that of a session that named none is "default".
        users: the caller is one of them.
        tags: something in the session has one of them.
        from_ns, to_ns: bounds of the start, `to_ns` exclusive.
        min_cost_usd: of its models, at least.
        min_duration_ns, max_duration_ns: both inclusive.
        min_response_ns: the 95th percentile of its response times, at least.
        has_errors, is_interrupted, has_recording: True or False asks for either.
        text: words that were all said, or any text by which the session is known.
    """

    project_ids: tuple[ProjectId, ...]
    session_ids: tuple[SessionId, ...] | None = None
    created_by: int | None = None
    agents: tuple[str, ...] = ()
    statuses: tuple[SessionStatus, ...] = ()
    versions: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    min_duration_ns: int | None = None
    max_duration_ns: int | None = None
    min_response_ns: int | None = None
    min_cost_usd: Decimal | None = None
    has_errors: bool | None = None
    is_interrupted: bool | None = None
    has_recording: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuery:
    """A page of lines.

    Attributes:
        is_descending: whether the largest comes first.
        after: the sort value and id of the last line that was handed out.
    """

    filter: SessionFilter
    order: Order = Order.STARTED
    is_descending: bool = True
    after: tuple[int, SessionId] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One line; None where nobody reported.

    Attributes:
        duration_ns: of a live session up to its latest fact.
        response_p50_ns, response_p95_ns: percentiles (type 7) of its response times.
        sort_value: what it was sorted by, as `LineQuery.after` takes it.
    """

    project_id: ProjectId
    id: SessionId
    ref: str | None
    agent: str
    app_version: str | None
    environment: str | None
    user_ref: str | None
    status: SessionStatus
    is_open: bool
    started_ns: int
    ended_ns: int | None
    duration_ns: int
    turn_count: int
    tool_count: int
    interruption_count: int
    error_count: int
    recording_count: int
    unpriced: int
    cost_usd: Decimal
    response_p50_ns: int | None
    response_p95_ns: int | None
    sort_value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Figures of the sessions that began in one stretch of time.

    Attributes:
        start_ns: its beginning; 0 for totals.
        failed: sessions with an error.
        turns: of either speaker.
        agent_turns: those of the agent.
        errors: failures that nothing made good.
        input_tokens, output_tokens: of language models.
        cuts: how often both voices were heard, by InterruptionKind; kinds without are left out.
        stop_ns: percentiles ("p50", "p95") from the caller's onset to the agent's silence, of
            interruptions in which the caller took the floor.
        responses: how many response times are known.
        response_ns: percentiles by name ("p50", "p95", "p99"), None without any response.
        stage_p95_ns: 95th percentile by stage ("eou", "stt", "llm", "tool", "tts").
    """

    start_ns: int
    sessions: int = 0
    failed: int = 0
    turns: int = 0
    agent_turns: int = 0
    interruptions: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    cuts: dict[str, int] = field(default_factory=dict)
    stop_ns: dict[str, int | None] = field(default_factory=dict)
    responses: int = 0
    response_ns: dict[str, int | None] = field(default_factory=dict)
    stage_p95_ns: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures of some time.

    Attributes:
        stretches: the earliest first; those without sessions are left out.
        total, before: of all of it, and of the time before it; None without any session.
    """

    stretches: tuple[Course, ...] = ()
    total: Course | None = None
    before: Course | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """The values that sessions have, most frequent first."""

    agents: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class OverviewStore(Protocol):
    """The telemetry store's answers about many sessions, as far as they have been derived."""

    async def session_lines(self, query: LineQuery) -> list[SessionLine]:
        """A page of lines, at most `limit`."""
        ...

    async def summary(self, wanted: SessionFilter, before_ns: int, step_ns: int) -> Summary:
        """Figures of the wanted time, by stretches of `step_ns` since the epoch.

        The time before it is that from `before_ns` to `wanted.from_ns`.
        """
        ...

    async def count(self, wanted: SessionFilter) -> int:
        """How many sessions there are."""
        ...

    async def facets(self, project_ids: tuple[ProjectId, ...]) -> Facets:
        """What can be filtered by."""
        ...


class OverviewReader(Protocol):
    """The same as fresh as the last acknowledged write, for a caller."""

    async def lines(self, caller: Caller, query: LineQuery) -> list[SessionLine]:
        """See OverviewStore.session_lines."""
        ...

    async def summary(
        self, caller: Caller, wanted: SessionFilter, before_ns: int, step_ns: int
    ) -> Summary:
        """See OverviewStore.summary."""
        ...

    async def count(self, caller: Caller, wanted: SessionFilter) -> int:
        """See OverviewStore.count."""
        ...

    async def facets(self, caller: Caller, project_id: ProjectId) -> Facets:
        """See OverviewStore.facets."""
        ...


def response_times_ns(session: Session) -> dict[int, int]:
    """How long the caller waited for each agent turn, by its index.

    What the agent reported (`e2e_ns`), else the gap since the caller's speech ended; a turn that
    began before that, or that follows no caller's turn, has none.
    """
    found: dict[int, int] = {}
    heard_ns: int | None = None
    for turn in session.turns:
        if turn.speaker is Speaker.USER:
            heard_ns = turn.end_ns
            continue
        waited = turn.e2e_ns
        if waited is None and heard_ns is not None and turn.start_ns >= heard_ns:
            waited = turn.start_ns - heard_ns
        if waited is not None:
            found[turn.index] = waited
        heard_ns = None
    return found
