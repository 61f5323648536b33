"""How a project does over time: the same figures for each stretch of time, and for all of it."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Money, Viewer, json_answer, ms
from turnwise.api.ui.sessions import wanted_sessions
from turnwise.http.json_text import money
from turnwise.model.errors import BadInput
from turnwise.model.errors import Issue as Wrong
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND, now_ns
from turnwise.model.overview import Course, OverviewReader

_DAY = 86_400
_STEPS_SECONDS = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, _DAY, 7 * _DAY, 28 * _DAY)
MAX_STRETCHES = 120
_DEFAULT_NS = 7 * _DAY * NS_PER_SECOND
_LARGEST_MS = 2**61 // NS_PER_MS


class StretchBody(msgspec.Struct, rename="camel", frozen=True):
    """Figures of the sessions that began in one stretch; times in milliseconds."""

    start_ms: float
    sessions: int
    failed: int
    turns: int
    interruptions: int
    cost_usd: Money
    response_ms: dict[str, float | None]
    stage_p95_ms: dict[str, float | None]


class DashboardBody(msgspec.Struct, rename="camel", frozen=True):
    """The course between two instants, all of it, and the same time before it.

    Attributes:
        step_ms: length of a stretch; those without sessions are left out.
        total, before: None without any session.
    """

    from_ms: float
    to_ms: float
    step_ms: float
    stretches: list[StretchBody]
    total: StretchBody | None
    before: StretchBody | None


def router(overview: OverviewReader) -> APIRouter:
    """One answer for the whole page."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/projects/{project}/dashboard")
    async def get_dashboard(
        caller: Viewer,
        request: Request,
        project: str,
        agent: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 -- FastAPI copies it
        version: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
        from_ms: Annotated[int | None, Query(alias="from", ge=0, le=_LARGEST_MS)] = None,
        to_ms: Annotated[int | None, Query(alias="to", ge=0, le=_LARGEST_MS)] = None,
    ) -> Response:
        to_ns = now_ns() if to_ms is None else to_ms * NS_PER_MS
        from_ns = to_ns - _DEFAULT_NS if from_ms is None else from_ms * NS_PER_MS
        if from_ns >= to_ns:
            message = "`from` must lie before `to`."
            raise BadInput(message, issues=[Wrong(("query", "from"), message)])

        async def course(begin_ns: int, end_ns: int, step_ns: int) -> list[Course]:
            bounds = {"from_ms": begin_ns // NS_PER_MS, "to_ms": end_ns // NS_PER_MS}
            wanted = wanted_sessions(caller, project, agent, (), version, **bounds)
            return await overview.course(caller, wanted, step_ns)

        whole_ns = to_ns - from_ns
        step_ns = step_of(whole_ns)
        # A step beyond every instant makes one stretch of all sessions.
        everything_ns = 2**62
        total = await course(from_ns, to_ns, everything_ns)
        before = await course(max(0, from_ns - whole_ns), from_ns, everything_ns)
        body = DashboardBody(
            from_ms=ms(from_ns),
            to_ms=ms(to_ns),
            step_ms=ms(step_ns),
            stretches=[_stretch(each) for each in await course(from_ns, to_ns, step_ns)],
            total=_stretch(total[0]) if total else None,
            before=_stretch(before[0]) if before else None,
        )
        return await json_answer(request, body)

    return routes


def step_of(whole_ns: int) -> int:
    """The shortest of the usual steps that makes no more than `MAX_STRETCHES` of the time."""
    for seconds in _STEPS_SECONDS:
        if whole_ns <= MAX_STRETCHES * seconds * NS_PER_SECOND:
            return seconds * NS_PER_SECOND
    return _STEPS_SECONDS[-1] * NS_PER_SECOND


def _stretch(each: Course) -> StretchBody:
    return StretchBody(
        start_ms=ms(each.start_ns),
        sessions=each.sessions,
        failed=each.failed,
        turns=each.turns,
        interruptions=each.interruptions,
        cost_usd=money(each.cost_usd),
        response_ms=_all_ms(each.response_ns),
        stage_p95_ms=_all_ms(each.stage_p95_ns),
    )


def _all_ms(values: dict[str, int | None]) -> dict[str, float | None]:
    return {name: None if value is None else ms(value) for name, value in values.items()}
