"""OpenInference, as Phoenix and its instrumentations write it.

Source: openinference-semantic-conventions, spans of openinference-instrumentation-openai, 2026-11.
"""

from turnwise.model.observation import Kind, Step
from turnwise.normalise.table import Attribute, Dialect, KindWord
from turnwise.normalise.values import amount, content, mapping, names, quantity, text

DIALECT = Dialect(
    title="OpenInference",
    source="openinference-semantic-conventions; openinference-instrumentation-openai as sent",
    kinds=(
        KindWord(
            "openinference.span.kind",
            {
                "llm": (Kind.GENERATION, Step.LLM),
                "tool": (Kind.TOOL, Step.TOOL),
                "chain": (Kind.CHAIN, None),
                "agent": (Kind.AGENT, None),
                "retriever": (Kind.RETRIEVER, None),
                "reranker": (Kind.RETRIEVER, None),
                "embedding": (Kind.EMBEDDING, None),
                "guardrail": (Kind.GUARDRAIL, None),
                "evaluator": (Kind.EVALUATOR, None),
                "prompt": (Kind.CHAIN, None),
                "unknown": (Kind.SPAN, None),
            },
            rank=2,
        ),
    ),
    attributes=(
        Attribute(name="llm.model_name", target="model", convert=text, rank=3),
        Attribute(name="embedding.model_name", target="model", convert=text, rank=4),
        Attribute(name="llm.provider", target="provider", convert=text, rank=2),
        Attribute(name="llm.system", target="provider", convert=text, rank=3),
        Attribute(
            name="llm.invocation_parameters",
            target="model_parameters",
            convert=mapping,
            unit="JSON",
            rank=1,
        ),
        Attribute(name="llm.token_count.prompt", target="usage.input", convert=quantity, rank=5),
        Attribute(
            name="llm.token_count.completion", target="usage.output", convert=quantity, rank=5
        ),
        Attribute(name="llm.token_count.total", target="usage.total", convert=quantity, rank=5),
        Attribute(
            name="llm.token_count.prompt_details.cache_read",
            target="usage.input_cached_tokens",
            convert=quantity,
            rank=5,
        ),
        Attribute(
            name="llm.token_count.prompt_details.cache_write",
            target="usage.input_cache_creation",
            convert=quantity,
            rank=5,
        ),
        Attribute(
            name="llm.token_count.prompt_details.audio",
            target="usage.input_audio_tokens",
            convert=quantity,
            rank=5,
        ),
        Attribute(
            name="llm.token_count.completion_details.reasoning",
            target="usage.output_reasoning_tokens",
            convert=quantity,
            rank=5,
        ),
        Attribute(
            name="llm.token_count.completion_details.audio",
            target="usage.output_audio_tokens",
            convert=quantity,
            rank=5,
        ),
        Attribute(name="llm.cost.prompt", target="cost.input", convert=amount, unit="USD", rank=2),
        Attribute(
            name="llm.cost.completion", target="cost.output", convert=amount, unit="USD", rank=2
        ),
        Attribute(name="llm.cost.total", target="cost.total", convert=amount, unit="USD", rank=2),
        Attribute(name="input.value", target="input", convert=content, rank=44),
        Attribute(name="output.value", target="output", convert=content, rank=44),
        Attribute(name="llm.input_messages.", target="flat_input", convert=content, is_prefix=True),
        Attribute(
            name="llm.output_messages.", target="flat_output", convert=content, is_prefix=True
        ),
        Attribute(name="tool.name", target="voice.tool_name", convert=text, rank=3),
        Attribute(name="tool_call.id", target="voice.tool_call_id", convert=text, rank=3),
        Attribute(name="tag.tags", target="tags", convert=names, rank=2),
        Attribute(name="metadata", target="metadata_object", convert=mapping, unit="JSON"),
    ),
)
