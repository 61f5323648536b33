"""Pipecat: 1.x names and those of 0.0.x.

Source: pipecat-ai 1.14.0, utils/tracing/*.py and recorded calls, 2026-11.
"""

from turnwise.model.observation import Framework, Kind, Step
from turnwise.normalise.table import Attribute, Dialect, SpanName
from turnwise.normalise.values import (
    content,
    count,
    flag,
    milliseconds,
    quantity,
    scalar,
    seconds,
    speech,
    text,
)

_PIPECAT = Framework.PIPECAT
_STT = frozenset({Step.STT})
_LLM = frozenset({Step.LLM})
_TTS = frozenset({Step.TTS})
_TURN = frozenset({Step.EXCHANGE})
_TTFB = ((_STT, "voice.stt_ns"), (_LLM, "voice.llm_ttft_ns"), (_TTS, "voice.tts_ttfb_ns"))


def _failed(value: object) -> bool | None:
    return {"error": True, "success": False, "completed": False}.get(str(value))


DIALECT = Dialect(
    title="Pipecat",
    source="pipecat-ai 1.14.0: utils/tracing/*.py and recorded calls; 0.0.x from its source",
    framework=_PIPECAT,
    scopes=("pipecat",),
    markers=("turn.", "metrics.", "conversation."),
    spans=(
        SpanName("conversation", Step.SESSION),
        SpanName("turn", Step.EXCHANGE),
        SpanName("stt", Step.STT),
        SpanName("llm", Step.LLM, Kind.GENERATION),
        SpanName("tts", Step.TTS),
        SpanName("llm_setup", Step.OTHER),
        SpanName("llm_request", Step.LLM_NODE),
        SpanName("llm_response", Step.LLM, Kind.GENERATION),
        SpanName("llm_tool_call", Step.TOOL, Kind.TOOL),
        SpanName("llm_tool_result", Step.OTHER),
    ),
    attributes=(
        Attribute(name="conversation.id", target="session_ref", convert=text, rank=5),
        # turn
        Attribute(name="turn.number", target="voice.turn_number", convert=count),
        Attribute(
            name="turn.duration_seconds",
            target="voice.turn_duration_ns",
            convert=seconds,
            unit="s",
        ),
        Attribute(
            name="turn.user_bot_latency_seconds",
            target="voice.e2e_ns",
            convert=seconds,
            unit="s",
            rank=1,
        ),
        Attribute(
            name="turn.was_interrupted",
            target="voice.interrupted",
            convert=flag,
            rank=1,
            steps=_TURN,
        ),
        Attribute(
            name="turn.ended_by_conversation_end",
            target="voice.ended_by_conversation_end",
            convert=flag,
        ),
        # any service
        *(
            Attribute(
                name="metrics.ttfb",
                target=target,
                convert=seconds,
                unit="s",
                rank=2,
                steps=steps,
            )
            for steps, target in _TTFB
        ),
        *(
            Attribute(
                name="metrics.ttfb_ms",
                target=target,
                convert=milliseconds,
                unit="ms",
                rank=3,
                steps=steps,
            )
            for steps, target in _TTFB
        ),
        # stt
        Attribute(
            name="transcript",
            target="voice.user_text",
            convert=speech,
            rank=4,
            steps=_STT,
        ),
        Attribute(name="transcript", target="output", convert=content, rank=30, framework=_PIPECAT),
        Attribute(name="metrics.audio_seconds", target="voice.audio_ns", convert=seconds, unit="s"),
        # llm
        Attribute(
            name="param.",
            target="params",
            convert=scalar,
            is_prefix=True,
            framework=_PIPECAT,
        ),
        Attribute(name="stream", target="param.stream", convert=flag, framework=_PIPECAT),
        # tts
        Attribute(name="text", target="voice.agent_text", convert=speech, rank=6, steps=_TTS),
        Attribute(name="text", target="input", convert=content, rank=30, framework=_PIPECAT),
        Attribute(name="metrics.character_count", target="voice.characters", convert=count),
        Attribute(
            name="tts.interrupted", target="voice.interrupted", convert=flag, rank=2, steps=_TTS
        ),
        # speech-to-speech services
        Attribute(name="tool.function_name", target="voice.tool_name", convert=text, rank=2),
        Attribute(name="tool.call_id", target="voice.tool_call_id", convert=text, rank=2),
        Attribute(name="tool.arguments", target="input", convert=content, rank=14),
        Attribute(name="tool.result", target="output", convert=content, rank=14),
        Attribute(name="tool.result_status", target="voice.tool_failed", convert=_failed, rank=2),
        # 0.0.x
        Attribute(name="tokens.prompt", target="usage.input", convert=quantity, rank=8),
        Attribute(name="tokens.completion", target="usage.output", convert=quantity, rank=8),
    ),
)
