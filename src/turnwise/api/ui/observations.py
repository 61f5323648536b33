"""One observation of a trace: its contents, the files inside them, and how it compares."""

import asyncio
from enum import StrEnum
from typing import Annotated, Protocol

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import (
    NO_CACHE,
    PREFIX,
    Money,
    Viewer,
    json_answer,
    maybe_ms,
    ms,
    ms_since,
)
from turnwise.api.ui.contents import (
    UNKNOWN_TYPE,
    ContentBody,
    content_body,
    part_of,
    shown_type,
)
from turnwise.api.ui.traces import TraceId, session_of_trace
from turnwise.http.json_text import money, raw
from turnwise.http.media_links import file_answer
from turnwise.model.errors import NotFound
from turnwise.model.observation import Kind, Level, Observation, Step
from turnwise.model.ports import MediaStore, SessionReader
from turnwise.model.runs import attached_files
from turnwise.model.tenancy import Caller
from turnwise.model.trace import PEER_DAYS, ObservationQuery, Peers, TraceReader

SpanId = Annotated[str, Path(max_length=256)]


class Side(StrEnum):
    """What of an observation is kept as JSON text."""

    INPUT = "input"
    OUTPUT = "output"
    METADATA = "metadata"


class FileBody(msgspec.Struct, rename="camel", frozen=True):
    """A file that was sent along; `media_type` is UNKNOWN_TYPE for what no page shows."""

    name: str
    media_type: str
    size_bytes: int | None


class ObservationBody(msgspec.Struct, rename="camel", frozen=True):
    """One observation with its contents; `costs` in USD by name.

    Attributes:
        files: sent along with it, in an order that stays: their places name them.
    """

    id: str
    trace_id: str
    parent: str | None
    name: str | None
    kind: Kind
    step: Step
    level: Level
    status_message: str | None
    started_ms: float
    duration_ms: float | None
    first_token_ms: float | None
    model: str | None
    provider: str | None
    environment: str | None
    app_version: str | None
    tags: tuple[str, ...]
    parameters: msgspec.Raw
    usage: dict[str, int | float]
    costs: dict[str, Money]
    cost_source: str | None
    input: ContentBody | None
    output: ContentBody | None
    metadata: ContentBody | None
    files: list[FileBody]


class PeersBody(msgspec.Struct, rename="camel", frozen=True):
    """How long an observation took beside the `others` of its kind in the `days` up to its own.

    Attributes:
        faster: how many of them took less time.
        is_comparable: whether its own duration is known.
    """

    days: int
    is_comparable: bool
    others: int
    faster: int
    lowest_ms: float | None
    p25_ms: float | None
    p50_ms: float | None
    p75_ms: float | None
    p95_ms: float | None
    highest_ms: float | None


class Find(Protocol):
    """Finds an observation of a trace that the caller may see."""

    async def __call__(
        self, caller: Caller, trace_id: str, span_id: str, *, with_contents: bool
    ) -> Observation:
        """Raises NotFound."""
        ...


def router(reader: SessionReader, traces: TraceReader, kept: MediaStore) -> APIRouter:
    """For whoever may see the trace."""
    routes = APIRouter(prefix=PREFIX + "/traces/{trace_id}/observations/{span_id}")

    async def found(
        caller: Caller, trace_id: str, span_id: str, *, with_contents: bool
    ) -> Observation:
        session = await session_of_trace(reader, caller, trace_id)
        query = ObservationQuery(
            project_ids=(session.project_id,),
            trace_id=trace_id,
            span_id=span_id,
            with_contents=with_contents,
            limit=1,
        )
        observations = await traces.observations(query)
        if not observations:
            raise NotFound("Observation not found.", code="observation_not_found")
        return observations[0]

    @routes.get("")
    async def get_observation(
        caller: Viewer, request: Request, trace_id: TraceId, span_id: SpanId, whole: bool = False
    ) -> Response:
        each = await found(caller, trace_id, span_id, with_contents=True)
        body = await asyncio.to_thread(_body, each, whole=whole)
        return await json_answer(request, body)

    @routes.get("/peers")
    async def get_peers(
        caller: Viewer, request: Request, trace_id: TraceId, span_id: SpanId
    ) -> Response:
        each = await found(caller, trace_id, span_id, with_contents=False)
        return await json_answer(request, _peers(await traces.peers(each)))

    _add_contents(routes, found, kept)
    return routes


def _add_contents(routes: APIRouter, found: Find, kept: MediaStore) -> None:
    @routes.get("/raw/{side}")
    async def get_raw(caller: Viewer, trace_id: TraceId, span_id: SpanId, side: Side) -> Response:
        """The JSON text as it is kept, as a file."""
        each = await found(caller, trace_id, span_id, with_contents=True)
        text = _side(each, side)
        if text is None:
            raise NotFound("There is no such content.", code="content_not_found")
        headers = _file_headers(f"{side.value}.json")
        return Response(text, headers=headers, media_type="application/json")

    @routes.get("/media/{side}/{place}")
    async def get_media(
        caller: Viewer,
        trace_id: TraceId,
        span_id: SpanId,
        side: Side,
        place: Annotated[int, Path(ge=0, le=100_000)],
    ) -> Response:
        """A file that a content holds, as `ContentBody` names it."""
        each = await found(caller, trace_id, span_id, with_contents=True)
        part = await asyncio.to_thread(part_of, _side(each, side), place)
        if part is None:
            raise NotFound("There is no such file.", code="media_not_found")
        is_shown = part.media_type != UNKNOWN_TYPE
        headers = NO_CACHE if is_shown else _file_headers(f"{side.value}-{place}.bin")
        return Response(part.content, headers=headers, media_type=part.media_type)

    @routes.get("/files/{place}")
    async def get_file(
        caller: Viewer,
        request: Request,
        trace_id: TraceId,
        span_id: SpanId,
        place: Annotated[int, Path(ge=0, le=100_000)],
    ) -> Response:
        """A file that was sent along, in ranges where that is asked for."""
        each = await found(caller, trace_id, span_id, with_contents=True)
        files = attached_files(each.run)
        answer = None
        if place < len(files):
            file = files[place]
            media_type = shown_type(file.media_type)
            is_shown = media_type != UNKNOWN_TYPE
            headers = NO_CACHE if is_shown else _file_headers(f"file-{place}")
            headers = {**headers, "Content-Type": media_type}
            answer = await file_answer(request, kept, file.key, headers)
        if answer is None:
            raise NotFound("There is no such file.", code="file_not_found")
        return answer


def _file_headers(name: str) -> dict[str, str]:
    return {**NO_CACHE, "Content-Disposition": f'attachment; filename="{name}"'}


def _side(each: Observation, side: Side) -> str | None:
    return {Side.INPUT: each.input, Side.OUTPUT: each.output, Side.METADATA: each.metadata}[side]


def _body(each: Observation, *, whole: bool) -> ObservationBody:
    return ObservationBody(
        id=each.span_id,
        trace_id=each.trace_id,
        parent=each.parent_span_id,
        name=each.name,
        kind=each.kind,
        step=each.step,
        level=each.level,
        status_message=each.status_message,
        started_ms=ms(each.start_ns),
        duration_ms=maybe_ms(each.duration_ns),
        first_token_ms=ms_since(each.start_ns, each.first_token_ns),
        model=each.model,
        provider=each.provider,
        environment=each.environment,
        app_version=each.app_version or each.release,
        tags=each.tags,
        parameters=raw(each.model_parameters),
        usage=each.usage_details,
        costs={name: money(cost) for name, cost in each.cost_details.items()},
        cost_source=each.cost_source,
        input=content_body(each.input, whole=whole),
        output=content_body(each.output, whole=whole),
        metadata=content_body(each.metadata, whole=whole),
        files=[
            FileBody(file.name, shown_type(file.media_type), file.size_bytes)
            for file in attached_files(each.run)
        ],
    )


def _peers(found: Peers | None) -> PeersBody:
    known = found or Peers(others=0, faster=0)
    return PeersBody(
        days=PEER_DAYS,
        is_comparable=found is not None,
        others=known.others,
        faster=known.faster,
        lowest_ms=maybe_ms(known.lowest_ns),
        p25_ms=maybe_ms(known.p25_ns),
        p50_ms=maybe_ms(known.p50_ns),
        p75_ms=maybe_ms(known.p75_ns),
        p95_ms=maybe_ms(known.p95_ns),
        highest_ms=maybe_ms(known.highest_ns),
    )
