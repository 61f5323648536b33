"""What really happened in a call with LiveKit Agents: the session's own history and events."""

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING, Any

from script import Delays
from truth import Interruption, LLMCall, Options, Tool, Truth, Turn, ms

if TYPE_CHECKING:
    from livekit_call import Call


def truth_of(call: Call, options: Options, ended: str, *, is_cloud: bool) -> Truth:
    """Everything that the call was, as its own SDK and the fake devices saw it."""
    truth = Truth(
        emitter="livekit",
        framework="livekit-agents",
        version=importlib.metadata.version("livekit-agents"),
        scenario=options.scenario,
        session_id=options.session_id,
        pii=options.pii,
        ended=ended,
        scripted=Delays().as_ms(),
    )
    if is_cloud:
        truth.session_id = f"RM_{options.session_id}"
        truth.notes.append("no session id of the user's: the room's sid is all there is")
    _tell_history(call, truth)
    for event in call.signals.of("metrics_collected"):
        metrics = event.metrics
        if metrics.type == "llm_metrics":
            truth.llm_calls.append(_llm_call(metrics))
    for event in call.signals.of("error"):
        problem = event.error
        truth.errors.append(
            {
                "type": problem.type,
                "message": str(problem.error),
                "recoverable": problem.recoverable,
                "at": problem.timestamp,
            }
        )
    _tell_interruptions(call, truth)
    for event in call.signals.of("agent_false_interruption"):
        truth.notes.append(f"false interruption at {event.created_at}, resumed: {event.resumed}")
    return truth


def _tell_history(call: Call, truth: Truth) -> None:
    tools: dict[str, Tool] = {}
    waiting: list[Tool] = []
    for item in call.session.history.items:
        if item.type == "message" and item.role in ("user", "assistant"):
            truth.turns.append(_turn(call, item))
            if item.role == "assistant":
                for tool in waiting:
                    tool.turn = len(truth.turns) - 1
                waiting.clear()
        elif item.type == "function_call":
            tool = Tool(item.name, item.call_id, json.loads(item.arguments or "{}"))
            tools[item.call_id] = tool
            truth.tools.append(tool)
            waiting.append(tool)
        elif item.type == "function_call_output":
            tool = tools[item.call_id]
            tool.output, tool.error = item.output, item.output if item.is_error else None
        elif item.type == "agent_handoff" and item.old_agent_id is not None:
            truth.handoffs.append({"from": item.old_agent_id, "to": item.new_agent_id})


def _turn(call: Call, item: Any) -> Turn:
    text = item.text_content or ""
    metrics = item.metrics or {}
    full = text
    if item.role == "assistant" and item.interrupted:
        full = next(r.text for r in call.replies.values() if text and r.text.startswith(text[:12]))
    return Turn(
        speaker="agent" if item.role == "assistant" else "user",
        text=text,
        full_text=full,
        interrupted=bool(item.interrupted),
        stt_ms=ms(metrics.get("transcription_delay")),
        llm_ttft_ms=ms(metrics.get("llm_node_ttft")),
        tts_ttfb_ms=ms(metrics.get("tts_node_ttfb")),
        e2e_ms=ms(metrics.get("e2e_latency")),
        started_at=metrics.get("started_speaking_at"),
        stopped_at=metrics.get("stopped_speaking_at"),
    )


def _llm_call(metrics: Any) -> LLMCall:
    metadata = metrics.metadata
    return LLMCall(
        model=metadata.model_name if metadata else "",
        provider=metadata.model_provider if metadata else "",
        input_tokens=metrics.prompt_tokens,
        output_tokens=metrics.completion_tokens,
        cached_tokens=metrics.prompt_cached_tokens,
        ttft_ms=ms(metrics.ttft),
        cancelled=metrics.cancelled,
    )


def _tell_interruptions(call: Call, truth: Truth) -> None:
    answers = (n for n, turn in enumerate(truth.turns) if turn.speaker == "agent")
    for index, played in zip(answers, call.speaker.played, strict=False):
        for silent_at, position in played.pauses:
            onset = max(at for at in call.caller.onsets if at < silent_at)
            truth.interruptions.append(
                Interruption(index, onset, silent_at, round(position, 3), is_false=True)
            )
        if played.interrupted:
            stopped = played.stopped_at or float("inf")
            onset = max(at for at in call.caller.onsets if at < stopped)
            truth.interruptions.append(
                Interruption(index, onset, played.stopped_at, round(played.position, 3))
            )
