"""How a project does over time: the same figures for each stretch of time, and for all of it."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, MaybeMoney, Money, Viewer, json_answer, ms
from turnwise.api.ui.faults import FaultBody, fault_body
from turnwise.api.ui.period import Period
from turnwise.api.ui.sessions import LineBody, line_body
from turnwise.http.json_text import money, raw
from turnwise.model.boards import BoardReader, BoardStore, Debut, ModelUse, ToolUse
from turnwise.model.instants import NS_PER_MS
from turnwise.model.overview import Course, LineQuery, Order, OverviewReader, SessionFilter
from turnwise.model.session import InterruptionKind
from turnwise.model.tenancy import Caller

TOP = 6
"""Lines of each list."""
_SLOW_NS = 2_500 * NS_PER_MS
"""From here a wait is an issue by itself (voice.md 2.2)."""


class FiguresBody(msgspec.Struct, rename="camel", frozen=True):
    """Figures of the sessions that began in one stretch; times in milliseconds.

    Attributes:
        failed: sessions with an error.
        errors: failures that nothing made good.
        responses: how many response times are known.
        cuts: how often both voices were heard, by what became of it.
        cut_off_rate: share of the agent's turns in which the caller took the floor, 0 to 1; None
            without turns.
        cost_per_session_usd: None without sessions.
    """

    start_ms: float
    sessions: int
    failed: int
    turns: int
    agent_turns: int
    interruptions: int
    errors: int
    cuts: dict[str, int]
    cut_off_rate: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: Money
    cost_per_session_usd: MaybeMoney
    stop_ms: dict[str, float | None]
    responses: int
    response_ms: dict[str, float | None]
    stage_p95_ms: dict[str, float | None]


class ModelUseBody(msgspec.Struct, rename="camel", frozen=True):
    """What one model was used for and cost; `cost_usd` is null when none of it has a price."""

    model: str
    stage: str
    sessions: int
    requests: int
    cost_usd: MaybeMoney


class ToolUseBody(msgspec.Struct, rename="camel", frozen=True):
    """How one tool does."""

    name: str
    runs: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None


class DeploymentBody(msgspec.Struct, rename="camel", frozen=True):
    """When a version of an agent was first heard, within the time."""

    at_ms: float
    agent: str
    version: str


class AttentionBody(msgspec.Struct, rename="camel", frozen=True):
    """A session that somebody should look at; `reasons` are types of issues."""

    session: LineBody
    reasons: tuple[str, ...]


class DashboardBody(msgspec.Struct, rename="camel", frozen=True):
    """The course between two instants, all of it, and the same time before it.

    Attributes:
        step_ms: length of a stretch; those without sessions are left out.
        total, before: None without any session.
        is_new: the project has no session at all.
        attention: sessions with grave issues, the gravest first, then the slowest.
    """

    from_ms: float
    to_ms: float
    step_ms: float
    stretches: list[FiguresBody]
    total: FiguresBody | None
    before: FiguresBody | None
    is_new: bool
    deployments: list[DeploymentBody]
    attention: list[AttentionBody]
    faults: list[FaultBody]
    tools: list[ToolUseBody]
    models: list[ModelUseBody]


def router(overview: OverviewReader, boards: BoardReader) -> APIRouter:
    """One answer for the whole page."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/projects/{project}/dashboard")
    async def get_dashboard(
        caller: Viewer, request: Request, project: str, period: Annotated[Period, Depends()]
    ) -> Response:
        wanted = period.wanted(caller, project)
        board = await boards.board(wanted.project_ids[0])
        before_ns = period.before(wanted).from_ns or 0
        summary, debuts = await asyncio.gather(
            overview.summary(caller, wanted, before_ns, period.step_ns),
            board.debuts(wanted),
        )
        attention, faults, tools, models = await asyncio.gather(
            _attention(overview, board, caller, wanted),
            board.faults(wanted, period.step_ns),
            board.tool_uses(wanted),
            board.model_uses(wanted),
        )
        anything = replace(
            wanted, from_ns=None, to_ns=None, agents=(), versions=(), environments=()
        )
        body = DashboardBody(
            from_ms=ms(period.from_ns),
            to_ms=ms(period.to_ns),
            step_ms=ms(period.step_ns),
            stretches=[figures_body(each) for each in summary.stretches],
            total=figures_body(summary.total) if summary.total else None,
            before=figures_body(summary.before) if summary.before else None,
            is_new=not (
                summary.total or await overview.lines(caller, LineQuery(filter=anything, limit=1))
            ),
            deployments=_deployments(debuts),
            attention=attention,
            faults=[fault_body(each) for each in faults[:TOP]],
            tools=[_tool(each) for each in tools[:TOP]],
            models=[_model(each) for each in models[:TOP]],
        )
        return await json_answer(request, body)

    return routes


async def _attention(
    overview: OverviewReader, board: BoardStore, caller: Caller, wanted: SessionFilter
) -> list[AttentionBody]:
    alarms = {each.session_id: each.types for each in await board.alarms(wanted, TOP)}
    grave = LineQuery(filter=replace(wanted, session_ids=tuple(alarms)), limit=TOP)
    slow = LineQuery(
        filter=replace(wanted, min_response_ns=_SLOW_NS), order=Order.RESPONSE_P95, limit=TOP
    )
    lines = {each.id: each for each in await overview.lines(caller, grave)} if alarms else {}
    found = [(lines[each], types) for each, types in alarms.items() if each in lines]
    if len(found) < TOP:
        others = await overview.lines(caller, slow)
        found += [(each, ("high_latency",)) for each in others if each.id not in lines]
    return [AttentionBody(session=line_body(line), reasons=types) for line, types in found[:TOP]]


def figures_body(each: Course) -> FiguresBody:
    """Figures as the pages read them."""
    each_usd = each.cost_usd / each.sessions if each.sessions else None
    barge_ins = each.cuts.get(InterruptionKind.BARGE_IN, 0)
    return FiguresBody(
        start_ms=ms(each.start_ns),
        sessions=each.sessions,
        failed=each.failed,
        turns=each.turns,
        agent_turns=each.agent_turns,
        interruptions=each.interruptions,
        errors=each.errors,
        cuts=each.cuts,
        cut_off_rate=barge_ins / each.agent_turns if each.agent_turns else None,
        input_tokens=each.input_tokens,
        output_tokens=each.output_tokens,
        cost_usd=money(each.cost_usd),
        cost_per_session_usd=maybe_money(each_usd),
        stop_ms=_all_ms(each.stop_ns),
        responses=each.responses,
        response_ms=_all_ms(each.response_ns),
        stage_p95_ms=_all_ms(each.stage_p95_ns),
    )


def maybe_money(usd: Decimal | None) -> msgspec.Raw:
    """An amount, null where there is none."""
    return raw(None) if usd is None else money(usd)


def _deployments(debuts: list[Debut]) -> list[DeploymentBody]:
    """When each version came, the earliest first; the one that was there before is no news."""
    first: dict[str, int] = {}
    for each in debuts:
        first[each.agent] = min(first.get(each.agent, each.first_ns), each.first_ns)
    found = [
        DeploymentBody(at_ms=ms(each.first_ns), agent=each.agent, version=each.version)
        for each in debuts
        if each.version is not None and each.first_ns > first[each.agent]
    ]
    return sorted(found, key=lambda each: each.at_ms)


def _tool(each: ToolUse) -> ToolUseBody:
    return ToolUseBody(
        name=each.name,
        runs=each.runs,
        failed=each.failed,
        p50_ms=maybe_ms(each.p50_ns),
        p95_ms=maybe_ms(each.p95_ns),
    )


def _model(each: ModelUse) -> ModelUseBody:
    return ModelUseBody(
        model=each.model,
        stage=each.stage,
        sessions=each.sessions,
        requests=each.requests,
        cost_usd=maybe_money(each.cost_usd),
    )


def maybe_ms(duration_ns: int | None) -> float | None:
    """A duration, null where nobody reported it."""
    return None if duration_ns is None else ms(duration_ns)


def _all_ms(values: dict[str, int | None]) -> dict[str, float | None]:
    return {name: maybe_ms(value) for name, value in values.items()}
