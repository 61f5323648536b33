"""Traceloop's OpenLLMetry.

Source: opentelemetry-instrumentation-openai 0.62 as sent and traceloop-sdk, 2026-11.
"""

from turnwise.model.observation import Kind, Step
from turnwise.normalise.table import Attribute, Dialect, KindWord
from turnwise.normalise.values import content, json_or_text, quantity, text

_GENERATION = (Kind.GENERATION, Step.LLM)

DIALECT = Dialect(
    title="Traceloop OpenLLMetry",
    source="opentelemetry-instrumentation-openai 0.62 as sent; traceloop-sdk",
    kinds=(
        KindWord(
            "traceloop.span.kind",
            {
                "workflow": (Kind.CHAIN, None),
                "task": (Kind.SPAN, None),
                "agent": (Kind.AGENT, None),
                "tool": (Kind.TOOL, Step.TOOL),
            },
            rank=3,
        ),
        KindWord(
            "llm.request.type",
            {
                "chat": _GENERATION,
                "completion": _GENERATION,
                "embedding": (Kind.EMBEDDING, None),
                "rerank": (Kind.RETRIEVER, None),
            },
            rank=5,
        ),
    ),
    attributes=(
        Attribute(
            name="traceloop.association.properties.session_id",
            target="session_ref",
            convert=text,
            rank=8,
        ),
        Attribute(
            name="traceloop.association.properties.conversation_id",
            target="session_ref",
            convert=text,
            rank=9,
        ),
        Attribute(
            name="traceloop.association.properties.user_id",
            target="user_ref",
            convert=text,
            rank=3,
        ),
        Attribute(
            name="traceloop.association.properties.",
            target="user_metadata",
            convert=json_or_text,
            is_prefix=True,
        ),
        Attribute(name="llm.usage.total_tokens", target="usage.total", convert=quantity, rank=4),
        Attribute(name="traceloop.entity.input", target="input", convert=content, rank=40),
        Attribute(name="traceloop.entity.output", target="output", convert=content, rank=40),
        Attribute(name="gen_ai.prompt.", target="flat_input", convert=content, is_prefix=True),
        Attribute(name="gen_ai.completion.", target="flat_output", convert=content, is_prefix=True),
    ),
)
