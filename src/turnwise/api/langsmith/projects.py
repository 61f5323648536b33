"""Tracing projects, which this API calls sessions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from turnwise.api.langsmith.common import (
    ERRORS,
    NOT_FOUND,
    Admin,
    Reader,
    RunsStore,
    Writer,
    answer,
    feedback_stats,
    ns_of,
)
from turnwise.api.langsmith.filters import parse_filter
from turnwise.api.langsmith.project_filters import fits, parse_project_filter
from turnwise.http.body import read_body
from turnwise.http.documents import error_texts, json_body
from turnwise.http.json_text import decimal_text, decode_json
from turnwise.model.catalog import ProjectBook
from turnwise.model.errors import BadInput, Conflict, Issue, NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.instants import iso_us, parse_fact_ns
from turnwise.model.runs import RunFilter, RunStats
from turnwise.model.tenancy import Caller, ProjectChanges, ProjectDetails

MAX_BODY = 1_000_000
TIERS = frozenset({"longlived", "shortlived"})


EraseProject = Callable[[ProjectId], Awaitable[None]]
"""Erases what a project that is gone has in all stores; what cannot be now is erased later."""


class SortBy(StrEnum):
    """What the list can be sorted by."""

    NAME = "name"
    START_TIME = "start_time"
    LAST_RUN = "last_run_start_time"
    LATENCY_P50 = "latency_p50"
    LATENCY_P99 = "latency_p99"
    ERROR_RATE = "error_rate"
    RUN_COUNT = "runs_count"
    FEEDBACK = "feedback"


class ProjectWrite(msgspec.Struct):
    """Body of create and change; null leaves a field as it is."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    extra: dict[str, Any] | None = None
    start_time: str | None = None
    end_time: str | None = None
    default_dataset_id: str | None = None
    reference_dataset_id: str | None = None
    trace_tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the list is asked for.

    Attributes:
        since_ns, runs: which runs the statistics cover; None for all of them.
        feedback_key: whose averages sort the list, if feedback does.
    """

    ids: list[UUID] | None
    name: str | None
    name_contains: str | None
    metadata: str | None
    reference_datasets: list[UUID] | None
    reference_free: bool | None
    filter: RunFilter | None
    since_ns: int | None
    runs: RunFilter | None
    feedback_key: str
    sort_by: SortBy
    is_descending: bool


_STATS: dict[SortBy, Callable[[RunStats], float | None]] = {
    SortBy.LATENCY_P50: lambda stats: stats.latency_p50,
    SortBy.LATENCY_P99: lambda stats: stats.latency_p99,
    SortBy.ERROR_RATE: lambda stats: stats.error_rate,
    SortBy.RUN_COUNT: lambda stats: stats.run_count,
}


def tracer_session(
    details: ProjectDetails, last_run_ns: int | None, stats: RunStats | None
) -> dict[str, Any]:
    """A TracerSession with every key; statistics are null where none were asked for."""
    project = details.project
    body: dict[str, Any] = {
        "id": project.id,
        "tenant_id": project.tenant_id,
        "start_time": iso_us(details.start_ns),
        "end_time": _iso(details.end_ns),
        "extra": details.extra,
        "name": project.name,
        "description": project.description,
        "default_dataset_id": details.default_dataset_id,
        "reference_dataset_id": details.reference_dataset_id,
        "trace_tier": details.trace_tier,
    }
    body |= stat_fields(stats)
    body["last_run_start_time_live"] = _iso(last_run_ns)
    body["test_run_number"] = details.test_run_number
    return body


def stat_fields(stats: RunStats | None) -> dict[str, Any]:
    """The statistics of a TracerSession, all of them null for None."""
    if stats is None:
        return dict.fromkeys(stat_fields(RunStats()))
    return {
        "run_count": stats.run_count,
        "latency_p50": stats.latency_p50,
        "latency_p99": stats.latency_p99,
        "first_token_p50": stats.first_token_p50,
        "first_token_p99": stats.first_token_p99,
        "total_tokens": stats.total_tokens,
        "prompt_tokens": stats.prompt_tokens,
        "completion_tokens": stats.completion_tokens,
        "total_cost": decimal_text(stats.total_cost),
        "prompt_cost": decimal_text(stats.prompt_cost),
        "completion_cost": decimal_text(stats.completion_cost),
        "last_run_start_time": _iso(stats.last_run_start_ns),
        "feedback_stats": feedback_stats(stats.feedback),
        "session_feedback_stats": feedback_stats(stats.own_feedback),
        "run_facets": [],
        "error_rate": stats.error_rate,
        "streaming_rate": stats.streaming_rate,
    }


def _iso(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else iso_us(instant_ns)


@dataclass(frozen=True, slots=True)
class Projects:
    """Handlers of everything below /sessions."""

    book: ProjectBook
    store: RunsStore
    erase: EraseProject

    def router(self) -> APIRouter:
        """The routes."""
        routes = APIRouter(tags=["LangSmith projects"], responses=ERRORS)
        every, one = "/sessions", "/sessions/{session_id}"
        body = json_body(ProjectWrite)
        routes.add_api_route(every, self.list_projects, methods=["GET"], responses=error_texts(400))
        routes.add_api_route(
            every,
            self.create_project,
            methods=["POST"],
            responses=error_texts(409),
            openapi_extra=body,
        )
        routes.add_api_route(one, self.read_project, methods=["GET"], responses=NOT_FOUND)
        routes.add_api_route(
            one,
            self.change_project,
            methods=["PATCH"],
            responses=error_texts(404, 409),
            openapi_extra=body,
        )
        routes.add_api_route(
            one, self.delete_project, methods=["DELETE"], responses=error_texts(404, 409)
        )
        return routes

    async def _body(self, found: ProjectDetails, stats: RunStats | None) -> dict[str, Any]:
        last = await self.store.last_run_starts([found.project.id])
        return tracer_session(found, last.get(found.project.id), stats)

    async def _get(self, caller: Caller, session_id: UUID) -> ProjectDetails:
        try:
            return await asyncio.to_thread(self.book.project, caller, str(session_id))
        except NotFound as error:
            raise NotFound("Session not found") from error

    async def list_projects(
        self,
        caller: Reader,
        id_: Annotated[list[UUID] | None, Query(alias="id")] = None,
        name: str | None = None,
        name_contains: str | None = None,
        metadata: str | None = None,
        reference_dataset: Annotated[list[UUID] | None, Query()] = None,
        reference_free: bool | None = None,
        include_stats: bool = False,
        stats_start_time: datetime | None = None,
        sort_by: SortBy = SortBy.START_TIME,
        sort_by_desc: bool = True,
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        filter_: Annotated[str | None, Query(alias="filter")] = None,
        stats_filter: str | None = None,
        sort_by_feedback_key: str | None = None,
        sort_by_feedback_source: str | None = None,
        tag_value_id: Annotated[list[UUID] | None, Query()] = None,
    ) -> Response:
        """The projects of the tenant, a page at a time."""
        if sort_by_feedback_source or tag_value_id:
            raise BadInput("sort_by_feedback_source and tag_value_id are not known here.")
        if sort_by is SortBy.FEEDBACK and not sort_by_feedback_key:
            issue = Issue(("query", "sort_by_feedback_key"), "Field required", "missing")
            raise BadInput("sort_by=feedback needs sort_by_feedback_key.", issues=[issue])
        asked = Listing(
            ids=id_,
            name=name,
            name_contains=name_contains,
            metadata=metadata,
            reference_datasets=reference_dataset,
            reference_free=reference_free,
            filter=parse_project_filter(filter_) if filter_ else None,
            since_ns=ns_of(stats_start_time),
            runs=parse_filter(stats_filter) if stats_filter else None,
            feedback_key=sort_by_feedback_key or "",
            sort_by=sort_by,
            is_descending=sort_by_desc,
        )
        page = (await self._sorted(caller, asked))[offset : offset + limit]
        ids = [each.project.id for each in page]
        last = await self.store.last_run_starts(ids)
        stats: Mapping[ProjectId, RunStats] = {}
        if include_stats:
            stats = await self.store.run_stats(ids, asked.since_ns, asked.runs)
        return answer(
            [
                tracer_session(
                    each,
                    last.get(each.project.id),
                    stats[each.project.id] if include_stats else None,
                )
                for each in page
            ]
        )

    async def _sorted(self, caller: Caller, asked: Listing) -> list[ProjectDetails]:
        every = await asyncio.to_thread(self.book.projects, caller)
        found = [each for each in every if _fits(each, asked)]
        stats: Mapping[ProjectId, RunStats] = {}
        last: Mapping[ProjectId, int] = {}
        ids = [each.project.id for each in found]
        if asked.sort_by in _STATS or asked.sort_by is SortBy.FEEDBACK:
            stats = await self.store.run_stats(ids, asked.since_ns, asked.runs)
        elif asked.sort_by is SortBy.LAST_RUN:
            last = await self.store.last_run_starts(ids)
        found.sort(key=lambda each: _rank(each, asked, stats, last), reverse=asked.is_descending)
        return found

    async def read_project(
        self,
        caller: Reader,
        session_id: UUID,
        include_stats: bool = False,
        stats_start_time: datetime | None = None,
    ) -> Response:
        """One project; with statistics over its runs if asked for."""
        found = await self._get(caller, session_id)
        stats = None
        if include_stats:
            one = found.project.id
            stats = (await self.store.run_stats([one], ns_of(stats_start_time)))[one]
        return answer(await self._body(found, stats))

    async def create_project(
        self, caller: Writer, request: Request, upsert: bool = False
    ) -> Response:
        """A new project; with `upsert` the one that has this name already."""
        sent = decode_json(await read_body(request, MAX_BODY), ProjectWrite)
        if sent.name is None:
            raise BadInput(
                "name is required.", issues=[Issue(("body", "name"), "Field required", "missing")]
            )
        changes, name = _changes(sent), sent.name.strip()
        try:
            made = await asyncio.to_thread(self.book.create_project, caller, name, changes, sent.id)
        except Conflict as error:
            known = [
                each
                for each in await asyncio.to_thread(self.book.projects, caller)
                if each.project.name == name
            ]
            if not known or not upsert:
                raise Conflict("Session already exists.") from error
            made = await asyncio.to_thread(
                self.book.change_project, caller, known[0].project.id, changes
            )
        return answer(await self._body(made, None))

    async def change_project(self, caller: Writer, session_id: UUID, request: Request) -> Response:
        """Change a project; null leaves a field as it is."""
        sent = decode_json(await read_body(request, MAX_BODY), ProjectWrite)
        found = await self._get(caller, session_id)
        changes = _changes(sent)
        made = await asyncio.to_thread(self.book.change_project, caller, found.project.id, changes)
        return answer(await self._body(made, None))

    async def delete_project(self, caller: Admin, session_id: UUID) -> Response:
        """Forget a project with everything in it."""
        found = await self._get(caller, session_id)
        gone = await asyncio.to_thread(self.book.delete_project, caller, found.project.id)
        await self.erase(gone)
        return answer({"message": "Session deleted"})


def _fits(details: ProjectDetails, asked: Listing) -> bool:
    project = details.project
    reference = details.reference_dataset_id
    return all(
        (
            not asked.ids or UUID(project.id) in asked.ids,
            asked.name is None or project.name == asked.name,
            asked.name_contains is None
            or asked.name_contains.casefold() in project.name.casefold(),
            not asked.reference_datasets
            or (reference is not None and UUID(reference) in asked.reference_datasets),
            not asked.reference_free or reference is None,
            asked.metadata is None or _has_metadata(details, asked.metadata),
            asked.filter is None or fits(asked.filter, details),
        )
    )


def _has_metadata(details: ProjectDetails, json: str) -> bool:
    try:
        wanted = msgspec.json.decode(json, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        issue = Issue(("query", "metadata"), "metadata is no JSON object", "json_invalid")
        raise BadInput(issue.message, issues=[issue]) from error
    known = (details.extra or {}).get("metadata")
    return isinstance(known, dict) and all(
        key in known and known[key] == value for key, value in wanted.items()
    )


def _rank(
    details: ProjectDetails,
    asked: Listing,
    stats: Mapping[ProjectId, RunStats],
    last: Mapping[ProjectId, int],
) -> tuple[float, str, str]:
    """Where a project stands; the id settles what is equal."""
    project = details.project
    if asked.sort_by is SortBy.NAME:
        return 0.0, project.name, project.id
    if asked.sort_by is SortBy.START_TIME:
        return float(details.start_ns), "", project.id
    if asked.sort_by is SortBy.LAST_RUN:
        return float(last.get(project.id, -1)), "", project.id
    found = stats.get(project.id, RunStats())
    if asked.sort_by is SortBy.FEEDBACK:
        judged = found.feedback.get(asked.feedback_key)
        value = judged.average if judged else None
    else:
        value = _STATS[asked.sort_by](found)
    # What has no value stands below everything that has one.
    return float("-inf") if value is None else float(value), "", project.id


def _changes(sent: ProjectWrite) -> ProjectChanges:
    for name in ("default_dataset_id", "reference_dataset_id"):
        value = getattr(sent, name)
        if value is not None:
            _uuid(name, value)
    if sent.trace_tier is not None and sent.trace_tier not in TIERS:
        raise _wrong("trace_tier", "trace_tier is longlived or shortlived")
    return ProjectChanges(
        name=sent.name,
        description=sent.description,
        start_ns=_instant("start_time", sent.start_time),
        end_ns=_instant("end_time", sent.end_time),
        extra=sent.extra,
        default_dataset_id=sent.default_dataset_id,
        reference_dataset_id=sent.reference_dataset_id,
        trace_tier=sent.trace_tier,
    )


def _uuid(name: str, value: str) -> None:
    try:
        UUID(value)
    except ValueError as error:
        raise _wrong(name, f"{name} is no UUID") from error


def _instant(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return parse_fact_ns(value)
    except (ValueError, OverflowError) as error:
        raise _wrong(name, f"{name} is no ISO 8601 instant") from error


def _wrong(name: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", name), message, "value_error")])
