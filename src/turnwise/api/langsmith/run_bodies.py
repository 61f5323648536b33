"""One run as the API shows it."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from turnwise.api.langsmith.common import feedback_stats
from turnwise.http.json_text import decimal_text, raw
from turnwise.model.instants import iso_us
from turnwise.model.observation import Kind, Level, Observation
from turnwise.model.runs import FeedbackSummary, run_uuid, trace_uuid

ALWAYS = frozenset({
    "id", "name", "run_type", "trace_id", "dotted_order", "status", "session_id", "app_path",
    "start_time", "parent_run_id",
})  # fmt: skip
"""What an answer holds even if other fields were selected."""

_TYPES = {
    Kind.GENERATION: "llm",
    Kind.TOOL: "tool",
    Kind.RETRIEVER: "retriever",
    Kind.EMBEDDING: "embedding",
}


def run_body(
    run: Observation,
    select: Collection[str] | None,
    feedback: Mapping[str, FeedbackSummary] | None,
    files: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A run with every field, or with the selected and the always needed ones.

    Args:
        run: contents included.
        select: names of fields; None for all.
        feedback: judgements by key.
        files: by their names, with links that need no key; None without any.
    """
    body = _identity(run) | _contents(run) | _consumption(run)
    body["feedback_stats"] = feedback_stats(feedback or {})
    body["s3_urls"] = files
    if select is None:
        return body
    return {name: value for name, value in body.items() if name in select or name in ALWAYS}


def run_type(run: Observation) -> str:
    """The sender's own word, else the one that its kind stands for."""
    return run.run.get("run_type") or _TYPES.get(run.kind, "chain")


def _identity(run: Observation) -> dict[str, Any]:
    own, trace = run_uuid(run.trace_id, run.span_id), trace_uuid(run.trace_id)
    parent = None if run.parent_span_id is None else run_uuid(run.trace_id, run.parent_span_id)
    order = run.run.get("dotted_order") or _order(run, own, trace)
    above = [each[-36:] for each in order.split(".")[:-1]]
    failed = run.level is Level.ERROR
    return {
        "id": own,
        "name": run.name or run_type(run),
        "run_type": run_type(run),
        "trace_id": trace,
        "parent_run_id": parent,
        "parent_run_ids": above,
        "child_run_ids": None,
        "dotted_order": order,
        "session_id": run.project_id,
        "app_path": "/traces/view/" + quote(run.trace_id, safe=""),
        "status": "error" if failed else "pending" if run.end_ns is None else "success",
        "error": (run.status_message or "error") if failed else None,
        "start_time": iso_us(run.start_ns),
        "end_time": None if run.end_ns is None else iso_us(run.end_ns),
        "first_token_time": None if run.first_token_ns is None else iso_us(run.first_token_ns),
        "reference_example_id": _json(run, "reference_example_id"),
        "manifest_id": None,
        "in_dataset": False,
    }


def _order(run: Observation, own: str, trace: str) -> str:
    """A dotted order for a run whose sender gave none: below its trace, if it is no root."""
    moment = iso_us(run.start_ns)
    stamp = moment.replace("-", "").replace(":", "").replace(".", "")
    is_root = run.parent_span_id is None
    return f"{stamp}{own}" if is_root else f"{stamp}{trace}.{stamp}{own}"


def _contents(run: Observation) -> dict[str, Any]:
    extra = _json(run, "extra")
    if not run.run:
        extra = {"metadata": raw(run.metadata)}
        if run.model_parameters is not None:
            extra["invocation_params"] = raw(run.model_parameters)
    return {
        "inputs": _object(run.input, "input") or {},
        "outputs": _object(run.output, "output"),
        "extra": extra,
        "serialized": _json(run, "serialized"),
        "events": _json(run, "events") if "events" in run.run else [],
        "tags": list(run.tags),
    }


def _object(json: str | None, name: str) -> Any:
    """JSON text that is an object, or an object that holds it."""
    if json is None:
        return None
    return raw(json) if json.startswith("{") else {name: raw(json)}


def _json(run: Observation, name: str) -> Any:
    text = run.run.get(name)
    return None if text is None else raw(text)


def _consumption(run: Observation) -> dict[str, Any]:
    usage, costs = run.usage_details, run.cost_details
    total = run.total_cost_usd
    return {
        "total_tokens": int(usage.get("total", 0)),
        "prompt_tokens": int(usage.get("input", 0)),
        "completion_tokens": int(usage.get("output", 0)),
        "prompt_token_details": _details(usage, "input_"),
        "completion_token_details": _details(usage, "output_"),
        "total_cost": None if total is None else decimal_text(total),
        "prompt_cost": decimal_text(costs["input"]) if "input" in costs else None,
        "completion_cost": decimal_text(costs["output"]) if "output" in costs else None,
    }


def _details(usage: Mapping[str, float], side: str) -> dict[str, int] | None:
    found = {
        name.removeprefix(side): int(count)
        for name, count in usage.items()
        if name.startswith(side)
    }
    return found or None
