"""Feedback bodies in the LangSmith form, which a way in and a surface both read."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID, uuid4

import msgspec

from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.ports import FeedbackStore, RunStore
from turnwise.model.query import FeedbackQuery
from turnwise.model.runs import span_ids_of
from turnwise.model.tenancy import Caller

MAX_KEY = 180
SOURCES = frozenset({"api", "app", "model", "auto_eval"})

_KNOWN = frozenset({
    "id", "run_id", "trace_id", "session_id", "key", "score", "value", "comment", "correction",
    "created_at", "modified_at", "start_time",
})  # fmt: skip


class JudgedStore(RunStore, FeedbackStore, Protocol):
    """Where runs and what was said about them are kept together."""


async def read_feedback(
    store: JudgedStore, caller: Caller, sent: Mapping[str, Any], feedback_id: str | None = None
) -> Feedback:
    """The judgement of a body, at the run that it is about or at its project.

    A judgement about a run that has not come yet goes to the project that the body names, else to
    the caller's.

    Raises:
        BadInput: a field is missing or malformed.
        NotFound: the body names a project that the caller does not have.
    """
    run_id = _uuid(sent, "run_id") or _uuid(sent, "trace_id")
    trace_id = _uuid(sent, "trace_id")
    project = _uuid(sent, "session_id")
    if project is not None and project not in caller.project_ids:
        raise NotFound("There is no such project.")
    given = feedback_id or _uuid(sent, "id") or str(uuid4())
    project_id = ProjectId(project or caller.project_id)
    if run_id is not None:
        ids = span_ids_of(run_id)
        places = await store.run_places(caller.project_ids, ids)
        run_id, place = next(
            ((each, places[each]) for each in ids if each in places), (run_id, None)
        )
        if place is not None:
            project_id, trace_id = place.project_id, place.trace_id
    elif project is None:
        raise _wrong("run_id", "run_id or session_id is required")
    present = now_ns()
    base = Feedback(
        id=given,
        project_id=project_id,
        key=_key(sent),
        trace_id=trace_id,
        observation_id=run_id,
        created_ns=present,
        modified_ns=present,
    )
    known = await store.feedback(FeedbackQuery(project_ids=caller.project_ids, ids=(given,)))
    if known:
        if known[0].project_id != project_id:
            await store.delete_feedback(caller.project_ids, given)
        base = replace(base, created_ns=known[0].created_ns)
    return with_words(base, sent)


def with_words(feedback: Feedback, sent: Mapping[str, Any]) -> Feedback:
    """The judgement with what a body says; null and absent fields leave what is there.

    Raises:
        BadInput: a field is malformed.
    """
    extra: dict[str, Any] = msgspec.json.decode(feedback.extra)
    changes: dict[str, Any] = {}
    if (score := sent.get("score")) is not None:
        changes["score"] = _score(score)
    if (value := sent.get("value")) is not None:
        changes["value"] = value if isinstance(value, str) else _json(value)
        extra["value_is_json"] = not isinstance(value, str)
    if (comment := sent.get("comment")) is not None:
        if not isinstance(comment, str):
            raise _wrong("comment", "comment must be a text")
        changes["comment"] = comment
    if (correction := sent.get("correction")) is not None:
        changes["correction"] = _json(correction)
    source = sent.get("feedback_source")
    if isinstance(source, dict) and source.get("type") is not None:
        if source["type"] not in SOURCES:
            raise _wrong("feedback_source", f"type must be one of: {', '.join(sorted(SOURCES))}")
        changes["source"] = source["type"]
    extra |= {k: v for k, v in sent.items() if k not in _KNOWN and v is not None}
    return replace(feedback, **changes, extra=_json(extra), modified_ns=now_ns())


def _key(sent: Mapping[str, Any]) -> str:
    key = sent.get("key")
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY:
        raise _wrong("key", f"key must be a text of 1 to {MAX_KEY} characters")
    return key


def _score(score: Any) -> float:
    try:
        found = float(score) if isinstance(score, bool | int | float) else math.nan
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise _wrong("score", "score must be a finite number or a boolean")
    return found


def _uuid(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is None:
        return None
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise _wrong(name, f"{name} must be a UUID") from error


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _wrong(name: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", name), message, "value_error")])
