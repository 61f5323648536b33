"""What an observation cost: as reported, else its usage times the price that held at its start."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from turnwise.analyse.billing import Amounts, amounts_of, charges, tokens_of
from turnwise.analyse.patterns import LONGEST_NAME
from turnwise.analyse.price_table import built_in_prices
from turnwise.analyse.providers import canonical_provider
from turnwise.analyse.stages import has_usage, stage_of
from turnwise.model.observation import Observation
from turnwise.model.price import Price, Reach
from turnwise.model.usage import Stage

REPORTED = "reported"
USER = "user:"
"""What the source of a cost begins with that a user's own price gave."""

_SMALLEST = Decimal("1E-12")
"""Costs are kept to this many USD, rounded half up once."""

_KEPT_MATCHES = 4096
_PLAIN = re.compile(r"[\w /@:-]*", re.ASCII)

_Name = tuple[Stage, str | None, tuple[str, ...]]
_Rank = tuple[Reach, int, bool, bool, int, int, str]


class Pricer:
    """Completes observations with their cost.

    A price is meant for a model when its pattern matches the model's whole name, or the part of it
    after the last "/", and its provider, if it has one, is the model's. Of those that held when the
    observation began, the user's own win over the table (the project's over the tenant's over
    everyone's), then the newest start, then a price for just this provider over one for any, the
    name itself over a pattern, and the longer pattern over the shorter. Of a price's tiers the
    highest that the request's input exceeds counts for all of the request.

    Source: the precedence is Langfuse's (own models first, then the newest start date).

    Args:
        own: users' prices.
        table: the prices to fall back on; the built-in table when None.
    """

    def __init__(self, own: Sequence[Price], table: Sequence[Price] | None = None) -> None:
        fallback = built_in_prices() if table is None else table
        self._named: dict[str, list[Price]] = {}
        self._patterns: list[Price] = []
        for price in (*own, *fallback):
            literal = _literal(price.match)
            if literal is None:
                self._patterns.append(price)
            else:
                self._named.setdefault(literal, []).append(price)
        self._matches: dict[_Name, list[Price]] = {}

    def complete(self, observation: Observation) -> Observation:
        """The observation with its cost; unchanged where nothing is known of it."""
        is_reported = observation.cost_source in (None, REPORTED)
        if observation.cost_details and is_reported:
            if observation.cost_source == REPORTED:
                return observation
            return replace(observation, cost_source=REPORTED)
        price = self.price_of(observation) if has_usage(observation) else None
        costs = costs_of(amounts_of(observation), price) if price is not None else {}
        if price is None or not costs:
            if not observation.cost_details and observation.cost_source is None:
                return observation
            return replace(observation, cost_details={}, cost_source=None)
        return replace(observation, cost_details=costs, cost_source=source_of(price))

    def price_of(self, observation: Observation) -> Price | None:
        """The price that held for this model when the observation began."""
        if not observation.model:
            return None
        names = [observation.model, observation.model.rpartition("/")[2]]
        return self.price(
            stage_of(observation),
            observation.provider,
            names,
            observation.start_ns,
            tokens_of(observation).input_total,
        )

    def price(
        self,
        stage: Stage,
        provider: str | None,
        names: Collection[str],
        at_ns: int,
        input_tokens: Decimal = Decimal(0),
    ) -> Price | None:
        """The price of whatever goes by one of these names, at an instant."""
        wanted = stage, canonical_provider(provider), tuple(dict.fromkeys(names))
        matches = self._matches.get(wanted)
        if matches is None:
            if len(self._matches) >= _KEPT_MATCHES:
                self._matches.clear()
            matches = self._matches[wanted] = self._find(*wanted)
        for price in matches:
            is_reached = not price.above_input_tokens or input_tokens > price.above_input_tokens
            if is_reached and price.holds_at(at_ns):
                return price
        return None

    def _find(self, stage: Stage, provider: str | None, names: tuple[str, ...]) -> list[Price]:
        lower = {each.lower() for each in names if len(each) <= LONGEST_NAME}
        found: list[tuple[_Rank, Price]] = []
        candidates = [(price, True) for name in lower for price in self._named.get(name, ())]
        candidates += [
            (price, False)
            for price in self._patterns
            if price.stage is stage and any(map(_pattern(price.match).fullmatch, lower))
        ]
        for price, is_exact in candidates:
            wanted = canonical_provider(price.provider)
            if price.stage is stage and (wanted is None or provider in (None, wanted)):
                is_own = wanted is not None and wanted == provider
                found.append((_rank(price, is_own=is_own, is_exact=is_exact), price))
        found.sort(key=lambda each: each[0], reverse=True)
        return [price for _, price in found]


def costs_of(amounts: Amounts, price: Price) -> dict[str, Decimal]:
    """USD by name and their `total`; empty when the price knows none of the units."""
    parts = charges(amounts, price.unit_usd)
    if not parts:
        return {}
    whole = sum(parts.values(), Decimal(0))
    return {name: _round(cost) for name, cost in parts.items()} | {"total": _round(whole)}


def source_of(price: Price) -> str:
    """How an observation cites the price: built-in ones by name, users' own marked as such."""
    return price.name if price.reach is Reach.BUILT_IN else f"{USER}{price.name}"


def _rank(price: Price, *, is_own: bool, is_exact: bool) -> _Rank:
    return (
        price.reach,
        price.valid_from_ns,
        is_own,
        is_exact,
        len(price.match),
        price.above_input_tokens,
        price.name,
    )


def _literal(match: str) -> str | None:
    """The one name that a pattern matches, in lower case; None when there may be several."""
    plain = match.replace("\\.", "").replace("\\-", "")
    return match.replace("\\", "").lower() if _PLAIN.fullmatch(plain) else None


@lru_cache(maxsize=8192)
def _pattern(match: str) -> re.Pattern[str]:
    return re.compile(match, re.IGNORECASE)


def _round(cost: Decimal) -> Decimal:
    return cost.quantize(_SMALLEST, rounding=ROUND_HALF_UP)
