"""The whole system on one page: facts are accepted, sessions are settled from them.

    accept:  batch -> normalise -> store           (durable before it returns)
    settle:  session's facts -> assemble -> store  (whenever facts have changed)
             session -> diagnose -> store

Adapters get `accept`; the worker and the reader call `settle`.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Protocol, TypeVar

from turnwise.analyse.assemble import assemble
from turnwise.app.counters import Counters
from turnwise.app.diagnosing import Diagnosing, Tuning
from turnwise.app.intake import IntakeLog
from turnwise.app.joining import Derived, Joining
from turnwise.app.pending import Pending
from turnwise.app.prices import CurrentPrices
from turnwise.model.batch import Batch, Receipt
from turnwise.model.boards import BoardStore
from turnwise.model.catalog import Catalog
from turnwise.model.facts import SessionFacts
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND, NS_PER_US, now_ns
from turnwise.model.logs import LogReader
from turnwise.model.observation import Observation
from turnwise.model.overview import OverviewStore
from turnwise.model.ports import (
    DiagnosisStore,
    EventLedger,
    FeedbackStore,
    RunStore,
    TelemetryStore,
)
from turnwise.model.query import Written
from turnwise.model.retention import RetentionStore
from turnwise.model.session import Session
from turnwise.model.trace import TraceReader
from turnwise.normalise import (
    is_langsmith,
    normalise_logs,
    normalise_runs,
    normalise_spans,
    published_traces,
)

Raw = TypeVar("Raw")
Made = TypeVar("Made")

# Below this many records a hop to a worker thread costs more than it frees.
_RECORDS_WORTH_A_THREAD = 32
NS_PER_YEAR = 366 * 86_400 * NS_PER_SECOND


class FactStore(
    TelemetryStore,
    RunStore,
    FeedbackStore,
    EventLedger,
    DiagnosisStore,
    TraceReader,
    OverviewStore,
    Protocol,
):
    """The telemetry store in all its parts."""

    @property
    def boards(self) -> BoardStore:
        """Its counts over many sessions."""
        ...

    @property
    def logs(self) -> LogReader:
        """Its answers about log records."""
        ...

    @property
    def ages(self) -> RetentionStore:
        """Its answers about what came in lately and what is old."""
        ...


async def _made(
    make: Callable[[ProjectId, Sequence[Raw]], Made], project_id: ProjectId, raw: Sequence[Raw]
) -> Made:
    if len(raw) < _RECORDS_WORTH_A_THREAD:
        return make(project_id, raw)
    return await asyncio.to_thread(make, project_id, raw)


# A leg, its parent, the session of both: what is claimed is at most a few steps away.
_ROUNDS = 6


@dataclass(slots=True)
class Flow:
    """The verbs of the server.

    Attributes:
        prices: those of observations and sessions, as they are right now; the catalog's, unless
            others that read the same are given.
        pending: what was written and not settled yet.
        tuning: the operator's limits of the diagnosis.
        diagnosing: looks at every session that was derived.
        intake: what came in since the start.
        met: agents that the catalog already knows, so that it is asked once for each.
    """

    store: FactStore
    catalog: Catalog
    pending: Pending
    counters: Counters = field(default_factory=Counters)
    given_prices: InitVar[CurrentPrices | None] = None
    prices: CurrentPrices = field(init=False)
    met: set[tuple[ProjectId, str]] = field(default_factory=set)
    tuning: Tuning = field(default_factory=Tuning)
    intake: IntakeLog = field(default_factory=IntakeLog)
    joining: Joining = field(init=False)
    diagnosing: Diagnosing = field(init=False)

    def __post_init__(self, given_prices: CurrentPrices | None) -> None:
        self.joining = Joining(self.store)
        self.prices = given_prices or CurrentPrices(self.catalog)
        self.diagnosing = Diagnosing(self.store, self.tuning, is_shared=self.store.is_shared)

    async def accept(self, batch: Batch) -> Receipt:
        """Normalise and store a batch; return when it is durable.

        Raises:
            Busy: nothing of it is promised; send it again.
        """
        project_id = batch.project_id
        observations, unreadable = await _made(normalise_spans, project_id, batch.spans)
        pieces, unplaced = normalise_runs(project_id, batch.runs)
        logs, unkept, dropped = await _made(normalise_logs, project_id, batch.logs)
        unreadable += [*unplaced, *unkept]
        written = await self.store.write(
            batch.user_id,
            [*batch.observations, *observations, *pieces],
            batch.facts,
            [*batch.traces, *published_traces(project_id, batch.spans, observations)],
            logs,
        )
        self.pending.mark(written)
        await self._drop_twins(batch, pieces)
        await self.store.forget(batch.moved)
        gone = frozenset((each.project_id, each.trace_id) for each in batch.moved)
        self.pending.mark(Written(traces=gone))
        receipt = Receipt(
            stored=written.stored,
            rejected=(*batch.rejected, *unreadable, *written.rejected),
            dropped=dropped,
        )
        self.counters.receipt(receipt)
        self.intake.note(batch, [*batch.observations, *observations, *pieces], receipt)
        return receipt

    async def _drop_twins(self, batch: Batch, runs: Sequence[Observation]) -> None:
        """Keep one of each run that came twice, as a run and as a span; whichever was first."""
        starts = [span.start_ns + NS_PER_US // 2 for span in batch.spans if is_langsmith(span)]
        starts += [run.start_ns for run in runs]
        instants = {each // NS_PER_US for each in starts if 0 < each < now_ns() + NS_PER_YEAR}
        gone = await self.store.drop_twins(batch.project_id, instants)
        traces = frozenset((batch.project_id, trace_id) for trace_id in gone)
        self.pending.mark(Written(traces=traces))

    async def accept_settled(self, batch: Batch) -> Receipt:
        """The same, and its session facts are derived on return.

        Raises:
            Busy: as `accept`.
        """
        receipt = await self.accept(batch)
        await self.settle(batch.project_id, {fact.session_id for fact in batch.facts})
        return receipt

    async def settle(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> list[Session]:
        """Derive sessions from their facts and keep them; those without facts disappear.

        What others have told of the same call joins them, so that sessions may be settled that
        were not asked for.
        """
        settled: dict[SessionId, Derived] = {}
        changed: Collection[SessionId] = session_ids
        for _ in range(_ROUNDS):
            facts = await self.store.session_facts(project_id, changed)
            derived = [
                (each, await asyncio.to_thread(self._derive, each) if each.facts_version else None)
                for each in facts
            ]
            settled.update((pair[0].session_id, pair) for pair in derived)
            changed = await self.joining.join(project_id, derived)
            if not changed:
                break
        return await self._keep(project_id, list(settled.values()))

    def _derive(self, facts: SessionFacts) -> Session | None:
        session = assemble(facts)
        return None if session is None else self.prices.complete_session(session)

    async def _keep(self, project_id: ProjectId, derived: Sequence[Derived]) -> list[Session]:
        sessions = [session for _, session in derived if session is not None]
        await self._meet_agents(project_id, {session.agent for session in sessions})
        await self.store.put_sessions(sessions)
        gone = {each.session_id: each.named_version for each, session in derived if not session}
        await self.store.retire_sessions(project_id, gone)
        await self.diagnosing.forget(project_id, gone)
        await self.diagnosing.settled(sessions)
        self.counters.settled.inc(len(sessions))
        return sessions

    async def _meet_agents(self, project_id: ProjectId, slugs: set[str]) -> None:
        new = {slug for slug in slugs if (project_id, slug) not in self.met}
        if new:
            await asyncio.to_thread(self.catalog.agents_met, project_id, new)
            self.met.update((project_id, slug) for slug in new)
