"""The session report that LiveKit Agents makes at the end of a session.

It says what the spans say and more: the transcript as the framework itself keeps it, what the
recogniser heard in seconds, and everything where no spans came at all. Its times are epoch seconds,
in log records ISO texts; -1 stands for "none". Other versions and shapes are read as far as they go.

Source: contracts.md 6.4; livekit-agents 1.8.9 and 1.5.17, recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from turnwise.analyse.assemble.drafts import Conversation, Draft, joined
from turnwise.analyse.assemble.statements import Body, int_of, number_of, seconds_ns, text_of
from turnwise.analyse.assemble.tools import json_text
from turnwise.analyse.assemble.usage import largest_first
from turnwise.analyse.providers import canonical_provider
from turnwise.model.instants import parse_fact_ns
from turnwise.model.session import Speaker, ToolExecution
from turnwise.model.usage import ModelUsage, Stage

_SPEAKERS = {"user": Speaker.USER, "assistant": Speaker.AGENT}
_STAGES = {"stt_usage": Stage.STT, "llm_usage": Stage.LLM, "tts_usage": Stage.TTS}


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def items_of(report: Body) -> list[dict[str, Any]]:
    """The chat history, oldest first; what only log records tell of it is put in between."""
    history = report.get("chat_history")
    items = _objects((history if isinstance(history, dict) else report).get("items"))
    known = {text_of(item, "id") for item in items}
    logged = report.get("chat_items")
    for item_id, wrapped in sorted(logged.items()) if isinstance(logged, dict) else ():
        if item_id not in known and isinstance(wrapped, dict):
            kind, content = next(iter(wrapped.items()), ("", None))
            if isinstance(content, dict):
                items.append({**content, "id": item_id, "type": kind})
    return sorted(items, key=lambda item: _instant(item, "created_at") or 0)


def converse(report: Body) -> Conversation:
    """The messages of caller and agent."""
    return Conversation(
        [
            draft
            for index, item in enumerate(items_of(report))
            if (draft := _message(item, index)) is not None
        ]
    )


def _message(item: Body, index: int) -> Draft | None:
    return _draft(item, index) if text_of(item, "type") in (None, "message") else None


def _draft(item: Body, index: int) -> Draft | None:
    speaker = _SPEAKERS.get((text_of(item, "role") or "").lower())
    created_ns = _instant(item, "created_at")
    metrics = item.get("metrics")
    told: Body = metrics if isinstance(metrics, dict) else {}
    start_ns = _instant(told, "started_speaking_at") or created_ns
    if speaker is None or start_ns is None:
        return None
    confidence = number_of(item, "transcript_confidence")
    return Draft(
        id=text_of(item, "id") or f"item:{index}",
        speaker=speaker,
        number=index,
        start_ns=start_ns,
        end_ns=_instant(told, "stopped_speaking_at"),
        text=_words(item.get("content")),
        stt_ns=_duration(told, "transcription_delay"),
        eou_delay_ns=_duration(told, "end_of_turn_delay"),
        llm_ns=_duration(told, "llm_node_ttft"),
        wording_ns=_wording(told),
        tts_ns=_duration(told, "tts_node_ttfb"),
        e2e_ns=_duration(told, "e2e_latency"),
        interrupted=item.get("interrupted") is True,
        confidence=None if confidence is None else float(confidence),
    )


def _wording(told: Body) -> int | None:
    token_ns, sentence_ns = _duration(told, "llm_node_ttft"), _duration(told, "llm_node_ttfs")
    return None if token_ns is None or sentence_ns is None else max(0, sentence_ns - token_ns)


def _words(content: object) -> str | None:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [each.get("text") if isinstance(each, dict) else each for each in parts]
    return joined(each for each in texts if isinstance(each, str))


def _instant(body: Body, name: str) -> int | None:
    """Epoch seconds, or an ISO text, as nanoseconds; zero and less is no instant."""
    text = body.get(name)
    if isinstance(text, str):
        try:
            return parse_fact_ns(text)
        except (ValueError, OverflowError):
            return None
    instant_ns = seconds_ns(body, name)
    return instant_ns if instant_ns is not None and instant_ns > 0 else None


def _duration(body: Body, name: str) -> int | None:
    duration_ns = seconds_ns(body, name)
    return duration_ns if duration_ns is not None and duration_ns >= 0 else None


def tools_of(report: Body) -> list[ToolExecution]:
    """Calls with their outputs; each belongs to the agent's message that follows it."""
    items = items_of(report)
    outputs = {
        call_id: item
        for item in items
        if text_of(item, "type") == "function_call_output" and (call_id := text_of(item, "call_id"))
    }
    index = -1
    found: list[ToolExecution] = []
    waiting: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        if text_of(item, "type") == "function_call":
            waiting.append(item)
        elif (draft := _message(item, number)) is not None:
            index += 1
            if draft.speaker is Speaker.AGENT:
                found.extend(_tool(call, outputs, index) for call in waiting)
                waiting = []
    return [*found, *(_tool(call, outputs, None) for call in waiting)]


def _tool(call: Body, outputs: Mapping[str, Body], index: int | None) -> ToolExecution:
    call_id = text_of(call, "call_id")
    output = outputs.get(call_id or "", {})
    is_error = output.get("is_error") is True
    text = text_of(output, "output")
    return ToolExecution(
        id=text_of(call, "id") or call_id or "tool",
        name=text_of(call, "name") or "tool",
        turn_index=index,
        call_id=call_id,
        arguments=json_text(text_of(call, "arguments")),
        output=json_text(text),
        is_error=is_error,
        error=(text or "error") if is_error else None,
        start_ns=_instant(call, "created_at"),
        end_ns=_instant(output, "created_at"),
    )


def end_of(report: Body) -> int | None:
    """When the report was made: right after the session."""
    return _instant(report, "timestamp")


def start_of(report: Body) -> int | None:
    """The first instant in it."""
    instants = [
        instant
        for item in items_of(report)
        for body in (item, item.get("metrics"))
        if isinstance(body, dict)
        for name in ("created_at", "started_speaking_at")
        if (instant := _instant(body, name)) is not None
    ]
    return min(instants, default=None)


def close_reason_of(report: Body) -> str | None:
    """Its reason in the words of the spans."""
    closing = (text_of(each, "reason") for each in events_of(report, "close"))
    reason = text_of(report, "close_reason") or next((each for each in closing if each), None)
    return reason.removeprefix("CR_").lower() if reason else None


def events_of(report: Body, kind: str) -> list[dict[str, Any]]:
    """Its events of a kind, in order."""
    return [each for each in _objects(report.get("events")) if text_of(each, "type") == kind]


def false_interruptions_of(report: Body) -> list[int]:
    """When the agent went on after it had been interrupted for nothing."""
    events = events_of(report, "agent_false_interruption")
    return sorted(at for each in events if (at := _instant(each, "created_at")) is not None)


def agent_of(report: Body) -> str | None:
    """The agent's name, else the name of the one that acted first."""
    named = text_of(report, "agent_name")
    if named:
        return named
    handoffs = (each for each in items_of(report) if text_of(each, "type") == "agent_handoff")
    return next((name for each in handoffs if (name := text_of(each, "new_agent_id"))), None)


def metadata_of(report: Body) -> dict[str, Any]:
    """Tags, outcome and evaluations, where there are any."""
    found: dict[str, Any] = {}
    tags = report.get("tags")
    named = report.get("tags_by_name")
    told = {each for each in tags if isinstance(each, str)} if isinstance(tags, list) else set()
    told |= set(named) if isinstance(named, dict) else set()
    if told:
        found["tags"] = sorted(told)
    for name in ("outcome", "evaluations_by_name"):
        value = report.get(name)
        if isinstance(value, dict) and value:
            found[name.removesuffix("_by_name")] = value
    return found


def with_usage(rows: Iterable[ModelUsage], report: Body) -> tuple[ModelUsage, ...]:
    """The rows, with what only the report knows: models without a row, and audio that was heard.

    Beside spans these have no cost: it would be in the session's sum and in none of its traces.
    """
    known = {(row.stage, row.provider, row.model): row for row in rows}
    for told in _objects(report.get("usage")):
        row = _row(told)
        if row is None:
            continue
        key = row.stage, row.provider, row.model
        before = known.get(key)
        known[key] = row if before is None else _completed(before, row)
    return largest_first(known.values())


def _row(told: Body) -> ModelUsage | None:
    stage = _STAGES.get(text_of(told, "type") or "")
    if stage is None:
        return None
    row = ModelUsage(
        stage=stage,
        provider=canonical_provider(text_of(told, "provider")),
        model=text_of(told, "model"),
        input_tokens=_count(told, "input_tokens"),
        output_tokens=_count(told, "output_tokens"),
        audio_ns=_duration(told, "audio_duration") or 0,
        characters=_count(told, "characters_count"),
        cached_input_tokens=_count(told, "input_cached_tokens"),
    )
    return replace(row, is_told=_is_sized(row))


def _count(told: Body, name: str) -> int:
    return max(0, int_of(told, name) or 0)


def _completed(seen: ModelUsage, told: ModelUsage) -> ModelUsage:
    """What the spans say, and the report where they say nothing."""
    return ModelUsage(
        stage=seen.stage,
        provider=seen.provider,
        model=seen.model,
        requests=seen.requests,
        input_tokens=seen.input_tokens or told.input_tokens,
        output_tokens=seen.output_tokens or told.output_tokens,
        audio_ns=seen.audio_ns or told.audio_ns,
        characters=seen.characters or told.characters,
        cost_usd=seen.cost_usd,
        is_told=seen.cost_usd is None and not _is_sized(seen) and _is_sized(told),
    )


def _is_sized(row: ModelUsage) -> bool:
    return bool(row.input_tokens or row.output_tokens or row.audio_ns or row.characters)
