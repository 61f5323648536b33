"""Rules that call for attention, and the messages that they send."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from turnwise.model.ids import ProjectId


class Comparison(StrEnum):
    """How a figure is held against a rule's threshold."""

    ABOVE = "gt"
    AT_LEAST = "gte"
    BELOW = "lt"
    AT_MOST = "lte"

    def holds(self, value: float, threshold: float) -> bool:
        """Whether `value` stands so to `threshold`."""
        match self:
            case Comparison.ABOVE:
                return value > threshold
            case Comparison.AT_LEAST:
                return value >= threshold
            case Comparison.BELOW:
                return value < threshold
            case Comparison.AT_MOST:
                return value <= threshold


class Channel(StrEnum):
    """How a message is shaped: signed JSON of our own, or the text that Slack and others take."""

    WEBHOOK = "webhook"
    SLACK = "slack"


class DeliveryState(StrEnum):
    """What became of a message; a failed one has been given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One figure that must not come to stand so to a threshold.

    Attributes:
        metric: of a session, or of all sessions of a window.
        agent: slug; None for every agent.
        window_minutes: the sessions that began in the last so many minutes are looked at together;
            None looks at each session when it has ended.
        min_sessions: a window with fewer says nothing.
        sealed_url: where messages go, encrypted, because such addresses are credentials.
        url_hint: as much of the address as may be shown.
        firing_since_ns: since when a window stands so, None while it does not.
    """

    id: str
    project_id: ProjectId
    name: str
    metric: str
    comparison: Comparison
    threshold: float
    agent: str | None = None
    window_minutes: int | None = None
    min_sessions: int = 1
    channel: Channel
    sealed_url: bytes
    url_hint: str
    is_active: bool = True
    created_ns: int
    firing_since_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message of a rule and its way.

    Attributes:
        id: the same for the same rule and occasion, so that nothing is told twice.
        body: what is sent, before it is shaped for the channel.
        attempts: how often it was tried.
        next_ns: when it is tried next.
        status: the last answer's HTTP status.
        error: why the last attempt failed.
    """

    id: str
    rule_id: str
    project_id: ProjectId
    state: DeliveryState = DeliveryState.PENDING
    body: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    created_ns: int
    next_ns: int
    done_ns: int | None = None
    status: int | None = None
    error: str | None = None
