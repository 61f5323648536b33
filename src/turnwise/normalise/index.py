"""All dialects compiled for the hot path: one dictionary look-up per attribute of a span."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from turnwise.model.observation import Framework, Kind, Step
from turnwise.normalise.dialects import (
    gen_ai,
    langfuse,
    langsmith,
    livekit,
    openinference,
    pipecat,
    traceloop,
)
from turnwise.normalise.table import Attribute, Dialect, KindWord, SpanName

DIALECTS: tuple[Dialect, ...] = (
    livekit.DIALECT,
    pipecat.DIALECT,
    gen_ai.DIALECT,
    openinference.DIALECT,
    traceloop.DIALECT,
    langfuse.DIALECT,
    langsmith.DIALECT,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One attribute's effect on spans of one framework and step.

    Attributes:
        group: "" for a field of Observation, else the part of the target before its dot.
        key: the field, or the name inside the group.
        slot: group and key, made once because every attribute of every span asks for it.
    """

    group: str
    key: str
    rank: int
    convert: Callable[[Any], Any]
    slot: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that applies to spans of one framework and step.

    Attributes:
        exact: rules by attribute name.
        prefixes: all beginnings, for one call of str.startswith.
        gathered: each beginning, with the place where what follows it is gathered.
    """

    exact: Mapping[str, tuple[Rule, ...]]
    prefixes: tuple[str, ...]
    gathered: tuple[tuple[str, str, Callable[[Any], Any]], ...]


def _rule(attribute: Attribute) -> Rule:
    group, _, key = attribute.target.rpartition(".")
    return Rule(group, key, attribute.rank, attribute.convert, (group, key))


def _applies(attribute: Attribute, framework: Framework, step: Step) -> bool:
    if attribute.framework not in (None, framework):
        return False
    return not attribute.steps or step in attribute.steps


@cache
def rules_for(framework: Framework, step: Step) -> Rules:
    """The compiled tables for spans of this framework and step."""
    exact: dict[str, tuple[Rule, ...]] = {}
    gathered: list[tuple[str, str, Callable[[Any], Any]]] = []
    for dialect in DIALECTS:
        for attribute in dialect.attributes:
            if not _applies(attribute, framework, step):
                continue
            if attribute.is_prefix:
                gathered.append((attribute.name, attribute.target, attribute.convert))
            else:
                exact[attribute.name] = (*exact.get(attribute.name, ()), _rule(attribute))
    return Rules(exact, tuple(prefix for prefix, _, _ in gathered), tuple(gathered))


RESOURCE_RULES: Mapping[str, Rule] = {
    attribute.name: _rule(attribute) for dialect in DIALECTS for attribute in dialect.resource
}

KIND_WORDS: tuple[KindWord, ...] = tuple(
    sorted((words for dialect in DIALECTS for words in dialect.kinds), key=lambda w: w.rank)
)

SPANS: Mapping[Framework, Mapping[str, SpanName]] = {
    dialect.framework: {span.name: span for span in dialect.spans}
    for dialect in DIALECTS
    if dialect.framework is not None
}

SCOPES: tuple[tuple[str, Framework], ...] = tuple(
    (scope, dialect.framework)
    for dialect in DIALECTS
    if dialect.framework is not None
    for scope in dialect.scopes
)

MARKERS: tuple[tuple[Framework, tuple[str, ...]], ...] = tuple(
    (dialect.framework, dialect.markers) for dialect in DIALECTS if dialect.framework is not None
)

MODEL_NAMES = frozenset(
    attribute.name
    for dialect in DIALECTS
    for attribute in dialect.attributes
    if attribute.target == "model"
)
"""Attributes that name a model; a span with one of them and no other sign is a generation."""

GENERATION = (Kind.GENERATION, Step.LLM)
