"""Tokens and money of one observation, under the names of the trace surface.

`input` includes cached tokens, as OpenAI-style senders count; `input_cached_tokens` says how many
of them. `total` is always there when anything is.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from turnwise.normalise.values import amount, quantity

Counts = dict[str, int | float]

_NAMES = {
    "prompt_tokens": "input",
    "promptTokens": "input",
    "input_tokens": "input",
    "completion_tokens": "output",
    "completionTokens": "output",
    "output_tokens": "output",
    "total_tokens": "total",
    "totalTokens": "total",
    "prompt_cached_tokens": "input_cached_tokens",
    "cache_creation_tokens": "input_cache_creation",
    "cache_read_input_tokens": "input_cached_tokens",
    "cache_creation_input_tokens": "input_cache_creation",
    "reasoning_tokens": "output_reasoning_tokens",
    "session_duration": "session_seconds",
}
_DETAILS = {
    "prompt_tokens_details": "input",
    "input_tokens_details": "input",
    "input_token_details": "input",
    "completion_tokens_details": "output",
    "output_tokens_details": "output",
    "output_token_details": "output",
}
_DETAIL_NAMES = {
    "cached_tokens": "cached_tokens",
    "cache_read": "cached_tokens",
    "cache_creation": "cache_creation",
    "audio": "audio_tokens",
    "text": "text_tokens",
    "reasoning": "reasoning_tokens",
}
_CACHED_DETAILS = frozenset({"cached_tokens_details"})
_COST_NAMES = {"input_cost": "input", "output_cost": "output", "total_cost": "total"}


def counts_of(details: Mapping[str, Any] | None) -> Counts:
    """Token counts from an object in any of the usual spellings; zero details are left out."""
    found: Counts = {}
    for name, value in (details or {}).items():
        if (side := _DETAILS.get(name)) is not None:
            if isinstance(value, Mapping):
                found.update(detail_counts(side, value))
        elif (number := quantity(value)) is not None and name not in _COST_NAMES:
            found.setdefault(_NAMES.get(name, name), number)
    return found


def detail_counts(side: str, details: Mapping[str, Any] | None) -> Counts:
    """Parts of the input or output count, for example how many tokens were cached."""
    found: Counts = {}
    for name, value in (details or {}).items():
        if name in _CACHED_DETAILS and isinstance(value, Mapping):
            found.update(detail_counts(f"{side}_cached", value))
        elif number := quantity(value):
            found[f"{side}_{_DETAIL_NAMES.get(name, name)}"] = number
    return found


def cached_of(details: Mapping[str, Any] | None) -> int | None:
    """How many tokens of the prompt were cached, 0 only where the sender says 0."""
    for name, value in (details or {}).items():
        if _DETAILS.get(name) == "input" and isinstance(value, Mapping):
            told = value.get("cached_tokens", value.get("cache_read"))
        else:
            told = value if _NAMES.get(name, name) == "input_cached_tokens" else None
        if (number := quantity(told)) is not None:
            return round(number)
    return None


def metrics_counts(metrics: Mapping[str, Any] | None) -> Counts:
    """Counts of LiveKit's llm_metrics, which carry much that is no count."""
    kept = {name: value for name, value in (metrics or {}).items() if name in _NAMES}
    details = {name: value for name, value in (metrics or {}).items() if name in _DETAILS}
    return counts_of(kept | details)


def merged(*sources: Counts) -> Counts:
    """Counts of several sources, later ones winning, with a total."""
    found: Counts = {}
    for source in sources:
        found.update(source)
    found = {
        name: value
        for name, value in found.items()
        if value or name in ("input", "output", "total")
    }
    if found and "total" not in found:
        found["total"] = found.get("input", 0) + found.get("output", 0)
    return found


def costs_of(details: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """USD by name; what is no amount is left out."""
    pairs = ((name, amount(value)) for name, value in (details or {}).items())
    return {_COST_NAMES.get(name, name): usd for name, usd in pairs if usd is not None}


def metadata_costs(usage: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """The costs inside LangSmith's usage_metadata."""
    return costs_of({name: usage[name] for name in _COST_NAMES if usage and name in usage})
