"""The form in which a dialect is written down: one row per attribute, span name or kind word."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from turnwise.model.observation import Framework, Kind, Step

Convert = Callable[[Any], Any]
"""A value as it came to a value as we keep it; None says "nothing was said"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute and what it becomes.

    Attributes:
        name: the attribute's key; with `is_prefix` the beginning of many keys.
        target: a field of Observation, `voice.` and a field of Voice, `usage.` and a count's name,
            or one of the gathering places that `reading` documents.
        convert: to our unit; returns None for sentinels and what cannot be.
        unit: the sender's unit, for docs/dialects.md; empty for texts and plain numbers.
        rank: the smallest rank that has a value wins.
        steps: only on spans of these steps; empty means on all.
        framework: only on spans of this framework; None means on all.
        moves: the value leaves the kept attributes, because `input` or `output` holds it verbatim.
    """

    name: str
    target: str
    convert: Convert
    unit: str = ""
    rank: int = 0
    steps: frozenset[Step] = frozenset()
    framework: Framework | None = None
    is_prefix: bool = False

    @property
    def moves(self) -> bool:
        return self.target in ("input", "output") and not self.is_prefix


@dataclass(frozen=True, slots=True)
class SpanName:
    """What a span of this name is, in the spans of one framework."""

    name: str
    step: Step
    kind: Kind = Kind.SPAN


@dataclass(frozen=True, slots=True)
class KindWord:
    """An attribute whose value says what a span is.

    Attributes:
        words: the value in lower case to kind and step; a step of None leaves it to the kind.
        rank: the smallest rank whose word is known wins.
    """

    attribute: str
    words: dict[str, tuple[Kind, Step | None]]
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vocabulary.

    Attributes:
        title: how docs/dialects.md calls it.
        source: where its facts were read, with version.
        scopes: beginnings of instrumentation scope names that speak it as a framework.
        markers: beginnings of attribute keys by which a span of an unknown scope, whose name is
            in `spans`, is known to be of this framework.
    """

    title: str
    source: str
    attributes: tuple[Attribute, ...]
    framework: Framework | None = None
    scopes: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    spans: tuple[SpanName, ...] = ()
    kinds: tuple[KindWord, ...] = ()
    resource: tuple[Attribute, ...] = ()
