"""Langfuse's attributes on OpenTelemetry spans, SDK 3, 4 and 5.

Source: langfuse 5.0.4, 4.18.0, 3.15.0 and @langfuse/otel 5.11.1, spans as sent, 2026-11.
"""

from turnwise.model.observation import Kind, Level, Step
from turnwise.normalise.table import Attribute, Dialect, KindWord
from turnwise.normalise.values import (
    content,
    instant,
    json_or_text,
    json_string,
    mapping,
    names,
    text,
)


def _level(value: object) -> Level | None:
    return Level.__members__.get(str(value).upper())


DIALECT = Dialect(
    title="Langfuse",
    source="langfuse 5.0.4, 4.18.0, 3.15.0 (Python), @langfuse/otel 5.11.1 (JavaScript)",
    kinds=(
        KindWord(
            "langfuse.observation.type",
            {
                "span": (Kind.SPAN, None),
                "generation": (Kind.GENERATION, Step.LLM),
                "event": (Kind.EVENT, None),
                "embedding": (Kind.EMBEDDING, None),
                "agent": (Kind.AGENT, None),
                "tool": (Kind.TOOL, Step.TOOL),
                "chain": (Kind.CHAIN, None),
                "retriever": (Kind.RETRIEVER, None),
                "evaluator": (Kind.EVALUATOR, None),
                "guardrail": (Kind.GUARDRAIL, None),
            },
            rank=0,
        ),
    ),
    attributes=(
        Attribute(name="langfuse.session.id", target="session_ref", convert=text, rank=0),
        Attribute(name="langfuse.user.id", target="user_ref", convert=text),
        Attribute(name="langfuse.trace.name", target="trace_name", convert=text),
        Attribute(name="langfuse.trace.tags", target="tags", convert=names),
        Attribute(
            name="langfuse.trace.metadata.",
            target="user_metadata",
            convert=json_or_text,
            is_prefix=True,
        ),
        Attribute(
            name="langfuse.observation.metadata.",
            target="user_metadata",
            convert=json_or_text,
            is_prefix=True,
        ),
        Attribute(name="langfuse.observation.input", target="input", convert=content),
        Attribute(name="langfuse.observation.output", target="output", convert=content),
        Attribute(name="langfuse.trace.input", target="input", convert=content, rank=2),
        Attribute(name="langfuse.trace.output", target="output", convert=content, rank=2),
        Attribute(name="langfuse.observation.level", target="level", convert=_level),
        Attribute(
            name="langfuse.observation.status_message", target="status_message", convert=text
        ),
        Attribute(name="langfuse.observation.model.name", target="model", convert=json_string),
        Attribute(
            name="langfuse.observation.model.parameters",
            target="model_parameters",
            convert=mapping,
            unit="JSON",
        ),
        Attribute(
            name="langfuse.observation.usage_details",
            target="usage_details",
            convert=mapping,
            unit="JSON",
        ),
        Attribute(
            name="langfuse.observation.cost_details",
            target="cost_details",
            convert=mapping,
            unit="JSON, USD",
        ),
        Attribute(
            name="langfuse.observation.completion_start_time",
            target="first_token_ns",
            convert=instant,
            unit="ISO 8601, JSON-encoded",
        ),
        Attribute(name="langfuse.environment", target="environment", convert=text),
        Attribute(name="langfuse.release", target="release", convert=text),
        Attribute(name="langfuse.version", target="app_version", convert=text),
    ),
    resource=(
        Attribute(name="langfuse.environment", target="environment", convert=text, rank=3),
        Attribute(name="langfuse.release", target="release", convert=text, rank=3),
        Attribute(name="langfuse.version", target="app_version", convert=text, rank=3),
    ),
)
