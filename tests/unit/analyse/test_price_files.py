"""LiteLLM's price file, and which patterns a price may have."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.analyse.build import span
from turnwise.analyse.litellm_prices import read_litellm
from turnwise.analyse.patterns import check_pattern
from turnwise.analyse.price_table import read_prices
from turnwise.analyse.pricing import Pricer
from turnwise.model.errors import BadInput
from turnwise.model.observation import Step
from turnwise.model.price import Unit, prices_of
from turnwise.model.usage import Stage

# Made by hand in the shape of the published file.
EXCERPT = """{
  "sample_spec": {"input_cost_per_token": "a description of the field", "mode": "one of: chat, ..."},
  "acme/large-2": {
    "litellm_provider": "acme", "mode": "chat", "source": "https://acme.example/pricing",
    "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
    "cache_read_input_token_cost": 1.25e-07,
    "input_cost_per_token_above_200k_tokens": 2.5e-06,
    "output_cost_per_token_above_200k_tokens": 1.5e-05,
    "input_cost_per_token_batches": 6.25e-07, "max_tokens": 8192, "supports_vision": true
  },
  "ear-1": {
    "litellm_provider": "acme", "mode": "audio_transcription",
    "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0,
    "input_cost_per_audio_token": 2.5e-06
  },
  "acme/voice-1": {
    "litellm_provider": "acme", "mode": "audio_speech",
    "input_cost_per_token": 6e-07, "output_cost_per_second": 0.00025
  },
  "acme/aura": {"litellm_provider": "acme", "input_cost_per_character": 1.5e-05},
  "acme/live": {"litellm_provider": "acme", "mode": "realtime", "input_cost_per_second": 0.001},
  "acme/free": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 0.0},
  "acme/painter": {"litellm_provider": "acme", "mode": "image_generation", "output_cost_per_image": 1}
}"""


def test_a_price_file_of_litellm_is_read() -> None:
    found = read_litellm(EXCERPT)
    assert found.passed_over == 2
    prices = {(each.name, each.above_input_tokens): each for each in prices_of(found.rows)}
    assert prices["acme/large-2", 0].unit_usd == {
        Unit.INPUT_TOKEN: Decimal("0.00000125"),
        Unit.OUTPUT_TOKEN: Decimal("0.00001"),
        Unit.CACHE_READ_TOKEN: Decimal("0.000000125"),
    }
    assert prices["acme/large-2", 200_000].unit_usd == {
        Unit.INPUT_TOKEN: Decimal("0.0000025"),
        Unit.OUTPUT_TOKEN: Decimal("0.000015"),
    }
    assert prices["ear-1", 0].unit_usd == {Unit.AUDIO_SECOND: Decimal("0.0001")}
    assert prices["acme/voice-1", 0].unit_usd == {Unit.OUTPUT_AUDIO_SECOND: Decimal("0.00025")}
    assert prices["acme/aura", 0].stage is Stage.TTS
    assert prices["acme/live", 0].unit_usd == {Unit.SESSION_SECOND: Decimal("0.001")}
    assert found.rows[0].source_url == "https://acme.example/pricing"


def test_its_names_are_matched_with_and_without_the_provider() -> None:
    pricer = Pricer(prices_of(read_litellm(EXCERPT).rows), ())
    for model in ("large-2", "acme/large-2", "LARGE-2"):
        seen = span(Step.LLM, 0, 9, "g", model=model, usage_details={"input": 8})
        assert pricer.complete(seen).total_cost_usd == Decimal("0.00001")
    other = span(Step.LLM, 0, 9, "g", model="large-2", provider="else", usage_details={"input": 8})
    assert pricer.complete(other).cost_source is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"input_cost_per_token": "cheap"}, "Key 'acme/bad'"),
        ({"input_cost_per_token": -1}, "Key 'acme/bad'"),
        ({"input_cost_per_token": True}, "Key 'acme/bad'"),
        ({"input_cost_per_token": 1e9}, "Key 'acme/bad'"),
        ({"input_cost_per_token": [1]}, "Key 'acme/bad'"),
    ],
)
def test_a_bad_entry_is_named(change: dict[str, Any], place: str) -> None:
    entry = {"litellm_provider": "acme", "mode": "chat", **change}
    with pytest.raises(BadInput, match=place):
        read_litellm(json.dumps({"acme/good": {}, "acme/bad": entry}))


@pytest.mark.parametrize(
    "text", ["[1]", "{}", '{"a": {}}', '{"a": 5}', '{"a": NaN}', "[" * 100_000]
)
def test_what_is_no_price_file_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_litellm(text)


def test_a_broken_file_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput, match="Line 3 of the price file"):
        read_litellm('{\n"a": {},\n"b" {}\n}')


@given(st.text(max_size=200))
@example("\r")
@example("match,unit,usd\rm,parsec,1")
@example('"' * 3)
@example("x" * 200_000)
def test_no_text_brings_the_readers_down(text: str) -> None:
    for read in (read_litellm, read_prices):
        with pytest.raises(BadInput):
            read(text)


def _refused(message: str) -> ValueError:
    return ValueError(message)


@pytest.mark.parametrize(
    "pattern",
    [
        r"gpt-4o(-\d{4}-\d{2}-\d{2}|-latest)?",
        r"(?i)gpt.*",
        r"a|b|c(-x|-y)?",
        r".*4o.*mini.*",
        r"aura(-(?!2)[a-z]+.*)?",
        "|".join(f"model-{number}" for number in range(40)),
    ],
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    check_pattern(pattern, _refused)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b", "(a|a)*b", "(a|aa){9}", "a?" * 40 + "a" * 40, "(a|a)" * 40 + "b", ".*.*.*.*x",
        "(a)\\1", "(", "", "x" * 600, "(?P<n>a)(?P=n)",
    ],
)  # fmt: skip
def test_patterns_that_could_take_forever_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="match"):
        check_pattern(pattern, _refused)
