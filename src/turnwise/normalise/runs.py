"""LangSmith runs become observations.

A run comes in pieces: one that makes it and any number that update it, in any order. So a piece is
kept as it came (`normalise_runs`), and what it means is read from the merged whole, each time that
a piece was added (`complete_run`).

Source: langsmith 0.14.17, client.py, run_trees.py and wrappers/, runs as sent, 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from turnwise.model.batch import RawRun, Rejected
from turnwise.model.ids import ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.observation import Kind, Level, Observation, Step, Voice
from turnwise.model.runs import ATTACHED, GUESSED
from turnwise.normalise.content import add_words, content_of
from turnwise.normalise.kinds import step_of
from turnwise.normalise.reading import Reading
from turnwise.normalise.usage import Counts, counts_of, merged, metadata_costs
from turnwise.normalise.values import decode_json, encode_json, instant, text

_EARLIEST_NS = 946_684_800 * 1_000_000_000
_LATEST_NS = 2**63 - 1
_AHEAD_NS = 7 * 86_400 * 1_000_000_000

_MADE, _UPDATED, _UNSAID = 1, 2, -1
"""Stamps: an update wins over the making, and of two updates the one with the later end."""

_KINDS: dict[str, tuple[Kind, Step | None]] = {
    "llm": (Kind.GENERATION, Step.LLM),
    "tool": (Kind.TOOL, Step.TOOL),
    "chain": (Kind.CHAIN, None),
    "retriever": (Kind.RETRIEVER, None),
    "embedding": (Kind.EMBEDDING, None),
}
_REFS = (("thread_id", 2), ("session_id", 3), ("conversation_id", 4))
"""Names of the conversation and their ranks, as on spans of the same SDK."""

_OWN_FIELDS = frozenset({
    "id", "trace_id", "parent_run_id", "name", "start_time", "end_time", "inputs", "outputs",
    "tags", "error", "session_id", "session_name", "address", "attachments",
})  # fmt: skip
_PLAIN = frozenset({"run_type", "dotted_order"})
_PARAMETERS = ("temperature", "max_tokens", "top_p", "stop")
_CONSUMING = frozenset({Kind.GENERATION, Kind.EMBEDDING})


def normalise_runs(
    project_id: ProjectId, runs: Sequence[RawRun], *, present_ns: int | None = None
) -> tuple[list[Observation], list[Rejected]]:
    """Partial observations of the runs, in their order, and the runs that cannot be kept.

    Args:
        project_id: where the observations belong.
        runs: as a way in decoded them.
        present_ns: what "too far in the future" is measured from; the clock when None.
    """
    latest_ns = (now_ns() if present_ns is None else present_ns) + _AHEAD_NS
    kept: list[Observation] = []
    rejected: list[Rejected] = []
    for run in runs:
        reason = _refusal(run, latest_ns)
        if reason is None:
            kept.append(_piece(project_id, run))
        else:
            rejected.append(Rejected(run.id, reason))
    return kept, rejected


def _refusal(run: RawRun, latest_ns: int) -> str | None:
    start_ns = run.placed_ns if run.start_ns is None else run.start_ns
    if start_ns < _EARLIEST_NS:
        return "start_time before the year 2000"
    if start_ns > latest_ns:
        return "start_time more than 7 days ahead"
    if (ended := run.fields.get("end_time")) is not None:
        end_ns = instant(ended)
        if end_ns is None or not 0 <= end_ns <= _LATEST_NS:
            return "end_time is no instant"
    return None


def _piece(project_id: ProjectId, run: RawRun) -> Observation:
    said = run.fields
    end_ns = instant(said.get("end_time"))
    stamp = max(_UPDATED, end_ns or 0) if run.is_update else _MADE
    stamps = {"*": stamp}
    if run.start_ns is None:
        stamps["start_ns"] = _UNSAID
    failure = said.get("error")
    name = text(said.get("name"))
    tags = said.get("tags")
    return Observation(
        project_id=project_id,
        trace_id=run.trace_id,
        span_id=run.id,
        parent_span_id=run.parent_id,
        start_ns=run.placed_ns if run.start_ns is None else run.start_ns,
        end_ns=end_ns,
        name=name,
        trace_name=name if run.parent_id is None and run.id == run.trace_id else None,
        level=Level.DEFAULT if failure is None else Level.ERROR,
        status_message=_message(failure),
        # A making says "{}" and "[]" for what it does not know yet.
        input=_filled(said.get("inputs")),
        output=_filled(said.get("outputs")),
        tags=tuple(map(_word, tags)) if isinstance(tags, list) else (),
        run=_kept(run),
        stamps=encode_json(stamps),
    )


def _kept(run: RawRun) -> dict[str, str]:
    """Everything else, by field name; a field that nobody foresaw is kept too."""
    kept: dict[str, str] = {}
    for name, value in run.fields.items():
        if name in _PLAIN:
            kept[name] = _word(value)
        elif name not in _OWN_FIELDS and name != GUESSED and value != []:
            kept[name] = encode_json(value)
    for name, file in run.attachments.items():
        kept[ATTACHED + name] = encode_json(file)
    if run.is_guessed:
        kept[GUESSED] = "1"
    return kept


def _word(value: Any) -> str:
    found = value if isinstance(value, str) else encode_json(value)
    return found.encode("utf-8", "replace").decode()


def _message(failure: Any) -> str | None:
    return None if failure is None else _word(failure)


def _filled(value: Any) -> str | None:
    return None if value is None or value == {} else encode_json(value)


def complete_run(observation: Observation) -> Observation:
    """The observation with everything that a run's merged pieces mean; others as they are."""
    run = observation.run
    if not run:
        return observation
    extra = _object(run.get("extra"))
    metadata = _mapping(extra.get("metadata"))
    outputs = _value(observation.output)
    kind, said_step = _KINDS.get(run.get("run_type", ""), (Kind.SPAN, None))
    step, kind = step_of(observation.name or "", kind, said_step)
    ref, rank = _session(metadata)
    first_token_ns = _first_token(observation, run)
    reading = Reading()
    asked, answered = content_of(_value(observation.input)), content_of(outputs)
    tools = add_words(step, reading, asked, answered)
    if step is Step.LLM and first_token_ns is not None:
        reading.voice["llm_ttft_ns"] = first_token_ns - observation.start_ns
    if step is Step.TOOL:
        reading.voice["tool_failed"] = True if observation.level is Level.ERROR else None
    usage = _usage(kind, metadata, outputs)
    costs = metadata_costs(usage[1])
    parameters = _parameters(extra, metadata)
    return replace(
        observation,
        kind=kind,
        step=step,
        session_ref=ref,
        session_rank=rank,
        user_ref=text(metadata.get("user_id")),
        release=text(metadata.get("revision_id")),
        model=text(metadata.get("ls_model_name")) or _model(extra),
        provider=text(metadata.get("ls_provider")),
        model_parameters=parameters,
        metadata=encode_json(metadata) if metadata else None,
        environment=text(metadata.get("environment")) or "default",
        first_token_ns=first_token_ns,
        usage_details=usage[0],
        cost_details=costs,
        cost_source="reported" if costs else None,
        voice=Voice(**reading.voice, tool_messages=tools),
    )


def _session(metadata: Mapping[str, Any]) -> tuple[str | None, int]:
    for name, rank in _REFS:
        if (found := text(metadata.get(name))) is not None and len(found) <= 256:
            return found, rank
    return None, 0


def _first_token(observation: Observation, run: Mapping[str, str]) -> int | None:
    events = _value(run.get("events"))
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "new_token":
            at_ns = instant(event.get("time"))
            if at_ns is not None and observation.start_ns <= at_ns <= _LATEST_NS:
                return at_ns
    return None


def _usage(
    kind: Kind, metadata: Mapping[str, Any], outputs: Any
) -> tuple[Counts, Mapping[str, Any]]:
    """Token counts, and the object that they and perhaps costs come from.

    A chain's output often is the model's answer with its usage, which the SDK copies into the
    metadata: that is the model's, not its own.
    """
    found = _mapping(metadata.get("usage_metadata"))
    if kind in (Kind.CHAIN, Kind.SPAN):
        if _inner(outputs, "usage_metadata"):
            found = {}
    elif not found:
        found = _reported(outputs) if kind in _CONSUMING else _inner(outputs, "usage_metadata")
    return merged(counts_of(found)), found


def _reported(outputs: Any) -> Mapping[str, Any]:
    """What a model's output says of its consumption, in the SDK's own form or a vendor's."""
    for path in (
        ("usage_metadata",),
        ("output", "usage_metadata"),
        ("message", "usage_metadata"),
        ("generations", 0, 0, "message", "kwargs", "usage_metadata"),
        ("generations", 0, "message", "kwargs", "usage_metadata"),
        ("usage",),
        ("llm_output", "token_usage"),
    ):
        if found := _inner(outputs, *path):
            return found
    return {}


def _inner(value: Any, *path: str | int) -> Mapping[str, Any]:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return _mapping(value)


def _model(extra: Mapping[str, Any]) -> str | None:
    asked = _mapping(extra.get("invocation_params"))
    return text(asked.get("model")) or text(asked.get("model_name"))


def _parameters(extra: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    found = {
        name: value
        for name, value in _mapping(extra.get("invocation_params")).items()
        if name not in ("model", "model_name", "_type") and value is not None
    }
    for name in _PARAMETERS:
        if (value := metadata.get(f"ls_{name}")) is not None:
            found.setdefault(name, value)
    return encode_json(found) if found else None


def _value(json: str | None) -> Any:
    if json is None:
        return None
    try:
        return decode_json(json)
    except ValueError:
        return None


def _object(json: str | None) -> Mapping[str, Any]:
    return _mapping(_value(json))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
