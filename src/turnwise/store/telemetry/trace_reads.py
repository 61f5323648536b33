"""Questions about traces and observations across sessions."""

from typing import Any

from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.model.trace import (
    DayUsage,
    MetricsQuery,
    NamedSession,
    ObservationQuery,
    Peers,
    ScoreQuery,
    TraceQuery,
    TraceRow,
    TraceView,
)
from turnwise.store.telemetry import (
    daily_usage,
    metrics,
    observation_pages,
    peers,
    score_pages,
    trace_rows,
    trace_views,
)
from turnwise.store.telemetry.asking import Asking


class TraceReads(Asking):
    """The store as `model.trace.TraceReader`; see there for what each method does."""

    async def traces(self, query: TraceQuery) -> list[TraceView]:
        return await self._ask(trace_views.traces, query)

    async def count_traces(self, query: TraceQuery) -> int:
        return await self._ask(trace_views.count_traces, query)

    async def named_sessions(self, query: TraceQuery) -> list[NamedSession]:
        return await self._ask(trace_views.named_sessions, query)

    async def count_named_sessions(self, query: TraceQuery) -> int:
        return await self._ask(trace_views.count_named_sessions, query)

    async def observations(self, query: ObservationQuery) -> list[Observation]:
        return await self._ask(observation_pages.observations, query)

    async def count_observations(self, query: ObservationQuery) -> int:
        return await self._ask(observation_pages.count_observations, query)

    async def rows_of_trace(
        self, project_id: ProjectId, trace_id: str, limit: int
    ) -> list[TraceRow]:
        return await self._ask(trace_rows.rows_of_trace, project_id, trace_id, limit)

    async def peers(self, observation: Observation) -> Peers | None:
        return await self._ask(peers.peers, observation)

    async def scores(self, query: ScoreQuery) -> list[Feedback]:
        return await self._ask(score_pages.scores, query)

    async def count_scores(self, query: ScoreQuery) -> int:
        return await self._ask(score_pages.count_scores, query)

    async def daily(self, query: TraceQuery) -> list[DayUsage]:
        return await self._ask(daily_usage.daily, query)

    async def metrics(self, query: MetricsQuery) -> list[dict[str, Any]]:
        return await self._ask(metrics.metrics, query)
