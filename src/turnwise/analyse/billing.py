"""How much of each billing unit an observation consumed, whoever counted it.

Senders disagree on whether the input count includes what was cached: OpenAI-compatible services count
gross, Anthropic and Bedrock net, and frameworks hand on either. Nothing is subtracted blindly; see
`_is_net`.

Source: voice.md 5.2; the docstring of LLMTokenUsage in pipecat 1.14; the usage objects of
OpenAI's realtime API, whose audio tokens include the cached ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from turnwise.analyse.providers import canonical_provider
from turnwise.analyse.stages import stage_of
from turnwise.model.observation import Framework, Observation
from turnwise.model.price import Unit
from turnwise.model.usage import Stage

_NET_PROVIDERS = frozenset({"anthropic", "aws"})

_CHARGED = {
    Unit.INPUT_TOKEN: "input",
    Unit.INPUT_AUDIO_TOKEN: "input_audio_tokens",
    Unit.CACHE_READ_TOKEN: "input_cached_tokens",
    Unit.CACHED_AUDIO_TOKEN: "input_cached_audio_tokens",
    Unit.CACHE_WRITE_TOKEN: "input_cache_creation",
    Unit.OUTPUT_TOKEN: "output",
    Unit.OUTPUT_AUDIO_TOKEN: "output_audio_tokens",
    Unit.REASONING_TOKEN: "output_reasoning_tokens",
    Unit.AUDIO_SECOND: "input",
    Unit.CHARACTER: "input",
    Unit.OUTPUT_AUDIO_SECOND: "output",
    Unit.SESSION_SECOND: "session",
    Unit.REQUEST: "request",
    Unit.TELEPHONY_MINUTE: "total",
    Unit.PLATFORM_MINUTE: "total",
}
"""Under which name the cost of a unit is kept."""

_DEARER = {
    Unit.INPUT_AUDIO_TOKEN: (Unit.INPUT_TOKEN,),
    Unit.CACHE_READ_TOKEN: (Unit.INPUT_TOKEN,),
    Unit.CACHED_AUDIO_TOKEN: (Unit.INPUT_AUDIO_TOKEN, Unit.CACHE_READ_TOKEN, Unit.INPUT_TOKEN),
    Unit.CACHE_WRITE_TOKEN: (Unit.INPUT_TOKEN,),
    Unit.OUTPUT_AUDIO_TOKEN: (Unit.OUTPUT_TOKEN,),
    Unit.REASONING_TOKEN: (Unit.OUTPUT_TOKEN,),
}
"""What is paid instead where a price does not name the unit."""

Amounts = dict[Unit, Decimal]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An observation's tokens, none of them counted twice.

    Attributes:
        input_total: all that went in, cached or not: what the tiers of a price go by.
    """

    amounts: Amounts
    input_total: Decimal


def tokens_of(observation: Observation) -> Tokens:
    """The tokens by unit; what is more than the whole it is said to be a part of is no part of it."""
    usage = observation.usage_details
    cached = _number(usage.get("input_cached_tokens"))
    written = _number(usage.get("input_cache_creation"))
    total = _number(usage.get("input"))
    if _is_net(observation, cached + written):
        total += cached + written
    audio = min(_number(usage.get("input_audio_tokens")), total)
    cached_audio = min(_number(usage.get("input_cached_audio_tokens")), cached, audio)
    plain_audio = min(audio - cached_audio, total - cached - written)
    output = _number(usage.get("output"))
    reasoning = _number(usage.get("output_reasoning_tokens"))
    if reasoning > output:
        output += reasoning
    spoken = min(_number(usage.get("output_audio_tokens")), output - reasoning)
    return Tokens(
        {
            Unit.INPUT_TOKEN: total - cached - written - plain_audio,
            Unit.INPUT_AUDIO_TOKEN: plain_audio,
            Unit.CACHE_READ_TOKEN: cached - cached_audio,
            Unit.CACHED_AUDIO_TOKEN: cached_audio,
            Unit.CACHE_WRITE_TOKEN: written,
            Unit.OUTPUT_TOKEN: output - reasoning - spoken,
            Unit.OUTPUT_AUDIO_TOKEN: spoken,
            Unit.REASONING_TOKEN: reasoning,
        },
        total,
    )


def amounts_of(observation: Observation) -> Amounts:
    """Everything consumed, by unit. Time and text are kept apart: neither stands in for the other."""
    voice = observation.voice
    is_voice = stage_of(observation) is Stage.TTS
    heard = seconds(voice.audio_ns)
    return tokens_of(observation).amounts | {
        Unit.OUTPUT_AUDIO_SECOND if is_voice else Unit.AUDIO_SECOND: heard,
        Unit.CHARACTER: _number(voice.characters),
        Unit.SESSION_SECOND: _number(observation.usage_details.get("session_seconds")),
        Unit.REQUEST: Decimal(1),
    }


def charges(amounts: Amounts, unit_usd: Mapping[Unit, Decimal]) -> dict[str, Decimal]:
    """USD by name, not rounded; empty when the price knows none of the units that were consumed."""
    found: dict[str, Decimal] = {}
    for unit, amount in _paid(amounts, unit_usd):
        name = _CHARGED[unit]
        found[name] = found.get(name, Decimal(0)) + amount * unit_usd[unit]
    return found


def seconds(duration_ns: int | None) -> Decimal:
    """A duration in seconds, exactly; 0 where nobody reported one."""
    return _number(duration_ns) / 1_000_000_000


def started_minutes(duration_ns: int) -> Decimal:
    """Whole minutes, each begun one counted; 0 for nothing."""
    return Decimal(-(-max(0, duration_ns) // 60_000_000_000))


def _paid(amounts: Amounts, unit_usd: Mapping[Unit, Decimal]) -> Iterator[tuple[Unit, Decimal]]:
    for unit, amount in amounts.items():
        ways = (unit, *_DEARER.get(unit, ()))
        paid = next((each for each in ways if each in unit_usd), None)
        if amount and paid is not None:
            yield paid, amount


def _is_net(observation: Observation, cached: Decimal) -> bool:
    """Whether the input count leaves out what was cached.

    It does when fewer tokens went in than came from the cache, when the total adds up only so, and
    from those services of Pipecat that are known to count so.
    """
    if not cached:
        return False
    usage = observation.usage_details
    counted = _number(usage.get("input"))
    if cached > counted:
        return True
    if _number(usage.get("total")) == counted + cached + _number(usage.get("output")):
        return True
    is_pipecat = observation.framework is Framework.PIPECAT
    return is_pipecat and canonical_provider(observation.provider) in _NET_PROVIDERS


def _number(value: float | None) -> Decimal:
    """The amount as a decimal; what is below zero or no number counts as nothing."""
    number = Decimal(str(value or 0))
    return number if number.is_finite() and number > 0 else Decimal(0)
