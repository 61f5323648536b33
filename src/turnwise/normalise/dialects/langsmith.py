"""LangSmith's attributes on OpenTelemetry spans: its own OTel mode and its voice processors.

Source: langsmith 0.14.17, _internal/otel/_otel_exporter.py and integrations/, spans as sent,
2026-11.
"""

from turnwise.model.observation import Kind, Step
from turnwise.normalise.table import Attribute, Dialect, KindWord
from turnwise.normalise.values import (
    json_or_text,
    mapping,
    names,
    number,
    quantity,
    text,
)

DIALECT = Dialect(
    title="LangSmith",
    source="langsmith 0.14.17: OTel mode and integrations for LiveKit and Pipecat",
    kinds=(
        KindWord(
            "langsmith.span.kind",
            {
                "llm": (Kind.GENERATION, Step.LLM),
                "chain": (Kind.CHAIN, None),
                "tool": (Kind.TOOL, Step.TOOL),
                "retriever": (Kind.RETRIEVER, None),
                "embedding": (Kind.EMBEDDING, None),
                "prompt": (Kind.CHAIN, None),
                "parser": (Kind.CHAIN, None),
            },
            rank=1,
        ),
    ),
    attributes=(
        Attribute(name="langsmith.metadata.thread_id", target="session_ref", convert=text, rank=2),
        Attribute(name="langsmith.metadata.session_id", target="session_ref", convert=text, rank=3),
        Attribute(
            name="langsmith.metadata.conversation_id", target="session_ref", convert=text, rank=4
        ),
        Attribute(name="langsmith.metadata.user_id", target="user_ref", convert=text, rank=2),
        Attribute(name="langsmith.trace.name", target="root_trace_name", convert=text),
        Attribute(name="langsmith.span.tags", target="tags", convert=names, rank=1),
        Attribute(
            name="langsmith.metadata.",
            target="user_metadata",
            convert=json_or_text,
            is_prefix=True,
        ),
        Attribute(name="langsmith.metadata.ls_model_name", target="model", convert=text, rank=5),
        Attribute(name="langsmith.metadata.ls_provider", target="provider", convert=text, rank=4),
        Attribute(
            name="langsmith.metadata.ls_temperature", target="param.temperature", convert=number
        ),
        Attribute(
            name="langsmith.metadata.ls_max_tokens", target="param.max_tokens", convert=quantity
        ),
        Attribute(
            name="langsmith.usage_metadata",
            target="usage_metadata",
            convert=mapping,
            unit="JSON",
        ),
    ),
)
