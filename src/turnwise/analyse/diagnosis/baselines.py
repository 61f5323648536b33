"""What is usual for an agent: its own clean turns, falling back from the narrow to the wide.

Source: voice.md 2.3: last 500 clean turns or 7 days; agent and version, then agent, then project;
what was seen fewer than 20 times decides nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from turnwise.analyse.diagnosis.estimators import LogSpread, log_spread
from turnwise.model.diagnosis import HistoryRow
from turnwise.model.ids import SessionId
from turnwise.model.instants import NS_PER_SECOND

ENOUGH = 20
"""Fewer values than this are no baseline."""
NEWEST = 500
SPAN_NS = 7 * 86_400 * NS_PER_SECOND

_Key = tuple[str | None, ...]


class _Seen(NamedTuple):
    at_ns: int
    value: float
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class Reference:
    """A baseline and where it comes from: "version", "agent", "project" or "session"."""

    spread: LogSpread
    source: str

    @property
    def is_own(self) -> bool:
        """Whether it is the agent's own history."""
        return self.source in ("version", "agent")


@dataclass(slots=True)
class Baselines:
    """The clean turns of an agent and of its project, without those of the session in question.

    Args:
        agent: clean turns of the agent, in any order.
        project: clean turns of all agents of the project.
        version: of the agent that the session talked to; "" for unknown.
        session_id: whose own turns are left out.
    """

    agent: Iterable[HistoryRow] = ()
    project: Iterable[HistoryRow] = ()
    version: str = ""
    session_id: SessionId | None = None
    _index: dict[_Key, list[_Seen]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[_Key, LogSpread | None] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        index = self._index
        for row in self.agent:
            if row.session_id == self.session_id:
                continue
            seen = _Seen(row.at_ns, row.value, row.session_id)
            part, kind, model = row.part, row.kind, row.model
            index["version", row.version, part, kind, model].append(seen)
            index["version", row.version, part].append(seen)
            index["agent", part, kind, model].append(seen)
            index["agent", part, kind].append(seen)
            index["agent", part].append(seen)
            if row.version:
                newest = self._versions.get(row.version, row.at_ns)
                self._versions[row.version] = max(newest, row.at_ns)
        for row in self.project:
            if row.session_id != self.session_id:
                seen = _Seen(row.at_ns, row.value, row.session_id)
                index["project", row.part, row.kind].append(seen)

    def usual(
        self, part: str, kind: str, model: str, *, is_model_bound: bool = False
    ) -> Reference | None:
        """What is usual, by the narrowest baseline that is large enough.

        With `is_model_bound` values of other models (other tools, other sets of stages) say nothing.
        """
        own: list[_Key] = [
            ("version", self.version, part, kind, model),
            ("agent", part, kind, model),
        ]
        if not is_model_bound:
            own += [("agent", part, kind), ("agent", part)]
        for key in own:
            spread = self._spread(key)
            if spread is not None:
                return Reference(spread, "version" if key[0] == "version" else "agent")
        spread = None if is_model_bound else self._spread(("project", part, kind))
        return Reference(spread, "project") if spread is not None else None

    def values(self, part: str, version: str | None = None) -> list[float]:
        """The newest values of a part, of one version or of all."""
        key: _Key = ("agent", part) if version is None else ("version", version, part)
        return [each.value for each in self._newest(key)]

    def sessions(self, part: str) -> int:
        """In how many sessions of the agent a part was seen."""
        return len({each.session_id for each in self._index.get(("agent", part), ())})

    def previous_version(self) -> str | None:
        """The version other than this one that was seen last; None when there is none."""
        others = {name: at for name, at in self._versions.items() if name != self.version}
        if not self.version or not others:
            return None
        return max(others, key=lambda name: (others[name], name))

    def _spread(self, key: _Key) -> LogSpread | None:
        if key not in self._known:
            values = [each.value for each in self._newest(key)]
            self._known[key] = log_spread(values) if len(values) >= ENOUGH else None
        return self._known[key]

    def _newest(self, key: _Key) -> Sequence[_Seen]:
        seen = sorted(self._index.get(key, ()), reverse=True)[:NEWEST]
        if len(seen) <= ENOUGH:
            return seen
        since_ns = seen[0].at_ns - SPAN_NS
        recent = [each for each in seen if each.at_ns >= since_ns]
        return recent if len(recent) >= ENOUGH else seen[:ENOUGH]
