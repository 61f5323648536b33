"""Which sessions a board is about: those of a time, narrowed by agent, version and environment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Query

from turnwise.api.ui.answers import ms
from turnwise.api.ui.sessions import wanted_sessions
from turnwise.model.errors import BadInput
from turnwise.model.errors import Issue as Wrong
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND, now_ns
from turnwise.model.overview import SessionFilter
from turnwise.model.tenancy import Caller

_DAY = 86_400
_STEPS_SECONDS = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, _DAY, 7 * _DAY, 28 * _DAY)
MAX_STRETCHES = 120
_DEFAULT_NS = 7 * _DAY * NS_PER_SECOND
_LARGEST_MS = 2**61 // NS_PER_MS

Many = Annotated[list[str], Query(max_length=50)]
Instant = Annotated[int | None, Query(ge=0, le=_LARGEST_MS)]


class Period:
    """The query of a board; without bounds the last seven days.

    Attributes:
        from_ns, to_ns: `to_ns` exclusive.
        step_ns: of the stretches that a course of this time is drawn in.
    """

    def __init__(
        self,
        agent: Many = [],  # noqa: B006 -- FastAPI copies it
        version: Many = [],  # noqa: B006
        env: Many = [],  # noqa: B006
        from_ms: Annotated[int | None, Query(alias="from", ge=0, le=_LARGEST_MS)] = None,
        to_ms: Annotated[int | None, Query(alias="to", ge=0, le=_LARGEST_MS)] = None,
    ):
        self.to_ns = now_ns() if to_ms is None else to_ms * NS_PER_MS
        self.from_ns = max(0, self.to_ns - _DEFAULT_NS) if from_ms is None else from_ms * NS_PER_MS
        if self.from_ns >= self.to_ns:
            message = "`from` must lie before `to`."
            raise BadInput(message, issues=[Wrong(("query", "from"), message)])
        self.step_ns = step_of(self.to_ns - self.from_ns)
        self._agent, self._version, self._env = agent, version, tuple(env)

    def wanted(self, caller: Caller, project: str) -> SessionFilter:
        """The sessions that began in it.

        Raises:
            NotFound: the tenant has no such project.
        """
        found = wanted_sessions(caller, project, self._agent, (), self._version)
        return replace(found, environments=self._env, from_ns=self.from_ns, to_ns=self.to_ns)

    def before(self, wanted: SessionFilter) -> SessionFilter:
        """The same for the time before it, as long as this one."""
        from_ns = max(0, 2 * self.from_ns - self.to_ns)
        return replace(wanted, from_ns=from_ns, to_ns=self.from_ns)


def step_of(whole_ns: int) -> int:
    """The shortest of the usual steps that makes no more than `MAX_STRETCHES` of the time."""
    for seconds in _STEPS_SECONDS:
        if whole_ns <= MAX_STRETCHES * seconds * NS_PER_SECOND:
            return seconds * NS_PER_SECOND
    return _STEPS_SECONDS[-1] * NS_PER_SECOND


def counts(course: Mapping[int, int]) -> list[tuple[float, int]]:
    """A course as [start in milliseconds, count], the earliest first."""
    return [(ms(start_ns), count) for start_ns, count in sorted(course.items())]
