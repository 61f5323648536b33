"""`POST /api/public/ingestion` and the writes of `/api/public/scores`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import work_on_body
from turnwise.http.json_text import JSON
from turnwise.ingest.langfuse.events import Event, fact_of, read_event
from turnwise.ingest.langfuse.scores import feedback_of
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, NotFound
from turnwise.model.feedback import Feedback
from turnwise.model.ids import MAX_ID_LENGTH
from turnwise.model.instants import now_ns
from turnwise.model.observation import Observation
from turnwise.model.ports import Accept, EventLedger, FeedbackStore, RunStore
from turnwise.model.tenancy import Caller, Scope
from turnwise.model.trace import TraceFact

MAX_BATCH_BYTES = 7 * 512 * 1024
"""3.5 MiB, as the API documents; every SDK keeps its batches below."""

_INVALID = "Invalid request data"
_UNKNOWN_ID = "unknown"


@dataclass(slots=True)
class _Sorted:
    """A batch by what is to be done with it.

    Attributes:
        by_record: events by the id under which the store may refuse their record.
        ids: of good events, in order, each once.
    """

    observations: list[Observation] = field(default_factory=list)
    traces: list[TraceFact] = field(default_factory=list)
    scores: dict[str, Feedback] = field(default_factory=dict)
    by_record: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, None] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, event_id: str, reason: str) -> None:
        """Answer an event with an error."""
        self.ids.pop(event_id, None)
        self.errors.append({"id": event_id, "status": 400, "message": _INVALID, "error": reason})


@dataclass(frozen=True, slots=True)
class LangfuseWrites:
    """Handlers of the writes that carry JSON."""

    accept: Accept
    feedback: FeedbackStore
    ledger: EventLedger
    runs: RunStore
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes; reads of the same paths belong to `api`."""
        base = "/api/public"
        return [
            Route(f"{base}/ingestion", self.ingestion, methods=["POST"]),
            Route(f"{base}/scores", self.scores, methods=["POST"]),
            Route(f"{base}/scores/{{score_id:path}}", self.delete_score, methods=["DELETE"]),
        ]

    async def ingestion(self, request: Request) -> Response:
        """A batch of events; answered per event when all good ones are durable."""
        caller = await require_caller(request, Scope.INGEST)
        sent = await _json(request, min(MAX_BATCH_BYTES, self.max_body_bytes))
        if not isinstance(sent, dict) or not isinstance(sent.get("batch"), list):
            raise BadInput("batch must be a list of events.")
        sorted_ = await self._sort(caller, sent["batch"])
        if sorted_.observations or sorted_.traces:
            receipt = await self.accept(
                Batch(
                    project_id=caller.project_id,
                    user_id=caller.user_id,
                    observations=sorted_.observations,
                    traces=sorted_.traces,
                )
            )
            for refused in receipt.rejected:
                for event_id in sorted_.by_record.pop(refused.id, []):
                    sorted_.refuse(event_id, refused.reason)
        await self.feedback.put_feedback(list(sorted_.scores.values()))
        await self.ledger.mark_seen(caller.project_id, sorted_.ids)
        successes = [{"id": event_id, "status": 201} for event_id in sorted_.ids]
        return _answer({"successes": successes, "errors": sorted_.errors}, 207)

    async def _sort(self, caller: Caller, batch: Sequence[Any]) -> _Sorted:
        found = _Sorted()
        events: list[Event] = []
        for sent in batch:
            try:
                event = read_event(sent)
            except BadInput as error:
                found.refuse(_id_of(sent), error.message)
                continue
            if event.id not in found.ids:
                # the same event twice is one event
                found.ids[event.id] = None
                events.append(event)
        # So is one that an earlier batch brought, whatever it says this time.
        seen = await self.ledger.seen_events(caller.project_id, found.ids)
        events = [event for event in events if event.id not in seen]
        traces = await self._known_traces(caller, events)
        for event in events:
            try:
                fact = fact_of(caller.project_id, event, traces)
            except BadInput as error:
                found.refuse(event.id, error.message)
                continue
            if isinstance(fact, Observation):
                found.observations.append(fact)
                found.by_record.setdefault(fact.span_id, []).append(event.id)
            elif isinstance(fact, TraceFact):
                found.traces.append(fact)
                found.by_record.setdefault(fact.trace_id, []).append(event.id)
            elif isinstance(fact, Feedback):
                found.scores[fact.id] = fact
        return found

    async def _known_traces(self, caller: Caller, events: Sequence[Event]) -> dict[str, str]:
        """The traces of observations that an update does not name, by the observation's id."""
        told: dict[str, str] = {}
        asked: dict[str, None] = {}
        for event in events:
            span_id, trace_id = event.body.get("id"), event.body.get("traceId")
            if not event.is_observation or not isinstance(span_id, str):
                continue
            if isinstance(trace_id, str):
                told.setdefault(span_id, trace_id)
            elif event.is_update:
                asked[span_id] = None
        unknown = asked.keys() - told.keys()
        if unknown:
            places = await self.runs.run_places([caller.project_id], unknown)
            told |= {span_id: place.trace_id for span_id, place in places.items()}
        return told

    async def scores(self, request: Request) -> Response:
        """One score, or a list of them of which each stands for itself."""
        caller = await require_caller(request, Scope.INGEST)
        sent = await _json(request, self.max_body_bytes)
        if isinstance(sent, dict):
            score = feedback_of(caller.project_id, sent, now_ns())
            await self.feedback.put_feedback([score])
            return _answer({"id": score.id}, 200)
        if not isinstance(sent, list):
            raise BadInput("The body must be a score or a list of scores.")
        good: dict[str, Feedback] = {}
        errors: list[dict[str, str]] = []
        for index, item in enumerate(sent):
            try:
                # what is no object has no name either
                fields = item if isinstance(item, dict) else {}
                score = feedback_of(caller.project_id, fields, now_ns())
                good[score.id] = score
            except BadInput as error:
                errors.append({"message": f"[{index}]: {error.message}"})
        await self.feedback.put_feedback(list(good.values()))
        if not errors:
            return _answer({"message": "Accepted"}, 202)
        accepted = len(sent) - len(errors)
        body = {"accepted": accepted, "rejected": len(errors), "errors": errors}
        return _answer(body, 207)

    async def delete_score(self, request: Request) -> Response:
        """Forget a score."""
        caller = await require_caller(request, Scope.INGEST)
        score_id = request.path_params["score_id"]
        if not await self.feedback.delete_feedback(caller.project_ids, score_id):
            raise NotFound("Score not found within authorized project")
        return _answer({"message": "Score deleted successfully"}, 202)


async def _json(request: Request, max_bytes: int) -> Any:
    return await work_on_body(request, max_bytes, _decoded)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Python writes NaN and Infinity, which are no JSON; nobody means a number by them.
    try:
        return json.loads(body, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadInput("The body is not JSON.") from error


def _id_of(sent: Any) -> str:
    found = sent.get("id") if isinstance(sent, dict) else None
    if not isinstance(found, str) or not found:
        return _UNKNOWN_ID
    return found[:MAX_ID_LENGTH].encode("utf-8", "replace").decode()


def _answer(body: Any, status: int) -> Response:
    return Response(JSON.encode(body), status_code=status, media_type="application/json")
