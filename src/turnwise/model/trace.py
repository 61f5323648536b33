"""What a sender says of a trace as a whole, and what is asked about traces and observations."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Kind, Level, Observation, Step

MEDIA = "langfuse/"
"""Where the media store has the files that Langfuse's clients send, by project and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFact:
    """A partial update of what is known of a trace beside its observations.

    It is no observation: it is never counted as one, has no duration and costs nothing. Newer
    non-null fields win, null never clears, metadata is merged key by key, and tags add up.

    Attributes:
        seen_ns: when it was said; stands for the trace's time until something better is known.
        at_ns: the trace's time as its sender states it.
        session_ref: the text by which the sender names the session of the trace.
        session_rank: precedence of that name (0 wins).
        input, output: JSON text.
        metadata: JSON text of an object.
        stamps: JSON text of an object: field name (or "metadata.<key>") to the integer that
            orders updates. A field without one counts as 0.
    """

    project_id: ProjectId
    trace_id: str
    seen_ns: int
    at_ns: int | None = None
    name: str | None = None
    session_ref: str | None = None
    session_rank: int = 0
    user_ref: str | None = None
    input: str | None = None
    output: str | None = None
    metadata: str | None = None
    tags: tuple[str, ...] = ()
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    is_public: bool | None = None
    stamps: str = "{}"
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """A trace as its observations and its trace facts together show it.

    Attributes:
        at_ns: as stated, else its first observation's start.
        session_ref: the name of its session; None when nobody named one.
        input, output, metadata: JSON text; the trace's own, else its root's. None unless asked for.
        latency_ns: latest end minus earliest start, 0 without observations.
        observation_ids: in time order.
        version: larger is newer.
    """

    project_id: ProjectId
    trace_id: str
    at_ns: int
    name: str | None = None
    session_ref: str | None = None
    user_ref: str | None = None
    input: str | None = None
    output: str | None = None
    metadata: str | None = None
    tags: tuple[str, ...] = ()
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    is_public: bool = False
    latency_ns: int = 0
    cost_usd: Decimal = Decimal(0)
    observation_ids: tuple[str, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSession:
    """A session that senders named on their traces.

    Attributes:
        ref: the name; started_ns: the time of its first trace.
    """

    project_id: ProjectId
    ref: str
    started_ns: int
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A condition in the words of the one who asks; which columns there are, each list knows.

    Attributes:
        value: JSON value.
        key: of the object that the column holds.
        is_number: whether the value under the key is held against as a number.
    """

    column: str
    operator: str
    value: Any = None
    key: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuery:
    """Which traces; None means any.

    Attributes:
        keys: exactly these.
        session: any text by which the session is known.
        from_ns, to_ns: bounds of the trace's time, the upper one exclusive.
        tags: all of them.
        order: field of the view, and whether descending; ties by trace id.
        with_contents: whether input, output and metadata are read.
        filters: all of them hold.
    """

    project_ids: tuple[ProjectId, ...]
    keys: tuple[tuple[ProjectId, str], ...] | None = None
    trace_id: str | None = None
    name: str | None = None
    user: str | None = None
    session: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    tags: tuple[str, ...] = ()
    release: str | None = None
    app_version: str | None = None
    environments: tuple[str, ...] = ()
    order: tuple[str, bool] = ("at_ns", True)
    with_contents: bool = True
    filters: tuple[ColumnFilter, ...] = ()
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationQuery:
    """Which observations, newest first; None means any.

    Attributes:
        user, session: of the observation's trace.
        parent: "" for those without a parent.
        is_root: whether it is a logical root: without parent, or marked as one by its sender.
        from_ns, to_ns: bounds of the start, the upper one exclusive.
        before: keyset position (start, project, trace, observation) of the last one handed out.
        with_contents: whether input, output, metadata and model parameters are read.
        filters: all of them hold.
    """

    project_ids: tuple[ProjectId, ...]
    span_id: str | None = None
    trace_id: str | None = None
    name: str | None = None
    user: str | None = None
    session: str | None = None
    kind: Kind | None = None
    level: Level | None = None
    parent: str | None = None
    is_root: bool | None = None
    app_version: str | None = None
    environments: tuple[str, ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    before: tuple[int, str, str, str] | None = None
    with_contents: bool = True
    filters: tuple[ColumnFilter, ...] = ()
    limit: int = 50
    offset: int = 0


class TraceRow(NamedTuple):
    """An observation as a line of its trace: everything but what it holds.

    Instants are nanoseconds since the epoch.

    Attributes:
        first_token_ns: instant of the first token or first audio byte.
        tokens: the total of its usage.
        cost_usd: of this observation alone; None while unpriced.
        tool: the tool that it ran, "" when nobody named one.
    """

    span_id: str
    parent_span_id: str | None
    name: str | None
    kind: Kind
    step: Step
    level: Level
    start_ns: int
    end_ns: int | None
    first_token_ns: int | None
    model: str | None
    tokens: int | None
    cost_usd: Decimal | None
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreQuery:
    """Which judgements about traces, observations and sessions, newest first; None means any.

    Attributes:
        data_types: "NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION".
        about_traces: only those about a trace or an observation.
        extras: (name in `Feedback.extra`, allowed values); an environment nobody stated is
            "default".
        numbers: (operator, bound) pairs on the score: "=", "!=", ">", ">=", "<", "<=".
        scores, labels: exact values.
        user, tags: of the trace that is judged.
        before: keyset position (created, project, id) of the last one handed out.
        filters: all of them hold.
    """

    project_ids: tuple[ProjectId, ...]
    ids: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    data_types: tuple[str, ...] | None = None
    trace_ids: tuple[str, ...] | None = None
    observation_ids: tuple[str, ...] | None = None
    session_refs: tuple[str, ...] | None = None
    about_traces: bool = False
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    scores: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    before: tuple[int, str, str] | None = None
    filters: tuple[ColumnFilter, ...] = ()
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsQuery:
    """Numbers over observations, traces or scores between two instants.

    Attributes:
        view: "observations", "traces", "scores-numeric", "scores-boolean", "scores-categorical".
        is_fine: whether dimensions may be asked for that leave single rows.
        measures: (measure, aggregation) pairs.
        dimensions: fields to group by.
        filters: all of them hold.
        granularity: "auto", "minute", "hour", "day", "week", "month"; None for no time series.
        order: (name in the answer, whether descending).
        bins: of histograms.
    """

    project_ids: tuple[ProjectId, ...]
    from_ns: int
    to_ns: int
    measures: Sequence[tuple[str, str]]
    view: str = "observations"
    is_fine: bool = False
    dimensions: Sequence[str] = ()
    filters: Sequence[ColumnFilter] = ()
    granularity: str | None = None
    order: Sequence[tuple[str, bool]] = ()
    bins: int = 10
    limit: int = 100


PEER_DAYS = 7
"""Days (UTC), the observation's own being the last, over which it is compared with its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Durations of the other observations of one kind: same project, kind, step, name, tool and model.

    Attributes:
        others: how many there are with a known duration.
        faster: how many of them took less time.
        lowest_ns, p25_ns, p50_ns, p75_ns, p95_ns, highest_ns: type 7; None without others.
    """

    others: int
    faster: int
    lowest_ns: int | None = None
    p25_ns: int | None = None
    p50_ns: int | None = None
    p75_ns: int | None = None
    p95_ns: int | None = None
    highest_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What one model took on one day; None stands for observations without a model."""

    model: str | None
    trace_count: int
    observation_count: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """What traces of one day took.

    Attributes:
        date: ISO 8601, of the time of the traces in UTC.
        models: by name; those of which nobody reported a model first.
    """

    date: str
    trace_count: int
    observation_count: int
    cost_usd: Decimal
    models: tuple[ModelUsage, ...]


class TraceReader(Protocol):
    """Questions about traces and observations of some projects; the telemetry store answers them.

    Reads see every write that has returned, and nothing of other projects.
    """

    async def traces(self, query: TraceQuery) -> list[TraceView]:
        """A page of traces."""
        ...

    async def count_traces(self, query: TraceQuery) -> int:
        """How many traces there are without paging."""
        ...

    async def observations(self, query: ObservationQuery) -> list[Observation]:
        """A page of observations: start, project, trace and id descending."""
        ...

    async def count_observations(self, query: ObservationQuery) -> int:
        """How many observations there are without paging."""
        ...

    async def rows_of_trace(
        self, project_id: ProjectId, trace_id: str, limit: int
    ) -> list[TraceRow]:
        """The first observations of a trace, by start, then id."""
        ...

    async def peers(self, observation: Observation) -> Peers | None:
        """How it compares with its kind over `PEER_DAYS`; None while its duration is unknown."""
        ...

    async def named_sessions(self, query: TraceQuery) -> list[NamedSession]:
        """A page of sessions that traces name, newest first."""
        ...

    async def count_named_sessions(self, query: TraceQuery) -> int:
        """How many sessions there are without paging."""
        ...

    async def scores(self, query: ScoreQuery) -> list[Feedback]:
        """A page of judgements: made, project and id descending."""
        ...

    async def count_scores(self, query: ScoreQuery) -> int:
        """How many judgements there are without paging."""
        ...

    async def daily(self, query: TraceQuery) -> list[DayUsage]:
        """Every day with a trace that matches, the newest first; paging is ignored."""
        ...

    async def metrics(self, query: MetricsQuery) -> list[dict[str, Any]]:
        """One row per group: dimensions, `time_dimension`, and `<aggregation>_<measure>`.

        Raises:
            BadInput: a name or a value that is not understood.
        """
        ...
