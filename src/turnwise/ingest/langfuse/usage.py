"""Tokens and money of a generation, in every form that SDKs have sent, under our own names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from turnwise.ingest.langfuse.fields import Fields, quantity, usd
from turnwise.model.errors import BadInput

Counts = dict[str, int | float]

_NAMES = {
    "promptTokens": "input",
    "prompt_tokens": "input",
    "input_tokens": "input",
    "completionTokens": "output",
    "completion_tokens": "output",
    "output_tokens": "output",
    "totalTokens": "total",
    "total_tokens": "total",
    "cache_read_input_tokens": "input_cached_tokens",
    "cache_creation_input_tokens": "input_cache_creation",
}
_DETAILS = {
    "prompt_tokens_details": "input",
    "input_tokens_details": "input",
    "completion_tokens_details": "output",
    "output_tokens_details": "output",
}
_COSTS = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}
_SIDES = ("input", "output", "total")


def usage_of(body: Fields) -> Counts:
    """Token counts: `usageDetails` before `usage`; `total` is always there when anything is."""
    found = _counts(_mapping(body, "usageDetails"))
    if not found:
        usage = _mapping(body, "usage")
        unit = usage.get("unit")
        found = _counts(usage)
        if isinstance(unit, str) and unit.upper() not in ("", "TOKENS"):
            # characters, seconds and images are no tokens, and must not be summed as such
            found = {f"{side}_{unit.lower()}": found[side] for side in _SIDES[:2] if side in found}
    if found and "total" not in found:
        found["total"] = found.get("input", 0) + found.get("output", 0)
    return found


def costs_of(body: Fields) -> dict[str, Decimal]:
    """USD by name: `costDetails` before the costs inside `usage`."""
    found = {name: usd(value) for name, value in _mapping(body, "costDetails").items()}
    if not any(value is not None for value in found.values()):
        usage = _mapping(body, "usage")
        found = {name: usd(usage.get(sent)) for sent, name in _COSTS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _mapping(body: Fields, name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object.")
    return value


def _counts(details: Mapping[str, Any]) -> Counts:
    found: Counts = {}
    for name, value in details.items():
        if (side := _DETAILS.get(name)) is not None and isinstance(value, dict):
            for part, amount in value.items():
                if count := quantity(amount):
                    found[f"{side}_{part}"] = count
        elif name not in _COSTS and (count := quantity(value)) is not None:
            found.setdefault(_NAMES.get(name, name), count)
    # A zero among the details says nothing; a zero on a side does.
    return {name: count for name, count in found.items() if count or name in _SIDES}
