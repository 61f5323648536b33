"""LiveKit's and Pipecat's names, old and new, one span at a time."""

import json
from typing import Any

import pytest

from tests.unit.normalise.spans import START_NS, observe
from turnwise.model.batch import RawEvent
from turnwise.model.observation import Framework, Kind, Level, Step

LIVEKIT = "livekit-agents"
MS = 1_000_000


@pytest.mark.parametrize(
    ("name", "attributes", "field", "value"),
    [
        ("user_turn", {"lk.pii.user_transcript": "Hello"}, "user_text", "Hello"),
        ("user_turn", {"lk.user_transcript": "Hello"}, "user_text", "Hello"),
        ("user_turn", {"lk.transcription_delay": 0.25}, "stt_ns", 250 * MS),
        ("user_turn", {"lk.transcription_delay": -1}, "stt_ns", None),
        ("user_turn", {"lk.end_of_utterance_delay": 0.5}, "eou_delay_ns", 500 * MS),
        ("user_turn", {"lk.end_of_turn_delay": "0.5"}, "eou_delay_ns", 500 * MS),
        ("user_turn", {"lk.transcript_confidence": 0.9}, "confidence", 0.9),
        ("agent_turn", {"lk.pii.response.text": "Yes"}, "agent_text", "Yes"),
        ("agent_turn", {"lk.response.text": "Yes"}, "agent_text", "Yes"),
        ("agent_turn", {"lk.pii.user_input": "Hi"}, "user_text", "Hi"),
        ("agent_turn", {"lk.user_input": "Hi"}, "user_text", "Hi"),
        ("agent_turn", {"lk.instructions": "Greet."}, "user_text", None),
        ("agent_turn", {"lk.e2e_latency": 1.5}, "e2e_ns", 1_500 * MS),
        ("agent_turn", {"lk.interrupted": True}, "interrupted", True),
        ("agent_turn", {"lk.playout.position": 1.25}, "playout_position_ns", 1_250 * MS),
        ("llm_node", {"lk.response.ttft": 0.3}, "llm_ttft_ns", 300 * MS),
        ("tts_node", {"lk.response.ttfb": 0.2}, "tts_ttfb_ns", 200 * MS),
        ("tts_request", {"lk.pii.input_text": "Yes"}, "agent_text", "Yes"),
        ("tts_request", {"lk.tts_metrics": '{"ttfb": -1.0}'}, "tts_ttfb_ns", None),
        ("tts_request", {"lk.tts_metrics": '{"audio_duration": 2.5}'}, "audio_ns", 2_500 * MS),
        ("tts_request", {"lk.tts_metrics": '{"characters_count": 7}'}, "characters", 7),
        ("update_agent", {"lk.previous_agent_label": "desk"}, "handoff_from", "desk"),
        ("update_agent", {"lk.agent_label": "billing"}, "handoff_to", "billing"),
        ("start_agent_activity", {"lk.agent_label": "billing"}, "handoff_to", "billing"),
        ("agent_session", {"lk.agent_label": "billing"}, "handoff_to", None),
        ("session_close", {"lk.close_reason": "error"}, "close_reason", "error"),
        ("job_entrypoint", {"lk.agent_name": "desk"}, "agent_name", "desk"),
        ("job_entrypoint", {"lk.pii.room_name": "r"}, "room_name", "r"),
        ("agent_session", {"lk.room_name": "r"}, "room_name", "r"),
        ("agent_session", {"lk.sip.twilio.callSid": "CA1"}, "call_id", "CA1"),
        ("agent_session", {"gen_ai.conversation.id": "RM_1"}, "room_sid", "RM_1"),
        ("eou_wait", {"lk.eou.outcome": "committed"}, "eou_outcome", "committed"),
        ("function_tool", {"lk.function_tool.name": "look"}, "tool_name", "look"),
        ("function_tool", {"lk.function_tool.arguments": '{"a":1}'}, "tool_arguments", '{"a":1}'),
        ("function_tool", {"lk.pii.function_tool.output": "on"}, "tool_output", '"on"'),
    ],
)
def test_livekit_voice(name: str, attributes: dict[str, Any], field: str, value: object) -> None:
    found = observe(name, LIVEKIT, attributes)
    assert found.framework is Framework.LIVEKIT
    assert getattr(found.voice, field) == value


@pytest.mark.parametrize(
    ("name", "step", "kind"),
    [
        ("llm_request", Step.LLM, Kind.GENERATION),
        ("llm_node", Step.LLM_NODE, Kind.SPAN),
        ("llm_request_run", Step.LLM_ATTEMPT, Kind.SPAN),
        ("agent_turn", Step.AGENT_TURN, Kind.AGENT),
        ("function_tool", Step.TOOL, Kind.TOOL),
        ("judge_evaluation", Step.OTHER, Kind.SPAN),
    ],
)
def test_livekit_kinds(name: str, step: Step, kind: Kind) -> None:
    attributes = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 3,
        "lk.interrupted": False,
        # what LangSmith's processor calls all of them
        "langsmith.span.kind": "llm",
    }
    for scope in (LIVEKIT, "somebody's own") if name != "judge_evaluation" else (LIVEKIT,):
        found = observe(name, scope, attributes)
        assert (found.step, found.kind) == (step, kind)
        assert bool(found.usage_details) == (step is Step.LLM)


def test_livekit_metrics_fill_gaps() -> None:
    metrics = {
        "ttft": 0.4,
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "prompt_cached_tokens": 8,
        "tokens_per_second": 9.5,
        "metadata": {"model_name": "gpt-4o", "model_provider": "api.openai.com"},
    }
    found = observe("llm_request", LIVEKIT, {"lk.llm_metrics": json.dumps(metrics)})
    assert found.usage_details == {
        "input": 20,
        "output": 5,
        "input_cached_tokens": 8,
        "total": 25,
    }
    assert found.voice.llm_ttft_ns == 400 * MS
    assert found.first_token_ns == START_NS + 400 * MS
    assert (found.model, found.provider) == ("gpt-4o", "openai")


def test_realtime_metrics_tell_audio_from_text_and_how_long_the_session_was() -> None:
    metrics = {
        "type": "realtime_model_metrics",
        "session_duration": 12.5,
        "input_tokens": 100,
        "output_tokens": 40,
        "total_tokens": 140,
        "input_token_details": {
            "audio_tokens": 80,
            "text_tokens": 20,
            "cached_tokens": 60,
            "cached_tokens_details": {"audio_tokens": 50, "text_tokens": 10, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": 10, "audio_tokens": 30},
    }
    found = observe("realtime_metrics", LIVEKIT, {"lk.realtime_model_metrics": json.dumps(metrics)})
    assert found.usage_details == {
        "input": 100,
        "output": 40,
        "total": 140,
        "input_audio_tokens": 80,
        "input_text_tokens": 20,
        "input_cached_tokens": 60,
        "input_cached_audio_tokens": 50,
        "input_cached_text_tokens": 10,
        "output_audio_tokens": 30,
        "output_text_tokens": 10,
        "session_seconds": 12.5,
    }


def test_failed_tool_of_livekit() -> None:
    found = observe(
        "function_tool",
        LIVEKIT,
        {"lk.function_tool.is_error": True, "lk.function_tool.output": "no answer"},
    )
    assert (found.level, found.status_message) == (Level.ERROR, "no answer")
    assert found.voice.tool_failed is True


PIPECAT = "pipecat"


@pytest.mark.parametrize(
    ("name", "attributes", "field", "value"),
    [
        ("stt", {"metrics.ttfb": 0.3}, "stt_ns", 300 * MS),
        ("stt", {"metrics.ttfb_ms": 300}, "stt_ns", 300 * MS),
        ("llm", {"metrics.ttfb": 0.3}, "llm_ttft_ns", 300 * MS),
        ("tts", {"metrics.ttfb": 0.3}, "tts_ttfb_ns", 300 * MS),
        ("tts", {"metrics.ttfb": float("nan")}, "tts_ttfb_ns", None),
        ("stt", {"transcript": "Hello"}, "user_text", "Hello"),
        ("stt", {"metrics.audio_seconds": 3}, "audio_ns", 3_000 * MS),
        ("tts", {"text": "Yes"}, "agent_text", "Yes"),
        ("tts", {"metrics.character_count": 3}, "characters", 3),
        ("tts", {"tts.interrupted": True}, "interrupted", True),
        ("turn", {"turn.was_interrupted": True}, "interrupted", True),
        ("turn", {"turn.number": 2}, "turn_number", 2),
        ("turn", {"turn.duration_seconds": 2.5}, "turn_duration_ns", 2_500 * MS),
        ("turn", {"turn.user_bot_latency_seconds": 0.8}, "e2e_ns", 800 * MS),
        ("turn", {"turn.ended_by_conversation_end": True}, "ended_by_conversation_end", True),
        ("llm", {"output": "Yes"}, "agent_text", "Yes"),
        ("llm", {"input": '[{"role":"user","content":"Hi"}]'}, "user_text", "Hi"),
        ("llm_tool_call", {"tool.function_name": "look"}, "tool_name", "look"),
        ("llm_tool_result", {"tool.result_status": "error"}, "tool_failed", True),
    ],
)
def test_pipecat_voice(name: str, attributes: dict[str, Any], field: str, value: object) -> None:
    found = observe(name, PIPECAT, attributes)
    assert found.framework is Framework.PIPECAT
    assert getattr(found.voice, field) == value


def test_pipecat_parameters_leave_sentinels_out() -> None:
    found = observe(
        "llm",
        PIPECAT,
        {"gen_ai.request.top_k": "NOT_GIVEN", "gen_ai.request.temperature": 0.4, "stream": True},
    )
    assert json.loads(found.model_parameters or "") == {"temperature": 0.4, "stream": True}


def test_pipecat_0_0_names() -> None:
    found = observe("llm", PIPECAT, {"gen_ai.system": "openai", "system": "Be kind."})
    assert (found.provider, found.step) == ("openai", Step.LLM)
    assert observe("turn", "pipecat.turn", {"conversation.id": "c"}).session_ref == "c"


def test_failed_spans_have_no_latency() -> None:
    event = RawEvent(
        "exception", START_NS, {"exception.message": "lost", "exception.type": "a.b.Lost"}
    )
    for name, scope, attributes in (
        ("llm", PIPECAT, {"metrics.ttfb": 0.001}),
        ("llm_request", LIVEKIT, {"gen_ai.response.time_to_first_chunk": 0.1}),
    ):
        found = observe(name, scope, attributes, status_code=2, events=[event])
        assert found.voice.llm_ttft_ns is None
        assert found.first_token_ns is None
        assert (found.level, found.status_message) == (Level.ERROR, "lost")
        assert found.voice.error_type == "Lost"


def test_tools_known_from_messages() -> None:
    messages = [
        {"role": "user", "content": "old"},
        {"role": "assistant", "tool_calls": [{"id": "0", "function": {"name": "old"}}]},
        {"role": "tool", "tool_call_id": "0", "content": "done"},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "Is it on?"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "1", "function": {"name": "look", "arguments": '{"lamp": 1}'}},
                {"id": "2", "function": {"name": "wait", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": '{"on": true}'},
    ]
    found = observe("llm", PIPECAT, {"input": json.dumps(messages)}).voice
    assert found.user_text == "Is it on?"
    assert [(m.call_id, m.name, m.arguments, m.output) for m in found.tool_messages] == [
        ("1", "look", '{"lamp": 1}', '{"on": true}'),
        ("2", "wait", "{}", None),
    ]
