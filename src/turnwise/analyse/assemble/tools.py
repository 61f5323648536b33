"""Tool executions: from spans, from the messages of later model requests, or stated outright.

A call that is known only from messages ran somewhere between the end of the request that asked for
it and the start of the first request that carries its result; those two instants are its times
(4 ms more than the tool itself took, measured with pipecat-ai 1.14.0). Where one of the requests is
missing, so are the times.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from turnwise.analyse.assemble.drafts import Conversation, Draft, failure
from turnwise.analyse.assemble.scene import Scene, end_of, key_of
from turnwise.analyse.assemble.statements import Body, int_of, offset_ns, text_of
from turnwise.model.observation import Level, Observation, Step, ToolMessage
from turnwise.model.session import Speaker, ToolExecution


@dataclass(slots=True)
class _Heard:
    """A call as the messages tell it, and the requests between which it ran."""

    message: ToolMessage
    request: Observation
    asked_ns: int | None


class _Turns:
    """Finds the agent turn that a tool ran for."""

    def __init__(self, conversation: Conversation) -> None:
        self._by_span = conversation.index_by_span()
        agents = [
            (_silence(draft), index)
            for index, draft in enumerate(conversation.drafts)
            if draft.speaker is Speaker.AGENT
        ]
        agents.sort()
        self._ends = [end for end, _ in agents]
        self._indexes = [index for _, index in agents]

    def of(self, observation: Observation) -> int | None:
        """The turn that holds the span, else the first agent turn that goes on after its start."""
        index = self._by_span.get(key_of(observation))
        return self.at(observation.start_ns) if index is None else index

    def at(self, instant_ns: int) -> int | None:
        place = bisect_left(self._ends, instant_ns)
        return self._indexes[place] if place < len(self._indexes) else None


def _silence(draft: Draft) -> int:
    return max(draft.start_ns, draft.end_ns or draft.start_ns)


def tools_of(scene: Scene, conversation: Conversation) -> list[ToolExecution]:
    """The executions that spans tell of, by start."""
    turns = _Turns(conversation)
    spans = [each for each in scene.observations if each.step is Step.TOOL]
    heard = _heard(scene)
    found = [_from_span(each, turns, heard) for each in spans]
    known_ids = {tool.call_id for tool in found if tool.call_id is not None}
    nameless = {tool.name for tool in found if tool.call_id is None}
    for call_id, call in heard.items():
        if call_id not in known_ids and call.message.name not in nameless:
            found.append(_from_message(call, turns))
    return sorted(found, key=lambda tool: (tool.start_ns or 0, tool.id))


def _from_span(span: Observation, turns: _Turns, heard: Mapping[str, _Heard]) -> ToolExecution:
    voice = span.voice
    call = heard.get(voice.tool_call_id) if voice.tool_call_id else None
    message = call.message if call else None
    is_error = bool(voice.tool_failed) or span.level is Level.ERROR
    output, arguments = voice.tool_output, voice.tool_arguments
    if message is not None:
        output = message.output if output is None else output
        arguments = message.arguments if arguments is None else arguments
    return ToolExecution(
        id=span.span_id,
        name=voice.tool_name or span.name or "tool",
        turn_index=turns.of(span),
        call_id=voice.tool_call_id,
        arguments=json_text(arguments),
        output=json_text(output),
        is_error=is_error,
        error=_error_text(span, output) if is_error else None,
        start_ns=span.start_ns,
        end_ns=end_of(span) if span.end_ns is not None else None,
        trace_id=span.trace_id,
        span_id=span.span_id,
    )


def _error_text(span: Observation, output: str | None) -> str:
    return span.status_message or output or failure(span) or span.voice.error_type or "error"


def _heard(scene: Scene) -> dict[str, _Heard]:
    """Calls from messages by call id, in the order in which they were first heard of."""
    found: dict[str, _Heard] = {}
    ended: int | None = None
    for request in scene.observations:
        if request.step is not Step.LLM:
            continue
        for message in request.voice.tool_messages:
            known = found.get(message.call_id)
            if known is None:
                found[message.call_id] = _Heard(message, request, ended)
            elif known.message.output is None and message.output is not None:
                known.message, known.request = message, request
        if request.end_ns is not None:
            ended = end_of(request)
    return found


def _from_message(call: _Heard, turns: _Turns) -> ToolExecution:
    message, request = call.message, call.request
    has_run = message.output is not None and call.asked_ns is not None
    return ToolExecution(
        id=message.call_id,
        name=message.name,
        turn_index=turns.of(request),
        call_id=message.call_id,
        arguments=json_text(message.arguments),
        output=json_text(message.output),
        is_error=message.is_error,
        error=(message.output or "error") if message.is_error else None,
        start_ns=min(call.asked_ns or 0, request.start_ns) if has_run else None,
        end_ns=request.start_ns if has_run else None,
        trace_id=request.trace_id,
    )


_FAILED = frozenset({"error", "failed", "failure", "timeout"})


def stated_tools(
    tools: Mapping[str, Body], started_ns: int, indexes: Mapping[int, int]
) -> list[ToolExecution]:
    """The executions that a sender stated, by start."""
    found = []
    for tool_id, body in tools.items():
        start, end = offset_ns(body, "start_ms"), offset_ns(body, "end_ms")
        error = text_of(body, "error")
        number = int_of(body, "turn_index")
        is_error = error is not None or (text_of(body, "status") or "").lower() in _FAILED
        found.append(
            ToolExecution(
                id=tool_id,
                name=text_of(body, "name") or "tool",
                turn_index=None if number is None else indexes.get(number),
                call_id=text_of(body, "call_id"),
                arguments=_any_json(body.get("arguments")),
                output=_any_json(body.get("output")),
                is_error=is_error,
                error=(error or "error") if is_error else None,
                start_ns=None if start is None else started_ns + start,
                end_ns=None if end is None else started_ns + end,
            )
        )
    return sorted(found, key=lambda tool: (tool.start_ns or 0, tool.id))


def json_text(text: str | None) -> str | None:
    """The text itself when it is JSON, else the text as a JSON string."""
    if text is None:
        return None
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return msgspec.json.encode(text).decode()
    return text


def _any_json(value: object) -> str | None:
    if value is None:
        return None
    return json_text(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
