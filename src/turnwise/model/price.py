"""What a unit of a model, a voice or a telephone line costs, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from turnwise.model.usage import Stage


class Unit(StrEnum):
    """What is counted and paid for.

    Tokens are told apart where their price is: cached or audio tokens that a price does not name
    are paid as plain ones of their side.
    """

    INPUT_TOKEN = "input_token"  # noqa: S105 - a unit, no secret
    OUTPUT_TOKEN = "output_token"  # noqa: S105
    CACHE_READ_TOKEN = "cache_read_token"  # noqa: S105
    CACHE_WRITE_TOKEN = "cache_write_token"  # noqa: S105
    INPUT_AUDIO_TOKEN = "input_audio_token"  # noqa: S105
    OUTPUT_AUDIO_TOKEN = "output_audio_token"  # noqa: S105
    CACHED_AUDIO_TOKEN = "cached_audio_token"  # noqa: S105
    REASONING_TOKEN = "reasoning_token"  # noqa: S105
    AUDIO_SECOND = "audio_second"
    """Of audio heard: the length of the stream, silence included."""
    CHARACTER = "character"
    """Of text spoken."""
    OUTPUT_AUDIO_SECOND = "output_audio_second"
    """Of audio made."""
    SESSION_SECOND = "session_second"
    """Of a realtime model's session."""
    REQUEST = "request"
    TELEPHONY_MINUTE = "telephony_minute"
    """Of an answered call, rounded up to whole minutes."""
    PLATFORM_MINUTE = "platform_minute"
    """Of a session on an agent platform, rounded up to whole minutes."""


class Reach(IntEnum):
    """For whom a price is; the higher wins, whatever else is known of the two."""

    BUILT_IN = 0
    EVERYONE = 1
    TENANT = 2
    PROJECT = 3


STAGE_OF_UNIT = {
    Unit.AUDIO_SECOND: Stage.STT,
    Unit.CHARACTER: Stage.TTS,
    Unit.OUTPUT_AUDIO_SECOND: Stage.TTS,
    Unit.TELEPHONY_MINUTE: Stage.TELEPHONY,
    Unit.PLATFORM_MINUTE: Stage.PLATFORM,
}
"""The stage of a price that names none; of all other units it is the language model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price table: what one unit costs. Rows of one `key` make one price.

    Attributes:
        id: of a user's own row; "" in files and in the built-in table.
        name: how the row is cited, for example "openai/gpt-4.1-mini".
        provider: lower-case provider name; None matches any.
        match: regular expression that the model's whole name must match, case ignored.
        usd: for `per` units.
        above_input_tokens: holds for requests with more input tokens than this.
        valid_from_ns: first instant at which it holds; 0 for always.
        valid_until_ns: first instant at which it no longer holds; None while it does.
        source_url: the public page it was read from.
        checked_on: the day on which that was, ISO.
        reach: for whom it holds.
    """

    match: str
    unit: Unit
    usd: Decimal
    stage: Stage
    id: str = ""
    name: str = ""
    provider: str | None = None
    per: int = 1
    above_input_tokens: int = 0
    valid_from_ns: int = 0
    valid_until_ns: int | None = None
    source_url: str = ""
    checked_on: str = ""
    reach: Reach = Reach.BUILT_IN

    @property
    def key(self) -> tuple[Reach, Stage, str, str, int, int]:
        """What is equal in all rows of one price."""
        return (
            self.reach,
            self.stage,
            self.provider or "",
            self.match,
            self.valid_from_ns,
            self.above_input_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What the rows of one key say together; see PriceRow for the fields.

    Attributes:
        unit_usd: USD for one of each unit.
    """

    name: str
    stage: Stage
    match: str
    unit_usd: dict[Unit, Decimal]
    provider: str | None = None
    above_input_tokens: int = 0
    valid_from_ns: int = 0
    valid_until_ns: int | None = None
    reach: Reach = Reach.BUILT_IN

    def holds_at(self, instant_ns: int) -> bool:
        """Whether it is the price of what began then."""
        is_over = self.valid_until_ns is not None and instant_ns >= self.valid_until_ns
        return self.valid_from_ns <= instant_ns and not is_over


def prices_of(rows: Iterable[PriceRow]) -> list[Price]:
    """The prices that the rows make, in the order of their first rows."""
    found: dict[tuple[object, ...], Price] = {}
    for row in rows:
        price = found.get(row.key)
        if price is None:
            price = found[row.key] = Price(
                name=row.name or row.match,
                stage=row.stage,
                match=row.match,
                unit_usd={},
                provider=row.provider,
                above_input_tokens=row.above_input_tokens,
                valid_from_ns=row.valid_from_ns,
                valid_until_ns=row.valid_until_ns,
                reach=row.reach,
            )
        price.unit_usd[row.unit] = row.usd / row.per
    return list(found.values())
