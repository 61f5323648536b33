"""What sessions consumed: a page of them and the sums over all that match."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.session import Session
from turnwise.model.transcripts import CallStats, Usage, UsageQuery, UsageTotals
from turnwise.store.telemetry.sql import chunks, lines


class _Totals(msgspec.Struct):
    sessions: int
    llm_input_tokens: int
    llm_output_tokens: int
    stt_audio_ns: int
    tts_characters: int
    cost_usd: Decimal


class _Detail(msgspec.Struct):
    detail: str


class _Count(msgspec.Struct):
    sessions: int


class _Stats(msgspec.Struct):
    total: int
    phone: int
    turns: int


class _Report(msgspec.Struct):
    session_id: SessionId
    body: str


_stats_decoder = msgspec.json.Decoder(_Stats)
_report_decoder = msgspec.json.Decoder(_Report)
_totals_decoder = msgspec.json.Decoder(_Totals)
_detail_decoder = msgspec.json.Decoder(_Detail)
_session_decoder = msgspec.json.Decoder(Session)
_count_decoder = msgspec.json.Decoder(_Count)

_TOTALS = """
SELECT
    count() AS sessions,
    sum(arraySum(row -> if(row.1 = 'llm', row.2, 0), rows)) AS llm_input_tokens,
    sum(arraySum(row -> if(row.1 = 'llm', row.3, 0), rows)) AS llm_output_tokens,
    sum(arraySum(row -> if(row.1 = 'stt', row.4, 0), rows)) AS stt_audio_ns,
    sum(arraySum(row -> if(row.1 = 'tts', row.5, 0), rows)) AS tts_characters,
    sum(cost) AS cost_usd
FROM
(
    SELECT cost_usd AS cost, JSONExtract(detail, 'usage', 'Array(Tuple(stage String, \
input_tokens Int64, output_tokens Int64, audio_ns Int64, characters Int64))') AS rows
    FROM sessions FINAL WHERE """

_PAGE = "SELECT detail FROM sessions FINAL WHERE "

_STATS = """
SELECT
    count() AS total,
    countIf(startsWith(ifNull(room_name, ''), 'call-') OR call_id IS NOT NULL) AS phone,
    sum(turn_count) AS turns
FROM sessions FINAL WHERE """

_REPORTS = """
SELECT session_id, body FROM session_facts FINAL
WHERE project_id = {project:String} AND session_id IN {sessions:Array(String)} AND kind = 'report'
ORDER BY version
"""

_ORDERS = {
    (False, False): "started_ns DESC, session_id DESC",
    (False, True): "started_ns, session_id",
    (True, False): "ended_ns DESC, session_id DESC",
    (True, True): "ended_ns, session_id",
}

_ORDER = """
ORDER BY {order}, project_id
LIMIT {limit:UInt32} OFFSET {offset:UInt64}"""

_LIVE = """
SELECT count() AS sessions FROM sessions FINAL
WHERE project_id = {project:String} AND agent = {agent:String} AND is_open = 1
"""


def usage(client: Client, query: UsageQuery) -> Usage:
    """A page of sessions, latest start first, and the totals over every page."""
    condition, parameters = _condition(query)
    answer = lines(client, f"{_TOTALS}{condition}\n)", parameters)
    (sums,) = _totals_decoder.decode_lines(answer)
    totals = UsageTotals(**msgspec.structs.asdict(sums))
    if totals.sessions <= query.offset:
        return Usage(totals, ())
    page = {**parameters, "limit": query.limit, "offset": query.offset}
    order = _ORDER.replace("{order}", _ORDERS[query.is_ended, query.oldest_first])
    found = _detail_decoder.decode_lines(lines(client, _PAGE + condition + order, page))
    return Usage(totals, tuple(_session_decoder.decode(row.detail) for row in found))


def call_stats(client: Client, query: UsageQuery) -> CallStats:
    """How many sessions match, whatever page is asked for."""
    condition, parameters = _condition(query)
    (sums,) = _stats_decoder.decode_lines(lines(client, _STATS + condition, parameters))
    mean = sums.turns / sums.total if sums.total else None
    return CallStats(total=sums.total, phone=sums.phone, mean_turns=mean)


def reports(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> dict[SessionId, dict[str, Any]]:
    """The reports of some sessions; of several of one session newer fields win."""
    found: dict[SessionId, dict[str, Any]] = {}
    for part in chunks(session_ids):
        answer = lines(client, _REPORTS, {"project": project_id, "sessions": part})
        for row in _report_decoder.decode_lines(answer):
            found.setdefault(row.session_id, {}).update(msgspec.json.decode(row.body))
    return found


def live(client: Client, project_id: ProjectId, agent: str) -> int:
    """How many sessions of an agent are open."""
    answer = lines(client, _LIVE, {"project": project_id, "agent": agent})
    (count,) = _count_decoder.decode_lines(answer)
    return count.sessions


def _condition(query: UsageQuery) -> tuple[str, dict[str, Any]]:
    wanted: dict[str, Any] = {
        "project_id IN {projects:Array(String)}": query.project_ids,
        "(project_id, agent) IN {agents:Array(Tuple(String, String))}": query.agents,
        "agent = {agent:String}": query.agent,
        "session_id = {session:String}": query.session_id,
        "created_by = {creator:Int64}": query.created_by,
        "started_ns >= {since:Int64}": query.from_ns,
        "started_ns <= {until:Int64}": query.to_ns,
        "ended_ns >= {ended_since:Int64}": query.ended_from_ns,
        "ended_ns <= {ended_until:Int64}": query.ended_to_ns,
    }
    parts = ["ended_ns IS NOT NULL" if query.is_ended else "1 = 1"]
    parameters: dict[str, Any] = {}
    for condition, value in wanted.items():
        if value is not None:
            parts.append(condition)
            name = condition.partition("{")[2].partition(":")[0]
            parameters[name] = list(value) if isinstance(value, tuple) else value
    return " AND ".join(parts), parameters
