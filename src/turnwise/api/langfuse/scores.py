"""`GET /api/public/scores` (SDK 2), `/api/public/v2/scores` (SDK 3, 4), `/api/public/v3/scores` (SDK 5)."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from turnwise.api.langfuse.errors import ERRORS, NOT_FOUND
from turnwise.api.langfuse.filters import read_filter
from turnwise.api.langfuse.forms import DEFAULT_ENVIRONMENT, Form, score_form, score_form_v3
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
from turnwise.model.errors import NotFound
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.tenancy import Caller
from turnwise.model.trace import ScoreQuery, TraceQuery, TraceReader

_SOURCES = {"API": "api", "ANNOTATION": "app", "EVAL": "model"}
_TYPES = ("NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION")
_GROUPS = frozenset({"details", "subject", "annotation"})
_OPERATORS = frozenset({"=", "!=", ">", ">=", "<", "<="})


class PageParameters(BaseModel):
    """Parameters of the lists of SDK 2, 3 and 4."""

    page: int = Field(1, ge=1, le=1_000_000, description="1-based page.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, description="Page size; more than 100 means 100.")
    user_id: str | None = Field(None, alias="userId")
    name: str | None = None
    from_timestamp: str | None = Field(None, alias="fromTimestamp")
    to_timestamp: str | None = Field(None, alias="toTimestamp")
    environment: list[str] | None = None
    source: str | None = None
    operator: str | None = None
    value: float | None = None
    score_ids: str | None = Field(None, alias="scoreIds")
    config_id: str | None = Field(None, alias="configId")
    session_id: str | None = Field(None, alias="sessionId")
    dataset_run_id: str | None = Field(None, alias="datasetRunId")
    trace_id: str | None = Field(None, alias="traceId")
    observation_id: str | None = Field(None, alias="observationId")
    queue_id: str | None = Field(None, alias="queueId")
    data_type: str | None = Field(None, alias="dataType")
    trace_tags: list[str] | None = Field(None, alias="traceTags")
    filter: str | None = None

    def query(self, caller: Caller) -> ScoreQuery:
        """What is asked of the store."""
        limit = min(self.limit, MAX_LIMIT)
        operator = self.operator or "="
        if (self.operator is None) != (self.value is None) or operator not in _OPERATORS:
            raise wrong("operator", "needs a value, and must be one of = != > >= < <=")
        return ScoreQuery(
            project_ids=caller.project_ids,
            ids=words(self.score_ids),
            keys=_one(self.name),
            sources=_sources(words(self.source)),
            data_types=_among(words(self.data_type), _TYPES, "dataType"),
            trace_ids=_one(self.trace_id),
            observation_ids=words(self.observation_id),
            session_refs=_one(self.session_id),
            extras=_extras(
                environment=tuple(self.environment) if self.environment else None,
                configId=_one(self.config_id),
                queueId=_one(self.queue_id),
                datasetRunId=_one(self.dataset_run_id),
            ),
            numbers=() if self.value is None else ((operator, self.value),),
            user=self.user_id,
            tags=tuple(self.trace_tags or ()),
            filters=read_filter(self.filter),
            from_ns=instant(self.from_timestamp, "fromTimestamp"),
            to_ns=instant(self.to_timestamp, "toTimestamp"),
            limit=limit,
            offset=(self.page - 1) * limit,
        )


class CursorParameters(BaseModel):
    """Parameters of the list of SDK 5; a text may hold several values, by commas."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = None
    fields_: str | None = Field(None, alias="fields")
    id: str | None = None
    name: str | None = None
    source: str | None = None
    data_type: str | None = Field(None, alias="dataType")
    environment: str | None = None
    config_id: str | None = Field(None, alias="configId")
    queue_id: str | None = Field(None, alias="queueId")
    author: str | None = Field(None, alias="authorUserId")
    value: str | None = None
    value_min: float | None = Field(None, alias="valueMin")
    value_max: float | None = Field(None, alias="valueMax")
    trace_id: str | None = Field(None, alias="traceId")
    session_id: str | None = Field(None, alias="sessionId")
    observation_id: str | None = Field(None, alias="observationId")
    experiment_id: str | None = Field(None, alias="experimentId")
    from_timestamp: str | None = Field(None, alias="fromTimestamp")
    to_timestamp: str | None = Field(None, alias="toTimestamp")

    def query(self, caller: Caller) -> ScoreQuery:
        """What is asked of the store; one more than the page, to see whether there is another."""
        _check_subject(self.trace_id, self.session_id, self.observation_id, self.experiment_id)
        types = _among(_upper(words(self.data_type)), _TYPES, "dataType")
        scores, labels = _values(types, words(self.value))
        return ScoreQuery(
            project_ids=caller.project_ids,
            ids=words(self.id),
            keys=words(self.name),
            sources=_sources(_upper(words(self.source))),
            data_types=types,
            trace_ids=words(self.trace_id),
            observation_ids=words(self.observation_id),
            session_refs=words(self.session_id),
            extras=_extras(
                environment=words(self.environment),
                configId=words(self.config_id),
                queueId=words(self.queue_id),
                authorUserId=words(self.author),
                datasetRunId=words(self.experiment_id),
            ),
            numbers=_bounds(types, self.value_min, self.value_max),
            scores=scores,
            labels=labels,
            from_ns=instant(self.from_timestamp, "fromTimestamp"),
            to_ns=instant(self.to_timestamp, "toTimestamp"),
            before=_position(self.cursor) if self.cursor else None,
            limit=self.limit + 1,
        )


def router(reader: TraceReader) -> APIRouter:
    """The reads of scores."""
    routes = APIRouter(prefix="/api/public", tags=["Langfuse"], responses=ERRORS)
    _register(routes, reader, "/v2/scores", "List scores", of_traces=False)
    _register(routes, reader, "/scores", "List scores of traces", of_traces=True)

    @routes.get("/v3/scores", summary="List scores with one kind of value")
    async def list_scores_v3(
        caller: Reader, asked: Annotated[CursorParameters, Query()]
    ) -> Response:
        """Scores, newest first; the cursor goes on where a page ended."""
        groups = frozenset(words(asked.fields_) or ())
        if unknown := groups - _GROUPS:
            raise wrong("fields", f"'{min(unknown)}' is none of {', '.join(sorted(_GROUPS))}")
        found = await reader.scores(asked.query(caller))
        meta: dict[str, str | int] = {"limit": asked.limit}
        if len(found) > asked.limit:
            found = found[: asked.limit]
            meta["cursor"] = _cursor(found[-1])
        return answer({"data": [score_form_v3(each, groups) for each in found], "meta": meta})

    return routes


def _register(
    routes: APIRouter, reader: TraceReader, path: str, summary: str, *, of_traces: bool
) -> None:
    """One of the two older lists; SDK 2 knows scores of traces and their first types alone."""

    @routes.get(path, summary=summary)
    async def list_scores(caller: Reader, asked: Annotated[PageParameters, Query()]) -> Response:
        """Scores, newest first."""
        query = asked.query(caller)
        if of_traces:
            types = query.data_types or _TYPES[:3]
            query = replace(query, about_traces=True, data_types=types)
        found = await reader.scores(query)
        total = await reader.count_scores(query)
        traces = await _traces(reader, caller, found)
        data = [
            {**score_form(each), "trace": traces.get((each.project_id, each.trace_id or ""))}
            for each in found
        ]
        return answer({"data": data, "meta": page_meta(asked.page, query.limit, total)})

    @routes.get(path + "/{scoreId:path}", summary="Get a score", responses=NOT_FOUND)
    async def get_score(
        caller: Reader, score_id: Annotated[str, Path(alias="scoreId")]
    ) -> Response:
        """One score."""
        query = ScoreQuery(
            project_ids=caller.project_ids, ids=(score_id,), about_traces=of_traces, limit=1
        )
        found = await reader.scores(query)
        if not found:
            raise NotFound("Score not found within authorized project")
        return answer(score_form(found[0]))


async def _traces(
    reader: TraceReader, caller: Caller, found: Sequence[Feedback]
) -> dict[tuple[ProjectId, str], Form]:
    """What a score says of its trace; a trace that never came has nothing to say."""
    keys = {(each.project_id, each.trace_id) for each in found if each.trace_id is not None}
    empty: Form = {"userId": None, "tags": [], "environment": DEFAULT_ENVIRONMENT}
    traces: dict[tuple[ProjectId, str], Form] = dict.fromkeys(keys, empty)
    if not keys:
        return traces
    query = TraceQuery(
        project_ids=caller.project_ids, keys=tuple(keys), with_contents=False, limit=len(keys)
    )
    for view in await reader.traces(query):
        traces[view.project_id, view.trace_id] = {
            "userId": view.user_ref,
            "tags": view.tags,
            "environment": view.environment or DEFAULT_ENVIRONMENT,
            "sessionId": view.session_ref,
        }
    return traces


def _one(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)


def _check_subject(
    trace: str | None, session: str | None, observation: str | None, experiment: str | None
) -> None:
    if observation is not None and trace is None:
        raise wrong("observationId", "needs traceId")
    if sum(each is not None for each in (trace, session, experiment)) > 1:
        raise wrong("traceId", "traceId, sessionId and experimentId exclude each other")


def _bounds(
    types: tuple[str, ...] | None, least: float | None, most: float | None
) -> tuple[tuple[str, float], ...]:
    found = tuple(
        (operator, bound) for operator, bound in ((">=", least), ("<=", most)) if bound is not None
    )
    if found and types != ("NUMERIC",):
        raise wrong("valueMin", "valueMin and valueMax need dataType=NUMERIC")
    if not all(math.isfinite(bound) for _, bound in found):
        raise wrong("valueMin", "must be a finite number")
    return found


def _values(
    types: tuple[str, ...] | None, values: tuple[str, ...] | None
) -> tuple[tuple[float, ...] | None, tuple[str, ...] | None]:
    """Exact numbers and exact labels."""
    if values is None:
        return None, None
    if types == ("CATEGORICAL",):
        return None, values
    if types == ("BOOLEAN",):
        if not set(values) <= {"true", "false"}:
            raise wrong("value", "must be true or false for dataType BOOLEAN")
        return tuple(float(each == "true") for each in values), None
    if types != ("NUMERIC",):
        raise wrong("value", "needs one dataType of NUMERIC, BOOLEAN and CATEGORICAL")
    try:
        numbers = tuple(float(each) for each in values)
    except ValueError as error:
        raise wrong("value", "must be a number for dataType NUMERIC") from error
    if not all(map(math.isfinite, numbers)):
        raise wrong("value", "must be a finite number")
    return numbers, None


def _among(
    found: tuple[str, ...] | None, allowed: Sequence[str], name: str
) -> tuple[str, ...] | None:
    if found is not None and not set(found) <= set(allowed):
        raise wrong(name, f"must be among {', '.join(allowed)}")
    return found


def _sources(found: tuple[str, ...] | None) -> tuple[str, ...] | None:
    checked = _among(found, tuple(_SOURCES), "source")
    return None if checked is None else tuple(_SOURCES[each] for each in checked)


def _upper(found: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(each.upper() for each in found)


def _extras(**wanted: tuple[str, ...] | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, values) for name, values in wanted.items() if values is not None)


def _cursor(last: Feedback) -> str:
    place = msgspec.json.encode((last.project_id, last.id)).decode()
    return encode_cursor(last.created_ns, place)


def _position(cursor: str) -> tuple[int, str, str]:
    at_ns, place = decode_cursor(cursor)
    try:
        project, score = msgspec.json.decode(place, type=tuple[str, str])
    except msgspec.MsgspecError as error:
        raise wrong("cursor", "is not one of this list") from error
    return at_ns, project, score
