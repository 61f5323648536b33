"""Traces, observations and scores as Langfuse's clients read them."""

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from turnwise.http.json_text import money, raw
from turnwise.model.feedback import Feedback
from turnwise.model.instants import iso_ms, seconds_from_ns
from turnwise.model.observation import Observation
from turnwise.model.trace import TraceView

DEFAULT_ENVIRONMENT = "default"
IS_APP_ROOT = "langfuse.internal.is_app_root"
_PROMPT = "langfuse.observation.prompt."
_SOURCES = {"api": "API", "app": "ANNOTATION", "model": "EVAL"}
_EMPTY = msgspec.Raw(b"{}")

Form = dict[str, Any]


def trace_form(view: TraceView) -> Form:
    """What every form of a trace has."""
    return {
        "id": view.trace_id,
        "timestamp": iso_ms(view.at_ns),
        "name": view.name,
        "input": raw(view.input),
        "output": raw(view.output),
        "sessionId": view.session_ref,
        "release": view.release,
        "version": view.app_version,
        "userId": view.user_ref,
        "metadata": raw(view.metadata),
        "tags": view.tags,
        "public": view.is_public,
        "bookmarked": False,
        "environment": view.environment or DEFAULT_ENVIRONMENT,
        "projectId": view.project_id,
        "externalId": None,
        "createdAt": iso_ms(view.at_ns),
        "updatedAt": iso_ms(view.version),
    }


def trace_with_numbers(view: TraceView) -> Form:
    """A trace with what it took and cost; 0 where nobody reported anything."""
    return {
        **trace_form(view),
        "htmlPath": "/traces/view/" + quote(view.trace_id, safe=""),
        "latency": seconds_from_ns(view.latency_ns),
        "totalCost": money(view.cost_usd),
    }


def observation_form(each: Observation) -> Form:
    """An observation as SDK 2, 3 and 4 read it."""
    usage, costs = with_total(each.usage_details), priced(each.cost_details)
    latency, first_token = latency_of(each), first_token_of(each)
    return {
        "id": each.span_id,
        "traceId": each.trace_id,
        "projectId": each.project_id,
        "type": each.kind,
        "name": each.name,
        "startTime": iso_ms(each.start_ns),
        "endTime": _instant(each.end_ns),
        "completionStartTime": _instant(each.first_token_ns),
        "model": each.model,
        "modelParameters": _EMPTY if each.model_parameters is None else raw(each.model_parameters),
        "input": raw(each.input),
        "output": raw(each.output),
        "metadata": raw(each.metadata),
        "version": each.app_version,
        "level": each.level,
        "statusMessage": each.status_message,
        "parentObservationId": each.parent_span_id,
        "environment": each.environment or DEFAULT_ENVIRONMENT,
        "usage": _usage(usage, costs),
        "usageDetails": usage,
        "costDetails": {name: money(usd) for name, usd in costs.items()},
        **prompt_of(each),
        "modelId": None,
        "inputPrice": None,
        "outputPrice": None,
        "totalPrice": None,
        "calculatedInputCost": _money(costs.get("input")),
        "calculatedOutputCost": _money(costs.get("output")),
        "calculatedTotalCost": _money(costs.get("total")),
        "unit": "TOKENS",
        "promptTokens": int(usage.get("input", 0)),
        "completionTokens": int(usage.get("output", 0)),
        "totalTokens": int(usage.get("total", 0)),
        "latency": latency,
        "timeToFirstToken": first_token,
        "createdAt": iso_ms(each.start_ns),
        "updatedAt": iso_ms(each.version),
    }


def score_form(each: Feedback) -> Form:
    """A score as SDK 2, 3 and 4 read it."""
    extra = _extra(each)
    data_type = data_type_of(each)
    found: Form = {
        "id": each.id,
        "traceId": each.trace_id,
        "sessionId": each.session_ref,
        "observationId": each.observation_id,
        "datasetRunId": extra.get("datasetRunId"),
        "projectId": each.project_id,
        "name": each.key,
        "source": source_of(each),
        "timestamp": iso_ms(each.created_ns),
        "createdAt": iso_ms(each.created_ns),
        "updatedAt": iso_ms(each.modified_ns or each.created_ns),
        "authorUserId": extra.get("authorUserId"),
        "comment": each.comment,
        "metadata": extra.get("metadata") or {},
        "configId": extra.get("configId"),
        "queueId": extra.get("queueId"),
        "environment": extra.get("environment") or DEFAULT_ENVIRONMENT,
        "dataType": data_type,
    }
    if data_type == "NUMERIC":
        found["value"] = each.score or 0
    elif data_type == "BOOLEAN":
        found |= {"value": each.score or 0, "stringValue": "True" if each.score else "False"}
    elif data_type == "TEXT":
        found["stringValue"] = label_of(each)
    else:
        found |= {"value": 0, "stringValue": label_of(each)}
    return found


def score_form_v3(each: Feedback, groups: frozenset[str]) -> Form:
    """A score as SDK 5 reads it: one `value`, and the groups of fields that were asked for."""
    extra = _extra(each)
    data_type = data_type_of(each)
    value: Any = label_of(each)
    if data_type == "NUMERIC":
        value = each.score or 0
    elif data_type == "BOOLEAN":
        value = bool(each.score)
    found: Form = {
        "id": each.id,
        "projectId": each.project_id,
        "name": each.key,
        "value": value,
        "dataType": data_type,
        "source": source_of(each),
        "timestamp": iso_ms(each.created_ns),
        "environment": extra.get("environment") or DEFAULT_ENVIRONMENT,
        "createdAt": iso_ms(each.created_ns),
        "updatedAt": iso_ms(each.modified_ns or each.created_ns),
    }
    if "details" in groups:
        metadata = extra.get("metadata")
        found |= {
            "comment": each.comment,
            "configId": extra.get("configId"),
            "metadata": metadata if isinstance(metadata, dict) else {},
        }
    if "subject" in groups:
        found["subject"] = _subject(each, extra)
    if "annotation" in groups:
        found |= {"authorUserId": extra.get("authorUserId"), "queueId": extra.get("queueId")}
    return found


def _subject(each: Feedback, extra: Form) -> Form | None:
    if each.observation_id is not None:
        return {"kind": "observation", "id": each.observation_id, "traceId": each.trace_id}
    if each.trace_id is not None:
        return {"kind": "trace", "id": each.trace_id}
    if each.session_ref is not None:
        return {"kind": "session", "id": each.session_ref}
    run = extra.get("datasetRunId")
    return {"kind": "experiment", "id": run} if run else None


def data_type_of(each: Feedback) -> str:
    """What kind of judgement it is; senders without such a word mean what their value shows."""
    said = _extra(each).get("dataType")
    if isinstance(said, str) and said:
        return said
    if each.score is not None:
        return "NUMERIC"
    return "CORRECTION" if each.correction is not None else "CATEGORICAL"


def label_of(each: Feedback) -> str:
    """The words of a judgement that is no number."""
    if each.value is not None:
        return each.value
    if each.correction is None:
        return ""
    return plain(each.correction)


def source_of(each: Feedback) -> str:
    """Who judged, in Langfuse's words."""
    return _SOURCES.get(each.source, "API")


def plain(json_text: str) -> str:
    """JSON text as a text: a string without its quotes, anything else as JSON."""
    if not json_text.startswith('"'):
        return json_text
    try:
        return str(msgspec.json.decode(json_text))
    except msgspec.MsgspecError:
        return json_text


def with_total(usage: dict[str, int | float]) -> dict[str, int | float]:
    """Token counts with their sum."""
    if not usage or "total" in usage:
        return usage
    return {**usage, "total": usage.get("input", 0) + usage.get("output", 0)}


def priced(costs: dict[str, Decimal]) -> dict[str, Decimal]:
    """USD with their sum."""
    if not costs or "total" in costs:
        return costs
    return {**costs, "total": sum(costs.values(), Decimal(0))}


def latency_of(each: Observation) -> float | None:
    """Seconds from start to end."""
    return None if each.duration_ns is None else seconds_from_ns(each.duration_ns)


def first_token_of(each: Observation) -> float | None:
    """Seconds from start to the first token."""
    if each.first_token_ns is None or each.first_token_ns < each.start_ns:
        return None
    return seconds_from_ns(each.first_token_ns - each.start_ns)


def prompt_of(each: Observation) -> Form:
    """Which prompt was used; its name and version are kept as attributes."""
    attributes: Any = {}
    if each.metadata is not None and _PROMPT in each.metadata:
        attributes = metadata_of(each).get("attributes")
    found = attributes if isinstance(attributes, dict) else {}
    version = found.get(_PROMPT + "version")
    is_number = isinstance(version, int) or (isinstance(version, str) and version.isdecimal())
    return {
        "promptId": None,
        "promptName": found.get(_PROMPT + "name"),
        "promptVersion": int(version) if version is not None and is_number else None,
    }


def metadata_of(each: Observation) -> Form:
    """The metadata as an object."""
    found = msgspec.json.decode(each.metadata) if each.metadata is not None else {}
    return found if isinstance(found, dict) else {"metadata": found}


def _usage(usage: dict[str, int | float], costs: dict[str, Decimal]) -> Form:
    return {
        "input": int(usage.get("input", 0)),
        "output": int(usage.get("output", 0)),
        "total": int(usage.get("total", 0)),
        "unit": "TOKENS",
        "inputCost": _money(costs.get("input")),
        "outputCost": _money(costs.get("output")),
        "totalCost": _money(costs.get("total")),
    }


def _extra(each: Feedback) -> Form:
    found = msgspec.json.decode(each.extra)
    return found if isinstance(found, dict) else {}


def _instant(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else iso_ms(instant_ns)


def _money(usd: Decimal | None) -> msgspec.Raw | None:
    return None if usd is None else money(usd)
