"""What is found to be wrong with sessions, and how well agents let themselves be interrupted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from turnwise.model.ids import ProjectId, SessionId


class Severity(StrEnum):
    """How much an issue matters; `info` is no alarm."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


_STEPS = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that went wrong, with what proves it.

    Attributes:
        turn: index of the turn, None for the whole session.
        stage: the part of the pipeline that it lies in.
        start_ns, end_ns: when, as far as it is known.
        evidence: numbers and texts by name.
        confidence: 0 to 1.
        caused_by: the type of the issue that this one follows from.
    """

    type: str
    turn: int | None
    description: str
    recommendation: str
    severity: Severity
    stage: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    span_ids: tuple[str, ...] = ()
    evidence: dict[str, float | int | str] = field(default_factory=dict)
    confidence: float = 1.0
    caused_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One figure of one clean turn, or of a clean session.

    Attributes:
        turn: index of the agent's turn, -1 for the session.
        part: what was measured: a Part, "turn" for the whole wait, or a figure of the session.
        kind: turns of the same TurnKind are compared; "" where it does not matter.
        model: of the model, the tool or the set of stages that it belongs to.
        value: at least 0; nanoseconds unless the part says otherwise.
    """

    turn: int
    part: str
    kind: str
    model: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the clean turns of one session teach; `at_ns` is when it began."""

    session_id: SessionId
    version: str
    at_ns: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueGroup:
    """Issues of one type and stage in one session.

    Attributes:
        severity: the highest, one step higher when a quarter of the agent's turns are concerned.
        turns: indexes, ascending.
        excess_ns: time that callers waited longer than usual, summed.
    """

    type: str
    stage: str | None
    severity: Severity
    count: int
    turns: tuple[int, ...]
    excess_ns: int

    @property
    def rank(self) -> tuple[int, int, str, str]:
        """Sorts the worst group first, then the one that cost callers most time."""
        return -_STEPS.index(self.severity), -self.excess_ns, self.type, self.stage or ""

    def joined(self, other: Self) -> Self:
        """Both as one; of the same type and stage."""
        return replace(
            self,
            severity=max(self.severity, other.severity, key=_STEPS.index),
            count=self.count + other.count,
            turns=tuple(sorted({*self.turns, *other.turns})),
            excess_ns=self.excess_ns + other.excess_ns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found in a session, and what it teaches about its agent.

    Attributes:
        version: of the agent, "" when nobody said.
        facts_version: of the session that was diagnosed.
        analyser: number of the analyser; a newer one diagnoses again.
        history_turns: how many clean turns of the agent were known.
        issues: by turn, then by severity; those of no turn last.
        groups: the same by (type, stage), the worst first.
        samples: of clean turns.
    """

    project_id: ProjectId
    session_id: SessionId
    agent: str
    version: str
    started_ns: int
    facts_version: int
    analyser: int
    history_turns: int = 0
    issues: tuple[Issue, ...] = ()
    groups: tuple[IssueGroup, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How values are distributed; all but the count are None without values."""

    count: int = 0
    total: float = 0
    avg: float | None = None
    p50: float | None = None
    p95: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What a release has to keep; latencies in milliseconds.

    Sources: contracts.md 2.4 (detection), voice.md 1.4 (stop, bleed-through, false alarms, share of
    worsening) and 1.3 (turn latency).
    """

    detection_p95_ms: float = 400
    stop_p95_ms: float = 1_200
    bleed_p50_words: float = 2
    false_rate: float = 0.05
    turn_p95_ms: float = 2_500
    worsening: float = 0.2

    def pairs(self) -> tuple[tuple[str, float], ...]:
        """The limits of single figures, by the figure's name."""
        return (
            ("detectionLatencyMs.p95", self.detection_p95_ms),
            ("stopLatencyMs.p95", self.stop_p95_ms),
            ("bleedThroughWords.p50", self.bleed_p50_words),
            ("falseInterruptionRate", self.false_rate),
            ("turnLatencyMs.p95", self.turn_p95_ms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A limit that a release has to keep.

    Attributes:
        passed: None when too little is known.
        is_required: a release does not pass while this is unknown.
    """

    metric: str
    threshold: float
    value: float | None
    passed: bool | None
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure now and in the baseline.

    Attributes:
        ratio: value / baseline - 1.
        low, high: 95 % bootstrap interval of the difference, in the figure's unit.
        is_worse: more than the allowed share above the baseline, and surely so.
    """

    metric: str
    value: float | None
    baseline: float | None
    count: int
    baseline_count: int
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    is_worse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PerHundredTurns:
    """How often something happens per hundred turns of the agent."""

    interruptions: float
    false_interruptions: float
    missed_interruptions: float
    backchannels: float
    premature_endpointing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionQuality:
    """Interruptions and latency of many sessions; latencies in milliseconds.

    Attributes:
        turns: of the agent.
        interruptions: those in which the caller really took the floor.
        false_interruption_rate: false ones among all that stopped the agent, 0 to 1.
        per_hundred_turns: None without turns.
        sources: by kind of interruption, how many were told by what ("reported", "spans", "audio");
            nothing of a kind that never happened.
        stop_latency: agent silent minus caller's onset: what the caller feels.
        flush_latency: agent silent minus recognised.
        false_stop_recovery: the agent's next word minus its silence, after false alarms.
        changes: against the baseline, empty without one.
        passed: None when too little is known.
    """

    sessions: int
    turns: int
    interruptions: int
    false_interruptions: int
    missed_interruptions: int
    backchannels: int
    premature_endpointing: int
    false_interruption_rate: float | None
    per_hundred_turns: PerHundredTurns | None
    sources: Mapping[str, Mapping[str, int]]
    detection_latency: Spread
    stop_latency: Spread
    flush_latency: Spread
    bleed_words: Spread
    turn_latency: Spread
    false_stop_recovery: Spread
    gates: tuple[Gate, ...]
    changes: tuple[Change, ...]
    passed: bool | None
