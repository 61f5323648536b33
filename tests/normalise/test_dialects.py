"""Each vocabulary's names, old and new, one span at a time."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.normalise.spans import START_NS, observe
from turnwise.model.batch import RawEvent
from turnwise.model.observation import Framework, Kind, Level, Observation, Step

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
        ("on_enter", {"lk.agent_label": "billing"}, "handoff_to", None),
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


def test_session_precedence() -> None:
    names = [
        "langfuse.session.id",
        "session.id",
        "langsmith.metadata.thread_id",
        "langsmith.metadata.session_id",
        "langsmith.metadata.conversation_id",
        "conversation.id",
        "gen_ai.conversation.id",
        "room_id",
    ]
    attributes = {name: name for name in reversed(names)}
    for rank, name in enumerate(names):
        found = observe(attributes=attributes)
        assert (found.session_ref, found.session_rank) == (name, rank)
        del attributes[name]
    assert observe(attributes=attributes).session_ref is None


def _langfuse(**attributes: Any) -> Observation:
    return observe(
        "answer",
        "langfuse-sdk",
        {f"langfuse.{k.replace('__', '.')}": v for k, v in attributes.items()},
    )


def test_langfuse_generation() -> None:
    found = _langfuse(
        observation__type="generation",
        observation__input='[{"role": "user", "content": "Hi"}]',
        observation__output='"Hello"',
        observation__level="WARNING",
        observation__status_message="slow",
        observation__model__name="gpt-4o",
        observation__model__parameters='{"temperature": 0.2}',
        observation__usage_details='{"prompt_tokens": 7, "completion_tokens": 2}',
        observation__cost_details='{"input": 0.1, "total": 0.3, "odd": "x"}',
        observation__completion_start_time='"\\"2026-09-21T14:13:20.500Z\\""',
        observation__metadata__turn='"\\"one\\""',
        trace__name="call",
        trace__tags=["a", "b"],
        trace__metadata__attributes="mine",
        user__id="u",
        environment="staging",
        release="r1",
        version="v1",
    )
    assert (found.kind, found.step, found.level) == (Kind.GENERATION, Step.LLM, Level.WARNING)
    assert found.input == '[{"role": "user", "content": "Hi"}]'
    assert found.output is not None
    assert found.status_message == "slow"
    assert found.usage_details == {"input": 7, "output": 2, "total": 9}
    assert found.cost_details == {"input": Decimal("0.1"), "total": Decimal("0.3")}
    assert found.cost_source == "reported"
    assert found.first_token_ns == START_NS + 500 * MS
    assert found.voice.llm_ttft_ns == 500 * MS
    assert (found.trace_name, found.tags, found.user_ref) == ("call", ("a", "b"), "u")
    assert (found.environment, found.release, found.app_version) == ("staging", "r1", "v1")
    metadata = json.loads(found.metadata or "")
    assert metadata["turn"] == '"one"'
    assert metadata["attributes"]["langfuse.trace.metadata.attributes"] == "mine"
    assert json.loads(found.model_parameters or "") == {"temperature": 0.2}


@pytest.mark.parametrize("kind", list(Kind))
def test_langfuse_types(kind: Kind) -> None:
    assert _langfuse(observation__type=kind.value.lower()).kind is kind


def test_langfuse_exception_without_level() -> None:
    event = RawEvent("exception", START_NS, {"exception.message": "no"})
    found = observe(attributes={}, status_code=2, events=[event])
    assert (found.level, found.status_message) == (Level.ERROR, "no")


def test_langsmith_otel_mode() -> None:
    found = observe(
        "ChatOpenAI",
        "langsmith",
        {
            "langsmith.span.kind": "llm",
            "langsmith.trace.name": "call",
            "langsmith.metadata.thread_id": "t",
            "langsmith.metadata.ls_provider": "openai",
            "langsmith.span.tags": "a, b",
            "gen_ai.prompt": '{"messages": [{"role": "user", "content": "Hi"}]}',
            "gen_ai.completion": '{"messages": [{"role": "assistant", "content": "Yes"}]}',
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.output_tokens": 1,
            "gen_ai.usage.total_tokens": 10,
            "gen_ai.usage.input_token_details": "{'cache_read': 4, 'audio': 0}",
        },
    )
    assert (found.kind, found.step) == (Kind.GENERATION, Step.LLM)
    assert (found.session_ref, found.session_rank) == ("t", 2)
    assert (found.provider, found.tags, found.trace_name) == ("openai", ("a", "b"), "call")
    assert found.usage_details == {
        "input": 9,
        "output": 1,
        "total": 10,
        "input_cached_tokens": 4,
    }
    assert (found.voice.user_text, found.voice.agent_text) == ("Hi", "Yes")


@pytest.mark.parametrize(("name", "step"), [("stt", Step.STT), ("tts", Step.TTS)])
def test_langsmith_calls_speech_llm(name: str, step: Step) -> None:
    found = observe(name, "elsewhere", {"langsmith.span.kind": "llm"})
    assert (found.kind, found.step) == (Kind.SPAN, step)


def test_langsmith_usage_metadata() -> None:
    usage = {
        "input_tokens": 4,
        "output_tokens": 2,
        "input_token_details": {"cache_read": 1},
        "total_cost": 0.5,
    }
    found = observe(
        "run",
        attributes={"langsmith.span.kind": "llm", "langsmith.usage_metadata": json.dumps(usage)},
    )
    assert found.usage_details == {"input": 4, "output": 2, "input_cached_tokens": 1, "total": 6}
    assert found.cost_details == {"total": Decimal("0.5")}


def test_openinference() -> None:
    found = observe(
        "ChatCompletion",
        "openinference.instrumentation.openai",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.invocation_parameters": '{"temperature": 1}',
            "llm.token_count.prompt": 5,
            "llm.token_count.completion": 2,
            "llm.token_count.prompt_details.cache_read": 3,
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "Hi",
            "llm.input_messages.1.message.role": "assistant",
            "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
            "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "look",
            "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": "{}",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "Yes",
            "tag.tags": ["x"],
            "metadata": '{"plan": "free"}',
        },
        events=[RawEvent("First Token Stream Event", START_NS + 5 * MS, {})],
    )
    assert (found.kind, found.model, found.tags) == (Kind.GENERATION, "gpt-4o", ("x",))
    assert found.usage_details["input_cached_tokens"] == 3
    assert found.voice.llm_ttft_ns == 5 * MS
    assert (found.voice.user_text, found.voice.agent_text) == ("Hi", "Yes")
    assert [each.name for each in found.voice.tool_messages] == ["look"]
    assert json.loads(found.metadata or "")["plan"] == "free"
    assert json.loads(found.input or "")[0]["content"] == [{"type": "text", "text": "Hi"}]


def test_traceloop_old_names() -> None:
    found = observe(
        "openai.chat",
        "opentelemetry.instrumentation.openai.v1",
        {
            "llm.request.type": "chat",
            "traceloop.association.properties.session_id": "s",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Yes",
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 4,
        },
        events=[RawEvent("gen_ai.content.completion.chunk", START_NS + n * MS, {}) for n in (9, 4)],
    )
    assert (found.kind, found.session_ref) == (Kind.GENERATION, "s")
    assert found.usage_details == {"input": 3, "output": 4, "total": 7}
    assert (found.voice.user_text, found.voice.agent_text) == ("Hi", "Yes")
    assert found.voice.llm_ttft_ns == 4 * MS


@pytest.mark.parametrize(
    ("operation", "kind", "step"),
    [
        ("chat", Kind.GENERATION, Step.LLM),
        ("embeddings", Kind.EMBEDDING, Step.OTHER),
        ("invoke_agent", Kind.AGENT, Step.OTHER),
        ("execute_tool", Kind.TOOL, Step.TOOL),
        ("stt", Kind.SPAN, Step.STT),
        ("tts", Kind.SPAN, Step.TTS),
    ],
)
def test_gen_ai_operations(operation: str, kind: Kind, step: Step) -> None:
    found = observe("x", "own", {"gen_ai.operation.name": operation})
    assert (found.kind, found.step) == (kind, step)


def test_gen_ai_message_events() -> None:
    def event(called: str, /, **attributes: Any) -> RawEvent:
        return RawEvent(called, START_NS, attributes)

    call = '{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}'
    found = observe(
        "chat gpt",
        "own",
        {"gen_ai.operation.name": "chat"},
        events=[
            event("gen_ai.system.message", content="Be kind."),
            event("gen_ai.user.message", content="Hi"),
            event("gen_ai.assistant.message", tool_calls=[call]),
            event("gen_ai.tool.message", id="c", name="look", content="on"),
            event("gen_ai.choice", message='{"role": "assistant", "content": "Yes"}', index=0),
        ],
    )
    assert (found.voice.user_text, found.voice.agent_text) == ("Hi", "Yes")
    assert [(m.name, m.output) for m in found.voice.tool_messages] == [("look", '"on"')]
    assert len(json.loads(found.metadata or "")["events"]) == 5


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("user_turn", Step.USER_TURN),
        ("Agent turn 3", Step.AGENT_TURN),
        ("conversation-turn", Step.EXCHANGE),
        ("turn_2", Step.EXCHANGE),
        ("return_item", Step.OTHER),
    ],
)
def test_generic_turns_by_name(name: str, step: Step) -> None:
    assert observe(name, "own").step is step


def test_agent_name_precedence() -> None:
    resource = {"service.name": "shop"}
    names = {"lk.agent_name": "desk", "gen_ai.agent.name": "clerk"}
    assert observe(attributes=names, resource=resource).voice.agent_name == "desk"
    del names["lk.agent_name"]
    assert observe(attributes=names, resource=resource).voice.agent_name == "clerk"
    assert observe(resource=resource).voice.agent_name == "shop"
    assert observe(resource={"service.name": "unknown_service:py"}).voice.agent_name is None


def test_environment_falls_back() -> None:
    assert observe().environment == "default"
    assert observe(resource={"deployment.environment.name": "prod"}).environment == "prod"
    assert observe(resource={"deployment.environment": "prod"}).environment == "prod"
    own = observe(
        attributes={"langfuse.environment": "mine"}, resource={"langfuse.environment": "prod"}
    )
    assert own.environment == "mine"
