"""Questions about facts: traces, sessions' facts, memberships, what has changed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Observation
from turnwise.model.ports import Membership
from turnwise.store.telemetry.activity import creator_of, fact_trace
from turnwise.store.telemetry.membership import FACT_TRACE, spans_of, winners_of
from turnwise.store.telemetry.rows import COLUMNS, FACT_COLUMNS, decode_observations
from turnwise.store.telemetry.sql import chunks, date_text, lines


class _Line(msgspec.Struct):
    project_id: str
    trace_id: str
    session_id: str
    rank: int
    first_day: int
    last_day: int
    last_version: int
    last_arrival_ns: int
    first_seen: str


class _Fact(msgspec.Struct):
    kind: str
    fact_id: str
    body: str
    version: int


class _Pair(msgspec.Struct):
    project_id: str
    session_id: str


_line_decoder = msgspec.json.Decoder(_Line)
_fact_decoder = msgspec.json.Decoder(_Fact)
_pair_decoder = msgspec.json.Decoder(_Pair)

# The days bound the primary key; without them every month's index would be asked.
_TRACE = """
SELECT {columns} FROM observations FINAL
WHERE project_id = {project:String} AND trace_id = {trace:String}
AND day >= (SELECT min(first_day) FROM trace_activity
    WHERE project_id = {project:String} AND trace_id = {trace:String})
AND day <= (SELECT max(last_day) FROM trace_activity
    WHERE project_id = {project:String} AND trace_id = {trace:String})
ORDER BY span_id, version DESC LIMIT 1 BY span_id
""".replace("{columns}", COLUMNS)

_SPANS = """
SELECT {columns} FROM observations FINAL
WHERE project_id = {project:String} AND day BETWEEN {first:Date} AND {last:Date}
AND trace_id IN {traces:Array(String)}
ORDER BY trace_id, span_id, version DESC LIMIT 1 BY trace_id, span_id
""".replace("{columns}", FACT_COLUMNS)

_ACTIVITY = """
SELECT project_id, trace_id, session_id, min(rank) AS rank,
    toUInt16(min(first_day)) AS first_day, toUInt16(max(last_day)) AS last_day,
    max(last_version) AS last_version, max(last_arrival_ns) AS last_arrival_ns,
    min(first_seen) AS first_seen
FROM trace_activity AS activity WHERE {condition}
GROUP BY project_id, trace_id, session_id
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
SELECT kind, fact_id, body, version FROM session_facts FINAL
WHERE project_id = {project:String} AND session_id = {session:String}
ORDER BY kind, fact_id
"""


@dataclass(slots=True)
class TraceActivity:
    """What is known of a trace without its observations."""

    lines: list[_Line] = field(default_factory=list)
    winners: list[SessionId] = field(default_factory=list)

    def share_of(self, session_id: SessionId) -> list[_Line]:
        """What counts for a session: all but what names another winner."""
        others = set(self.winners) - {session_id}
        return [line for line in self.lines if line.session_id not in others]


Activity = dict[tuple[ProjectId, str], TraceActivity]


def trace(client: Client, project_id: ProjectId, trace_id: str) -> list[Observation]:
    """A whole trace by start, then span id."""
    answer = lines(client, _TRACE, {"project": project_id, "trace": trace_id})
    return sorted(decode_observations(answer), key=lambda item: (item.start_ns, item.span_id))


def memberships(client: Client, project_id: ProjectId, trace_ids: Collection[str]) -> Membership:
    """The sessions to which these traces belong, and those from which a better name took them."""
    current: set[SessionId] = set()
    named: set[SessionId] = set()
    for part in chunks(list(trace_ids)):
        found = _activity(client, _OF_TRACES, {"project": project_id, "traces": part})
        for one in found.values():
            current.update(one.winners)
            named.update(SessionId(line.session_id) for line in one.lines)
    return Membership(frozenset(current), frozenset(named - current))


def session_facts(client: Client, project_id: ProjectId, session_id: SessionId) -> SessionFacts:
    """Everything known of a session, contents left out."""
    # Activity first: what it tells of is stored, so the version is never newer than the facts.
    shares = _shares(client, [(project_id, session_id)])[project_id, session_id]
    traces = {trace_id: one for (_, trace_id), one in shares.items() if not _is_of_facts(trace_id)}
    own = [line for one in shares.values() for line in one.share_of(session_id)]
    facts: list[SessionFact] = []
    if (project_id, fact_trace(session_id)) in shares:
        facts = _facts(client, project_id, session_id)
    observations = _observations(client, project_id, session_id, traces)
    if not observations and not facts:
        return SessionFacts(project_id=project_id, session_id=session_id)
    return SessionFacts(
        project_id=project_id,
        session_id=session_id,
        observations=tuple(observations),
        facts=tuple(facts),
        last_arrival_ns=max(line.last_arrival_ns for line in own),
        created_by=creator_of(min(line.first_seen for line in own)),
        facts_version=max(line.last_version for line in own),
    )


def facts_version(client: Client, project_id: ProjectId, session_id: SessionId) -> int:
    """The newest version among a session's facts, 0 for none."""
    shares = _shares(client, [(project_id, session_id)])[project_id, session_id]
    return max(
        (line.last_version for one in shares.values() for line in one.share_of(session_id)),
        default=0,
    )


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
    client: Client, since_version: int, until_version: int
) -> tuple[int, list[tuple[ProjectId, SessionId]]]:
    """Sessions that a fact of these versions belongs to or was taken from."""
    found = _activity(client, _CHANGED, {"since": since_version, "until": until_version})
    newest = since_version
    changed: set[tuple[ProjectId, SessionId]] = set()
    for (project_id, _), one in found.items():
        for line in one.lines:
            changed.add((project_id, SessionId(line.session_id)))
            if line.last_version <= until_version:
                newest = max(newest, line.last_version)
    return newest, sorted(changed)


def session_ids(client: Client) -> list[tuple[ProjectId, SessionId]]:
    """Every session that some trace or fact belongs to."""
    rows = _pair_decoder.decode_lines(lines(client, _ALL_SESSIONS))
    return [(ProjectId(row.project_id), SessionId(row.session_id)) for row in rows]


def _is_of_facts(trace_id: str) -> bool:
    return trace_id.startswith(FACT_TRACE)


def _activity(client: Client, statement: str, parameters: Mapping[str, Any]) -> Activity:
    found: Activity = defaultdict(TraceActivity)
    for line in _line_decoder.decode_lines(lines(client, statement, parameters)):
        found[ProjectId(line.project_id), line.trace_id].lines.append(line)
    for one in found.values():
        one.winners = winners_of({SessionId(line.session_id): line.rank for line in one.lines})
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


def _observations(
    client: Client,
    project_id: ProjectId,
    session_id: SessionId,
    traces: Mapping[str, TraceActivity],
) -> list[Observation]:
    spans: dict[str, list[Observation]] = defaultdict(list)
    for part in chunks(sorted(traces)):
        days = [line for trace_id in part for line in traces[trace_id].lines]
        parameters = {
            "project": project_id,
            "first": date_text(min(line.first_day for line in days)),
            "last": date_text(max(line.last_day for line in days)),
            "traces": part,
        }
        for item in decode_observations(lines(client, _SPANS, parameters)):
            spans[item.trace_id].append(item)
    return [
        span
        for trace_id, found in spans.items()
        for span in spans_of(session_id, traces[trace_id].winners, found)
    ]


def _facts(client: Client, project_id: ProjectId, session_id: SessionId) -> list[SessionFact]:
    answer = lines(client, _FACTS, {"project": project_id, "session": session_id})
    return [
        SessionFact(
            project_id=project_id,
            session_id=session_id,
            kind=FactKind(row.kind),
            fact_id=row.fact_id,
            body=msgspec.json.decode(row.body),
            version=row.version,
        )
        for row in _fact_decoder.decode_lines(answer)
    ]
