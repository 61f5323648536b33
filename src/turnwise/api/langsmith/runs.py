"""Runs: one, many by filters, and statistics over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from turnwise.api.langsmith.attachments import Attachments
from turnwise.api.langsmith.common import (
    ERRORS,
    NOT_FOUND,
    Reader,
    RunsStore,
    answer,
    ns_of,
    own_projects,
)
from turnwise.api.langsmith.filters import parse_filter
from turnwise.api.langsmith.projects import stat_fields
from turnwise.api.langsmith.run_bodies import run_body
from turnwise.http.body import read_body
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.documents import json_body
from turnwise.http.json_text import decode_json, money
from turnwise.model.errors import BadInput, NotFound
from turnwise.model.observation import Observation
from turnwise.model.runs import (
    AllOf,
    Compare,
    Comparison,
    RunField,
    RunFilter,
    RunQuery,
    Search,
    span_ids_of,
    trace_ids_of,
)
from turnwise.model.tenancy import Caller

MAX_LIMIT = 100
MAX_OF_TRACE = 10_000
MAX_BODY = 4_000_000


class RunsBody(msgspec.Struct):
    """Body of /runs/query and /runs/stats. What else is sent has no effect."""

    session: list[UUID] | None = None
    id: list[UUID] | None = None
    trace: UUID | None = None
    parent_run: UUID | None = None
    run_type: str | None = None
    reference_example: list[UUID] | None = None
    is_root: bool | None = None
    execution_order: int | None = None
    error: bool | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    filter: str | None = None
    trace_filter: str | None = None
    tree_filter: str | None = None
    query: str | None = None
    search_filter: str | None = None
    select: list[str] | None = None
    limit: int | None = None
    cursor: str | None = None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """Handlers of the reads below /runs."""

    store: RunsStore
    attachments: Attachments

    def router(self) -> APIRouter:
        """The routes."""
        routes = APIRouter(tags=["LangSmith runs"], responses=ERRORS | NOT_FOUND)
        body = json_body(RunsBody)
        routes.add_api_route("/runs/query", self.query, methods=["POST"], openapi_extra=body)
        routes.add_api_route("/runs/stats", self.stats, methods=["POST"], openapi_extra=body)
        routes.add_api_route("/runs/{run_id}", self.read, methods=["GET"])
        return routes

    async def read(self, caller: Reader, request: Request, run_id: UUID) -> Response:
        """One run."""
        ids = _ids([run_id])
        query = RunQuery(project_ids=caller.project_ids, where=_among(RunField.ID, ids), limit=1)
        found = await self.store.runs(query)
        if not found:
            raise NotFound("Run not found")
        return answer((await self._bodies(request, caller, found, None))[0])

    async def query(self, caller: Reader, request: Request) -> Response:
        """Runs that meet every condition, a page at a time."""
        sent = decode_json(await read_body(request, MAX_BODY), RunsBody)
        named = (sent.session, sent.id, sent.trace, sent.parent_run, sent.reference_example)
        if not any(named):
            raise BadInput(
                "At least one of 'session', 'id', 'parent_run', 'trace' or 'reference_example' "
                "must be specified."
            )
        limit = MAX_LIMIT if sent.limit is None else sent.limit
        if limit < 1:
            raise BadInput("limit must be 1 to 100.")
        # Clients ask for all that they want in the end, and go on by cursor.
        limit = MAX_OF_TRACE if sent.trace is not None else min(limit, MAX_LIMIT)
        if sent.order not in (None, "asc", "desc"):
            raise BadInput("order is asc or desc.")
        asked = _query(caller, sent, limit + 1)
        found = await self.store.runs(asked)
        more = len(found) > limit
        page = found[:limit]
        following = encode_cursor(page[-1].start_ns, page[-1].span_id) if more else None
        bodies = await self._bodies(request, caller, page, sent.select)
        return answer({"runs": bodies, "cursors": {"next": following}})

    async def stats(self, caller: Reader, request: Request) -> Response:
        """Statistics over runs; money is a number here."""
        sent = decode_json(await read_body(request, MAX_BODY), RunsBody)
        if not any((sent.session, sent.id, sent.trace)):
            raise BadInput("At least one of 'session', 'id' or 'trace' must be specified.")
        stats = await self.store.matching_stats(_query(caller, sent, None))
        body = stat_fields(stats) | {
            "total_cost": money(stats.total_cost),
            "prompt_cost": money(stats.prompt_cost),
            "completion_cost": money(stats.completion_cost),
        }
        body.pop("session_feedback_stats")
        return answer(body)

    async def _bodies(
        self,
        request: Request,
        caller: Caller,
        runs: Sequence[Observation],
        select: list[str] | None,
    ) -> list[dict[str, Any]]:
        judged = {}
        if select is None or "feedback_stats" in select:
            judged = await self.store.feedback_of_runs(
                caller.project_ids, [run.span_id for run in runs]
            )
        return [
            run_body(run, select, judged.get(run.span_id), await self.attachments.of(request, run))
            for run in runs
        ]


def _query(caller: Caller, sent: RunsBody, limit: int | None) -> RunQuery:
    parts = _conditions(sent)
    return RunQuery(
        project_ids=own_projects(caller, sent.session),
        where=AllOf(tuple(parts)) if parts else None,
        of_root=parse_filter(sent.trace_filter) if sent.trace_filter else None,
        of_tree=parse_filter(sent.tree_filter) if sent.tree_filter else None,
        newest_first=sent.order != "asc",
        after=decode_cursor(sent.cursor) if sent.cursor else None,
        limit=limit,
    )


def _conditions(sent: RunsBody) -> list[RunFilter]:
    if sent.reference_example:
        raise BadInput("reference_example is not known here: there are no datasets.")
    is_root = True if sent.execution_order == 1 else sent.is_root
    since_ns, until_ns = ns_of(sent.start_time), ns_of(sent.end_time)
    parts: list[RunFilter | None] = [
        _among(RunField.ID, _ids(sent.id)) if sent.id else None,
        _among(RunField.TRACE_ID, trace_ids_of(str(sent.trace))) if sent.trace else None,
        _among(RunField.PARENT_ID, _ids([sent.parent_run])) if sent.parent_run else None,
        _equal(RunField.RUN_TYPE, sent.run_type),
        _equal(RunField.IS_ROOT, is_root),
        None
        if sent.error is None
        else Compare(RunField.STATUS, Comparison.EQ if sent.error else Comparison.NEQ, "error"),
        None if since_ns is None else Compare(RunField.START_TIME, Comparison.GTE, since_ns),
        None if until_ns is None else Compare(RunField.START_TIME, Comparison.LTE, until_ns),
        parse_filter(sent.filter) if sent.filter else None,
        Search(sent.query) if sent.query else None,
        parse_filter(sent.search_filter) if sent.search_filter else None,
    ]
    return [part for part in parts if part is not None]


def _ids(uuids: Sequence[UUID]) -> tuple[str, ...]:
    return tuple(each for uuid in uuids for each in span_ids_of(str(uuid)))


def _among(field: RunField, values: tuple[str, ...]) -> Compare:
    return Compare(field, Comparison.IN, values)


def _equal(field: RunField, value: str | bool | None) -> Compare | None:
    return None if value is None else Compare(field, Comparison.EQ, value)
