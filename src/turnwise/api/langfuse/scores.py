"""`GET /api/public/scores` (SDK 2), `/api/public/v2/scores` (SDK 3, 4), `/api/public/v3/scores` (SDK 5)."""

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from turnwise.api.langfuse.errors import ERRORS, NOT_FOUND
from turnwise.api.langfuse.forms import DEFAULT_ENVIRONMENT, Form, score_form, score_form_v3
from turnwise.api.langfuse.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Environments,
    Limit,
    Page,
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

Text = Annotated[str | None, Query()]


def router(reader: TraceReader) -> APIRouter:
    """The reads of scores."""
    routes = APIRouter(prefix="/api/public", tags=["Langfuse"], responses=ERRORS)

    async def page_of(caller: Caller, query: ScoreQuery, page: int) -> Response:
        found = await reader.scores(query)
        total = await reader.count_scores(query)
        traces = await _traces(caller, found)
        data = [
            {**score_form(each), "trace": traces.get((each.project_id, each.trace_id or ""))}
            for each in found
        ]
        return answer({"data": data, "meta": page_meta(page, query.limit, total)})

    async def _traces(
        caller: Caller, found: Sequence[Feedback]
    ) -> dict[tuple[ProjectId, str], Form]:
        """What a score says of its trace; a trace that never came has nothing to say."""
        keys = {(each.project_id, each.trace_id) for each in found if each.trace_id is not None}
        empty: Form = {"userId": None, "tags": [], "environment": DEFAULT_ENVIRONMENT}
        traces: dict[tuple[ProjectId, str], Form] = dict.fromkeys(keys, empty)
        if keys:
            query = TraceQuery(
                project_ids=caller.project_ids,
                keys=tuple(keys),
                with_contents=False,
                limit=len(keys),
            )
            for view in await reader.traces(query):
                traces[view.project_id, view.trace_id] = {
                    "userId": view.user_ref,
                    "tags": view.tags,
                    "environment": view.environment or DEFAULT_ENVIRONMENT,
                    "sessionId": view.session_ref,
                }
        return traces

    def register(path: str, summary: str, only_traces: bool) -> None:
        @routes.get(path, summary=summary)
        async def list_scores(
            caller: Reader,
            page: Page = 1,
            limit: Limit = DEFAULT_LIMIT,
            user_id: Annotated[str | None, Query(alias="userId")] = None,
            name: Text = None,
            from_timestamp: Annotated[str | None, Query(alias="fromTimestamp")] = None,
            to_timestamp: Annotated[str | None, Query(alias="toTimestamp")] = None,
            environment: Environments = None,
            source: Text = None,
            operator: Text = None,
            value: float | None = None,
            score_ids: Annotated[str | None, Query(alias="scoreIds")] = None,
            config_id: Annotated[str | None, Query(alias="configId")] = None,
            session_id: Annotated[str | None, Query(alias="sessionId")] = None,
            dataset_run_id: Annotated[str | None, Query(alias="datasetRunId")] = None,
            trace_id: Annotated[str | None, Query(alias="traceId")] = None,
            observation_id: Annotated[str | None, Query(alias="observationId")] = None,
            queue_id: Annotated[str | None, Query(alias="queueId")] = None,
            data_type: Annotated[str | None, Query(alias="dataType")] = None,
            trace_tags: Annotated[list[str] | None, Query(alias="traceTags")] = None,
        ) -> Response:
            """Scores, newest first."""
            limit = min(limit, MAX_LIMIT)
            if (operator is None) != (value is None) or (operator or "=") not in _OPERATORS:
                raise wrong("operator", "needs a value, and must be one of = != > >= < <=")
            types = _among(words(data_type), _TYPES, "dataType")
            query = ScoreQuery(
                project_ids=caller.project_ids,
                ids=words(score_ids),
                keys=None if name is None else (name,),
                sources=_sources(words(source)),
                # SDK 2, the one reader of the older list, knows these types alone.
                data_types=types or (_TYPES[:3] if only_traces else None),
                trace_ids=None if trace_id is None else (trace_id,),
                observation_ids=words(observation_id),
                session_refs=None if session_id is None else (session_id,),
                about_traces=only_traces,
                extras=_extras(
                    environment=tuple(environment) if environment else None,
                    configId=None if config_id is None else (config_id,),
                    queueId=None if queue_id is None else (queue_id,),
                    datasetRunId=None if dataset_run_id is None else (dataset_run_id,),
                ),
                numbers=((operator, value),) if operator and value is not None else (),
                user=user_id,
                tags=tuple(trace_tags or ()),
                from_ns=instant(from_timestamp, "fromTimestamp"),
                to_ns=instant(to_timestamp, "toTimestamp"),
                limit=limit,
                offset=(page - 1) * limit,
            )
            return await page_of(caller, query, page)

        @routes.get(path + "/{scoreId:path}", summary="Get a score", responses=NOT_FOUND)
        async def get_score(
            caller: Reader, score_id: Annotated[str, Path(alias="scoreId")]
        ) -> Response:
            """One score."""
            query = ScoreQuery(
                project_ids=caller.project_ids, ids=(score_id,), about_traces=only_traces, limit=1
            )
            found = await reader.scores(query)
            if not found:
                raise NotFound("Score not found within authorized project")
            return answer(score_form(found[0]))

    register("/v2/scores", "List scores", only_traces=False)
    register("/scores", "List scores of traces", only_traces=True)

    @routes.get("/v3/scores", summary="List scores with one kind of value")
    async def list_scores_v3(
        caller: Reader,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Text = None,
        fields: Text = None,
        id_: Annotated[str | None, Query(alias="id")] = None,
        name: Text = None,
        source: Text = None,
        data_type: Annotated[str | None, Query(alias="dataType")] = None,
        environment: Text = None,
        config_id: Annotated[str | None, Query(alias="configId")] = None,
        queue_id: Annotated[str | None, Query(alias="queueId")] = None,
        author: Annotated[str | None, Query(alias="authorUserId")] = None,
        value: Text = None,
        value_min: Annotated[float | None, Query(alias="valueMin")] = None,
        value_max: Annotated[float | None, Query(alias="valueMax")] = None,
        trace_id: Annotated[str | None, Query(alias="traceId")] = None,
        session_id: Annotated[str | None, Query(alias="sessionId")] = None,
        observation_id: Annotated[str | None, Query(alias="observationId")] = None,
        experiment_id: Annotated[str | None, Query(alias="experimentId")] = None,
        from_timestamp: Annotated[str | None, Query(alias="fromTimestamp")] = None,
        to_timestamp: Annotated[str | None, Query(alias="toTimestamp")] = None,
    ) -> Response:
        """Scores, newest first; the cursor goes on where a page ended."""
        groups = frozenset(words(fields) or ())
        if unknown := groups - _GROUPS:
            raise wrong("fields", f"'{min(unknown)}' is none of {', '.join(sorted(_GROUPS))}")
        _check_subject(trace_id, session_id, observation_id, experiment_id)
        types = _among(_upper(words(data_type)), _TYPES, "dataType")
        numbers = _bounds(types, value_min, value_max)
        scores, labels = _values(types, words(value))
        query = ScoreQuery(
            project_ids=caller.project_ids,
            ids=words(id_),
            keys=words(name),
            sources=_sources(_upper(words(source))),
            data_types=types,
            trace_ids=words(trace_id),
            observation_ids=words(observation_id),
            session_refs=words(session_id),
            extras=_extras(
                environment=words(environment),
                configId=words(config_id),
                queueId=words(queue_id),
                authorUserId=words(author),
                datasetRunId=words(experiment_id),
            ),
            numbers=numbers,
            scores=scores,
            labels=labels,
            from_ns=instant(from_timestamp, "fromTimestamp"),
            to_ns=instant(to_timestamp, "toTimestamp"),
            before=None if not cursor else _position(cursor),
            limit=limit + 1,
        )
        found = await reader.scores(query)
        meta: dict[str, str | int] = {"limit": limit}
        if len(found) > limit:
            found = found[:limit]
            meta["cursor"] = _cursor(found[-1])
        return answer({"data": [score_form_v3(each, groups) for each in found], "meta": meta})

    return routes


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
