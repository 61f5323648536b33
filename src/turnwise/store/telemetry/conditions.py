"""Conditions of a query with their parameters; a wish that is None adds nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from turnwise.model.ids import ProjectId
from turnwise.store.telemetry.rows import MAX_KEY_NS, NS_PER_DAY

_LATEST_NS = 2**63 - 1


class Conditions:
    """Parts of a WHERE that hold together; values are parameters, never text of the statement."""

    def __init__(self, project_ids: Sequence[ProjectId]):
        self._parts = ["project_id IN {projects:Array(String)}"]
        self.parameters: dict[str, Any] = {"projects": list(project_ids)}

    def add(self, condition: str, **parameters: Any) -> None:
        """A condition as it is, with what it mentions."""
        self._parts.append(condition)
        self.parameters |= parameters

    def equal(self, query: object, columns: Mapping[str, str]) -> None:
        """Columns that have the value of the query's field, if it has any."""
        for field, column in columns.items():
            wanted = getattr(query, field)
            if wanted is not None:
                self.add(f"{column} = {{{field}:String}}", **{field: str(wanted)})

    def among(self, query: object, columns: Mapping[str, str]) -> None:
        """Columns that have one of the values of the query's field, if it has any."""
        for field, column in columns.items():
            wanted = getattr(query, field)
            if wanted is not None:
                self.add(f"{column} IN {{{field}:Array(String)}}", **{field: list(wanted)})

    def within(self, column: str, from_ns: int | None, to_ns: int | None) -> None:
        """An instant between bounds, the upper one exclusive."""
        if from_ns is not None:
            self.add(f"{column} >= {{from_ns:Int64}}", from_ns=_int64(from_ns))
        if to_ns is not None:
            self.add(f"{column} < {{to_ns:Int64}}", to_ns=_int64(to_ns))

    def environments(self, wanted: Sequence[str]) -> None:
        """One of these environments; one that nobody stated is "default"."""
        if wanted:
            self.add(
                "coalesce(environment, 'default') IN {environments:Array(String)}",
                environments=list(wanted),
            )

    def before(self, columns: Sequence[str], place: Sequence[Any] | None) -> None:
        """What follows a place in the descending order of some columns, the first an instant."""
        if place is None:
            return
        names = [f"before_{index}" for index in range(len(columns))]
        types = ["Int64", *("String" for _ in columns[1:])]
        bound = ", ".join(f"{{{name}:{kind}}}" for name, kind in zip(names, types, strict=True))
        self.add(f"({', '.join(columns)}) < ({bound})", **dict(zip(names, place, strict=True)))

    def __str__(self) -> str:
        return " AND ".join(self._parts)


def day_of(instant_ns: int | None, otherwise: int) -> int:
    """Days since the epoch, within what a key can hold."""
    if instant_ns is None:
        return otherwise
    return max(0, min(instant_ns, MAX_KEY_NS - 1) // NS_PER_DAY)


def _int64(instant_ns: int) -> int:
    """The instant, or the last one that the engine can compare with."""
    return max(-_LATEST_NS, min(instant_ns, _LATEST_NS))
