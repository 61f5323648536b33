"""The telemetry store: `TelemetryStore` of `model.ports` over ClickHouse SQL."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.diagnosis import Diagnosis, Lesson
from turnwise.model.errors import Busy
from turnwise.model.facts import SessionFact, SessionFacts
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.logs import LogRecord
from turnwise.model.observation import Observation
from turnwise.model.overview import Facets, LineQuery, SessionFilter, SessionLine, Summary
from turnwise.model.ports import Complete
from turnwise.model.query import (
    Claim,
    DiagnosisQuery,
    Estate,
    FeedbackQuery,
    Health,
    Membership,
    SessionQuery,
    SessionRange,
    Written,
)
from turnwise.model.runs import FeedbackSummary, RunFilter, RunPlace, RunQuery, RunStats
from turnwise.model.session import Session, SessionHead
from turnwise.model.trace import (
    TraceFact,
)
from turnwise.model.transcripts import CallStats, Usage, UsageQuery
from turnwise.store.telemetry import (
    derived,
    estates,
    judgements,
    log_records,
    overview,
    reader,
    run_stats,
    runs,
    schema,
    seen_events,
)
from turnwise.store.telemetry import diagnoses as findings
from turnwise.store.telemetry import health as state
from turnwise.store.telemetry import usage as consumption
from turnwise.store.telemetry.boards import Boards
from turnwise.store.telemetry.clock import VersionClock
from turnwise.store.telemetry.derived import Change, SessionWriter
from turnwise.store.telemetry.embedded import DEFAULT_MEMORY_BYTES, Embedded
from turnwise.store.telemetry.engine import (
    READ_SECONDS,
    WRITE_SETTINGS,
    Engine,
    Handles,
    Server,
)
from turnwise.store.telemetry.failures import reason_of
from turnwise.store.telemetry.group import GroupCommit, Limits
from turnwise.store.telemetry.retention import SessionAges
from turnwise.store.telemetry.stored import newest_versions
from turnwise.store.telemetry.trace_reads import TraceReads
from turnwise.store.telemetry.writer import ROW_BYTES, FactWriter, Submission, submission_weight

log = logging.getLogger(__name__)

READERS = 4
"""Threads and handles for reads: more gain nothing on the few cores that one engine gets."""


def as_sent(observation: Observation) -> Observation:
    """Completes nothing."""
    return observation


def open_telemetry(
    address: str | Path,
    *,
    complete: Complete = as_sent,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> "ClickHouseTelemetry":
    """The store at a folder, or at a URL `clickhouse(s)://user:password@host:port/database`.

    Raises:
        Misconfigured: the place cannot be used, is in use, or was made by newer code.
    """
    if isinstance(address, str) and "://" in address:
        return ClickHouseTelemetry(Server(address), complete=complete)
    return ClickHouseTelemetry(
        Embedded(Path(address), memory_bytes=memory_bytes), complete=complete
    )


class ClickHouseTelemetry(TraceReads):
    """Facts and derived sessions in ClickHouse; see `TelemetryStore` for what each method does.

    Opening brings the schema up to date. Opening and `close` block.

    Args:
        engine: where the tables are; closed with the store.
        complete: applied to every observation after merging and before storing.
        limits: of the write queue.

    Raises:
        Misconfigured: the engine is too old, or the database was made by newer code.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        complete: Complete = as_sent,
        limits: Limits | None = None,
    ):
        self.is_shared = engine.is_shared
        self._engine = engine
        try:
            self._open(complete, limits)
        except BaseException:
            engine.close()
            raise

    def _open(self, complete: Complete, limits: Limits | None) -> None:
        engine = self._engine
        with closing(engine.client(None, {})) as maker:
            self._step = schema.migrate(maker, engine)
        # Each of these belongs to one writer thread.
        self._writing = [engine.client(engine.database, WRITE_SETTINGS) for _ in range(4)]
        settings: dict[str, str | int] = {"max_execution_time": READ_SECONDS}
        self._reading = Handles(lambda: engine.client(engine.database, settings), READERS)
        self._readers = ThreadPoolExecutor(READERS, "telemetry-read")
        told, newest = newest_versions(self._writing[0])
        newest = max(newest, judgements.newest_version(self._writing[2]))
        facts = FactWriter(self._writing[0], VersionClock(newest), complete)
        if repaired := facts.repair(told):
            log.warning("%d traces were stored without their activity; repaired", repaired)
        for problem in state.problems(self._writing[0]):
            log.error("%s", problem)
        self._facts = GroupCommit(facts.commit, "telemetry-write", limits)
        sessions = SessionWriter(self._writing[1])
        self._sessions = GroupCommit(sessions.commit, "telemetry-derive", limits)
        judged = judgements.FeedbackWriter(self._writing[2], VersionClock(newest))
        found = findings.DiagnosisWriter(self._writing[3])
        self._diagnoses = GroupCommit(found.commit, "telemetry-diagnose", limits)
        self._judgements = GroupCommit(judged.commit, "telemetry-feedback", limits)
        self.boards = Boards(self._ask)
        self.ages = SessionAges(self._ask)
        self.logs = log_records.SessionLogs(self._ask)

    # Writing

    async def write(
        self,
        user_id: int,
        observations: Sequence[Observation],
        facts: Sequence[SessionFact],
        traces: Sequence[TraceFact] = (),
        logs: Sequence[LogRecord] = (),
    ) -> Written:
        rows = len(observations) + len(facts) + len(traces) + len(logs)
        if not rows:
            return Written()
        log_rows = log_records.rows_of(logs)
        work = Submission(user_id, time.time_ns(), observations, facts, traces, log_rows)
        return await asyncio.wrap_future(self._facts.submit(work, rows, submission_weight(work)))

    async def complete_again(
        self, spans: Sequence[tuple[ProjectId, str, str]], complete: Complete
    ) -> Written:
        if not spans:
            return Written()
        work = Submission(0, time.time_ns(), again=[(each, complete) for each in spans])
        job = self._facts.submit(work, len(spans), ROW_BYTES * len(spans))
        return await asyncio.wrap_future(job)

    async def claim(self, project_id: ProjectId, claims: Sequence[Claim]) -> None:
        if claims:
            work = Submission(0, time.time_ns(), claims=[(project_id, each) for each in claims])
            weight = ROW_BYTES * len(claims)
            await asyncio.wrap_future(self._facts.submit(work, len(claims), weight))

    async def seen_events(self, project_id: ProjectId, event_ids: Collection[str]) -> set[str]:
        return await self._ask(seen_events.known, project_id, event_ids) if event_ids else set()

    async def mark_seen(self, project_id: ProjectId, event_ids: Collection[str]) -> None:
        if rows := seen_events.rows_of(project_id, event_ids):
            work = Submission(0, time.time_ns(), seen_events=rows)
            weight = sum(map(len, rows))
            await asyncio.wrap_future(self._facts.submit(work, len(rows), weight))

    async def put_sessions(self, sessions: Sequence[Session]) -> None:
        if sessions:
            weight = derived.weight_of(sessions)
            work = Change(put=sessions)
            await asyncio.wrap_future(self._sessions.submit(work, len(sessions), weight))

    async def retire_sessions(
        self, project_id: ProjectId, versions: Mapping[SessionId, int]
    ) -> None:
        there = await self._ask(derived.known, project_id, versions) if versions else []
        if there:
            work = Change(retired=[(project_id, each, versions[each]) for each in there])
            await asyncio.wrap_future(self._sessions.submit(work, len(there), 100 * len(there)))
            gone = findings.Change(retired=work.retired)
            await asyncio.wrap_future(self._diagnoses.submit(gone, len(there), 100 * len(there)))

    # Facts

    async def memberships(
        self,
        project_id: ProjectId,
        trace_ids: Collection[str],
        session_ids: Collection[SessionId] = (),
    ) -> Membership:
        if not trace_ids and not session_ids:
            return Membership()
        return await self._ask(reader.memberships, project_id, trace_ids, session_ids)

    async def estates(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> dict[SessionId, Estate]:
        if not session_ids:
            return {}
        return await self._ask(estates.estates, project_id, sorted(session_ids))

    async def session_facts(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> list[SessionFacts]:
        if not session_ids:
            return []
        return await self._ask(reader.session_facts, project_id, list(session_ids))

    async def facts_version(self, project_id: ProjectId, session_id: SessionId) -> int:
        return await self._ask(reader.facts_version, project_id, session_id)

    async def trace(
        self, project_id: ProjectId, trace_id: str, session_id: SessionId | None = None
    ) -> list[Observation]:
        return await self._ask(reader.trace, project_id, trace_id, session_id)

    async def successor(self, project_id: ProjectId, session_id: SessionId) -> SessionId | None:
        return await self._ask(reader.successor, project_id, session_id)

    async def changed_sessions(
        self, since_version: int
    ) -> tuple[int, list[tuple[ProjectId, SessionId]]]:
        return await self._ask(reader.changed_sessions, since_version)

    async def silent_sessions(
        self, arrived_before_ns: int, limit: int
    ) -> list[tuple[ProjectId, SessionId]]:
        return await self._ask(_silent, arrived_before_ns, limit)

    async def waiting_recordings(self, limit: int) -> list[tuple[ProjectId, SessionId]]:
        return await self._ask(reader.waiting_recordings, limit)

    async def unheard_sessions(self, limit: int) -> list[tuple[ProjectId, SessionId]]:
        return await self._ask(derived.unheard, limit)

    async def session_ids(self) -> list[tuple[ProjectId, SessionId]]:
        return await self._ask(reader.session_ids)

    # Derived sessions

    async def session(
        self, project_ids: Sequence[ProjectId], session_id: SessionId
    ) -> Session | None:
        return await self._ask(derived.session, project_ids, session_id)

    async def session_named(self, project_ids: Sequence[ProjectId], name: str) -> Session | None:
        return await self._ask(derived.session_named, project_ids, name)

    async def sessions_named(self, project_ids: Sequence[ProjectId], name: str) -> list[Session]:
        return await self._ask(derived.sessions_named, project_ids, name)

    async def sessions(self, query: SessionQuery) -> list[SessionHead]:
        return await self._ask(derived.heads, query)

    # Runs

    async def runs(self, query: RunQuery) -> list[Observation]:
        return await self._ask(runs.runs, query)

    async def run_places(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> dict[str, RunPlace]:
        return await self._ask(runs.places, project_ids, run_ids) if run_ids else {}

    async def guessed_runs(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> list[Observation]:
        return await self._ask(runs.guessed, project_ids, run_ids) if run_ids else []

    async def forget(self, observations: Sequence[Observation]) -> None:
        if observations:
            await self._ask(runs.forget, observations)

    async def run_stats(
        self,
        project_ids: Sequence[ProjectId],
        since_ns: int | None,
        where: RunFilter | None = None,
    ) -> dict[ProjectId, RunStats]:
        return await self._ask(run_stats.by_project, project_ids, since_ns, where)

    async def matching_stats(self, query: RunQuery) -> RunStats:
        return await self._ask(run_stats.matching, query)

    async def last_run_starts(self, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        return await self._ask(runs.last_starts, project_ids)

    async def feedback_of_runs(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> dict[str, dict[str, FeedbackSummary]]:
        return await self._ask(run_stats.of_runs, project_ids, run_ids) if run_ids else {}

    async def drop_twins(self, project_id: ProjectId, starts_us: Collection[int]) -> set[str]:
        return await self._ask(runs.drop_twins, project_id, starts_us) if starts_us else set()

    async def erase_project(self, project_id: ProjectId) -> None:
        await self._ask(runs.erase, project_id)

    # Diagnoses

    async def put_diagnoses(self, diagnoses: Sequence[Diagnosis]) -> None:
        if diagnoses:
            work = findings.Change(put=diagnoses)
            job = self._diagnoses.submit(work, len(diagnoses), findings.weight_of(diagnoses))
            await asyncio.wrap_future(job)

    async def diagnosis(self, project_id: ProjectId, session_id: SessionId) -> Diagnosis | None:
        return await self._ask(findings.of_session, project_id, session_id)

    async def diagnoses(self, query: DiagnosisQuery) -> list[Diagnosis]:
        return await self._ask(findings.find, query)

    async def lessons(self, project_id: ProjectId, agent: str | None, limit: int) -> list[Lesson]:
        return await self._ask(findings.lessons, project_id, agent, limit)

    # Judgements

    async def put_feedback(self, feedback: Sequence[Feedback]) -> None:
        await self._change_feedback([(each, False) for each in feedback])

    async def delete_feedback(self, project_ids: Sequence[ProjectId], feedback_id: str) -> bool:
        found = await self._ask(judgements.of_id, project_ids, feedback_id)
        await self._change_feedback([(each, True) for each in found])
        return bool(found)

    async def feedback(self, query: FeedbackQuery) -> list[Feedback]:
        return await self._ask(judgements.find, query)

    async def _change_feedback(self, changes: Sequence[judgements.Change]) -> None:
        if changes:
            job = self._judgements.submit(changes, len(changes), ROW_BYTES * len(changes))
            await asyncio.wrap_future(job)

    # Transcripts and totals

    async def usage(self, query: UsageQuery) -> Usage:
        return await self._ask(consumption.usage, query)

    async def call_stats(self, query: UsageQuery) -> CallStats:
        return await self._ask(consumption.call_stats, query)

    async def reports(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> dict[SessionId, dict[str, Any]]:
        return await self._ask(consumption.reports, project_id, list(session_ids))

    async def live_sessions(self, project_id: ProjectId, agent: str) -> int:
        return await self._ask(consumption.live, project_id, agent)

    async def sessions_in(
        self, wanted: SessionRange, after: tuple[int, SessionId] | None, limit: int
    ) -> list[Session]:
        return await self._ask(derived.sessions_in, wanted, after, limit)

    # Many sessions at a glance

    async def session_lines(self, query: LineQuery) -> list[SessionLine]:
        return await self._ask(overview.session_lines, query)

    async def summary(self, wanted: SessionFilter, before_ns: int, step_ns: int) -> Summary:
        return await self._ask(overview.summary, wanted, before_ns, step_ns)

    async def count(self, wanted: SessionFilter) -> int:
        return await self._ask(overview.count, wanted)

    async def facets(self, project_ids: tuple[ProjectId, ...]) -> Facets:
        return await self._ask(overview.facets, project_ids)

    # Itself

    async def health(self) -> Health:
        place = self._engine.problems()
        try:
            return await self._ask(state.health, self._step, place)
        except (Busy, ClickHouseError) as error:
            return Health((*place, f"The telemetry engine does not answer: {reason_of(error)}"))

    async def close(self) -> None:
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """`close` for those who have no event loop."""
        self._facts.close()
        self._sessions.close()
        self._diagnoses.close()
        self._judgements.close()
        self._readers.shutdown()
        self._reading.close()
        for client in self._writing:
            client.close()
        self._engine.close()


def _silent(client: Client, before_ns: int, limit: int) -> list[tuple[ProjectId, SessionId]]:
    candidates = derived.silent(client, before_ns, limit)
    # A session is derived a little after its facts came in; what came since breaks the silence,
    # and one that lost all its facts must not get one about its end.
    arrivals = reader.last_arrivals(client, candidates)
    return [key for key in candidates if key in arrivals and arrivals[key] < before_ns]
