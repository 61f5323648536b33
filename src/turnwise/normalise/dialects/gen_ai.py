"""OpenTelemetry's GenAI conventions, also the older names, and the plain ones everybody uses.

Source: OpenTelemetry semantic conventions 1.28 to 1.40, gen-ai registry; the LiveKit Agents and
Langfuse additions under the same prefix, 2026-11.
"""

from collections import Counter
from collections.abc import Iterator

from turnwise.model.observation import Kind, Step
from turnwise.normalise.table import Attribute, Dialect, KindWord
from turnwise.normalise.values import (
    amount,
    content,
    count,
    quantity,
    repr_mapping,
    scalar,
    seconds,
    text,
)

USAGE_NAMES = {
    "input_tokens": "input",
    "prompt_tokens": "input",
    "output_tokens": "output",
    "completion_tokens": "output",
    "total_tokens": "total",
    "cache_read.input_tokens": "input_cached_tokens",
    "cache_read_input_tokens": "input_cached_tokens",
    "input_cached_tokens": "input_cached_tokens",
    "cache_creation.input_tokens": "input_cache_creation",
    "cache_creation_input_tokens": "input_cache_creation",
    "cache_write.input_tokens": "input_cache_creation",
    "reasoning.output_tokens": "output_reasoning_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "text.input_tokens": "input_text_tokens",
    "input_text_tokens": "input_text_tokens",
    "audio.input_tokens": "input_audio_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "image.input_tokens": "input_image_tokens",
    "text.output_tokens": "output_text_tokens",
    "output_text_tokens": "output_text_tokens",
    "audio.output_tokens": "output_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "audio.cache_read.input_tokens": "input_cached_audio_tokens",
    "text.cache_read.input_tokens": "input_cached_text_tokens",
    "image.cache_read.input_tokens": "input_cached_image_tokens",
}
"""What follows `gen_ai.usage.` to the name under which the count is kept."""


def _ranked(names: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    """Each name with its target, and how many names of the same target came before it."""
    seen: Counter[str] = Counter()
    for name, kept in names.items():
        yield name, kept, seen[kept]
        seen[kept] += 1


def _service(value: object) -> str | None:
    """A service's name, unless the SDK made it up."""
    name = text(value)
    return None if name is None or name.startswith("unknown_service") else name


_GENERATION = (Kind.GENERATION, Step.LLM)

DIALECT = Dialect(
    title="OpenTelemetry GenAI",
    source="OpenTelemetry semantic conventions 1.28 to 1.40, gen-ai registry",
    kinds=(
        KindWord(
            "gen_ai.operation.name",
            {
                "chat": _GENERATION,
                "text_completion": _GENERATION,
                "generate_content": _GENERATION,
                "completion": _GENERATION,
                "embeddings": (Kind.EMBEDDING, None),
                "embedding": (Kind.EMBEDDING, None),
                "create_agent": (Kind.AGENT, None),
                "invoke_agent": (Kind.AGENT, None),
                "invoke_workflow": (Kind.CHAIN, None),
                "retrieval": (Kind.RETRIEVER, None),
                "execute_tool": (Kind.TOOL, Step.TOOL),
                "stt": (Kind.SPAN, Step.STT),
                "tts": (Kind.SPAN, Step.TTS),
            },
            rank=4,
        ),
    ),
    attributes=(
        Attribute(name="session.id", target="session_ref", convert=text, rank=1),
        Attribute(name="gen_ai.conversation.id", target="session_ref", convert=text, rank=6),
        Attribute(name="user.id", target="user_ref", convert=text, rank=1),
        Attribute(name="enduser.id", target="user_ref", convert=text, rank=4),
        Attribute(name="gen_ai.agent.name", target="voice.agent_name", convert=text, rank=1),
        # model
        Attribute(name="gen_ai.response.model", target="model", convert=text, rank=1),
        Attribute(name="gen_ai.request.model", target="model", convert=text, rank=2),
        Attribute(name="model", target="model", convert=text, rank=9),
        Attribute(name="gen_ai.request.model", target="requested_model", convert=text),
        Attribute(name="gen_ai.provider.name", target="provider", convert=text),
        Attribute(name="gen_ai.system", target="provider", convert=text, rank=1),
        Attribute(name="gen_ai.request.", target="params", convert=scalar, is_prefix=True),
        Attribute(
            name="gen_ai.response.time_to_first_chunk",
            target="voice.llm_ttft_ns",
            convert=seconds,
            unit="s",
            rank=1,
        ),
        # consumption
        *(
            Attribute(
                name=f"gen_ai.usage.{name}", target=f"usage.{kept}", convert=quantity, rank=rank
            )
            for name, kept, rank in _ranked(USAGE_NAMES)
        ),
        *(
            Attribute(
                name=f"gen_ai.usage.{name}",
                target="voice.cached_tokens",
                convert=count,
                rank=rank,
                steps=frozenset({Step.LLM}),
            )
            for name, kept, rank in _ranked(USAGE_NAMES)
            if kept == "input_cached_tokens"
        ),
        Attribute(
            name="gen_ai.usage.input_token_details",
            target="input_token_details",
            convert=repr_mapping,
            unit="JSON or Python's repr",
        ),
        Attribute(
            name="gen_ai.usage.output_token_details",
            target="output_token_details",
            convert=repr_mapping,
            unit="JSON or Python's repr",
        ),
        Attribute(
            name="gen_ai.usage.cost", target="cost.total", convert=amount, unit="USD", rank=1
        ),
        # content
        Attribute(name="gen_ai.input.messages", target="input", convert=content, rank=6),
        Attribute(name="gen_ai.output.messages", target="output", convert=content, rank=6),
        Attribute(name="gen_ai.prompt", target="input", convert=content, rank=50),
        Attribute(name="gen_ai.completion", target="output", convert=content, rank=50),
        Attribute(name="input", target="input", convert=content, rank=46),
        Attribute(name="output", target="output", convert=content, rank=46),
        # tools
        Attribute(name="gen_ai.tool.name", target="voice.tool_name", convert=text, rank=1),
        Attribute(name="gen_ai.tool.call.id", target="voice.tool_call_id", convert=text, rank=1),
        Attribute(name="gen_ai.tool.call.arguments", target="input", convert=content, rank=12),
        Attribute(name="gen_ai.tool.call.result", target="output", convert=content, rank=12),
        Attribute(name="error.type", target="voice.error_type", convert=text),
        Attribute(name="exception.type", target="voice.error_type", convert=text, rank=1),
        Attribute(name="exception.message", target="exception_message", convert=text),
        # where it ran
        Attribute(name="deployment.environment.name", target="environment", convert=text, rank=1),
        Attribute(name="deployment.environment", target="environment", convert=text, rank=2),
    ),
    resource=(
        Attribute(name="deployment.environment.name", target="environment", convert=text, rank=4),
        Attribute(name="deployment.environment", target="environment", convert=text, rank=5),
        Attribute(name="service.version", target="app_version", convert=text, rank=5),
        Attribute(name="service.name", target="voice.agent_name", convert=_service, rank=5),
        Attribute(name="session.id", target="session_ref", convert=text, rank=10),
    ),
)
