"""Counts over many sessions, from the columns that `figures` fills; see model.boards."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.boards import (
    Alarm,
    Cause,
    Cut,
    Debut,
    FaultGroup,
    ModelUse,
    Place,
    Release,
    ToolUse,
)
from turnwise.model.diagnosis import GateLimits, Severity
from turnwise.model.ids import SessionId
from turnwise.model.instants import NS_PER_MS
from turnwise.model.overview import SessionFilter
from turnwise.model.session import InterruptionKind
from turnwise.store.telemetry.overview import (
    FIGURES,
    VERSION,
    FigureRow,
    conditions,
    figures,
    rounded,
)
from turnwise.store.telemetry.sql import lines

MOST_ROWS = 100
"""Kinds of anything that one board shows; those that come after matter least."""
_SAMPLES = 5

Sums = tuple[list[int], list[int]]
"""A map as the engine writes the sum of maps: its keys, and their values."""


class _ModelUse(msgspec.Struct):
    model: str
    stage: str
    sessions: int
    requests: int
    cost_usd: Decimal | None


class _ToolUse(msgspec.Struct):
    name: str
    runs: int
    failed: int
    known: int
    took: list[float | None]


class _Faults(msgspec.Struct):
    stage: str
    name: str
    provider: str
    kind: str
    count: int
    sessions: int
    first_ns: int
    last_ns: int
    course: Sums
    places: list[tuple[int, SessionId, int]]


class _Cause(msgspec.Struct):
    type: str
    stage: str
    rank: int
    sessions: int
    count: int
    excess_ns: int
    course: Sums
    worst: list[tuple[int, int, SessionId]]


class _Alarm(msgspec.Struct):
    session_id: SessionId
    grave: tuple[str, ...]


class _Cut(msgspec.Struct):
    session_id: SessionId
    name: str | None
    agent: str
    version: str | None
    began_ns: int
    has_recording: int
    kind: InterruptionKind
    turn: int | None
    onset_ns: int | None
    detected_ns: int | None
    stopped_ns: int | None
    bleed_words: int | None


class _Release(FigureRow):
    agent: str
    version: str | None
    last_ns: int


class _Debut(msgspec.Struct):
    agent: str
    version: str | None
    first_ns: int


_model_decoder = msgspec.json.Decoder(_ModelUse)
_tool_decoder = msgspec.json.Decoder(_ToolUse)
_fault_decoder = msgspec.json.Decoder(_Faults)
_cause_decoder = msgspec.json.Decoder(_Cause)
_alarm_decoder = msgspec.json.Decoder(_Alarm)
_cut_decoder = msgspec.json.Decoder(_Cut)
_release_decoder = msgspec.json.Decoder(_Release)
_debut_decoder = msgspec.json.Decoder(_Debut)

_MODELS = """
SELECT model, stage, uniqExact(session_id) AS sessions, sum(request) AS requests, sum(cost) AS cost_usd
FROM sessions FINAL
ARRAY JOIN model_names AS model, model_stages AS stage, model_requests AS request, model_costs AS cost
WHERE {where} GROUP BY model, stage ORDER BY cost_usd DESC NULLS LAST, requests DESC, model, stage
LIMIT {most:UInt32}"""

_TOOLS = """
SELECT tool AS name, count() AS runs, sum(has_failed) AS failed, countIf(run_ns IS NOT NULL) AS known,
    quantilesExactInclusiveIf(0.5, 0.95)(assumeNotNull(run_ns), run_ns IS NOT NULL) AS took
FROM sessions FINAL
ARRAY JOIN tool_names AS tool, tool_took_ns AS run_ns, tool_failed AS has_failed
WHERE {where} GROUP BY tool ORDER BY if(known = 0, -1, took[2]) DESC, runs DESC, tool
LIMIT {most:UInt32}"""

# No turn is -1 here: the engine sorts tuples by all their parts.
_FAULTS = """
SELECT fault_stage AS stage, fault_name AS name, fault_provider AS provider, fault_kind AS kind,
    count() AS count, uniqExact(session_id) AS sessions, min(at) AS first_ns, max(at) AS last_ns,
    sumMap([intDiv(at, {step:Int64}) * {step:Int64}], [toUInt64(1)]) AS course,
    arrayMap(place -> (-place.1, place.2, place.3),
        groupArraySorted({samples})((-at, session_id, ifNull(fault_turn, -1)))) AS places
FROM sessions FINAL
ARRAY JOIN fault_stages AS fault_stage, fault_names AS fault_name, fault_providers AS fault_provider,
    fault_kinds AS fault_kind, fault_turns AS fault_turn, fault_at_ns AS at
WHERE {where} GROUP BY stage, name, provider, kind ORDER BY count DESC, last_ns DESC, kind
LIMIT {most:UInt32}"""

_SEVERITIES = tuple(Severity)
_RANKS = f"[{', '.join(repr(str(each)) for each in _SEVERITIES)}]"

_CAUSES = """
SELECT group_type AS type, group_stage AS stage, max(indexOf({ranks}, group_severity)) AS rank,
    uniqExact(session_id) AS sessions, sum(group_count) AS count, sum(excess) AS excess_ns,
    sumMap([intDiv(started_ns, {step:Int64}) * {step:Int64}], [toUInt64(1)]) AS course,
    groupArraySorted({samples})((-excess, -started_ns, session_id)) AS worst
FROM diagnoses FINAL
ARRAY JOIN group_types AS group_type, group_stages AS group_stage,
    group_severities AS group_severity, group_counts AS group_count, group_excess_ns AS excess
WHERE project_id IN {projects:Array(String)}
    AND session_id IN (SELECT session_id FROM sessions FINAL WHERE {where})
GROUP BY type, stage ORDER BY excess_ns DESC, sessions DESC, type, stage
LIMIT {most:UInt32}"""

_ALARMS = """
SELECT session_id, arrayDistinct(arrayFilter(
    (type, severity) -> severity IN ('critical', 'high'), types, severities)) AS grave
FROM diagnoses FINAL
WHERE project_id IN {projects:Array(String)} AND hasAny(severities, ['critical', 'high'])
    AND session_id IN (SELECT session_id FROM sessions FINAL WHERE {where})
ORDER BY countEqual(severities, 'critical') DESC, countEqual(severities, 'high') DESC,
    started_ns DESC, session_id
LIMIT {most:UInt32}"""

_CUTS = """
SELECT session_id, ifNull(user_ref, ref) AS name, agent, {version} AS version,
    started_ns AS began_ns, recording_count > 0 AS has_recording, cut_kind AS kind, cut_turn AS turn,
    onset AS onset_ns, detected AS detected_ns, stopped AS stopped_ns, bleed AS bleed_words
FROM sessions FINAL
ARRAY JOIN cut_kinds AS cut_kind, cut_turns AS cut_turn, cut_onset_ns AS onset,
    cut_detected_ns AS detected, cut_stopped_ns AS stopped, cut_bleed_words AS bleed
WHERE {where} AND ({every:UInt8} OR cut_kind IN ('false_alarm', 'missed', 'premature')
    OR cut_kind = 'barge_in' AND (detected - onset > {detection:Int64}
        OR stopped - onset > {stop:Int64} OR bleed > {bleed:Float64}))
ORDER BY began_ns DESC, session_id, onset_ns LIMIT {most:UInt32}"""

_RELEASES = """
SELECT agent, {version} AS version, min(started_ns) AS start_ns, max(started_ns) AS last_ns, {figures}
FROM sessions FINAL WHERE {where} GROUP BY agent, version ORDER BY last_ns DESC, agent, version
LIMIT {most:UInt32}"""

_DEBUTS = """
SELECT agent, {version} AS version, min(started_ns) AS first_ns
FROM sessions FINAL WHERE {where} GROUP BY agent, version
ORDER BY max(started_ns) DESC, agent, version LIMIT {most:UInt32}"""

Ask = Callable[..., Awaitable[Any]]
"""Runs a function of the client and of what follows on one of the reading threads."""


class Boards:
    """Implements model.boards.BoardStore."""

    def __init__(self, ask: Ask):
        self._ask = ask

    async def model_uses(self, wanted: SessionFilter) -> list[ModelUse]:
        rows = _model_decoder.decode_lines(await self._lines(_MODELS, wanted))
        return [ModelUse(**msgspec.structs.asdict(row)) for row in rows]

    async def tool_uses(self, wanted: SessionFilter) -> list[ToolUse]:
        rows = _tool_decoder.decode_lines(await self._lines(_TOOLS, wanted))
        return [
            ToolUse(
                name=row.name,
                runs=row.runs,
                failed=row.failed,
                p50_ns=rounded(row.took[0], row.known),
                p95_ns=rounded(row.took[1], row.known),
            )
            for row in rows
        ]

    async def faults(self, wanted: SessionFilter, step_ns: int) -> list[FaultGroup]:
        rows = _fault_decoder.decode_lines(await self._lines(_FAULTS, wanted, step=step_ns))
        return [
            FaultGroup(
                stage=row.stage,
                name=row.name,
                provider=row.provider,
                kind=row.kind,
                count=row.count,
                sessions=row.sessions,
                first_ns=row.first_ns,
                last_ns=row.last_ns,
                course=dict(zip(*row.course, strict=True)),
                places=tuple(
                    Place(session_id=session, turn=None if turn < 0 else turn, at_ns=at)
                    for at, session, turn in row.places
                ),
            )
            for row in rows
        ]

    async def causes(self, wanted: SessionFilter, step_ns: int) -> list[Cause]:
        rows = _cause_decoder.decode_lines(await self._lines(_CAUSES, wanted, step=step_ns))
        return [
            Cause(
                type=row.type,
                stage=row.stage or None,
                severity=_SEVERITIES[max(1, row.rank) - 1],
                sessions=row.sessions,
                count=row.count,
                excess_ns=row.excess_ns,
                course=dict(zip(*row.course, strict=True)),
                worst=tuple(session for _, _, session in row.worst),
            )
            for row in rows
        ]

    async def alarms(self, wanted: SessionFilter, limit: int) -> list[Alarm]:
        rows = _alarm_decoder.decode_lines(await self._lines(_ALARMS, wanted, most=limit))
        return [Alarm(session_id=row.session_id, types=row.grave) for row in rows]

    async def cuts(
        self, wanted: SessionFilter, limits: GateLimits, limit: int, *, every: bool = False
    ) -> list[Cut]:
        found = await self._lines(
            _CUTS,
            wanted,
            most=limit,
            every=int(every),
            detection=round(limits.detection_p95_ms * NS_PER_MS),
            stop=round(limits.stop_p95_ms * NS_PER_MS),
            bleed=limits.bleed_p50_words,
        )
        cuts = []
        for row in _cut_decoder.decode_lines(found):
            values = msgspec.structs.asdict(row)
            began_ns, has_recording = values.pop("began_ns"), bool(values.pop("has_recording"))
            cuts.append(Cut(started_ns=began_ns, has_recording=has_recording, **values))
        return cuts

    async def releases(self, wanted: SessionFilter, *, by_version: bool) -> list[Release]:
        version = VERSION if by_version else "CAST(NULL, 'Nullable(String)')"
        statement = _RELEASES.replace("{version}", version).replace("{figures}", FIGURES)
        rows = _release_decoder.decode_lines(await self._lines(statement, wanted))
        return [
            Release(agent=row.agent, version=row.version, last_ns=row.last_ns, figures=figures(row))
            for row in rows
        ]

    async def debuts(self, wanted: SessionFilter) -> list[Debut]:
        rows = _debut_decoder.decode_lines(await self._lines(_DEBUTS, wanted))
        return [Debut(**msgspec.structs.asdict(row)) for row in rows]

    async def _lines(self, statement: str, wanted: SessionFilter, **parameters: Any) -> bytes:
        found: bytes = await self._ask(_asked, statement, wanted, parameters)
        return found


def _asked(
    client: Client, statement: str, wanted: SessionFilter, parameters: dict[str, Any]
) -> bytes:
    where = conditions(client, wanted)
    for name, text in (
        ("{where}", str(where)),
        ("{version}", VERSION),
        ("{ranks}", _RANKS),
        ("{samples}", str(_SAMPLES)),
    ):
        statement = statement.replace(name, text)
    return lines(client, statement, {"most": MOST_ROWS} | where.parameters | parameters)
