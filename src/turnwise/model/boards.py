"""What many sessions have in common: models, tools, failures, causes, interruptions, releases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from turnwise.model.diagnosis import GateLimits, Severity
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_MS
from turnwise.model.overview import Course, SessionFilter
from turnwise.model.session import InterruptionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """Consumption of one model in one stage; `cost_usd` is None when nothing could be priced."""

    model: str
    stage: str
    sessions: int
    requests: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """Runs of one tool; percentiles (type 7) of those whose time is known, None without any."""

    name: str
    runs: int
    failed: int
    p50_ns: int | None
    p95_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A moment in a session; `turn` is None where it belongs to none."""

    session_id: SessionId
    turn: int | None
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultGroup:
    """Failures of one kind; see model.faults.Fault.

    Attributes:
        first_ns, last_ns: within the wanted sessions.
        course: how many by the beginning of each stretch of time; stretches without are left out.
        places: the latest of them, newest first.
    """

    stage: str
    name: str
    provider: str
    kind: str
    count: int
    sessions: int
    first_ns: int
    last_ns: int
    course: Mapping[int, int]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Issues of one type and stage in many sessions.

    Attributes:
        stage: None where the type has none.
        severity: the highest.
        excess_ns: time that callers waited longer than usual, summed.
        course: sessions by the beginning of each stretch of time.
        worst: sessions that it cost the most, those first.
    """

    type: str
    stage: str | None
    severity: Severity
    sessions: int
    count: int
    excess_ns: int
    course: Mapping[int, int]
    worst: tuple[SessionId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A session with grave issues; `types` are theirs, each once."""

    session_id: SessionId
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One time that both voices were heard; None where nobody reported.

    Attributes:
        name: of the caller or the session, as its sender called it.
        turn: of the agent.
    """

    session_id: SessionId
    name: str | None
    agent: str
    version: str | None
    started_ns: int
    has_recording: bool
    kind: InterruptionKind
    turn: int | None
    onset_ns: int | None
    detected_ns: int | None
    stopped_ns: int | None
    bleed_words: int | None

    def beyond(self, limits: GateLimits) -> tuple[str, ...]:
        """The figures, by their names at the gate, that this case breaks or counts against."""
        found = []
        if self.kind is InterruptionKind.FALSE_ALARM:
            found.append("falseInterruptionRate")
        elif self.kind is InterruptionKind.MISSED:
            found.append("missedInterruptions")
        elif self.kind is InterruptionKind.PREMATURE:
            found.append("prematureEndpointing")
        elif self.kind is InterruptionKind.BARGE_IN:
            for name, value, limit in (
                ("detectionLatencyMs.p95", self._since_onset_ms(self.detected_ns),
                 limits.detection_p95_ms),
                ("stopLatencyMs.p95", self._since_onset_ms(self.stopped_ns), limits.stop_p95_ms),
                ("bleedThroughWords.p50", self.bleed_words, limits.bleed_p50_words),
            ):  # fmt: skip
                if value is not None and value > limit:
                    found.append(name)
        return tuple(found)

    def _since_onset_ms(self, instant_ns: int | None) -> float | None:
        if instant_ns is None or self.onset_ns is None:
            return None
        return (instant_ns - self.onset_ns) / NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The sessions of one version of an agent.

    Attributes:
        version: None for sessions that named none.
        last_ns: start of the latest session; the first is at `figures.start_ns`.
    """

    agent: str
    version: str | None
    last_ns: int
    figures: Course = field(default_factory=lambda: Course(start_ns=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Debut:
    """When a version of an agent was first heard; None for sessions that named none."""

    agent: str
    version: str | None
    first_ns: int


class BoardStore(Protocol):
    """The telemetry store's counts over many sessions, as far as they have been derived."""

    async def model_uses(self, wanted: SessionFilter) -> list[ModelUse]:
        """Models, the dearest first."""
        ...

    async def tool_uses(self, wanted: SessionFilter) -> list[ToolUse]:
        """Tools, the slowest 95th percentile first."""
        ...

    async def faults(self, wanted: SessionFilter, step_ns: int) -> list[FaultGroup]:
        """Kinds of failures, the most frequent first; courses in stretches of `step_ns`."""
        ...

    async def causes(self, wanted: SessionFilter, step_ns: int) -> list[Cause]:
        """Causes, those first that callers waited for the longest."""
        ...

    async def alarms(self, wanted: SessionFilter, limit: int) -> list[Alarm]:
        """Sessions with issues of high or critical severity, the gravest first."""
        ...

    async def cuts(
        self, wanted: SessionFilter, limits: GateLimits, limit: int, *, every: bool = False
    ) -> list[Cut]:
        """Cases that break a limit or count against the agent, the latest session first.

        With `every` they are all cases that there are.
        """
        ...

    async def releases(self, wanted: SessionFilter, *, by_version: bool) -> list[Release]:
        """Figures of each agent, or of each of its versions; the latest first."""
        ...

    async def debuts(self, wanted: SessionFilter) -> list[Debut]:
        """The first session of each version of each agent, those heard last first."""
        ...


class BoardReader(Protocol):
    """The same as fresh as the last acknowledged write."""

    async def board(self, project_id: ProjectId) -> BoardStore:
        """The counts, once what was written to the project is in them."""
        ...
