"""What is usual for an agent: its own clean turns, falling back from the narrow to the wide.

Source: voice.md 2.3: last 500 clean turns or 7 days; agent and version, then agent, then project;
what was seen fewer than 20 times decides nothing.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from turnwise.analyse.diagnosis.estimators import LogSpread, among_few, log_spread
from turnwise.model.diagnosis import Lesson, Sample
from turnwise.model.ids import SessionId
from turnwise.model.instants import NS_PER_SECOND

ENOUGH = 20
"""Fewer values than this are no baseline."""
FEW = 5
"""Fewer values than this say nothing at all."""
NEWEST = 500
SPAN_NS = 7 * 86_400 * NS_PER_SECOND
MOST_TURNS = 3 * NEWEST
"""Clean turns that are kept of an agent: enough for each kind of turns and for two versions."""

_Key = tuple[str, ...]


_Place = tuple[int, SessionId]
"""When a session began, and which it is."""


@dataclass(slots=True)
class _Seen:
    """Values with where each was seen, the oldest first; those of one session lie together."""

    places: list[_Place] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def share(self, place: _Place) -> slice:
        """What one session taught."""
        return slice(bisect_left(self.places, place), bisect_right(self.places, place))

    def without(self, place: _Place) -> "_Seen":
        """All but what one session taught."""
        own = self.share(place)
        return _Seen(
            self.places[: own.start] + self.places[own.stop :],
            self.values[: own.start] + self.values[own.stop :],
        )

    def newest(self) -> list[float]:
        """At most 500, and not from more than a week before the last, as long as enough remain."""
        count = len(self.values)
        if count <= ENOUGH:
            return list(self.values)
        recent = bisect_left(self.places, (self.places[-1][0] - SPAN_NS,))
        return self.values[min(max(recent, count - NEWEST), count - ENOUGH) :]


class History:
    """Clean turns by everything that they may be compared by; grows by one session at a time."""

    def __init__(self, lessons: Iterable[Lesson] = ()):
        self._lessons: dict[SessionId, Lesson] = {}
        self._by_age: list[_Place] = []
        self._index: defaultdict[_Key, _Seen] = defaultdict(_Seen)
        self._spreads: dict[_Key, LogSpread | None] = {}
        self._turns = 0
        for each in lessons:
            self.add(each)

    @property
    def turns(self) -> int:
        """How many clean turns there are."""
        return self._turns

    def turns_of(self, session_id: SessionId | None) -> int:
        """How many of them one session taught."""
        lesson = self._lessons.get(session_id) if session_id is not None else None
        return _turns_in(lesson) if lesson is not None else 0

    def add(self, lesson: Lesson) -> None:
        """Take a session's samples in place of its earlier ones; the oldest give way to the newest."""
        self.remove(lesson.session_id)
        if not lesson.samples:
            return
        self._lessons[lesson.session_id] = lesson
        place = lesson.at_ns, lesson.session_id
        insort(self._by_age, place)
        self._turns += _turns_in(lesson)
        new: defaultdict[_Key, list[float]] = defaultdict(list)
        for sample in lesson.samples:
            for key in _keys(lesson.version, sample):
                new[key].append(sample.value)
        for key, values in new.items():
            seen = self._index[key]
            own = seen.share(place)
            seen.places[own] = [place] * len(values)
            seen.values[own] = values
            self._spreads.pop(key, None)
        while self._turns > MOST_TURNS and len(self._lessons) > 1:
            self.remove(self._by_age[0][1])

    def remove(self, session_id: SessionId) -> None:
        """Forget what a session taught."""
        lesson = self._lessons.pop(session_id, None)
        if lesson is None:
            return
        place = lesson.at_ns, session_id
        self._turns -= _turns_in(lesson)
        self._by_age.remove(place)
        for key in {key for each in lesson.samples for key in _keys(lesson.version, each)}:
            seen = self._index[key]
            own = seen.share(place)
            del seen.places[own], seen.values[own]
            self._spreads.pop(key, None)
            if not seen.values:
                del self._index[key]

    def values(self, key: _Key, without: SessionId | None) -> list[float]:
        """The newest values, but for those of one session."""
        seen = self._index.get(key)
        if seen is None:
            return []
        lesson = self._lessons.get(without) if without is not None else None
        if lesson is not None:
            seen = seen.without((lesson.at_ns, lesson.session_id))
        return seen.newest()

    def spread(self, key: _Key, without: SessionId | None) -> LogSpread | None:
        """Where they lie; None when there are too few."""
        if without is not None and without in self._lessons:
            values = self.values(key, without)
            return log_spread(values) if len(values) >= ENOUGH else None
        if key not in self._spreads:
            values = self.values(key, None)
            self._spreads[key] = log_spread(values) if len(values) >= ENOUGH else None
        return self._spreads[key]

    def sessions(self, key: _Key, without: SessionId | None) -> int:
        """In how many sessions they were seen."""
        seen = self._index.get(key)
        return len({session_id for _, session_id in seen.places} - {without}) if seen else 0

    def versions(self, without: SessionId | None) -> dict[str, int]:
        """When the last session of each version began."""
        found: dict[str, int] = {}
        for each in self._lessons.values():
            if each.version and each.session_id != without:
                found[each.version] = max(each.at_ns, found.get(each.version, each.at_ns))
        return found


def _turns_in(lesson: Lesson) -> int:
    return len({each.turn for each in lesson.samples})


def _keys(version: str, sample: Sample) -> tuple[_Key, ...]:
    part, kind, model = sample.part, sample.kind, sample.model
    return (
        ("version", version, part, kind, model),
        ("version", version, part),
        ("all", part, kind, model),
        ("all", part, kind),
        ("all", part),
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """A baseline and where it comes from: "version", "agent", "project", "session", or "few" values."""

    spread: LogSpread
    source: str

    @property
    def is_own(self) -> bool:
        """Whether it is the agent's own history."""
        return self.source in ("version", "agent")


@dataclass(frozen=True, slots=True)
class Baselines:
    """What is usual for the session in question, by the sessions other than itself.

    Attributes:
        agent: clean turns of the agent.
        project: clean turns of all agents of the project.
        version: of the agent that the session talked to; "" for unknown.
        session_id: whose own turns are left out.
    """

    agent: History = field(default_factory=History)
    project: History = field(default_factory=History)
    version: str = ""
    session_id: SessionId | None = None

    @property
    def turns(self) -> int:
        """How many clean turns of the agent are known."""
        return self.agent.turns - self.agent.turns_of(self.session_id)

    def usual(
        self, part: str, kind: str, model: str, *, is_model_bound: bool = False
    ) -> Reference | None:
        """What is usual, by the narrowest baseline that is large enough.

        With `is_model_bound` values of other models (other tools, other sets of stages) say nothing.
        """
        own: list[_Key] = [("all", part, kind, model)]
        if self.version:
            own.insert(0, ("version", self.version, part, kind, model))
        if not is_model_bound:
            own += [("all", part, kind), ("all", part)]
        for key in own:
            spread = self.agent.spread(key, self.session_id)
            if spread is not None:
                return Reference(spread, "version" if key[0] == "version" else "agent")
        if is_model_bound:
            return None
        spread = self.project.spread(("all", part, kind), self.session_id)
        return Reference(spread, "project") if spread is not None else None

    def hint(self, part: str, kind: str, model: str) -> LogSpread | None:
        """What little is known of exactly this, where it is too little for a baseline.

        It can say that a long time is nothing unusual; it is not enough to blame anything.
        """
        values = self.agent.values(("all", part, kind, model), self.session_id)
        return among_few(values) if len(values) >= FEW else None

    def values(
        self, part: str, version: str | None = None, *, kind: str | None = None
    ) -> list[float]:
        """The newest values of a part, of one version, of one kind or of all."""
        key: _Key = ("all", part) if version is None else ("version", version, part)
        if kind is not None:
            key = ("all", part, kind)
        return self.agent.values(key, self.session_id)

    def sessions(self, part: str) -> int:
        """In how many sessions of the agent a part was seen."""
        return self.agent.sessions(("all", part), self.session_id)

    def previous_version(self) -> str | None:
        """The version other than this one that was seen last; None when there is none."""
        versions = self.agent.versions(self.session_id)
        others = {name: at for name, at in versions.items() if name != self.version}
        if not self.version or not others:
            return None
        return max(others, key=lambda name: (others[name], name))
