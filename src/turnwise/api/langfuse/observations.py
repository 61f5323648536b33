"""`GET /api/public/observations` (SDK 2, 3 and 4) and `/api/public/v2/observations` (SDK 4 and 5)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from turnwise.api.langfuse.errors import ERRORS, NOT_FOUND
from turnwise.api.langfuse.filters import read_filter
from turnwise.api.langfuse.forms import (
    DEFAULT_ENVIRONMENT,
    IS_APP_ROOT,
    Form,
    first_token_of,
    latency_of,
    metadata_of,
    observation_form,
    plain,
    priced,
    prompt_of,
    with_total,
)
from turnwise.api.langfuse.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Reader,
    answer,
    instant,
    page_meta,
    words,
    wrong,
)
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.json_text import money, raw
from turnwise.model.errors import NotFound
from turnwise.model.instants import iso_ms
from turnwise.model.observation import Kind, Level, Observation
from turnwise.model.tenancy import Caller
from turnwise.model.trace import ColumnFilter, ObservationQuery, TraceQuery, TraceReader, TraceView

MAX_LIMIT_V2 = 1_000
_METADATA_LENGTH = 200
_GROUPS = frozenset({
    "core", "basic", "time", "io", "metadata", "model", "usage", "prompt", "metrics",
    "trace_context",
})  # fmt: skip
_DEFAULT_GROUPS = frozenset({"core", "basic"})
_CONTENT_GROUPS = frozenset({"io", "metadata", "model", "prompt"})

Views = dict[tuple[str, str], TraceView]


class ObservationFilters(BaseModel):
    """Parameters by which both lists are narrowed."""

    name: str | None = None
    user_id: str | None = Field(None, alias="userId")
    type: str | None = None
    trace_id: str | None = Field(None, alias="traceId")
    level: str | None = None
    parent: str | None = Field(None, alias="parentObservationId")
    environment: list[str] | None = None
    from_start: str | None = Field(None, alias="fromStartTime")
    to_start: str | None = Field(None, alias="toStartTime")
    version: str | None = None
    filter: str | None = None

    def query(self, caller: Caller) -> ObservationQuery:
        """What is asked of the store, without paging.

        What the filter names goes before a parameter of the same meaning.
        """
        filters = read_filter(self.filter)
        columns = {each.column for each in filters}
        if "startTime" in columns:
            columns |= {"fromStartTime", "toStartTime"}
        fields = type(self).model_fields.items()
        named = {name: None for name, field in fields if (field.alias or name) in columns}
        return self.model_copy(update=named)._query(caller, filters)

    def _query(self, caller: Caller, filters: tuple[ColumnFilter, ...]) -> ObservationQuery:
        return ObservationQuery(
            project_ids=caller.project_ids,
            name=self.name,
            user=self.user_id,
            kind=_kind(self.type),
            trace_id=self.trace_id,
            level=_level(self.level),
            parent=self.parent,
            environments=tuple(self.environment or ()),
            from_ns=instant(self.from_start, "fromStartTime"),
            to_ns=instant(self.to_start, "toStartTime"),
            app_version=self.version,
            filters=filters,
        )


class PageParameters(ObservationFilters):
    """Parameters of the list of SDK 2, 3 and 4."""

    page: int = Field(1, ge=1, le=1_000_000, description="1-based page.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, description="Page size; more than 100 means 100.")


class CursorParameters(ObservationFilters):
    """Parameters of the list of SDK 5."""

    fields_: str | None = Field(None, alias="fields", description="Groups of fields, by commas.")
    expand_metadata: str | None = Field(None, alias="expandMetadata")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT_V2)
    cursor: str | None = None
    parse_io: bool | None = Field(None, alias="parseIoAsJson")
    session_id: str | None = Field(None, alias="sessionId")
    is_root: bool | None = Field(None, alias="isRootObservation")


def router(reader: TraceReader) -> APIRouter:
    """The reads of observations."""
    routes = APIRouter(prefix="/api/public", tags=["Langfuse"], responses=ERRORS)

    @routes.get("/observations", summary="List observations")
    async def list_observations(
        caller: Reader, asked: Annotated[PageParameters, Query()]
    ) -> Response:
        """Observations across traces, newest first."""
        limit = min(asked.limit, MAX_LIMIT)
        query = asked.query(caller)
        query = replace(
            query, parent=query.parent or None, limit=limit, offset=(asked.page - 1) * limit
        )
        found = await reader.observations(query)
        total = await reader.count_observations(query)
        data = [observation_form(each) for each in found]
        return answer({"data": data, "meta": page_meta(asked.page, limit, total)})

    @routes.get(
        "/observations/{observationId:path}", summary="Get an observation", responses=NOT_FOUND
    )
    async def get_observation(
        caller: Reader, observation_id: Annotated[str, Path(alias="observationId")]
    ) -> Response:
        """One observation by its id alone; of several traces' the newest."""
        query = ObservationQuery(project_ids=caller.project_ids, span_id=observation_id, limit=1)
        found = await reader.observations(query)
        if not found:
            raise NotFound("Observation not found within authorized project")
        return answer(observation_form(found[0]))

    @routes.get("/v2/observations", summary="List observations by groups of fields")
    async def list_observations_v2(
        caller: Reader, asked: Annotated[CursorParameters, Query()]
    ) -> Response:
        """Observations across traces, newest first; the cursor goes on where a page ended."""
        groups = _groups(asked.fields_)
        if asked.parse_io:
            raise wrong("parseIoAsJson", "input and output are always raw texts")
        query = replace(
            asked.query(caller),
            session=asked.session_id or None,
            is_root=asked.is_root,
            before=_position(asked.cursor) if asked.cursor else None,
            # isRootObservation may stand in the metadata, so "basic" needs contents too.
            with_contents=bool(groups & (_CONTENT_GROUPS | {"basic"})),
            limit=asked.limit + 1,
        )
        found = await reader.observations(query)
        meta: dict[str, str] = {}
        if len(found) > asked.limit:
            found = found[: asked.limit]
            meta["cursor"] = _cursor(found[-1])
        views = await _views(reader, caller, found) if groups & {"basic", "trace_context"} else {}
        expanded = frozenset(words(asked.expand_metadata) or ())
        data = [
            _form_v2(each, views.get((each.project_id, each.trace_id)), groups, expanded)
            for each in found
        ]
        return answer({"data": data, "meta": meta})

    return routes


async def _views(reader: TraceReader, caller: Caller, found: Iterable[Observation]) -> Views:
    keys = tuple({(each.project_id, each.trace_id): None for each in found})
    if not keys:
        return {}
    query = TraceQuery(
        project_ids=caller.project_ids, keys=keys, with_contents=False, limit=len(keys)
    )
    return {(view.project_id, view.trace_id): view for view in await reader.traces(query)}


def _form_v2(
    each: Observation, view: TraceView | None, groups: frozenset[str], expanded: frozenset[str]
) -> Form:
    found: Form = {
        "id": each.span_id,
        "traceId": each.trace_id,
        "startTime": iso_ms(each.start_ns),
        "endTime": None if each.end_ns is None else iso_ms(each.end_ns),
        "projectId": each.project_id,
        "parentObservationId": each.parent_span_id,
        "type": each.kind,
    }
    parts: dict[str, Any] = {
        "basic": lambda: _basic(each, view),
        "time": lambda: _times(each),
        "io": lambda: {"input": _plain(each.input), "output": _plain(each.output)},
        "metadata": lambda: {"metadata": _metadata(each, expanded)},
        "model": lambda: {
            "model": each.model,
            "providedModelName": each.model,
            "internalModelId": None,
            "modelParameters": raw(each.model_parameters),
        },
        "usage": lambda: _usage(each),
        "prompt": lambda: prompt_of(each),
        "metrics": lambda: {
            "latency": latency_of(each),
            "timeToFirstToken": first_token_of(each),
        },
        "trace_context": lambda: {
            "traceName": view.name if view else None,
            "tags": view.tags if view else (),
            "release": each.release or (view.release if view else None),
        },
    }
    for group, part in parts.items():
        if group in groups:
            found |= part()
    return found


def _basic(each: Observation, view: TraceView | None) -> Form:
    return {
        "name": each.name,
        "level": each.level,
        "statusMessage": each.status_message,
        "version": each.app_version,
        "environment": each.environment or DEFAULT_ENVIRONMENT,
        "bookmarked": False,
        "public": view.is_public if view else False,
        "userId": each.user_ref or (view.user_ref if view else None),
        "sessionId": each.session_ref or (view.session_ref if view else None),
        "isRootObservation": _is_root(each),
    }


def _is_root(each: Observation) -> bool:
    if each.parent_span_id is None:
        return True
    if each.metadata is None or IS_APP_ROOT not in each.metadata:
        return False
    attributes = metadata_of(each).get("attributes")
    return isinstance(attributes, dict) and attributes.get(IS_APP_ROOT) is True


def _times(each: Observation) -> Form:
    first_ns = each.first_token_ns
    return {
        "completionStartTime": None if first_ns is None else iso_ms(first_ns),
        "createdAt": iso_ms(each.start_ns),
        "updatedAt": iso_ms(each.version),
    }


def _usage(each: Observation) -> Form:
    costs = priced(each.cost_details)
    total = costs.get("total")
    return {
        "usageDetails": with_total(each.usage_details),
        "costDetails": {name: money(usd) for name, usd in costs.items()},
        "totalCost": None if total is None else money(total),
        "usagePricingTierName": None,
    }


def _metadata(each: Observation, expanded: frozenset[str]) -> Form:
    """The metadata; long values are cut unless they were asked for in full."""
    found: Form = {}
    for key, value in metadata_of(each).items():
        if key in expanded:
            found[key] = value
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        found[key] = value if len(text) <= _METADATA_LENGTH else text[:_METADATA_LENGTH]
    return found


def _plain(json_text: str | None) -> str | None:
    return None if json_text is None else plain(json_text)


def _groups(fields: str | None) -> frozenset[str]:
    if fields is None:
        return _DEFAULT_GROUPS
    found = frozenset(words(fields) or ())
    if unknown := found - _GROUPS:
        raise wrong("fields", f"'{min(unknown)}' is none of {', '.join(sorted(_GROUPS))}")
    return found | {"core"}


def _kind(text: str | None) -> Kind | None:
    if not text:
        return None
    kind = Kind.__members__.get(text.upper())
    if kind is None:
        raise wrong("type", f"must be one of {', '.join(Kind)}")
    return kind


def _level(text: str | None) -> Level | None:
    if not text:
        return None
    level = Level.__members__.get(text.upper())
    if level is None:
        raise wrong("level", f"must be one of {', '.join(Level)}")
    return level


def _cursor(last: Observation) -> str:
    place = msgspec.json.encode((last.project_id, last.trace_id, last.span_id)).decode()
    return encode_cursor(last.start_ns, place)


def _position(cursor: str) -> tuple[int, str, str, str]:
    start_ns, place = decode_cursor(cursor)
    try:
        project, trace, span = msgspec.json.decode(place, type=tuple[str, str, str])
    except msgspec.MsgspecError as error:
        raise wrong("cursor", "is not one of this list") from error
    return start_ns, project, trace, span
