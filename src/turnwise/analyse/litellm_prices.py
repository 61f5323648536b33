"""LiteLLM's price file: a JSON object of models, each with what its units cost in USD.

What it says of speech, tokens and requests is read; prices of batches, priority, images, video and
documents are not, and 0 is taken for "not known".

Source: model_prices_and_context_window.json as shipped with litellm 1.109.1.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from turnwise.analyse.price_table import BAD_TABLE, MAX_USD, BadCell, Refusals, row_of
from turnwise.model.errors import BadInput, Issue
from turnwise.model.price import PriceRow, Unit
from turnwise.model.usage import Stage

_STAGES = {
    "audio_transcription": Stage.STT,
    "audio_speech": Stage.TTS,
    "chat": Stage.LLM,
    "completion": Stage.LLM,
    "responses": Stage.LLM,
    "realtime": Stage.LLM,
    "embedding": Stage.LLM,
}
_UNITS = {
    "input_cost_per_token": Unit.INPUT_TOKEN,
    "output_cost_per_token": Unit.OUTPUT_TOKEN,
    "cache_read_input_token_cost": Unit.CACHE_READ_TOKEN,
    "cache_creation_input_token_cost": Unit.CACHE_WRITE_TOKEN,
    "input_cost_per_audio_token": Unit.INPUT_AUDIO_TOKEN,
    "output_cost_per_audio_token": Unit.OUTPUT_AUDIO_TOKEN,
    "cache_read_input_audio_token_cost": Unit.CACHED_AUDIO_TOKEN,
    "output_cost_per_reasoning_token": Unit.REASONING_TOKEN,
    "input_cost_per_character": Unit.CHARACTER,
    "input_cost_per_request": Unit.REQUEST,
}
_BY_TIME = {
    Stage.STT: (("input_cost_per_second", "output_cost_per_second"), Unit.AUDIO_SECOND),
    Stage.TTS: (("output_cost_per_second",), Unit.OUTPUT_AUDIO_SECOND),
    Stage.LLM: (("cost_per_second", "input_cost_per_second"), Unit.SESSION_SECOND),
}
_BEFORE_TOKENS = (Unit.AUDIO_SECOND, Unit.CHARACTER, Unit.OUTPUT_AUDIO_SECOND)
"""Where speech has such a price, its other ones say the same in other words, and would add to it."""

_TIERED = re.compile(r"(.+)_above_(\d{1,6})k_tokens")
_SAMPLE = "sample_spec"
_KEYS = Refusals(lambda key: ("key", key))


@dataclass(frozen=True, slots=True)
class LiteLlmPrices:
    """What a file holds.

    Attributes:
        passed_over: models without a price that is read here.
    """

    rows: list[PriceRow]
    passed_over: int


def read_litellm(text: str) -> LiteLlmPrices:
    """The prices of a file.

    Raises:
        BadInput: it is no JSON (the message names the line), a model's entry makes no sense (the
            message names its key), or there is no price in it at all.
    """
    rows: dict[tuple[object, ...], PriceRow] = {}
    passed_over = 0
    for key, entry in _entries(text):
        try:
            found = list(_rows(key, entry))
        except BadCell as error:
            raise _KEYS.about(f"Key {key[:200]!r}", key[:200], error) from error
        passed_over += not found
        for row in found:
            rows.setdefault((row.key, row.unit), row)
    if not rows:
        raise BadInput("The price file has no price that can be read.", code=BAD_TABLE)
    return LiteLlmPrices(list(rows.values()), passed_over)


def _entries(text: str) -> Iterator[tuple[str, Any]]:
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=_whole)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.colno}"
        raise BadInput(
            f"Line {error.lineno} of the price file is no JSON: {reason}.",
            issues=[Issue(("line", error.lineno), reason, "bad_price")],
            code=BAD_TABLE,
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput("The price file is no JSON that can be read.", code=BAD_TABLE) from error
    if not isinstance(found, dict):
        raise BadInput("The price file is no JSON object of models.", code=BAD_TABLE)
    return ((key, entry) for key, entry in found.items() if key != _SAMPLE)


def _whole(text: str) -> Decimal:
    return Decimal(text)


def _rows(key: str, entry: Any) -> Iterator[PriceRow]:
    if not isinstance(entry, dict):
        raise BadCell("", "the entry is no object")
    stage = _stage(entry)
    if stage is None:
        return
    prices = _prices(entry, stage)
    provider = str(entry.get("litellm_provider") or "")
    common = {
        "name": key,
        "stage": stage.value,
        "provider": provider,
        "match": _escaped(key.removeprefix(f"{provider}/")),
        "source_url": str(entry.get("source") or ""),
    }
    for (unit, tier), usd in prices.items():
        condition = f"input_tokens > {tier}" if tier else ""
        yield row_of(common | {"unit": unit, "usd": str(usd), "tier_condition": condition})


def _stage(entry: Mapping[str, Any]) -> Stage | None:
    mode = entry.get("mode")
    if mode is None:
        return Stage.TTS if "input_cost_per_character" in entry else None
    return _STAGES.get(mode) if isinstance(mode, str) else None


def _prices(entry: Mapping[str, Any], stage: Stage) -> dict[tuple[Unit, int], Decimal]:
    """USD by unit and by the input tokens above which it holds."""
    found: dict[tuple[Unit, int], Decimal] = {}
    for name, value in entry.items():
        tiered = _TIERED.fullmatch(name)
        unit = _UNITS.get(tiered[1] if tiered else name)
        if unit is not None and (usd := _usd(name, value)):
            found[unit, int(tiered[2]) * 1000 if tiered else 0] = usd
    names, unit = _BY_TIME[stage]
    per_second = next((usd for name in names if (usd := _usd(name, entry.get(name)))), None)
    # A realtime model that also has token prices tells of the same consumption twice.
    if per_second is not None and (stage is not Stage.LLM or not found):
        found[unit, 0] = per_second
    if stage is not Stage.LLM:
        first = next((each for each in _BEFORE_TOKENS if (each, 0) in found), None)
        return found if first is None else {(first, 0): found[first, 0]}
    return found


def _usd(name: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= MAX_USD:
        raise BadCell(name, f"{name} must be a number from 0 to {MAX_USD}")
    return value


def _escaped(name: str) -> str:
    """A pattern of just this name; blanks and dashes need no escape and stay readable."""
    return re.escape(name).replace(r"\-", "-").replace(r"\ ", " ").replace(r"\/", "/")
