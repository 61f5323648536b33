"""Agents with their versions, and whether a version may go out: the release gate with its cases."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer, ms
from turnwise.api.ui.dashboard import FiguresBody, figures_body
from turnwise.api.ui.period import Period
from turnwise.model.boards import BoardReader, Release
from turnwise.model.diagnosis import (
    Change,
    GateLimits,
    InterruptionQuality,
    PerHundredTurns,
    Spread,
)
from turnwise.model.errors import BadInput
from turnwise.model.errors import Issue as Wrong
from turnwise.model.instants import NS_PER_MS
from turnwise.model.ports import ReleaseJudge
from turnwise.model.query import SessionRange
from turnwise.model.session import InterruptionKind

Name = Annotated[str | None, Query(max_length=256)]


class ReleaseBody(msgspec.Struct, rename="camel", frozen=True):
    """An agent's version; `first_ms` and `last_ms` are starts of sessions within the time."""

    version: str | None
    first_ms: float
    last_ms: float
    figures: FiguresBody


class AgentBody(msgspec.Struct, rename="camel", frozen=True):
    """An agent, all its sessions together and by version, the latest version first."""

    agent: str
    first_ms: float
    last_ms: float
    figures: FiguresBody
    versions: list[ReleaseBody]


class AgentsBody(msgspec.Struct, rename="camel", frozen=True):
    """The agents that were heard between two instants, the latest first."""

    from_ms: float
    to_ms: float
    data: list[AgentBody]


class SpreadBody(msgspec.Struct, rename="camel", frozen=True):
    """How values are distributed; all but the count are null without values."""

    count: int
    p50: float | None
    p95: float | None


class QualityBody(msgspec.Struct, rename="camel", frozen=True):
    """Interruptions and latency of one side of a comparison; latencies in milliseconds.

    Attributes:
        per_hundred_turns: by kind of interruption, null without turns.
    """

    sessions: int
    agent_turns: int
    interruptions: int
    false_interruptions: int
    missed_interruptions: int
    backchannels: int
    premature_endpointing: int
    false_interruption_rate: float | None
    per_hundred_turns: dict[str, float] | None
    sources: Mapping[str, int]
    spreads: dict[str, SpreadBody]


class GateBody(msgspec.Struct, rename="camel", frozen=True):
    """A limit, what was measured, and whether it is kept; null when too little is known."""

    metric: str
    threshold: float
    value: float | None
    passed: bool | None
    is_required: bool


class ChangeBody(msgspec.Struct, rename="camel", frozen=True):
    """One figure against the baseline; `difference95` is the bootstrap interval of the difference."""

    metric: str
    value: float | None
    baseline: float | None
    count: int
    baseline_count: int
    ratio: float | None
    difference95: tuple[float, float] | None
    is_worse: bool


class VerdictBody(msgspec.Struct, rename="camel", frozen=True):
    """The gate of a candidate.

    Attributes:
        passed: null when too little is known.
        enough: interruptions from which on something is said.
        baseline: null when none was asked for.
    """

    from_ms: float
    to_ms: float
    passed: bool | None
    enough: int
    candidate: QualityBody
    baseline: QualityBody | None
    gates: list[GateBody]
    changes: list[ChangeBody]


def router(boards: BoardReader, judge: ReleaseJudge, enough: int) -> APIRouter:
    """Agents, and the gate; below `enough` interruptions the judge says nothing."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/projects/{project}/agents")
    async def get_agents(
        caller: Viewer, request: Request, project: str, period: Annotated[Period, Depends()]
    ) -> Response:
        wanted = period.wanted(caller, project)
        board = await boards.board(wanted.project_ids[0])
        whole, versions = await asyncio.gather(
            board.releases(wanted, by_version=False), board.releases(wanted, by_version=True)
        )
        body = AgentsBody(
            from_ms=ms(period.from_ns),
            to_ms=ms(period.to_ns),
            data=[_agent(each, versions) for each in whole],
        )
        return await json_answer(request, body)

    @routes.get("/projects/{project}/gate")
    async def get_gate(
        caller: Viewer,
        request: Request,
        project: str,
        period: Annotated[Period, Depends()],
        candidate: Name = None,
        baseline: Name = None,
        baseline_from: Annotated[int | None, Query(alias="baselineFrom", ge=0)] = None,
        baseline_to: Annotated[int | None, Query(alias="baselineTo", ge=0)] = None,
    ) -> Response:
        """One agent's candidate (a version, or all in the time) against a baseline, if there is one."""
        wanted = period.wanted(caller, project)
        if len(wanted.agents) > 1:
            message = "A gate is about one agent."
            raise BadInput(message, issues=[Wrong(("query", "agent"), message)])
        judged = SessionRange(
            project_ids=wanted.project_ids,
            agent=next(iter(wanted.agents), None),
            from_ns=period.from_ns,
            to_ns=period.to_ns,
            version=candidate,
            created_by=wanted.created_by,
        )
        earlier = None
        if any(each is not None for each in (baseline, baseline_from, baseline_to)):
            earlier = replace(
                judged,
                version=baseline,
                from_ns=period.from_ns if baseline_from is None else baseline_from * NS_PER_MS,
                to_ns=period.to_ns if baseline_to is None else baseline_to * NS_PER_MS,
            )
        now, before = await judge.quality(caller, judged, earlier, GateLimits())
        body = VerdictBody(
            from_ms=ms(period.from_ns),
            to_ms=ms(period.to_ns),
            passed=now.passed,
            enough=enough,
            candidate=_quality(now),
            baseline=None if before is None else _quality(before),
            gates=[_as(GateBody, each) for each in now.gates],
            changes=[_change(each) for each in now.changes],
        )
        return await json_answer(request, body)

    return routes


def _as(form: Any, value: Any) -> Any:
    """A form whose fields are those of the value."""
    return form(**{name: getattr(value, name) for name in form.__struct_fields__})


def _agent(whole: Release, versions: list[Release]) -> AgentBody:
    return AgentBody(
        agent=whole.agent,
        first_ms=ms(whole.figures.start_ns),
        last_ms=ms(whole.last_ns),
        figures=figures_body(whole.figures),
        versions=[
            ReleaseBody(
                version=each.version,
                first_ms=ms(each.figures.start_ns),
                last_ms=ms(each.last_ns),
                figures=figures_body(each.figures),
            )
            for each in versions
            if each.agent == whole.agent
        ],
    )


def _quality(found: InterruptionQuality) -> QualityBody:
    return QualityBody(
        sessions=found.sessions,
        agent_turns=found.turns,
        interruptions=found.interruptions,
        false_interruptions=found.false_interruptions,
        missed_interruptions=found.missed_interruptions,
        backchannels=found.backchannels,
        premature_endpointing=found.premature_endpointing,
        false_interruption_rate=found.false_interruption_rate,
        per_hundred_turns=_rates(found.per_hundred_turns),
        sources=found.sources.get(InterruptionKind.BARGE_IN, {}),
        spreads={
            "detectionLatencyMs": _spread(found.detection_latency),
            "stopLatencyMs": _spread(found.stop_latency),
            "flushLatencyMs": _spread(found.flush_latency),
            "bleedThroughWords": _spread(found.bleed_words),
            "turnLatencyMs": _spread(found.turn_latency),
            "falseStopRecoveryMs": _spread(found.false_stop_recovery),
        },
    )


def _rates(found: PerHundredTurns | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {
        "bargeIn": found.interruptions,
        "falseAlarm": found.false_interruptions,
        "missed": found.missed_interruptions,
        "backchannel": found.backchannels,
        "premature": found.premature_endpointing,
    }


def _spread(found: Spread) -> SpreadBody:
    return SpreadBody(count=found.count, p50=found.p50, p95=found.p95)


def _change(found: Change) -> ChangeBody:
    return ChangeBody(
        metric=found.metric,
        value=found.value,
        baseline=found.baseline,
        count=found.count,
        baseline_count=found.baseline_count,
        ratio=found.ratio,
        difference95=None if found.low is None or found.high is None else (found.low, found.high),
        is_worse=found.is_worse,
    )
