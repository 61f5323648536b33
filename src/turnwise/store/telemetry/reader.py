"""Questions about facts: traces, sessions' facts, memberships, what has changed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Observation
from turnwise.model.query import Membership
from turnwise.store.telemetry.activity import (
    ActivityRow,
    ActivityRows,
    add_row,
    creator_of,
    fact_trace,
)
from turnwise.store.telemetry.membership import FACT_TRACE, holders_of, spans_of
from turnwise.store.telemetry.rows import COLUMNS, FACT_COLUMNS, decode_observations
from turnwise.store.telemetry.sql import MAX_DAYS, chunks, date_text, lines
from turnwise.store.telemetry.trace_facts import Said, said_of_traces


class _Fact(msgspec.Struct):
    session_id: str
    kind: str
    fact_id: str
    body: str
    version: int


class _Pair(msgspec.Struct):
    project_id: str
    session_id: str


_activity_decoder = msgspec.json.Decoder(ActivityRow)
_fact_decoder = msgspec.json.Decoder(_Fact)
_pair_decoder = msgspec.json.Decoder(_Pair)

_BY_DAYS = """
WHERE (project_id, day, trace_id) IN {keys:Array(Tuple(String, Date, String))}
ORDER BY trace_id, span_id, version DESC LIMIT 1 BY trace_id, span_id
"""
_BY_RANGE = """
WHERE project_id = {project:String} AND trace_id = {trace:String}
AND day BETWEEN {first:Date} AND {last:Date}
ORDER BY trace_id, span_id, version DESC LIMIT 1 BY trace_id, span_id
"""

# Rows of one key that the engine has not merged yet are joined here: that costs it less than half
# of what a GROUP BY does.
_ACTIVITY = """
SELECT project_id, trace_id, session_id, rank,
    toUInt16(activity.first_day) AS first_day, toUInt16(activity.last_day) AS last_day,
    last_version, last_arrival_ns, first_seen
FROM trace_activity AS activity WHERE {condition}
"""

_OF_TRACES = _ACTIVITY.replace(
    "{condition}", "project_id = {project:String} AND trace_id IN {traces:Array(String)}"
)

_OF_SESSIONS = _ACTIVITY.replace(
    "{condition}",
    """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM trace_activity
    WHERE project_id IN {projects:Array(String)} AND session_id IN {sessions:Array(String)})""",
)

_CHANGED = _ACTIVITY.replace(
    "{condition}",
    """(project_id, trace_id) IN (
    SELECT project_id, trace_id FROM trace_activity
    WHERE last_version > {since:UInt64} AND last_version <= {until:UInt64})""",
)

_ALL_SESSIONS = """
SELECT DISTINCT project_id, session_id FROM (
    SELECT project_id, session_id, min(rank) AS named_with,
        min(named_with) OVER (PARTITION BY project_id, trace_id) AS best
    FROM trace_activity GROUP BY project_id, trace_id, session_id)
WHERE named_with = best
ORDER BY project_id, session_id
"""

_FACTS = """
SELECT session_id, kind, fact_id, body, version FROM session_facts FINAL
WHERE project_id = {project:String} AND session_id IN {sessions:Array(String)}
ORDER BY session_id, kind, fact_id
"""

_WAITING = """
SELECT project_id, argMax(session_facts.session_id, version) AS session_id
FROM session_facts FINAL WHERE kind = 'recording'
GROUP BY project_id, fact_id
HAVING max(JSONHas(body, 'source_url') OR JSONHas(body, 'linked_uri'))
    AND NOT max(JSONHas(body, 'storage_uri') OR JSONHas(body, 'copy_error')
        OR JSONExtractString(body, 'status') = 'failed')
ORDER BY max(version) DESC
LIMIT {limit:UInt32}
"""

_NEWEST = "SELECT max(last_version) FROM trace_activity"


@dataclass(slots=True)
class TraceActivity:
    """What is known of a trace without its observations."""

    lines: list[ActivityRow] = field(default_factory=list)
    winners: list[SessionId] = field(default_factory=list)

    @property
    def ranks(self) -> dict[SessionId, int]:
        """Every session that is named, and how well."""
        return {SessionId(line.session_id): line.rank for line in self.lines}

    def share_of(self, session_id: SessionId) -> list[ActivityRow]:
        """What counts for a session: all but what names another winner."""
        others = set(self.winners) - {session_id}
        return [line for line in self.lines if line.session_id not in others]


Activity = dict[tuple[ProjectId, str], TraceActivity]

_TOLD = ("trace_name", "user_ref", "environment", "release", "app_version")
"""What an observation takes over from its trace where it says nothing itself."""


def trace(
    client: Client, project_id: ProjectId, trace_id: str, session_id: SessionId | None
) -> list[Observation]:
    """A trace, or a session's part of it, by start, then span id."""
    activity = _activity(client, _OF_TRACES, {"project": project_id, "traces": [trace_id]})
    spans: list[Observation] = []
    for one in activity.values():
        spans = _spans(client, activity, COLUMNS)[project_id, trace_id]
        if session_id is not None:
            spans = spans_of(session_id, one.winners, spans)
    return sorted(spans, key=lambda item: (item.start_ns, item.span_id))


def memberships(
    client: Client,
    project_id: ProjectId,
    trace_ids: Collection[str],
    session_ids: Collection[SessionId],
) -> Membership:
    """Where traces and facts belong, and the sessions from which a better name took them."""
    current: set[SessionId] = set()
    named: set[SessionId] = set()
    for part in chunks([*trace_ids, *map(fact_trace, session_ids)]):
        found = _activity(client, _OF_TRACES, {"project": project_id, "traces": part})
        for one in found.values():
            current.update(one.winners)
            named.update(SessionId(line.session_id) for line in one.lines)
    return Membership(frozenset(current), frozenset(named - current))


def session_facts(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> list[SessionFacts]:
    """Everything known of some sessions, contents left out, in the order asked."""
    # Activity first: what it tells of is stored, so no version is newer than the facts.
    activity = _of_sessions(client, [(project_id, session_id) for session_id in session_ids])
    wanted = set(session_ids)
    current = {key: one for key, one in activity.items() if wanted.intersection(one.winners)}
    spans = _spans(client, current, FACT_COLUMNS)
    owners = {
        SessionId(trace_id.removeprefix(FACT_TRACE))
        for _, trace_id in current
        if trace_id.startswith(FACT_TRACE)
    }
    facts = _facts(client, project_id, sorted(owners))
    by_session: dict[SessionId, Activity] = defaultdict(dict)
    for key, one in activity.items():
        for line in one.lines:
            by_session[SessionId(line.session_id)][key] = one
    return [_facts_of(project_id, each, by_session[each], spans, facts) for each in session_ids]


def _facts_of(
    project_id: ProjectId,
    session_id: SessionId,
    activity: Activity,
    spans: Mapping[tuple[ProjectId, str], list[Observation]],
    written: Mapping[SessionId, Sequence[SessionFact]],
) -> SessionFacts:
    current = {key: one for key, one in activity.items() if session_id in one.winners}
    facts = [
        fact
        for _, trace_id in current
        if trace_id.startswith(FACT_TRACE)
        for fact in written.get(SessionId(trace_id.removeprefix(FACT_TRACE)), ())
    ]
    observations = [
        span
        for key, one in current.items()
        for span in spans_of(session_id, one.winners, spans.get(key, ()))
    ]
    named = max((line.last_version for one in activity.values() for line in one.lines), default=0)
    if not observations and not facts:
        return SessionFacts(project_id=project_id, session_id=session_id, named_version=named)
    own = [line for one in current.values() for line in one.share_of(session_id)]
    return SessionFacts(
        project_id=project_id,
        session_id=session_id,
        observations=tuple(observations),
        facts=tuple(facts),
        last_arrival_ns=max(line.last_arrival_ns for line in own),
        created_by=creator_of(min(line.first_seen for line in own)),
        facts_version=max(line.last_version for line in own),
        named_version=named,
    )


def facts_version(client: Client, project_id: ProjectId, session_id: SessionId) -> int:
    """The newest version among a session's facts, 0 for none."""
    shares = _shares(client, [(project_id, session_id)])[project_id, session_id]
    return max(
        (line.last_version for one in shares.values() for line in one.share_of(session_id)),
        default=0,
    )


def activity_around(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> Activity:
    """Everything that names these sessions, and every claim to what was written under them."""
    found: Activity = {}
    for part in chunks(session_ids):
        found |= _of_sessions(client, [(project_id, each) for each in part])
        traces = [fact_trace(each) for each in part]
        found |= _activity(client, _OF_TRACES, {"project": project_id, "traces": traces})
    return found


def last_arrivals(
    client: Client, sessions: Sequence[tuple[ProjectId, SessionId]]
) -> dict[tuple[ProjectId, SessionId], int]:
    """When the newest fact of each session came in; sessions without facts are left out."""
    found = {}
    for key, shares in _shares(client, sessions).items():
        arrivals = [
            line.last_arrival_ns for one in shares.values() for line in one.share_of(key[1])
        ]
        if arrivals:
            found[key] = max(arrivals)
    return found


def successor(client: Client, project_id: ProjectId, session_id: SessionId) -> SessionId | None:
    """Where most traces of an outranked session went; None while one still belongs to it."""
    found = _of_sessions(client, [(project_id, session_id)])
    heirs: Counter[SessionId] = Counter()
    for one in found.values():
        if session_id in one.winners:
            return None
        heirs.update(one.winners)
    return min(heirs, key=lambda heir: (-heirs[heir], heir)) if heirs else None


def changed_sessions(
    client: Client, since_version: int
) -> tuple[int, list[tuple[ProjectId, SessionId]]]:
    """Sessions that a newer fact belongs to or took a trace from, and the newest version of all."""
    newest = int(str(client.command(_NEWEST)))
    if newest <= since_version:
        return newest, []
    found = _activity(client, _CHANGED, {"since": max(0, since_version), "until": newest})
    changed = {
        (project_id, SessionId(line.session_id))
        for (project_id, _), one in found.items()
        for line in one.lines
    }
    return newest, sorted(changed)


def waiting_recordings(client: Client, limit: int) -> list[tuple[ProjectId, SessionId]]:
    """Sessions with recordings that lie elsewhere and were not tried, the newest first."""
    rows = _pair_decoder.decode_lines(lines(client, _WAITING, {"limit": limit}))
    return list(
        dict.fromkeys((ProjectId(row.project_id), SessionId(row.session_id)) for row in rows)
    )


def session_ids(client: Client) -> list[tuple[ProjectId, SessionId]]:
    """Every session that some trace or fact belongs to."""
    rows = _pair_decoder.decode_lines(lines(client, _ALL_SESSIONS))
    return [(ProjectId(row.project_id), SessionId(row.session_id)) for row in rows]


def _activity(client: Client, statement: str, parameters: Mapping[str, Any]) -> Activity:
    rows: ActivityRows = {}
    for row in _activity_decoder.decode_lines(lines(client, statement, parameters)):
        add_row(rows, row)
    found: Activity = defaultdict(TraceActivity)
    for (project_id, trace_id, _), row in rows.items():
        found[project_id, trace_id].lines.append(row)
    for (_, trace_id), one in found.items():
        one.winners = holders_of(trace_id, one.ranks)
    return dict(found)


def _of_sessions(client: Client, sessions: Iterable[tuple[ProjectId, SessionId]]) -> Activity:
    wanted = list(sessions)
    parameters = {
        "projects": sorted({project_id for project_id, _ in wanted}),
        "sessions": sorted({session_id for _, session_id in wanted}),
    }
    return _activity(client, _OF_SESSIONS, parameters)


def _shares(
    client: Client, sessions: Sequence[tuple[ProjectId, SessionId]]
) -> dict[tuple[ProjectId, SessionId], Activity]:
    """The traces of each session, those from which it was outranked left out."""
    shares: dict[tuple[ProjectId, SessionId], Activity] = {key: {} for key in sessions}
    for part in chunks(list(sessions)):
        for (project_id, trace_id), one in _of_sessions(client, part).items():
            for winner in one.winners:
                if (project_id, winner) in shares:
                    shares[project_id, winner][project_id, trace_id] = one
    return shares


def _spans(
    client: Client, activity: Activity, columns: str
) -> dict[tuple[ProjectId, str], list[Observation]]:
    """The spans of traces, each in its newest version."""
    select = f"SELECT {columns} FROM observations FINAL"  # noqa: S608 - our own column names
    spans: dict[tuple[ProjectId, str], list[Observation]] = defaultdict(list)
    keys: list[tuple[str, str, str]] = []
    for (project_id, trace_id), one in activity.items():
        if trace_id.startswith(FACT_TRACE):
            continue
        first = min(line.first_day for line in one.lines)
        last = max(line.last_day for line in one.lines)
        if last - first < MAX_DAYS:
            keys += [(project_id, date_text(day), trace_id) for day in range(first, last + 1)]
            continue
        parameters = {"project": project_id, "trace": trace_id}
        days = {"first": date_text(first), "last": date_text(last)}
        answer = lines(client, select + _BY_RANGE, {**parameters, **days})
        spans[project_id, trace_id] = decode_observations(answer)
    for part in chunks(keys):
        for span in decode_observations(lines(client, select + _BY_DAYS, {"keys": part})):
            spans[span.project_id, span.trace_id].append(span)
    for key, said in said_of_traces(client, list(spans)).items():
        spans[key] = [_told(span, said, activity[key]) for span in spans[key]]
    return spans


def _told(span: Observation, said: Said, activity: TraceActivity) -> Observation:
    """The span with what it does not say itself and the trace as a whole does."""
    found: dict[str, Any] = {
        name: getattr(said, name)
        for name in _TOLD
        if getattr(span, name) is None and getattr(said, name) is not None
    }
    # With several sessions in one trace the words of spans between root and leaf go first.
    is_first = len(activity.winners) == 1 or span.parent_span_id is None
    if span.session_ref is None and said.session_ref is not None and is_first:
        found |= {"session_ref": said.session_ref, "session_rank": said.session_rank}
    return replace(span, **found) if found else span


def _facts(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> dict[SessionId, list[SessionFact]]:
    found: dict[SessionId, list[SessionFact]] = defaultdict(list)
    for part in chunks(session_ids):
        answer = lines(client, _FACTS, {"project": project_id, "sessions": part})
        for row in _fact_decoder.decode_lines(answer):
            session_id = SessionId(row.session_id)
            fact = SessionFact(
                project_id=project_id,
                session_id=session_id,
                kind=FactKind(row.kind),
                fact_id=row.fact_id,
                body=msgspec.json.decode(row.body),
                version=row.version,
            )
            found[session_id].append(fact)
    return found
