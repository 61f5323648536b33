"""LiveKit Agents: names from 1.7 on (lk.pii.*) and up to 1.6.

Source: livekit-agents 1.8.9 and 1.5.17, telemetry/trace_types.py and recorded calls, 2026-11.
"""

from turnwise.model.observation import Framework, Kind, Step
from turnwise.normalise.table import Attribute, Dialect, SpanName
from turnwise.normalise.values import (
    content,
    count,
    flag,
    fraction,
    mapping,
    seconds,
    speech,
    text,
)

_LK = Framework.LIVEKIT
_AGENT = frozenset({Step.AGENT_TURN, Step.LLM_NODE, Step.LLM, Step.OTHER})
_TTS = frozenset({Step.TTS, Step.TTS_REQUEST, Step.TTS_ATTEMPT, Step.OTHER})
_USER = frozenset({Step.USER_TURN})
# Up to 1.6 a handoff has no span of its own: it shows in start_agent_activity, which is no step.
_TAKES_OVER = frozenset({Step.HANDOFF, Step.OTHER})


def _both(
    name: str, target: str, *, rank: int = 0, steps: frozenset[Step] = frozenset()
) -> tuple[Attribute, ...]:
    """The name with and without its marker for personal data, which 1.7 brought."""
    convert = content if target in ("input", "output") else speech
    return tuple(
        Attribute(
            name=full,
            target=target,
            convert=convert,
            rank=rank + older,
            steps=steps,
        )
        for older, full in enumerate((f"lk.pii.{name}", f"lk.{name}"))
    )


def _known_room_sid(value: object) -> str | None:
    return value if isinstance(value, str) and value.startswith("RM_") else None


DIALECT = Dialect(
    title="LiveKit Agents",
    source="livekit-agents 1.8.9 and 1.5.17: telemetry/trace_types.py and recorded calls",
    framework=_LK,
    scopes=("livekit-agents", "livekit.agents"),
    markers=("lk.",),
    spans=(
        SpanName("job_entrypoint", Step.JOB),
        SpanName("agent_session", Step.SESSION),
        SpanName("user_turn", Step.USER_TURN),
        SpanName("user_speaking", Step.USER_SPEAKING),
        SpanName("eou_wait", Step.EOU_WAIT),
        SpanName("eou_detection", Step.EOU_DETECTION),
        SpanName("agent_turn", Step.AGENT_TURN, Kind.AGENT),
        SpanName("agent_speaking", Step.AGENT_SPEAKING),
        SpanName("llm_node", Step.LLM_NODE),
        SpanName("llm_request", Step.LLM, Kind.GENERATION),
        SpanName("llm_request_run", Step.LLM_ATTEMPT),
        SpanName("realtime_inference", Step.LLM, Kind.GENERATION),
        SpanName("realtime_metrics", Step.LLM, Kind.GENERATION),
        SpanName("function_tool", Step.TOOL, Kind.TOOL),
        SpanName("tts_node", Step.TTS),
        SpanName("tts_request", Step.TTS_REQUEST),
        SpanName("tts_request_run", Step.TTS_ATTEMPT),
        SpanName("update_agent", Step.HANDOFF),
        SpanName("session_close", Step.CLOSE),
    ),
    attributes=(
        Attribute(name="room_id", target="session_ref", convert=text, rank=7),
        Attribute(name="lk.agent_name", target="voice.agent_name", convert=text),
        Attribute(name="lk.room_sid", target="voice.room_sid", convert=text),
        Attribute(
            name="room_id", target="voice.room_sid", convert=_known_room_sid, rank=1, framework=_LK
        ),
        Attribute(
            name="gen_ai.conversation.id",
            target="voice.room_sid",
            convert=_known_room_sid,
            rank=2,
            framework=_LK,
        ),
        *_both("room_name", "voice.room_name"),
        # the deployment stands for the version where nobody names one
        Attribute(name="lk.deployment_id", target="app_version", convert=text, rank=9),
        Attribute(name="lk.job_id", target="voice.job_id", convert=text),
        Attribute(name="job_id", target="voice.job_id", convert=text, rank=1, framework=_LK),
        Attribute(name="lk.sip.twilio.callSid", target="voice.call_id", convert=text),
        Attribute(name="lk.sip.callIDFull", target="voice.call_id", convert=text, rank=2),
        Attribute(name="lk.sip.callID", target="voice.call_id", convert=text, rank=1),
        # the caller
        *_both("user_transcript", "voice.user_text", steps=_USER),
        *_both("user_transcript", "output", rank=4),
        Attribute(name="lk.transcript_confidence", target="voice.confidence", convert=fraction),
        Attribute(name="lk.transcription_delay", target="voice.stt_ns", convert=seconds, unit="s"),
        Attribute(
            name="lk.end_of_turn_delay", target="voice.eou_delay_ns", convert=seconds, unit="s"
        ),
        Attribute(
            name="lk.end_of_utterance_delay",
            target="voice.eou_delay_ns",
            convert=seconds,
            unit="s",
            rank=1,
        ),
        Attribute(
            name="lk.on_user_turn_completed_delay",
            target="voice.user_turn_completed_ns",
            convert=seconds,
            unit="s",
        ),
        Attribute(name="lk.eou.resume_count", target="voice.eou_resumed", convert=count),
        Attribute(name="lk.eou.outcome", target="voice.eou_outcome", convert=text),
        Attribute(
            name="lk.eou.wait_duration",
            target="voice.eou_delay_ns",
            convert=seconds,
            unit="s",
            rank=2,
        ),
        # the agent
        *_both("user_input", "voice.user_text", rank=2),
        *_both("user_input", "input", rank=20),
        *_both("instructions", "input", rank=26),
        *_both("response.text", "voice.agent_text", steps=_AGENT),
        *_both("response.text", "output", rank=20),
        *_both("response.function_calls", "output", rank=22),
        *_both("chat_ctx", "input", rank=24),
        Attribute(name="lk.e2e_latency", target="voice.e2e_ns", convert=seconds, unit="s"),
        Attribute(name="lk.interrupted", target="voice.interrupted", convert=flag),
        Attribute(name="lk.interruption.source", target="voice.interruption_source", convert=text),
        Attribute(
            name="lk.playout.position",
            target="voice.playout_position_ns",
            convert=seconds,
            unit="s",
        ),
        Attribute(
            name="lk.interruption.detection_delay",
            target="voice.detection_delay_ns",
            convert=seconds,
            unit="s",
        ),
        Attribute(name="lk.generation_id", target="voice.generation_id", convert=text),
        Attribute(
            name="lk.parent_generation_id", target="voice.parent_generation_id", convert=text
        ),
        # the model
        Attribute(name="lk.response.ttft", target="voice.llm_ttft_ns", convert=seconds, unit="s"),
        Attribute(name="lk.llm_metrics", target="llm_metrics", convert=mapping, unit="JSON"),
        Attribute(
            name="lk.realtime_model_metrics",
            target="llm_metrics",
            convert=mapping,
            unit="JSON",
            rank=1,
        ),
        Attribute(name="lk.retry_count", target="voice.retry_count", convert=count),
        # the voice
        Attribute(name="lk.response.ttfb", target="voice.tts_ttfb_ns", convert=seconds, unit="s"),
        *_both("input_text", "voice.agent_text", rank=4, steps=_TTS),
        *_both("input_text", "input", rank=22),
        Attribute(name="lk.tts_metrics", target="tts_metrics", convert=mapping, unit="JSON"),
        # tools
        Attribute(name="lk.function_tool.id", target="voice.tool_call_id", convert=text),
        Attribute(name="lk.function_tool.name", target="voice.tool_name", convert=text),
        *_both("function_tool.arguments", "input", rank=10),
        *_both("function_tool.output", "output", rank=10),
        Attribute(name="lk.function_tool.is_error", target="voice.tool_failed", convert=flag),
        # the session
        Attribute(name="lk.previous_agent_label", target="voice.handoff_from", convert=text),
        Attribute(
            name="lk.agent_label", target="voice.handoff_to", convert=text, steps=_TAKES_OVER
        ),
        Attribute(name="lk.close_reason", target="voice.close_reason", convert=text),
    ),
)
