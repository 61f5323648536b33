"""Facts into the tables: one group of many callers' records at a time, in one thread."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.batch import Rejected
from turnwise.model.facts import SessionFact
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.observation import Observation
from turnwise.model.ports import Complete
from turnwise.model.query import Claim, Written
from turnwise.model.trace import TraceFact
from turnwise.store.telemetry.activity import (
    NOBODY,
    ActivityRow,
    ActivityRows,
    add_row,
    fact_rank,
    fact_trace,
    first_seen,
    stored_rank,
)
from turnwise.store.telemetry.clock import VersionClock
from turnwise.store.telemetry.failures import (
    EngineError,
    as_busy,
    insert_divided,
    reason_of,
)
from turnwise.store.telemetry.group import Job
from turnwise.store.telemetry.membership import OWN_RANK
from turnwise.store.telemetry.merge import merge_bodies, merge_observations
from turnwise.store.telemetry.rows import (
    NS_PER_DAY,
    day_number,
    encode_observation,
    encode_tombstone,
)
from turnwise.store.telemetry.sql import is_text
from turnwise.store.telemetry.stored import (
    FactKey,
    SpanKey,
    stored_bodies,
    stored_observations,
    untold_activity,
)
from turnwise.store.telemetry.trace_facts import (
    TraceKey,
    encode_trace,
    merge_traces,
    stored_traces,
    weight_of,
)

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

ROW_BYTES = 600
"""About what a row takes beside its texts."""

_UNFIT = (TypeError, ValueError, ArithmeticError, AttributeError)
"""What a record raises that does not keep to the model's types."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One call of `write`, `claim` or `complete_again`."""

    user_id: int
    arrival_ns: int
    observations: Sequence[Observation] = ()
    facts: Sequence[SessionFact] = ()
    traces: Sequence[TraceFact] = ()
    logs: Sequence[bytes] = ()
    """Rows of log_records."""
    claims: Sequence[tuple[ProjectId, Claim]] = ()
    again: Sequence[tuple[SpanKey, Complete]] = ()
    seen_events: Sequence[bytes] = ()
    """Rows of that table."""


@dataclass(slots=True)
class _Record:
    """What a group holds of one key, and which submissions have a share in it."""

    key: SpanKey | FactKey | TraceKey
    user_id: int
    arrival_ns: int
    line: bytes = b""
    activity: ActivityRow | None = None
    owners: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Span(_Record):
    """Without updates what is stored is to be completed again, by `complete`."""

    updates: list[Observation] = field(default_factory=list)
    complete: Complete | None = None


@dataclass(slots=True)
class _Fact(_Record):
    bodies: list[SessionFact] = field(default_factory=list)


@dataclass(slots=True)
class _Trace(_Record):
    updates: list[TraceFact] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """A group on its way into the tables."""

    spans: dict[SpanKey, _Span] = field(default_factory=dict)
    facts: dict[FactKey, _Fact] = field(default_factory=dict)
    traces: dict[TraceKey, _Trace] = field(default_factory=dict)
    refused: list[tuple[_Record, str]] = field(default_factory=list)
    tombstones: list[bytes] = field(default_factory=list)
    claims: list[tuple[ProjectId, Claim, int]] = field(default_factory=list)
    seen_events: list[bytes] = field(default_factory=list)
    logs: list[bytes] = field(default_factory=list)


class FactWriter:
    """Commits groups of submissions. Not thread-safe: it belongs to the one writer thread.

    Observations and facts go in before their activity rows, so that a reader that sees the
    activity also sees what it tells of. Activity that could not be written after its facts were is
    owed, and goes in with the next group (and `repair` finds what a crash left).

    Args:
        client: the writer's own handle.
        complete: applied to every observation before it is stored.
    """

    def __init__(self, client: Client, clock: VersionClock, complete: Complete):
        self._client = client
        self._clock = clock
        self._complete = complete
        self._owed: ActivityRows = {}
        # Names repeat from span to span, and a UUID of a name costs a hash.
        self._sessions: dict[tuple[ProjectId, str], SessionId] = {}

    def commit(self, jobs: Sequence[Job[Submission, Written]]) -> None:
        """Store a group and settle each job's future, with Busy when the engine fails."""
        try:
            group = _gather([job.work for job in jobs])
            self._store(group)
        except (EngineError, ClickHouseError, OSError) as error:
            log.warning("group of %d requests not stored: %s", len(jobs), reason_of(error))
            for job in jobs:
                job.done.set_exception(as_busy(error))
            return
        refused: dict[int, list[tuple[_Record, str]]] = {}
        for record, reason in group.refused:
            for owner in set(record.owners):
                refused.setdefault(owner, []).append((record, reason))
        for index, job in enumerate(jobs):
            job.done.set_result(_written(index, job.work, refused.get(index, [])))

    def _store(self, group: _Group) -> None:
        # First, so that debts cannot grow while the engine is down.
        self._pay()
        version = self._clock.next()
        self._make_spans(group, version)
        self._make_facts(group, version)
        self._make_traces(group, version)
        self._insert("observations", group.spans.values(), group)
        self._insert("session_facts", group.facts.values(), group)
        self._insert("traces", group.traces.values(), group)
        for project_id, claim, arrival_ns in group.claims:
            add_row(self._owed, _claimed(project_id, claim, arrival_ns // NS_PER_DAY, version))
        self._pay()
        for table, rows in (("seen_events", group.seen_events), ("log_records", group.logs)):
            if rows:
                self._insert_lines(table, rows)
        # Only now is the row under the new day there for sure.
        if group.tombstones:
            self._insert_lines("observations", group.tombstones)

    def _pay(self) -> None:
        if self._owed:
            self._insert_lines("trace_activity", map(_encoder.encode, self._owed.values()))
            self._owed = {}

    def repair(self, told: int) -> int:
        """Write the activity of facts newer than `told`; returns how many rows were missing."""
        missing = untold_activity(self._client, told)
        for row in missing:
            if not row.session_id:
                row.session_id = self._named(ProjectId(row.project_id), row.trace_id)
                row.rank = OWN_RANK
            add_row(self._owed, row)
        self._pay()
        return len(missing)

    # Spans

    def _make_spans(self, group: _Group, version: int) -> None:
        partial = [
            key
            for key, span in group.spans.items()
            if (not span.updates or span.updates[0].stamps is not None) and is_text(key)
        ]
        stored = stored_observations(self._client, partial) if partial else {}
        for key, span in group.spans.items():
            try:
                self._make_span(group, span, stored.get(key), version)
            except _UNFIT as error:
                group.refused.append((span, _unfit(error)))

    def _make_span(
        self, group: _Group, span: _Span, stored: Observation | None, version: int
    ) -> None:
        if not span.updates:
            self._complete_again(span, stored, version)
            return
        observation = stored
        for update in span.updates:
            if update.stamps is None:
                observation = update
            else:
                observation = merge_observations(observation, update)
        assert observation is not None
        observation = self._completed(observation)
        self._put_line(span, observation, version)
        day = observation.start_ns // NS_PER_DAY
        if stored is not None and (old := day_number(stored.start_ns)) != day:
            group.tombstones.append(encode_tombstone(stored, old, version))

    def _complete_again(self, span: _Span, stored: Observation | None, version: int) -> None:
        """Nobody has sent anything: it is no arrival, and what stays as it was is not written."""
        if stored is None or span.complete is None:
            return
        done = span.complete(stored)
        if done == stored:
            return
        self._put_line(span, done, version)
        assert span.activity is not None
        span.activity.last_arrival_ns, span.activity.first_seen = 0, NOBODY

    def _put_line(self, span: _Span, observation: Observation, version: int) -> None:
        session_id = self._session(observation)
        span.line = encode_observation(observation, session_id or "", version)
        day = observation.start_ns // NS_PER_DAY
        span.activity = ActivityRow(
            project_id=observation.project_id,
            trace_id=observation.trace_id,
            session_id=session_id or self._named(observation.project_id, observation.trace_id),
            rank=stored_rank(observation.session_rank) if session_id else OWN_RANK,
            first_day=day,
            last_day=day,
            last_version=version,
            last_arrival_ns=span.arrival_ns,
            first_seen=first_seen(span.arrival_ns, span.user_id),
        )

    def _completed(self, observation: Observation) -> Observation:
        try:
            return self._complete(observation)
        except Exception:
            log.exception("observation stored without what is derived from it")
            return observation

    def _session(self, observation: Observation) -> SessionId | None:
        if observation.session_ref is None:
            return None
        return self._named(observation.project_id, observation.session_ref)

    def _named(self, project_id: ProjectId, text: str) -> SessionId:
        found = self._sessions.get((project_id, text))
        if found is None:
            if len(self._sessions) >= 20_000:
                self._sessions.clear()
            found = self._sessions[project_id, text] = session_id_of(project_id, text)
        return found

    # Session facts

    def _make_facts(self, group: _Group, version: int) -> None:
        if not group.facts:
            return
        stored = stored_bodies(self._client, [key for key in group.facts if is_text(key)])
        for key, fact in group.facts.items():
            body = stored.get(key, {})
            for update in fact.bodies:
                body = merge_bodies(body, update.body)
            project_id, session_id, kind, fact_id = key
            try:
                fact.line = _encoder.encode(
                    {
                        "project_id": project_id,
                        "session_id": session_id,
                        "kind": kind,
                        "fact_id": fact_id,
                        "version": version,
                        "body": _encoder.encode(body).decode(),
                    }
                )
            except _UNFIT as error:
                group.refused.append((fact, _unfit(error)))
                continue
            day = fact.arrival_ns // NS_PER_DAY
            fact.activity = ActivityRow(
                project_id=project_id,
                trace_id=fact_trace(session_id),
                session_id=session_id,
                rank=fact_rank(kind),
                first_day=day,
                last_day=day,
                last_version=version,
                last_arrival_ns=fact.arrival_ns,
                first_seen=first_seen(fact.arrival_ns, fact.user_id),
            )

    # Traces as wholes

    def _make_traces(self, group: _Group, version: int) -> None:
        if not group.traces:
            return
        stored = stored_traces(self._client, [key for key in group.traces if is_text(key)])
        for key, trace in group.traces.items():
            try:
                fact = stored.get(key)
                for update in trace.updates:
                    fact = merge_traces(fact, update)
                assert fact is not None
                self._make_trace(trace, fact, version)
            except _UNFIT as error:
                group.refused.append((trace, _unfit(error)))

    def _make_trace(self, trace: _Trace, fact: TraceFact, version: int) -> None:
        project_id, trace_id = fact.project_id, fact.trace_id
        session_id = None
        if fact.session_ref is not None:
            session_id = self._named(project_id, fact.session_ref)
        day = day_number(fact.seen_ns if fact.at_ns is None else fact.at_ns)
        trace.line = encode_trace(fact, session_id or "", version)
        trace.activity = ActivityRow(
            project_id=project_id,
            trace_id=trace_id,
            session_id=session_id or self._named(project_id, trace_id),
            rank=stored_rank(fact.session_rank) if session_id else OWN_RANK,
            first_day=day,
            last_day=day,
            last_version=version,
            last_arrival_ns=trace.arrival_ns,
            first_seen=first_seen(trace.arrival_ns, trace.user_id),
        )

    # Inserts

    def _insert(self, table: str, records: Iterable[_Record], group: _Group) -> None:
        """Insert what has a line, and owe the activity of all that may be stored after it."""
        ready = [record for record in records if record.line]
        lost: set[int] = set()
        try:
            refused = insert_divided(
                lambda part: self._insert_lines(table, (record.line for record in part)), ready
            )
            group.refused += refused
            lost = {id(record) for record, _ in refused}
        finally:
            for record in ready:
                if record.activity is not None and id(record) not in lost:
                    add_row(self._owed, record.activity)

    def _insert_lines(self, table: str, lines: Iterable[bytes]) -> None:
        self._client.raw_insert(table, insert_block=b"\n".join(lines), fmt="JSONEachRow")


def _claimed(project_id: ProjectId, claim: Claim, day: int, version: int) -> ActivityRow:
    """A claim is no arrival and has no sender: it breaks no silence and makes no creator."""
    return ActivityRow(
        project_id=project_id,
        trace_id=fact_trace(claim.facts_of),
        session_id=claim.session_id,
        rank=claim.rank,
        first_day=day,
        last_day=day,
        last_version=version,
        last_arrival_ns=0,
        first_seen=NOBODY,
    )


def _unfit(error: Exception) -> str:
    return str(error) if type(error) is ValueError else f"cannot be stored: {type(error).__name__}"


def _gather(works: Sequence[Submission]) -> _Group:
    """The group's records by key, each with everything that was sent for it, oldest first."""
    group = _Group()
    for index, work in enumerate(works):
        for update in work.observations:
            key = (update.project_id, update.trace_id, update.span_id)
            span = group.spans.get(key)
            if span is None:
                span = group.spans[key] = _Span(key, work.user_id, work.arrival_ns)
            if update.stamps is None:
                span.updates = [update]
            else:
                span.updates.append(update)
            span.owners.append(index)
        for fact in work.facts:
            name = (fact.project_id, fact.session_id, fact.kind, fact.fact_id)
            known = group.facts.get(name)
            if known is None:
                known = group.facts[name] = _Fact(name, work.user_id, work.arrival_ns)
            known.bodies.append(fact)
            known.owners.append(index)
        for said in work.traces:
            place = (said.project_id, said.trace_id)
            trace = group.traces.get(place)
            if trace is None:
                trace = group.traces[place] = _Trace(place, work.user_id, work.arrival_ns)
            trace.updates.append(said)
            trace.owners.append(index)
        group.claims += [(*each, work.arrival_ns) for each in work.claims]
        group.seen_events += work.seen_events
        group.logs += work.logs
    _gather_again(group, works)
    return group


def _gather_again(group: _Group, works: Sequence[Submission]) -> None:
    """Comes last: what is updated in this group is completed anyhow, and keeps its sender."""
    for index, work in enumerate(works):
        for key, complete in work.again:
            if key not in group.spans:
                group.spans[key] = _Span(key, work.user_id, work.arrival_ns, complete=complete)
            group.spans[key].owners.append(index)


def _written(index: int, work: Submission, refused: list[tuple[_Record, str]]) -> Written:
    lost = sum(record.owners.count(index) for record, _ in refused)
    bad = {record.key for record, _ in refused}
    return Written(
        stored=len(work.observations) + len(work.facts) + len(work.traces) + len(work.logs) - lost,
        rejected=tuple(
            Rejected(record.key[-1] or record.key[1], reason) for record, reason in refused
        ),
        traces=frozenset(
            (item.project_id, item.trace_id)
            for item in work.observations
            if not bad or (item.project_id, item.trace_id, item.span_id) not in bad
        )
        | frozenset(
            (item.project_id, item.trace_id)
            for item in work.traces
            if not bad or (item.project_id, item.trace_id) not in bad
        ),
        sessions=frozenset(
            (item.project_id, item.session_id)
            for item in work.facts
            if not bad or (item.project_id, item.session_id, item.kind, item.fact_id) not in bad
        ),
    )


def submission_weight(work: Submission) -> int:
    """About how many bytes the rows will take."""
    return (
        sum(
            ROW_BYTES + len(item.input or "") + len(item.output or "") + len(item.metadata or "")
            for item in work.observations
        )
        + sum(ROW_BYTES + len(str(fact.body)) for fact in work.facts)
        + weight_of(work.traces)
        + sum(map(len, work.logs))
    )
