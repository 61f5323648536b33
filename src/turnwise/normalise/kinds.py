"""What a span is: whose turn structure it follows, its part in the conversation, its kind."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from turnwise.model.batch import RawSpan
from turnwise.model.observation import Framework, Kind, Step
from turnwise.normalise.index import GENERATION, KIND_WORDS, MARKERS, MODEL_NAMES, SCOPES, SPANS

_TURN = re.compile(r"(?:^|[^a-z])turn(?:[^a-z]|$)")
_USER_TURN = re.compile(r"(?:^|[^a-z])(?:user|human|caller)[ _.-]?turn(?:[^a-z]|$)")
_AGENT_TURN = re.compile(r"(?:^|[^a-z])(?:agent|assistant|bot)[ _.-]?turn(?:[^a-z]|$)")
_SPOKEN = {"stt": Step.STT, "tts": Step.TTS}
_TURN_KINDS = frozenset({Kind.SPAN, Kind.CHAIN, Kind.AGENT})


def identify(span: RawSpan) -> tuple[Framework, Step, Kind]:
    """Framework, step and kind of a span, from its scope, its name and what it says of itself."""
    framework = _framework(span)
    if framework is not Framework.GENERIC:
        known = SPANS[framework].get(span.name)
        if known is not None:
            return framework, known.step, known.kind
        kind, step = _by_words(span.attributes)
        if kind is Kind.GENERATION:
            # only the spans that the framework's table names count as generations
            return framework, Step.OTHER, Kind.SPAN
        return framework, step or Step.OTHER, kind
    return framework, *_generic(span)


def _framework(span: RawSpan) -> Framework:
    found = _framework_of_scope(span.scope.name)
    if found is not Framework.GENERIC:
        return found
    for framework, markers in MARKERS:
        if span.name in SPANS[framework] and any(
            name.startswith(markers) for name in span.attributes
        ):
            return framework
    return Framework.GENERIC


@lru_cache(maxsize=256)
def _framework_of_scope(name: str) -> Framework:
    for scope, framework in SCOPES:
        if name == scope or name.startswith((f"{scope}.", f"{scope}/", f"{scope}-")):
            return framework
    return Framework.GENERIC


def _by_words(attributes: Mapping[str, Any]) -> tuple[Kind, Step | None]:
    for words in KIND_WORDS:
        value = attributes.get(words.attribute)
        if isinstance(value, str) and (found := words.words.get(value.lower())) is not None:
            return found
    if "gen_ai.tool.name" in attributes:
        return Kind.TOOL, Step.TOOL
    if not MODEL_NAMES.isdisjoint(attributes):
        return GENERATION
    return Kind.SPAN, None


def _generic(span: RawSpan) -> tuple[Step, Kind]:
    return step_of(span.name, *_by_words(span.attributes))


def step_of(name: str, kind: Kind, step: Step | None) -> tuple[Step, Kind]:
    """Step and kind of what has no framework's name; `step` is what its sender says of it."""
    name = name.lower()
    if (spoken := _SPOKEN.get(name)) is not None:
        # LangSmith's voice processors call these "llm"
        return spoken, Kind.SPAN
    if step is None and kind in _TURN_KINDS and "turn" in name:
        step = _turn(name)
    return step or Step.OTHER, kind


def _turn(name: str) -> Step | None:
    if _USER_TURN.search(name):
        return Step.USER_TURN
    if _AGENT_TURN.search(name):
        return Step.AGENT_TURN
    return Step.EXCHANGE if _TURN.search(name) else None
