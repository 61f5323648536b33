"""The observations of one session, put in order and into families that hold for any input."""

from collections.abc import Callable, Iterable
from itertools import groupby

from turnwise.model.observation import Observation

Key = tuple[str, str]
"""(trace id, span id): span ids are unique in their trace only."""


def key_of(observation: Observation) -> Key:
    return observation.trace_id, observation.span_id


def _rank(observation: Observation) -> tuple[int, str, str]:
    return observation.start_ns, observation.trace_id, observation.span_id


def _unique(observations: Iterable[Observation]) -> list[Observation]:
    """One observation per key: the newest version, and of equals always the same one."""
    found: dict[Key, Observation] = {}
    doubled = False
    for observation in observations:
        key = key_of(observation)
        known = found.get(key)
        if known is None:
            found[key] = observation
        elif known != observation:
            doubled = True
            break
    if not doubled:
        return list(found.values())
    in_groups = groupby(sorted(observations, key=key_of), key=key_of)
    return [max(group, key=lambda each: (each.version, repr(each))) for _, group in in_groups]


class Scene:
    """Observations by start, each with a parent that is certain to end in a root.

    A parent that never arrived is no parent; a circle of parents is cut at its earliest member.

    Attributes:
        observations: ascending by start, then trace and span id.
        parents: the parent of each observation that has one here.
    """

    def __init__(self, observations: Iterable[Observation]) -> None:
        self.observations = sorted(_unique(observations), key=_rank)
        self._by_key = {key_of(each): each for each in self.observations}
        self.parents = self._find_parents()
        self._cut_circles()

    def _find_parents(self) -> dict[Key, Observation]:
        parents: dict[Key, Observation] = {}
        for observation in self.observations:
            if observation.parent_span_id is None:
                continue
            parent = self._by_key.get((observation.trace_id, observation.parent_span_id))
            if parent is not None:
                parents[key_of(observation)] = parent
        return parents

    def _cut_circles(self) -> None:
        safe: set[Key] = set()
        for observation in self.observations:
            path: dict[Key, Observation] = {}
            current: Observation | None = observation
            while current is not None and (key := key_of(current)) not in safe:
                if key in path:
                    self._cut(path, key)
                    break
                path[key] = current
                current = self.parents.get(key)
            safe.update(path)

    def _cut(self, path: dict[Key, Observation], entry: Key) -> None:
        """Make the earliest member of the circle that `entry` closes a root."""
        keys = list(path)
        circle = [path[key] for key in keys[keys.index(entry) :]]
        del self.parents[key_of(min(circle, key=_rank))]

    def parent(self, observation: Observation) -> Observation | None:
        return self.parents.get(key_of(observation))

    def is_orphan(self, observation: Observation) -> bool:
        """Whether it names a parent that is not here (yet)."""
        return (
            observation.parent_span_id is not None
            and (observation.trace_id, observation.parent_span_id) not in self._by_key
        )

    def nearest(self, wanted: Callable[[Observation], bool]) -> dict[Key, Observation]:
        """For each observation the closest of itself and its ancestors that is wanted."""
        found: dict[Key, Observation | None] = {}
        for observation in self.observations:
            path: list[Key] = []
            current: Observation | None = observation
            answer: Observation | None = None
            while current is not None:
                key = key_of(current)
                if key in found:
                    answer = found[key]
                    break
                path.append(key)
                if wanted(current):
                    answer = current
                    break
                current = self.parents.get(key)
            for key in path:
                found[key] = answer
        return {key: owner for key, owner in found.items() if owner is not None}

    def above(self, observations: Iterable[Observation]) -> set[Key]:
        """Keys of all true ancestors of the given observations."""
        marked: set[Key] = set()
        for observation in observations:
            current = self.parent(observation)
            while current is not None and (key := key_of(current)) not in marked:
                marked.add(key)
                current = self.parents.get(key)
        return marked


def end_of(observation: Observation) -> int:
    """Its end, or its start while it runs and where the clocks contradict each other."""
    return max(observation.start_ns, observation.end_ns or observation.start_ns)
