"""What people call the cases in which both voices were heard, against what the analysis called them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import InterruptionKind
from turnwise.model.tenancy import Caller

SAME_NS = 300 * NS_PER_MS
"""How far an onset may move when a session is derived anew, from its recording for example, and its
case still be the same one."""


class Label(StrEnum):
    """What a person says that a case was."""

    INTERRUPTION = "interruption"
    """The caller wanted the floor, and got it."""
    BACKCHANNEL = "backchannel"
    """The caller did not want the floor: a short word, or a noise."""
    MISSED = "missed"
    """The caller wanted the floor, and the agent went on."""
    CUT_OFF = "cut_off"
    """The agent began before the caller was done."""


RIGHT: Mapping[InterruptionKind, Label] = {
    InterruptionKind.BARGE_IN: Label.INTERRUPTION,
    InterruptionKind.FALSE_ALARM: Label.BACKCHANNEL,
    InterruptionKind.BACKCHANNEL: Label.BACKCHANNEL,
    InterruptionKind.MISSED: Label.MISSED,
    InterruptionKind.PREMATURE: Label.CUT_OFF,
}
"""The label that says of a kind that the analysis was right."""

_MOMENT = re.compile(r"(\d{1,9}|-)@(\d{1,19}|-)")


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in a session a case is; both None where nobody reported.

    Attributes:
        turn: of the agent.
        onset_ns: when the second voice began.
    """

    turn: int | None
    onset_ns: int | None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The moment that `str` has written; None for any other text."""
        found = _MOMENT.fullmatch(text)
        if found is None:
            return None
        turn, onset = (None if part == "-" else int(part) for part in found.groups())
        return cls(turn, onset)

    def __str__(self) -> str:
        turn, onset = ("-" if part is None else part for part in (self.turn, self.onset_ns))
        return f"{turn}@{onset}"

    def distance_ns(self, other: "Moment") -> int | None:
        """How far apart two tellings of one case are; None if they are of two cases."""
        if self.onset_ns is None or other.onset_ns is None:
            return 0 if self == other else None
        apart = abs(self.onset_ns - other.onset_ns)
        return apart if apart <= SAME_NS else None

    def nearest(self, others: Iterable["Moment"]) -> "Moment | None":
        """The same case as others tell it; None if they do not."""
        apart = [(found, each) for each in others if (found := self.distance_ns(each)) is not None]
        return min(apart, key=lambda pair: pair[0])[1] if apart else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLabel:
    """What somebody has called a case.

    Attributes:
        by: their address.
    """

    session_id: SessionId
    moment: Moment
    label: Label
    by: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the cases of one kind that people have labelled, how many they call the same."""

    kind: InterruptionKind
    labelled: int
    right: int


class LabelsOfSessions:
    """Labels, found again by session and moment."""

    def __init__(self, labels: Iterable[CaseLabel]):
        self._by_session: dict[SessionId, dict[Moment, CaseLabel]] = {}
        for each in labels:
            self._by_session.setdefault(each.session_id, {})[each.moment] = each

    @property
    def session_ids(self) -> tuple[SessionId, ...]:
        """The sessions with a label."""
        return tuple(self._by_session)

    def of(self, session_id: SessionId, moment: Moment) -> CaseLabel | None:
        """What the case is called; None while nobody has said."""
        known = self._by_session.get(session_id, {})
        found = moment.nearest(known)
        return None if found is None else known[found]


def precisions(labelled: Iterable[tuple[InterruptionKind, Label]]) -> list[Precision]:
    """How right the analysis was, by kind; kinds without labels are left out."""
    told: dict[InterruptionKind, list[bool]] = {}
    for kind, label in labelled:
        told.setdefault(kind, []).append(RIGHT[kind] is label)
    return [Precision(kind, len(told[kind]), sum(told[kind])) for kind in RIGHT if kind in told]


class LabelKeeper(Protocol):
    """Keeps labels in the catalog."""

    async def labels(self, project_id: ProjectId) -> Sequence[CaseLabel]:
        """The project's labels, the latest first; at most some thousands."""
        ...

    async def put(
        self,
        caller: Caller,
        project_id: ProjectId,
        session_id: SessionId,
        moment: Moment,
        label: Label,
    ) -> CaseLabel:
        """Call a case something, in place of what it was called."""
        ...

    async def remove(self, project_id: ProjectId, session_id: SessionId, moment: Moment) -> None:
        """Take back what a case was called; one without a label stays so."""
        ...
