"""Interruption quality over many sessions: figures, gates, and the change against a baseline."""

from dataclasses import fields, replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.error_forms import ERRORS
from turnwise.http.json_text import JSON
from turnwise.model.diagnosis import Change, GateLimits, InterruptionQuality, Spread
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import iso_seconds, parse_iso_ns
from turnwise.model.ports import ReleaseJudge, SessionReader
from turnwise.model.query import SessionRange
from turnwise.model.session import InterruptionKind
from turnwise.model.tenancy import Caller, Scope

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]

_INT64 = 2**63 - 1
_COUNTED_KINDS = {
    "interruptions": InterruptionKind.BARGE_IN,
    "falseInterruptions": InterruptionKind.FALSE_ALARM,
    "missedInterruptions": InterruptionKind.MISSED,
    "backchannels": InterruptionKind.BACKCHANNEL,
    "prematureEndpointing": InterruptionKind.PREMATURE,
}


class Bounds(NamedTuple):
    """Which sessions of an agent."""

    from_ns: int | None
    to_ns: int | None
    version: str | None

    def of(self, wanted: SessionRange) -> SessionRange:
        """Those of them that are wanted."""
        return replace(wanted, **self._asdict())

    def body(self) -> dict[str, Any]:
        """As the answer repeats them."""
        found: dict[str, Any] = {"from": _shown(self.from_ns), "to": _shown(self.to_ns)}
        return found if self.version is None else {**found, "version": self.version}


class Asked:
    """The query of a comparison: two times, two versions, and limits other than the usual ones."""

    def __init__(
        self,
        start: Annotated[str | None, Query(alias="from", description="ISO 8601.")] = None,
        end: Annotated[str | None, Query(alias="to", description="ISO 8601, exclusive.")] = None,
        version: Annotated[str | None, Query(description="Of the agent.")] = None,
        baseline_from: Annotated[str | None, Query(alias="baselineFrom")] = None,
        baseline_to: Annotated[str | None, Query(alias="baselineTo")] = None,
        baseline_version: Annotated[str | None, Query(alias="baselineVersion")] = None,
        max_detection: Annotated[float | None, Query(alias="maxDetectionMs", gt=0)] = None,
        max_stop: Annotated[float | None, Query(alias="maxStopMs", gt=0)] = None,
        max_bleed: Annotated[float | None, Query(alias="maxBleedWords", ge=0)] = None,
        max_false: Annotated[float | None, Query(alias="maxFalseRate", ge=0, le=1)] = None,
        max_turn: Annotated[float | None, Query(alias="maxTurnMs", gt=0)] = None,
        max_worsening: Annotated[float | None, Query(alias="maxWorsening", ge=0)] = None,
    ):
        self.bounds = Bounds(_instant(start, "from"), _instant(end, "to"), version)
        self.baseline = Bounds(
            _instant(baseline_from, "baselineFrom"),
            _instant(baseline_to, "baselineTo"),
            baseline_version,
        )
        given = (max_detection, max_stop, max_bleed, max_false, max_turn, max_worsening)
        names = [each.name for each in fields(GateLimits)]
        limits = dict(zip(names, given, strict=True))
        self.limits = replace(
            GateLimits(), **{name: limit for name, limit in limits.items() if limit is not None}
        )


def router(reader: SessionReader, judge: ReleaseJudge) -> APIRouter:
    """The one endpoint; it has to come before the detail of a session, whose path it has too."""
    routes = APIRouter(prefix="/v1/observability/sessions", tags=["Sessions"], responses=ERRORS)

    @routes.get("/interruption-quality", summary="Interruption quality")
    async def get_quality(
        caller: Reader,
        asked: Annotated[Asked, Depends()],
        agent_id: Annotated[str | None, Query(alias="agentId")] = None,
    ) -> Response:
        """Latencies and bleed-through of all sessions that began in a time, and of a baseline.

        `passed` is null with fewer than 30 interruptions, on either side of a comparison.
        """
        project_ids, slug = caller.project_ids, None
        if agent_id is not None:
            agent = await reader.agent(caller, agent_id)
            project_ids, slug = ((agent.project_id,), agent.slug) if agent else ((), None)
        wanted = asked.bounds.of(SessionRange(project_ids=project_ids, agent=slug))
        earlier = asked.baseline.of(wanted) if asked.baseline != Bounds(None, None, None) else None
        now, before = await judge.quality(caller, wanted, earlier, asked.limits)
        body = {"filters": {"agentId": agent_id, **asked.bounds.body()}, **_body(now)}
        if before is not None:
            body["baseline"] = {
                "filters": {"agentId": agent_id, **asked.baseline.body()},
                **_body(before),
            }
            body["changes"] = [_change(each) for each in now.changes]
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


def _shown(instant: int | None) -> str | None:
    return None if instant is None else iso_seconds(instant)


def _body(quality: InterruptionQuality) -> dict[str, Any]:
    words, rates = quality.bleed_words, quality.per_hundred_turns
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
        "agentTurns": quality.turns,
        "missedInterruptions": quality.missed_interruptions,
        "backchannels": quality.backchannels,
        "prematureEndpointing": quality.premature_endpointing,
        "falseInterruptionRate": _short(quality.false_interruption_rate),
        "perHundredTurns": rates
        and {
            "interruptions": _short(rates.interruptions),
            "falseInterruptions": _short(rates.false_interruptions),
            "missedInterruptions": _short(rates.missed_interruptions),
            "backchannels": _short(rates.backchannels),
            "prematureEndpointing": _short(rates.premature_endpointing),
        },
        "sources": quality.sources.get(InterruptionKind.BARGE_IN, {}),
        "sourcesByKind": {
            name: quality.sources.get(kind, {}) for name, kind in _COUNTED_KINDS.items()
        },
        "turnLatencyMs": _spread(quality.turn_latency),
    }


def _change(found: Change) -> dict[str, Any]:
    known = found.low is not None and found.high is not None
    return {
        "metric": found.metric,
        "value": _short(found.value),
        "baseline": _short(found.baseline),
        "count": found.count,
        "baselineCount": found.baseline_count,
        "ratio": _short(found.ratio),
        "difference95": [_short(found.low), _short(found.high)] if known else None,
        "isWorse": found.is_worse,
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
    """With one decimal; small values, which may be shares, with three."""
    if value is None:
        return None
    rounded = round(value, 1 if abs(value) >= 10 else 3)
    return int(rounded) if rounded == int(rounded) else rounded
