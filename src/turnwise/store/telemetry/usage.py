"""What sessions consumed: a page of them and the sums over all that match."""

from decimal import Decimal
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.model.session import Session
from turnwise.model.transcripts import Usage, UsageQuery, UsageTotals
from turnwise.store.telemetry.sql import lines


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

_ORDER = """
ORDER BY started_ns DESC, session_id DESC, project_id
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
    found = _detail_decoder.decode_lines(lines(client, _PAGE + condition + _ORDER, page))
    return Usage(totals, tuple(_session_decoder.decode(row.detail) for row in found))


def live(client: Client, project_id: ProjectId, agent: str) -> int:
    """How many sessions of an agent are open."""
    answer = lines(client, _LIVE, {"project": project_id, "agent": agent})
    (count,) = _count_decoder.decode_lines(answer)
    return count.sessions


def _condition(query: UsageQuery) -> tuple[str, dict[str, Any]]:
    parts, parameters = ["1 = 1"], dict[str, Any]()
    if query.project_ids is not None:
        parts.append("project_id IN {projects:Array(String)}")
        parameters["projects"] = list(query.project_ids)
    if query.agents is not None:
        parts.append("(project_id, agent) IN {agents:Array(Tuple(String, String))}")
        parameters["agents"] = list(query.agents)
    if query.agent is not None:
        parts.append("agent = {agent:String}")
        parameters["agent"] = query.agent
    if query.from_ns is not None:
        parts.append("started_ns >= {since:Int64}")
        parameters["since"] = query.from_ns
    if query.to_ns is not None:
        parts.append("started_ns <= {until:Int64}")
        parameters["until"] = query.to_ns
    return " AND ".join(parts), parameters
