"""Interruption quality over many sessions: detection, stop latency and bleed-through as gates."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.error_forms import ERRORS
from turnwise.http.json_text import JSON
from turnwise.model.diagnosis import InterruptionQuality, Spread
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import iso_seconds, parse_iso_ns
from turnwise.model.ports import SessionReader
from turnwise.model.query import SessionRange
from turnwise.model.session import Interruption
from turnwise.model.tenancy import Caller, Scope

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
Measure = Callable[[int, Sequence[Interruption]], InterruptionQuality]
"""The figures of so many sessions with these interruptions."""

_INT64 = 2**63 - 1


def router(reader: SessionReader, measure: Measure) -> APIRouter:
    """The one endpoint; it has to come before the detail of a session, whose path it has too."""
    routes = APIRouter(prefix="/v1/observability/sessions", tags=["Sessions"], responses=ERRORS)

    async def measured(caller: Caller, wanted: SessionRange) -> InterruptionQuality:
        sessions, interruptions = 0, list[Interruption]()
        async for each in reader.sessions_in(caller, wanted):
            sessions += 1
            interruptions += each.interruptions
        return measure(sessions, interruptions)

    @routes.get("/interruption-quality", summary="Interruption quality")
    async def get_quality(
        caller: Reader,
        agent_id: Annotated[str | None, Query(alias="agentId")] = None,
        start: Annotated[str | None, Query(alias="from", description="ISO 8601.")] = None,
        end: Annotated[str | None, Query(alias="to", description="ISO 8601, exclusive.")] = None,
        baseline_from: Annotated[str | None, Query(alias="baselineFrom")] = None,
        baseline_to: Annotated[str | None, Query(alias="baselineTo")] = None,
    ) -> Response:
        """Latencies and bleed-through of all sessions that began in a time, and of a baseline."""
        project_ids, slug = caller.project_ids, None
        if agent_id is not None:
            agent = await reader.agent(caller, agent_id)
            project_ids, slug = ((agent.project_id,), agent.slug) if agent else ((), None)
        wanted = SessionRange(
            project_ids=project_ids,
            agent=slug,
            from_ns=_instant(start, "from"),
            to_ns=_instant(end, "to"),
        )
        before = (_instant(baseline_from, "baselineFrom"), _instant(baseline_to, "baselineTo"))
        body = {"filters": _filters(agent_id, start, end), **_body(await measured(caller, wanted))}
        if before != (None, None):
            earlier = replace(wanted, from_ns=before[0], to_ns=before[1])
            filters = _filters(agent_id, baseline_from, baseline_to)
            body["baseline"] = {"filters": filters, **_body(await measured(caller, earlier))}
        return Response(JSON.encode(body), media_type="application/json")

    return routes


def _instant(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    message = f"{name} is no ISO 8601 instant."
    wrong = BadInput(message, issues=[Issue(("query", name), message)])
    try:
        # A plus that nobody encoded arrives as a blank.
        instant = parse_iso_ns(text.strip().replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if not -_INT64 <= instant <= _INT64:
        raise wrong
    return instant


def _filters(agent_id: str | None, start: str | None, end: str | None) -> dict[str, Any]:
    def told(text: str | None, name: str) -> str | None:
        instant = _instant(text, name)
        return None if instant is None else iso_seconds(instant)

    return {"agentId": agent_id, "from": told(start, "from"), "to": told(end, "to")}


def _body(quality: InterruptionQuality) -> dict[str, Any]:
    words = quality.bleed_words
    return {
        "sessions": quality.sessions,
        "interruptions": quality.interruptions,
        "falseInterruptions": quality.false_interruptions,
        "detectionLatencyMs": _spread(quality.detection_latency),
        "stopLatencyMs": _spread(quality.stop_latency),
        "flushLatencyMs": _spread(quality.flush_latency),
        "bleedThroughWords": {"count": words.count, "total": words.total, **_spread(words)},
        "gates": [
            {
                "metric": each.metric,
                "threshold": _short(each.threshold),
                "value": _short(each.value),
                "passed": each.passed,
            }
            for each in quality.gates
        ],
        "passed": quality.passed,
    }


def _spread(found: Spread) -> dict[str, Any]:
    return {
        "count": found.count,
        "avg": _short(found.avg),
        "p50": _short(found.p50),
        "p95": _short(found.p95),
        "max": _short(found.max),
    }


def _short(value: float | None) -> float | int | None:
    """One decimal, none where it says nothing."""
    if value is None:
        return None
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
