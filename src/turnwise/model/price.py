"""What a model costs, and from when on."""

from dataclasses import dataclass
from decimal import Decimal

from turnwise.model.usage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One row of a price table.

    Attributes:
        name: how the row is cited, for example "openai/gpt-4.1-mini".
        provider: lower-case provider name; None matches any.
        match: regular expression that the model's whole name must match, case ignored.
        unit_usd: USD for one of each unit: "input", "output", "input_cached_tokens" (one token
            each), "audio_second", "character".
        valid_from_ns: first instant at which the price holds.
        source: the public page it was read from, and the date.
    """

    name: str
    stage: Stage
    match: str
    unit_usd: dict[str, Decimal]
    provider: str | None = None
    valid_from_ns: int = 0
    source: str = ""
