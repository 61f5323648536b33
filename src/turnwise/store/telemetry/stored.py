"""What the writer has to know of rows that are already there, before it may replace them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.facts import FIRM_KINDS, FactKind
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Observation
from turnwise.store.telemetry.activity import ActivityRow, fact_trace
from turnwise.store.telemetry.membership import PROVISIONAL_RANK
from turnwise.store.telemetry.rows import COLUMNS, decode_observations
from turnwise.store.telemetry.sql import MAX_DAYS, chunks, date_text, lines

SpanKey = tuple[ProjectId, str, str]
FactKey = tuple[ProjectId, SessionId, FactKind, str]


class _Days(msgspec.Struct):
    project_id: str
    trace_id: str
    first: int
    last: int


class _Body(msgspec.Struct):
    project_id: str
    session_id: str
    kind: str
    fact_id: str
    body: str


_days_decoder = msgspec.json.Decoder(_Days)
_body_decoder = msgspec.json.Decoder(_Body)
_activity_decoder = msgspec.json.Decoder(ActivityRow)

_DAYS = """
SELECT project_id, trace_id, toUInt16(min(first_day)) AS first, toUInt16(max(last_day)) AS last
FROM trace_activity
WHERE (project_id, trace_id) IN {traces:Array(Tuple(String, String))}
GROUP BY project_id, trace_id
"""

_BY_KEY = """
SELECT {columns} FROM observations FINAL
WHERE (project_id, day, trace_id, span_id) IN {keys:Array(Tuple(String, Date, String, String))}
""".replace("{columns}", COLUMNS)

_BY_RANGE = """
SELECT {columns} FROM observations FINAL
WHERE project_id = {project:String} AND trace_id = {trace:String}
AND day BETWEEN {first:Date} AND {last:Date} AND span_id IN {spans:Array(String)}
""".replace("{columns}", COLUMNS)

_BODIES = """
SELECT project_id, session_id, kind, fact_id, body FROM session_facts FINAL
WHERE (project_id, session_id, kind, fact_id) IN
    {keys:Array(Tuple(String, String, String, String))}
"""

# Arrival and sender are lost with the process; a sender that repeats itself brings them back.
_UNTOLD_SPANS = """
SELECT project_id, trace_id, session_id, min(session_rank) AS rank,
    toUInt16(min(day)) AS first_day, toUInt16(max(day)) AS last_day,
    max(version) AS last_version, toInt64(max(version)) AS last_arrival_ns,
    '99999999999999999999:0' AS first_seen
FROM observations WHERE version > {told:UInt64}
GROUP BY project_id, trace_id, session_id
"""

_UNTOLD_FACTS = """
SELECT project_id, concat({prefix:String}, session_id) AS trace_id, session_id,
    min(if(kind IN {firm:Array(String)}, 0, {provisional:UInt8})) AS rank,
    toUInt16(intDiv(max(version), 86400000000000)) AS first_day, first_day AS last_day,
    max(version) AS last_version, toInt64(max(version)) AS last_arrival_ns,
    '99999999999999999999:0' AS first_seen
FROM session_facts WHERE version > {told:UInt64}
GROUP BY project_id, session_id
"""

_UNTOLD_TRACES = """
SELECT project_id, trace_id, session_id, session_rank AS rank,
    toUInt16(intDiv(coalesce(at_ns, seen_ns), 86400000000000)) AS first_day, first_day AS last_day,
    version AS last_version, toInt64(version) AS last_arrival_ns,
    '99999999999999999999:0' AS first_seen
FROM traces WHERE version > {told:UInt64}
"""


def stored_observations(client: Client, keys: Sequence[SpanKey]) -> dict[SpanKey, Observation]:
    """The observations that are stored under these keys, contents included."""
    wanted: dict[tuple[ProjectId, str], list[str]] = defaultdict(list)
    for project_id, trace_id, span_id in keys:
        wanted[project_id, trace_id].append(span_id)
    found: dict[SpanKey, Observation] = {}
    exact: list[tuple[str, str, str, str]] = []
    for days in _days_of(client, list(wanted)):
        spans = wanted[ProjectId(days.project_id), days.trace_id]
        if days.last - days.first >= MAX_DAYS:
            _keep_newest(found, _by_range(client, days, spans))
            continue
        for day in range(days.first, days.last + 1):
            exact += [(days.project_id, date_text(day), days.trace_id, span) for span in spans]
    for part in chunks(exact):
        _keep_newest(found, decode_observations(lines(client, _BY_KEY, {"keys": part})))
    return found


def stored_bodies(client: Client, keys: Sequence[FactKey]) -> dict[FactKey, dict[str, Any]]:
    """The bodies of the session facts that are stored under these keys."""
    found: dict[FactKey, dict[str, Any]] = {}
    for part in chunks([(*key[:2], str(key[2]), key[3]) for key in keys]):
        for row in _body_decoder.decode_lines(lines(client, _BODIES, {"keys": part})):
            key = (
                ProjectId(row.project_id),
                SessionId(row.session_id),
                FactKind(row.kind),
                row.fact_id,
            )
            found[key] = msgspec.json.decode(row.body)
    return found


def newest_versions(client: Client) -> tuple[int, int]:
    """The newest version that activity tells of, and the newest one in any table."""
    told = int(str(client.command("SELECT max(last_version) FROM trace_activity")))
    newest = [
        int(str(client.command(f"SELECT max(version) FROM {table}")))  # noqa: S608 - our own names
        for table in ("observations", "session_facts", "traces")
    ]
    return told, max(told, *newest)


def untold_activity(client: Client, told: int) -> list[ActivityRow]:
    """Activity of facts that are newer than any activity: what a crash left between two inserts.

    `session_id` is "" for spans that name no session.
    """
    spans = lines(client, _UNTOLD_SPANS, {"told": told})
    kinds = {"firm": sorted(FIRM_KINDS), "provisional": PROVISIONAL_RANK}
    facts = lines(client, _UNTOLD_FACTS, {"told": told, "prefix": fact_trace(""), **kinds})
    traces = lines(client, _UNTOLD_TRACES, {"told": told})
    return [row for part in (spans, facts, traces) for row in _activity_decoder.decode_lines(part)]


def _days_of(client: Client, traces: Sequence[tuple[ProjectId, str]]) -> list[_Days]:
    found: list[_Days] = []
    for part in chunks(traces):
        found += _days_decoder.decode_lines(lines(client, _DAYS, {"traces": part}))
    return found


def _by_range(client: Client, days: _Days, spans: list[str]) -> list[Observation]:
    found: list[Observation] = []
    for part in chunks(spans):
        parameters = {
            "project": days.project_id,
            "trace": days.trace_id,
            "first": date_text(days.first),
            "last": date_text(days.last),
            "spans": part,
        }
        found += decode_observations(lines(client, _BY_RANGE, parameters))
    return found


def _keep_newest(found: dict[SpanKey, Observation], more: Sequence[Observation]) -> None:
    for item in more:
        key = (item.project_id, item.trace_id, item.span_id)
        known = found.get(key)
        if known is None or item.version > known.version:
            found[key] = item
