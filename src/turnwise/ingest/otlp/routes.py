"""The OTLP paths: every address to which a known client posts traces, logs or metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import work_on_body
from turnwise.ingest.otlp.answers import error_renderer, partial_success
from turnwise.ingest.otlp.decode import count_metrics, decode_logs, decode_traces, encoding_of
from turnwise.model.batch import Batch, RawLog, Receipt, Sender
from turnwise.model.facts import SessionFact
from turnwise.model.ids import ProjectId
from turnwise.model.ports import Accept
from turnwise.model.tenancy import Caller, Scope

ROOTS = ("", "/otel", "/api/v1/otel", "/api/otel", "/api/public/otel")
"""What may stand before /v1/traces and its siblings."""

TRACE_PATHS = (*(f"{root}/v1/traces" for root in ROOTS), "/api/public/otel")
"""The last one because exporters given it as their endpoint add nothing to it."""

ERROR_RENDERER = error_renderer(
    (*TRACE_PATHS, *(f"{root}/v1/{signal}" for root in ROOTS for signal in ("logs", "metrics")))
)
"""To be handed to install_error_handlers."""

PROJECT_HEADERS = ("langsmith-project", "x-turnwise-project")

ProjectNamed = Callable[[str, str], ProjectId]
"""The tenant's project of a name, made when new; called in a worker thread."""

FactsOfLogs = Callable[
    [ProjectId, Sequence[RawLog]], tuple[Sequence[SessionFact], Sequence[RawLog]]
]
"""What the log records of one request say of sessions, and the records that are only logs."""


def no_facts(
    project_id: ProjectId, records: Sequence[RawLog]
) -> tuple[Sequence[SessionFact], Sequence[RawLog]]:
    """For senders whose records are logs and nothing else."""
    return (), records


@dataclass(slots=True)
class OtlpReceiver:
    """What OTLP requests go through.

    Attributes:
        counted: records that were counted and dropped, by signal: metrics, and logs that belong to
            no trace and no session.
    """

    accept: Accept
    project_named: ProjectNamed
    max_body_bytes: int
    counted: dict[str, int] = field(default_factory=lambda: {"logs": 0, "metrics": 0})

    def routes(self) -> list[Route]:
        """Routes for all paths."""
        found = [Route(path, self.traces, methods=["POST"]) for path in TRACE_PATHS]
        for root in ROOTS:
            found.append(Route(f"{root}/v1/logs", self.logs, methods=["POST"]))
            found.append(Route(f"{root}/v1/metrics", self.metrics, methods=["POST"]))
        return found

    async def traces(self, request: Request) -> Response:
        """Spans, answered when they are durable."""
        caller = await require_caller(request, Scope.INGEST)
        return await self.take_traces(request, partial(self._sender, request, caller))

    async def take_traces(
        self, request: Request, sender: Callable[[], Awaitable[Sender]]
    ) -> Response:
        """Spans of a sender who has proved who they are; asked for once the body could be read."""
        encoding = encoding_of(request.headers.get("content-type"))
        spans, rejected = await work_on_body(
            request, self.max_body_bytes, lambda body: decode_traces(body, encoding)
        )
        to = await sender()
        batch = Batch(project_id=to.project_id, user_id=to.user_id, spans=spans, rejected=rejected)
        receipt = await self.accept(batch) if spans else Receipt(0, tuple(rejected))
        return partial_success(encoding, receipt.rejected)

    async def take_logs(
        self,
        request: Request,
        sender: Callable[[], Awaitable[Sender]],
        facts_of: FactsOfLogs = no_facts,
    ) -> Response:
        """Log records of a sender who has proved who they are, some of which may be facts."""
        encoding = encoding_of(request.headers.get("content-type"))
        records, rejected = await work_on_body(
            request, self.max_body_bytes, lambda body: decode_logs(body, encoding)
        )
        receipt = Receipt(0, tuple(rejected))
        if records:
            to = await sender()
            facts, logs = facts_of(to.project_id, records)
            batch = Batch(
                project_id=to.project_id,
                user_id=to.user_id,
                facts=facts,
                logs=logs,
                rejected=rejected,
            )
            receipt = await self.accept(batch)
        self.counted["logs"] += receipt.dropped
        return partial_success(encoding, receipt.rejected, "LogRecords")

    async def logs(self, request: Request) -> Response:
        """Log records, answered when they are durable."""
        caller = await require_caller(request, Scope.INGEST)
        return await self.take_logs(request, partial(self._sender, request, caller))

    async def metrics(self, request: Request) -> Response:
        """Metrics, which are counted and dropped."""
        await require_caller(request, Scope.INGEST)
        return await self.take_metrics(request)

    async def take_metrics(self, request: Request) -> Response:
        """Metrics of a sender who has proved who they are, counted and dropped."""
        encoding = encoding_of(request.headers.get("content-type"))
        self.counted["metrics"] += await work_on_body(
            request, self.max_body_bytes, lambda body: count_metrics(body, encoding)
        )
        return partial_success(encoding, (), "DataPoints")

    async def _sender(self, request: Request, caller: Caller) -> Sender:
        return Sender(await self._project(request, caller), caller.user_id)

    async def _project(self, request: Request, caller: Caller) -> ProjectId:
        for header in PROJECT_HEADERS:
            name = request.headers.get(header, "").strip()
            if name:
                known = caller.projects_by_name.get(name)
                if known is not None:
                    return known
                return await asyncio.to_thread(self.project_named, caller.tenant_id, name)
        return caller.project_id


def routes(accept: Accept, project_named: ProjectNamed, max_body_bytes: int) -> list[Route]:
    """Routes for every OTLP path; `accept` gets the spans of one request at a time."""
    return OtlpReceiver(accept, project_named, max_body_bytes).routes()
