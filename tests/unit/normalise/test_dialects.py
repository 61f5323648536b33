"""The vocabularies of tracing tools, old and new names, one span at a time."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.normalise.spans import START_NS, observe
from turnwise.model.batch import RawEvent
from turnwise.model.observation import Kind, Level, Observation, Step

MS = 1_000_000


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


@pytest.mark.parametrize(
    ("name", "key", "value", "field", "milliseconds"),
    [
        ("stt", "stt.final_latency_s", "0.21", "stt_ns", 210),
        ("stt", "asr_latency_ms", "180", "stt_ns", 180),
        ("tts", "tts.ttfb_s", '"0.4"', "tts_ttfb_ns", 400),
        ("tts", "tts_first_byte_ms", "95.5", "tts_ttfb_ns", 95.5),
        ("answer", "llm.ttft_seconds", "1.5", "llm_ttft_ns", 1500),
    ],
)
def test_lengths_in_a_users_metadata(
    name: str, key: str, value: str, field: str, milliseconds: float
) -> None:
    """Langfuse has no attributes for a voice: its users note what a stage took."""
    told = {f"langfuse.observation.metadata.{key}": value, "langfuse.observation.type": "span"}
    found = observe(name, "langfuse-sdk", told)
    assert getattr(found.voice, field) == round(milliseconds * MS)
    assert key in json.loads(found.metadata or "")


@pytest.mark.parametrize(
    ("key", "value"), [("tts.ttfb", "0.4"), ("my_tts.ttfb_s", "0.4"), ("tts.ttfb_s", "soon")]
)
def test_a_length_without_a_unit_or_a_number_is_none(key: str, value: str) -> None:
    told = {f"langfuse.observation.metadata.{key}": value, "langfuse.observation.type": "span"}
    assert observe("tts", "langfuse-sdk", told).voice.tts_ttfb_ns is None


def test_a_negative_length_in_a_users_metadata_is_refused() -> None:
    told = {"langfuse.observation.metadata.tts.ttfb_s": "-0.4"}
    assert observe("tts", "langfuse-sdk", told).voice.refused == ("tts.ttfb_s",)


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        ({"input": 1200, "input_cached_tokens": 0}, 0),
        ({"input": 1200, "input_cached_tokens": 1024}, 1024),
        ({"prompt_tokens": 1200, "prompt_tokens_details": {"cached_tokens": 0}}, 0),
        ({"input": 1200}, None),
    ],
)
def test_nothing_cached_is_told_from_not_told(usage: dict[str, Any], cached: int | None) -> None:
    told = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.usage_details": json.dumps(usage),
    }
    assert observe("llm", "langfuse-sdk", told).voice.cached_tokens == cached


def test_a_livekit_deployment_is_the_version_where_none_is_named() -> None:
    told = {"lk.deployment_id": "CAD_7", "lk.agent_name": "desk"}
    assert observe("agent_session", "livekit-agents", told).app_version == "CAD_7"
    named = observe("agent_session", "livekit-agents", told, resource={"service.version": "1.4"})
    assert named.app_version == "1.4"


def test_the_first_chunk_of_a_voice_is_its_first_sound() -> None:
    """One name for the first chunk of anything."""
    told = {"gen_ai.operation.name": "tts", "gen_ai.response.time_to_first_chunk": 0.3}
    voice = observe("speak", "app", told).voice
    assert (voice.tts_ttfb_ns, voice.llm_ttft_ns) == (300 * MS, None)
    begun = {"langfuse.observation.type": "span",
             "langfuse.observation.completion_start_time": '"2026-09-21T14:13:20.250Z"'}  # fmt: skip
    assert observe("tts", "langfuse-sdk", begun).voice.tts_ttfb_ns == 250 * MS
