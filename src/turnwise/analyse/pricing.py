"""What an observation cost: as reported, else its usage times the price that held at its start."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from turnwise.analyse.price_table import built_in_prices
from turnwise.analyse.providers import canonical_provider
from turnwise.analyse.stages import has_usage, stage_of
from turnwise.model.observation import Observation
from turnwise.model.price import Price
from turnwise.model.usage import Stage

REPORTED = "reported"

_SMALLEST = Decimal("1E-12")
"""Costs are kept to this many USD, rounded half up once."""

_KEPT_MATCHES = 4096

_Name = tuple[Stage, str | None, str]


class Pricer:
    """Completes observations with their cost.

    Of the prices whose pattern matches the model's whole name (or its part after the last "/"),
    the operator's own win over the table, a price for just this provider over one for any, the
    name itself over a pattern, the longer pattern over the shorter, and of equals the newest that
    held when the observation began.

    Args:
        own: the operator's prices.
        table: the prices to fall back on; the built-in table when None.
    """

    def __init__(self, own: Sequence[Price], table: Sequence[Price] | None = None) -> None:
        fallback = built_in_prices() if table is None else table
        self._prices = [
            (rank, price, re.compile(price.match, re.IGNORECASE))
            for rank, prices in ((1, own), (0, fallback))
            for price in prices
        ]
        self._matches: dict[_Name, list[Price]] = {}

    def complete(self, observation: Observation) -> Observation:
        """The observation with its cost; unchanged where nothing is known of it."""
        is_reported = observation.cost_source in (None, REPORTED)
        if observation.cost_details and is_reported:
            if observation.cost_source == REPORTED:
                return observation
            return replace(observation, cost_source=REPORTED)
        price = self.price_of(observation) if has_usage(observation) else None
        costs = _costs(observation, price) if price is not None else {}
        if price is None or not costs:
            if not observation.cost_details and observation.cost_source is None:
                return observation
            return replace(observation, cost_details={}, cost_source=None)
        return replace(observation, cost_details=costs, cost_source=price.name)

    def price_of(self, observation: Observation) -> Price | None:
        """The price that held for this model when the observation began."""
        if not observation.model:
            return None
        provider = canonical_provider(observation.provider)
        name = stage_of(observation), provider, observation.model
        matches = self._matches.get(name)
        if matches is None:
            if len(self._matches) >= _KEPT_MATCHES:
                self._matches.clear()
            matches = self._matches[name] = self._find(*name)
        start_ns = observation.start_ns
        return next((price for price in matches if price.valid_from_ns <= start_ns), None)

    def _find(self, stage: Stage, provider: str | None, model: str) -> list[Price]:
        names = {model, model.rpartition("/")[2]}
        found = []
        for rank, price, pattern in self._prices:
            if price.stage is not stage or not any(map(pattern.fullmatch, names)):
                continue
            wanted = canonical_provider(price.provider)
            if wanted is None or provider is None or wanted == provider:
                is_own_provider = wanted is not None and wanted == provider
                is_exact = price.match.replace("\\", "").lower() in {each.lower() for each in names}
                size = len(price.match)
                order = rank, is_own_provider, is_exact, size, price.valid_from_ns, price.name
                found.append((order, price))
        found.sort(key=lambda each: each[0], reverse=True)
        return [price for _, price in found]


def _costs(observation: Observation, price: Price) -> dict[str, Decimal]:
    """USD by name; empty when the price knows none of the units that were consumed."""
    parts: dict[str, Decimal] = {}
    for name, unit, amount in _amounts(observation, price):
        if (unit_usd := price.unit_usd.get(unit)) is not None and amount:
            parts[name] = parts.get(name, Decimal(0)) + amount * unit_usd
    if not parts:
        return {}
    rounded = {name: _round(cost) for name, cost in parts.items()}
    rounded["total"] = _round(sum(parts.values(), Decimal(0)))
    return rounded


def _amounts(observation: Observation, price: Price) -> list[tuple[str, str, Decimal]]:
    """Name in the cost, unit of the price, and how much of it.

    `input` includes the cached tokens: these are charged at their own price and not twice.
    """
    usage, voice = observation.usage_details, observation.voice
    tokens, cached = _number(usage.get("input")), Decimal(0)
    if "input_cached_tokens" in price.unit_usd:
        cached = min(tokens, _number(usage.get("input_cached_tokens")))
    side = "output" if stage_of(observation) is Stage.TTS else "input"
    return [
        ("input", "input", tokens - cached),
        ("input_cached_tokens", "input_cached_tokens", cached),
        ("output", "output", _number(usage.get("output"))),
        ("input", "character", _number(voice.characters)),
        (side, "audio_second", _number(voice.audio_ns) / 1_000_000_000),
    ]


def _number(value: float | None) -> Decimal:
    """The amount as a decimal; what is below zero or no number counts as nothing."""
    number = Decimal(str(value or 0))
    return number if number.is_finite() and number > 0 else Decimal(0)


def _round(cost: Decimal) -> Decimal:
    return cost.quantize(_SMALLEST, rounding=ROUND_HALF_UP)
