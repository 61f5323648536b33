"""Lists of sessions that can be searched and sorted, and figures over many of them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.overview import (
    Course,
    Facets,
    LineQuery,
    Order,
    SessionFilter,
    SessionLine,
    Summary,
)
from turnwise.model.session import SessionStatus
from turnwise.store.telemetry.conditions import Conditions, day_of
from turnwise.store.telemetry.schema import has_text_index
from turnwise.store.telemetry.sql import lines

_DURATION = "greatest(0, ifNull(ended_ns, last_seen_ns) - started_ns)"
_ORDERS: Mapping[Order, str] = {
    Order.STARTED: "started_ns",
    Order.DURATION: _DURATION,
    Order.TURNS: "toInt64(turn_count)",
    Order.RESPONSE_P50: "ifNull(response_p50_ns, -1)",
    Order.RESPONSE_P95: "ifNull(response_p95_ns, -1)",
    Order.INTERRUPTIONS: "toInt64(interruption_count)",
    Order.ERRORS: "toInt64(error_count)",
    # Billionths of a dollar: whole numbers, so that a cursor holds them exactly.
    Order.COST: "toInt64(cost_usd * 1000000000)",
}
VERSION = "ifNull(app_version, release)"
"""The version of the agent, as telemetry says."""
# A tag belongs to a span or to a trace, and a trace to the sessions that are named in it.
_TAGGED = """session_id IN (SELECT session_id FROM trace_activity
    WHERE project_id IN {projects:Array(String)} AND trace_id IN (
        SELECT trace_id FROM observations FINAL WHERE project_id IN {projects:Array(String)}
            AND day >= toDate({first_day:UInt16}) AND hasAny(tags, {tags:Array(String)})
        UNION DISTINCT
        SELECT trace_id FROM traces FINAL WHERE project_id IN {projects:Array(String)}
            AND hasAny(tags, {tags:Array(String)})))"""
_STOPS = """arrayMap(cut -> assumeNotNull(cut.2 - cut.1), arrayFilter(
    cut -> cut.3 = 'barge_in' AND cut.2 >= cut.1, arrayZip(cut_onset_ns, cut_stopped_ns, cut_kinds)))"""
_STAGES = ("eou", "stt", "llm", "tool", "tts")
_MOST_FACETS = 100
_MOST_STRETCHES = 2_000

_WORD = re.compile(r"[^\W_]+")


class _Line(msgspec.Struct):
    project_id: ProjectId
    session_id: SessionId
    ref: str | None
    agent: str
    app_version: str | None
    environment: str | None
    user_ref: str | None
    status: SessionStatus
    is_open: int
    started_ns: int
    ended_ns: int | None
    duration_ns: int
    turn_count: int
    tool_count: int
    interruption_count: int
    error_count: int
    recording_count: int
    unpriced: int
    cost_usd: Decimal
    response_p50_ns: int | None
    response_p95_ns: int | None
    sort_value: int


class FigureRow(msgspec.Struct):
    """FIGURES, and the instant that they begin at."""

    start_ns: int
    sessions: int
    failed: int
    turns: int
    agent_turns: int
    interruptions: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    cuts: tuple[list[str], list[int]]
    stops: int
    stop: list[float | None]
    responses: int
    response: list[float | None]
    counts: list[int]
    stages: list[float | None]


class _SummaryRow(FigureRow):
    is_total: int
    is_before: int


class _Count(msgspec.Struct):
    sessions: int


class _Facets(msgspec.Struct):
    agents: tuple[str, ...]
    versions: tuple[str, ...]
    environments: tuple[str, ...]


_line_decoder = msgspec.json.Decoder(_Line)
_summary_decoder = msgspec.json.Decoder(_SummaryRow)
_count_decoder = msgspec.json.Decoder(_Count)
_facets_decoder = msgspec.json.Decoder(_Facets)

_COLUMNS = f"""project_id, session_id, ref, agent, app_version, environment, user_ref, status, is_open,
started_ns, ended_ns, {_DURATION} AS duration_ns, turn_count, tool_count, interruption_count,
error_count, recording_count, unpriced, cost_usd, response_p50_ns, response_p95_ns"""

FIGURES = f"""
    count() AS sessions,
    countIf(error_count > 0 OR status = 'failed') AS failed,
    sum(turn_count) AS turns,
    sum(agent_turn_count) AS agent_turns,
    sum(interruption_count) AS interruptions,
    sum(error_count) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd,
    sumMap(cut_kinds, arrayMap(kind -> toUInt64(1), cut_kinds)) AS cuts,
    sum(length({_STOPS})) AS stops,
    quantilesExactInclusiveArray(0.5, 0.95)({_STOPS}) AS stop,
    sum(length(response_ns)) AS responses,
    quantilesExactInclusiveArray(0.5, 0.95, 0.99)(response_ns) AS response,
    [{", ".join(f"sum(length({stage}_ns))" for stage in _STAGES)}] AS counts,
    [{", ".join(f"quantileExactInclusiveArray(0.95)({stage}_ns)" for stage in _STAGES)}] AS stages"""

# Reading the rows is most of the work, so stretches and totals are counted of one reading.
_SUMMARY = f"""
SELECT intDiv(started_ns, {{step:Int64}}) * {{step:Int64}} AS start_ns,
    started_ns < {{first:Int64}} AS is_before, grouping(start_ns) AS is_total, {FIGURES}
FROM sessions FINAL WHERE {{where}}
GROUP BY GROUPING SETS ((is_before, start_ns), (is_before))
ORDER BY is_before, start_ns LIMIT {_MOST_STRETCHES}"""  # noqa: S608 -- names of our own columns

_FACETS = """
SELECT topK({most:UInt32})(agent) AS agents,
    topKIf({most:UInt32})(ifNull({version}, ''), {version} IS NOT NULL) AS versions,
    topK({most:UInt32})(coalesce(environment, 'default')) AS environments
FROM sessions FINAL WHERE project_id IN {projects:Array(String)}
""".replace("{most:UInt32}", str(_MOST_FACETS)).replace("{version}", VERSION)


def session_lines(client: Client, query: LineQuery) -> list[SessionLine]:
    """A page of lines."""
    value = _ORDERS[query.order]
    where = conditions(client, query.filter)
    direction, follows = ("DESC", "<") if query.is_descending else ("ASC", ">")
    if query.after is not None:
        where.add(
            f"({value}, session_id) {follows} ({{after:Int64}}, {{after_id:String}})",
            after=query.after[0],
            after_id=query.after[1],
        )
    statement = (
        f"SELECT {_COLUMNS}, {value} AS sort_value FROM sessions FINAL WHERE {where} "  # noqa: S608
        f"ORDER BY sort_value {direction}, session_id {direction} LIMIT {{limit:UInt32}}"
    )
    answer = lines(client, statement, where.parameters | {"limit": query.limit})
    return [_line(row) for row in _line_decoder.decode_lines(answer)]


def summary(client: Client, wanted: SessionFilter, before_ns: int, step_ns: int) -> Summary:
    """Figures by stretches of time, of all of it, and of the time before it."""
    where = conditions(client, replace(wanted, from_ns=before_ns))
    statement = _SUMMARY.replace("{where}", str(where))
    told = {"step": step_ns, "first": wanted.from_ns or 0}
    rows = _summary_decoder.decode_lines(lines(client, statement, where.parameters | told))
    totals = {bool(row.is_before): figures(row) for row in rows if row.is_total}
    return Summary(
        stretches=tuple(figures(row) for row in rows if not (row.is_total or row.is_before)),
        total=totals.get(False),
        before=totals.get(True),
    )


def count(client: Client, wanted: SessionFilter) -> int:
    """How many sessions there are."""
    where = conditions(client, wanted)
    statement = f"SELECT count() AS sessions FROM sessions FINAL WHERE {where}"  # noqa: S608
    (found,) = _count_decoder.decode_lines(lines(client, statement, where.parameters))
    return found.sessions


def facets(client: Client, project_ids: tuple[ProjectId, ...]) -> Facets:
    """The agents and versions that there are."""
    (found,) = _facets_decoder.decode_lines(lines(client, _FACETS, {"projects": list(project_ids)}))
    return Facets(found.agents, found.versions, found.environments)


def _line(row: _Line) -> SessionLine:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    session_id, is_open = values.pop("session_id"), bool(values.pop("is_open"))
    return SessionLine(id=session_id, is_open=is_open, **values)


def figures(row: FigureRow) -> Course:
    """A row as what it stands for."""
    percentiles = zip(("p50", "p95", "p99"), row.response, strict=True)
    stages = zip(_STAGES, row.stages, row.counts, strict=True)
    return Course(
        start_ns=row.start_ns,
        sessions=row.sessions,
        failed=row.failed,
        turns=row.turns,
        agent_turns=row.agent_turns,
        interruptions=row.interruptions,
        errors=row.errors,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=row.cost_usd,
        cuts=dict(zip(*row.cuts, strict=True)),
        stop_ns={
            name: rounded(value, row.stops)
            for name, value in zip(("p50", "p95"), row.stop, strict=True)
        },
        responses=row.responses,
        # Of no values the engine makes a percentile all the same.
        response_ns={name: rounded(value, row.responses) for name, value in percentiles},
        stage_p95_ns={name: rounded(value, count) for name, value, count in stages},
    )


def rounded(value: float | None, count: int) -> int | None:
    """A percentile of so many values."""
    return None if value is None or not count else round(value)


def conditions(client: Client, wanted: SessionFilter) -> Conditions:
    """What holds for the rows of wanted sessions."""
    where = Conditions(wanted.project_ids)
    if wanted.session_ids is not None:
        where.add("session_id IN {sessions:Array(String)}", sessions=list(wanted.session_ids))
    if wanted.created_by is not None:
        where.add("created_by = {creator:Int64}", creator=wanted.created_by)
    for name, column, values in (
        ("agents", "agent", wanted.agents),
        ("statuses", "status", wanted.statuses),
        ("versions", VERSION, wanted.versions),
        ("users", "user_ref", wanted.users),
    ):
        if values:
            where.add(f"{column} IN {{{name}:Array(String)}}", **{name: list(values)})
    where.environments(wanted.environments)
    if wanted.tags:
        where.add(_TAGGED, tags=list(wanted.tags), first_day=day_of(wanted.from_ns, 0))
    where.within("started_ns", wanted.from_ns, wanted.to_ns)
    least_usd = None if wanted.min_cost_usd is None else f"{wanted.min_cost_usd:f}"
    for condition, bound in (
        (f"{_DURATION} >= {{least:Int64}}", wanted.min_duration_ns),
        (f"{_DURATION} <= {{most:Int64}}", wanted.max_duration_ns),
        ("response_p95_ns >= {response:Int64}", wanted.min_response_ns),
        ("cost_usd >= {cost:Decimal(38, 12)}", least_usd),
    ):
        if bound is not None:
            name = condition.partition("{")[2].partition(":")[0]
            where.add(condition, **{name: bound})
    for has, test in (
        (wanted.has_errors, "(error_count > 0 OR status = 'failed')"),
        (wanted.is_interrupted, "interruption_count > 0"),
        (wanted.has_recording, "recording_count > 0"),
    ):
        if has is not None:
            where.add(test if has else f"NOT {test}")
    _add_text(client, where, (wanted.text or "").strip())
    return where


def _add_text(client: Client, where: Conditions, text: str) -> None:
    """All words, however they are capitalised, in what was said; or a name of the session.

    The index knows whole words of ASCII letters; others are looked for in the text itself.
    """
    if not text:
        return
    words = _WORD.findall(text)
    plain = [word.lower() for word in words if word.isascii()]
    said: list[str] = []
    if plain and has_text_index(client):
        said.append("hasAllTokens(transcript, {words:Array(String)})")
        where.parameters["words"] = plain
    else:
        for number, word in enumerate(plain):
            said.append(f"hasTokenCaseInsensitive(transcript, {{word_{number}:String}})")
            where.parameters[f"word_{number}"] = word
    others = [word for word in words if not word.isascii()] if words else [text]
    for number, word in enumerate(others):
        said.append(f"positionCaseInsensitiveUTF8(transcript, {{other_{number}:String}}) > 0")
        where.parameters[f"other_{number}"] = word
    known = "has(names, {text:String}) OR user_ref = {text:String} OR session_id = {id:String}"
    where.add(f"(({' AND '.join(said)}) OR {known})", text=text, id=_bare_id(text))


def _bare_id(text: str) -> str:
    digits = text.removeprefix("sess_").replace("-", "").lower()
    if re.fullmatch(r"[0-9a-f]{32}", digits) is None:
        return text
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
