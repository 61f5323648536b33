"""Feedback on runs and on projects."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from turnwise.api.langsmith.common import (
    ERRORS,
    NOT_FOUND,
    Reader,
    RunsStore,
    Writer,
    answer,
    own_projects,
)
from turnwise.http.body import read_body
from turnwise.http.json_text import raw
from turnwise.http.judgements import MAX_KEY, SOURCES, read_feedback, with_words
from turnwise.model.errors import BadInput, NotFound
from turnwise.model.feedback import Feedback
from turnwise.model.instants import iso_us
from turnwise.model.query import FeedbackQuery
from turnwise.model.runs import run_uuid, span_ids_of, trace_uuid
from turnwise.model.tenancy import Caller

FEEDBACK_BODY: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "run_id": {"type": ["string", "null"], "format": "uuid"},
        "trace_id": {"type": ["string", "null"], "format": "uuid"},
        "session_id": {"type": ["string", "null"], "format": "uuid"},
        "key": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
        "score": {"type": ["number", "boolean", "null"]},
        "value": {},
        "comment": {"type": ["string", "null"]},
        "correction": {},
        "feedback_source": {"type": "object", "properties": {"type": {"enum": sorted(SOURCES)}}},
    },
}}}}  # fmt: skip
"""For the OpenAPI document; other fields are kept as they are."""


@dataclass(frozen=True, slots=True)
class Judgements:
    """Handlers of everything below /feedback."""

    store: RunsStore
    max_body_bytes: int

    def router(self) -> APIRouter:
        """The routes."""
        routes = APIRouter(tags=["LangSmith feedback"], responses=ERRORS | NOT_FOUND)
        body: dict[str, Any] = {"requestBody": FEEDBACK_BODY}
        one = "/feedback/{feedback_id}"
        routes.add_api_route("/feedback", self.create, methods=["POST"], openapi_extra=body)
        routes.add_api_route("/feedback", self.find, methods=["GET"])
        routes.add_api_route(one, self.read, methods=["GET"])
        routes.add_api_route(one, self.change, methods=["PATCH"], openapi_extra=body)
        routes.add_api_route(one, self.delete, methods=["DELETE"])
        return routes

    async def create(self, caller: Writer, request: Request) -> Response:
        """Keep a judgement; one of the same id is replaced."""
        feedback = await read_feedback(self.store, caller, await self._body(request))
        await self.store.put_feedback([feedback])
        return answer(feedback_body(feedback))

    async def find(
        self,
        caller: Reader,
        run: Annotated[list[UUID] | None, Query()] = None,
        key: Annotated[list[str] | None, Query()] = None,
        session: Annotated[list[UUID] | None, Query()] = None,
        source: Annotated[list[str] | None, Query()] = None,
        level: Annotated[str | None, Query(pattern="^(run|session)$")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        """Judgements, the newest first."""
        runs = tuple(each for uuid in run or () for each in span_ids_of(str(uuid)))
        query = FeedbackQuery(
            project_ids=own_projects(caller, session),
            observation_ids=runs if run else None,
            keys=tuple(key) if key else None,
            sources=tuple(source) if source else None,
            on_project=None if level is None else level == "session",
            limit=limit,
            offset=offset,
        )
        return answer([feedback_body(each) for each in await self.store.feedback(query)])

    async def read(self, caller: Reader, feedback_id: UUID) -> Response:
        """One judgement."""
        return answer(feedback_body(await self._get(caller, feedback_id)))

    async def change(self, caller: Writer, feedback_id: UUID, request: Request) -> Response:
        """Change a judgement; null leaves a field as it is."""
        known = await self._get(caller, feedback_id)
        changed = with_words(known, await self._body(request))
        await self.store.put_feedback([changed])
        return answer(feedback_body(changed))

    async def delete(self, caller: Writer, feedback_id: UUID) -> Response:
        """Forget a judgement."""
        if not await self.store.delete_feedback(caller.project_ids, str(feedback_id)):
            raise NotFound("Feedback not found")
        return answer({"message": "Feedback deleted"})

    async def _get(self, caller: Caller, feedback_id: UUID) -> Feedback:
        query = FeedbackQuery(project_ids=caller.project_ids, ids=(str(feedback_id),), limit=1)
        found = await self.store.feedback(query)
        if not found:
            raise NotFound("Feedback not found")
        return found[0]

    async def _body(self, request: Request) -> dict[str, Any]:
        try:
            body = msgspec.json.decode(await read_body(request, self.max_body_bytes))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"The body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise BadInput("The body is no JSON object.")
        return body


def feedback_body(feedback: Feedback) -> dict[str, Any]:
    """A judgement as the API shows it."""
    extra: dict[str, Any] = msgspec.json.decode(feedback.extra)
    trace, span = feedback.trace_id, feedback.observation_id
    value: Any = feedback.value
    if value is not None and extra.pop("value_is_json", False):
        value = raw(value)
    source = extra.pop("feedback_source", None) or {"type": feedback.source, "metadata": {}}
    body: dict[str, Any] = {
        "id": feedback.id,
        "created_at": iso_us(feedback.created_ns),
        "modified_at": iso_us(feedback.modified_ns),
        "run_id": None if span is None else run_uuid(trace or span, span),
        "trace_id": None if trace is None else trace_uuid(trace),
        "session_id": feedback.project_id,
        "key": feedback.key,
        "score": feedback.score,
        "value": value,
        "comment": feedback.comment,
        "correction": raw(feedback.correction),
        "feedback_source": source,
        "feedback_group_id": extra.pop("feedback_group_id", None),
        "comparative_experiment_id": extra.pop("comparative_experiment_id", None),
        "extra": extra.pop("extra", None),
    }
    extra.pop("value_is_json", None)
    return extra | body
