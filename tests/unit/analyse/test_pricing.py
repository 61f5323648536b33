from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyse.build import START_NS, span
from turnwise.analyse.price_table import built_in_prices, read_prices
from turnwise.analyse.pricing import Pricer
from turnwise.model.errors import BadInput
from turnwise.model.instants import parse_iso_ns
from turnwise.model.observation import Observation, Step
from turnwise.model.price import Price, PriceRow, Reach, Unit, prices_of
from turnwise.model.usage import Stage

BUILT_IN = Pricer(())


def _llm(model: str | None, provider: str | None = None, **usage: int) -> Observation:
    return span(Step.LLM, 0, 9, "g", model=model, provider=provider, usage_details=usage)


def _price(name: str, match: str, usd: str, **fields: Any) -> Price:
    fields.setdefault("stage", Stage.LLM)
    return Price(name=name, match=match, unit_usd={Unit.INPUT_TOKEN: Decimal(usd)}, **fields)


def _total(observation: Observation) -> Decimal | None:
    return BUILT_IN.complete(observation).total_cost_usd


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-haiku-4-5", "0.0060"),
        ("claude-haiku-4-5-20251001", "0.0060"),
        ("gemini-2.5-flash", "0.0028"),
        ("gpt-4.1", "0.010"),
        ("gpt-4.1-mini", "0.0020"),
        ("openai/gpt-4.1-mini-2025-04-14", "0.0020"),
        ("GPT-4o-mini", "0.00075"),
        ("gpt-5", "0.01125"),
    ],
)
def test_a_thousand_tokens_each_way(model: str, usd: str) -> None:
    assert _total(_llm(model, input=1000, output=1000)) == Decimal(usd)


def test_the_figures_of_a_known_corpus() -> None:
    """peers.md 4: two other platforms agree on this sum for these token counts' prices."""
    prices = {
        price.name: (
            price.unit_usd[Unit.INPUT_TOKEN] * 10**6,
            price.unit_usd[Unit.OUTPUT_TOKEN] * 10**6,
        )
        for price in built_in_prices()
        if price.stage is Stage.LLM and Unit.INPUT_TOKEN in price.unit_usd
    }
    assert prices["anthropic/claude-haiku-4-5"] == (Decimal(1), Decimal(5))
    assert prices["google/gemini-2.5-flash"] == (Decimal("0.3"), Decimal("2.5"))
    assert prices["openai/gpt-4.1"] == (Decimal(2), Decimal(8))
    assert prices["openai/gpt-4.1-mini"] == (Decimal("0.4"), Decimal("1.6"))


def test_cached_tokens_are_charged_at_their_own_price_and_not_twice() -> None:
    cost = BUILT_IN.complete(_llm("gpt-4o-mini", input=131, output=8, input_cached_tokens=64))
    assert cost.cost_details == {
        "input": Decimal("0.00001005"),
        "input_cached_tokens": Decimal("0.0000048"),
        "output": Decimal("0.0000048"),
        "total": Decimal("0.00001965"),
    }
    assert cost.cost_source == "openai/gpt-4o-mini"


def test_audio_is_priced_by_the_second() -> None:
    ear = span(Step.STT, 0, 9, "s", model="nova-3", provider="Deepgram", audio_ms=90_000)
    assert _total(ear) == Decimal("0.0072")
    odd = span(Step.STT, 0, 9, "s", model="nova-2", audio_ms=1000)
    assert _total(odd) == Decimal("0.000071666667")


def test_speech_is_priced_by_the_character_or_by_its_length() -> None:
    voice = span(Step.TTS_REQUEST, 0, 9, "v", model="sonic-2", characters=29, audio_ms=1300)
    assert _total(voice) == Decimal("0.00145")
    timed = span(
        Step.TTS_REQUEST, 0, 9, "v", model="gpt-4o-mini-tts", characters=99, audio_ms=60_000
    )
    assert BUILT_IN.complete(timed).cost_details == {
        "output": Decimal("0.015"),
        "total": Decimal("0.015"),
    }
    no_length = replace(timed, voice=replace(timed.voice, audio_ns=None))
    assert BUILT_IN.complete(no_length) is no_length


def test_a_reported_cost_is_left_alone() -> None:
    reported = replace(_llm("gpt-4o-mini", input=1000), cost_details={"total": Decimal("0.7")})
    done = BUILT_IN.complete(reported)
    assert (done.cost_details, done.cost_source) == ({"total": Decimal("0.7")}, "reported")
    assert BUILT_IN.complete(done) is done


@pytest.mark.parametrize(
    "unknown",
    [
        _llm("house-model", input=1000),
        _llm(None, input=1000),
        _llm("gpt-4o-mini"),
        _llm("gpt-4o-mini", other=5),
        _llm("llama-3.3-70b-versatile", "ollama", input=1000),
        replace(_llm("gpt-4o-mini", input=1000), step=Step.LLM_ATTEMPT),
        span(Step.LLM, 0, 9, "g", model="nova-3", usage_details={"input": 3}),
    ],
)
def test_what_is_not_known_has_no_price(unknown: Observation) -> None:
    done = BUILT_IN.complete(unknown)
    assert (done.cost_details, done.cost_source) == ({}, None)


def test_completing_again_after_an_update_counts_anew() -> None:
    first = BUILT_IN.complete(_llm("gpt-4o-mini", input=1000))
    more = replace(first, usage_details={"input": 2000})
    assert BUILT_IN.complete(more).total_cost_usd == Decimal("0.0003")
    renamed = replace(first, model="house-model")
    assert BUILT_IN.complete(renamed).cost_details == {}
    assert BUILT_IN.complete(first) == first


def test_the_price_that_held_at_the_start_counts() -> None:
    pricer = Pricer(
        (
            _price("old", "m", "1"),
            _price("new", "m", "2", valid_from_ns=START_NS - 5),
            _price("next", "m", "9", valid_from_ns=START_NS + 1),
        )
    )
    assert pricer.complete(_llm("m", input=1)).cost_source == "new"


def test_a_price_that_does_not_hold_yet_is_none() -> None:
    pricer = Pricer((_price("next", "m", "9", valid_from_ns=START_NS + 1),))
    assert pricer.complete(_llm("m", input=1)).cost_source is None


def test_the_newest_start_wins_then_the_own_provider_then_the_name_then_the_longer_pattern() -> (
    None
):
    table = (
        _price("wide", "gpt-.*", "1"),
        _price("longer", "gpt-4o-.*", "1"),
        _price("exact", "gpt-4o-mini", "2"),
        _price("azure", "gpt-.*", "3", provider="azure"),
    )
    pricer = Pricer((), table)
    assert pricer.complete(_llm("gpt-4o-mini", "openai", input=1)).cost_source == "exact"
    assert pricer.complete(_llm("gpt-4o-nano", "openai", input=1)).cost_source == "longer"
    assert pricer.complete(_llm("gpt-4o-mini", "azure_openai", input=1)).cost_source == "azure"
    newer = Pricer((), (*table, _price("newer", "g.*", "4", valid_from_ns=START_NS)))
    assert newer.complete(_llm("gpt-4o-mini", "azure", input=1)).cost_source == "newer"


REACHES = [Reach.BUILT_IN, Reach.EVERYONE, Reach.TENANT, Reach.PROJECT]


@given(st.sets(st.sampled_from(REACHES), min_size=1), st.permutations(REACHES))
def test_whose_a_price_is_comes_before_everything_else(
    present: set[Reach], order: list[Reach]
) -> None:
    """The weaker reaches are given the newer starts and the better names."""
    prices = [
        _price(
            reach.name,
            "gpt-4o-mini" if reach is Reach.BUILT_IN else "gpt-.*",
            "1",
            valid_from_ns=START_NS - reach,
            reach=reach,
        )
        for reach in order
        if reach in present
    ]
    best = max(present)
    done = Pricer(prices, ()).complete(_llm("gpt-4o-mini", input=1))
    prefix = "" if best is Reach.BUILT_IN else "user:"
    assert done.cost_source == f"{prefix}{best.name}"


def test_a_price_that_has_ended_gives_way_to_the_one_behind_it() -> None:
    pricer = Pricer(
        (_price("offer", "m", "1", valid_from_ns=5, valid_until_ns=START_NS), _price("m", "m", "2"))
    )
    assert pricer.complete(_llm("m", input=1)).cost_source == "m"
    earlier = replace(_llm("m", input=1), start_ns=START_NS - 1)
    assert pricer.complete(earlier).cost_source == "offer"


def test_a_tier_counts_for_all_of_a_request_that_exceeds_it() -> None:
    assert _total(_llm("gemini-2.5-pro", input=200_000)) == Decimal("0.25")
    assert _total(_llm("gemini-2.5-pro", input=200_001)) == Decimal("0.5000025")
    cached = _llm("gemini-2.5-pro", input=300_000, input_cached_tokens=100_000)
    assert _total(cached) == Decimal("0.525")


def test_a_dated_row_of_the_table_holds_from_its_day() -> None:
    def luna(day: str) -> Decimal | None:
        observation = replace(
            _llm("gpt-5.6-luna", input=100_000), start_ns=parse_iso_ns(f"{day}T00:00:00Z")
        )
        return _total(observation)

    assert luna("2026-07-29") == Decimal("0.1")
    assert luna("2026-07-30") == Decimal("0.02")


def test_every_price_of_the_table_prices_something_and_has_a_name_of_its_own() -> None:
    for price in built_in_prices():
        assert price.unit_usd
    names = [
        (price.name, price.valid_from_ns, price.above_input_tokens) for price in built_in_prices()
    ]
    assert len(names) == len(set(names))


def test_many_models_do_not_fill_the_memory() -> None:
    pricer = Pricer(())
    for number in range(5000):
        pricer.complete(_llm(f"house-{number}", input=1))
    assert pricer.complete(_llm("gpt-4o-mini", input=1000)).cost_source == "openai/gpt-4o-mini"


HEAD = "provider,match,unit,usd,per,start_date\n"


def test_a_table_of_ones_own() -> None:
    first, second = prices_of(
        read_prices(
            HEAD
            + "Azure,gpt-4o,input_token,2.5,1000000,2026-01-01\n"
            + "Azure,gpt-4o,output_token,10,1000000,2026-01-01\n"
            + ",ear,audio_second,0.006,60,\n"
        )
    )
    assert first.provider == "azure"
    assert first.unit_usd == {
        Unit.INPUT_TOKEN: Decimal("0.0000025"),
        Unit.OUTPUT_TOKEN: Decimal("0.00001"),
    }
    assert first.valid_from_ns == parse_iso_ns("2026-01-01")
    assert (second.name, second.stage, second.provider) == ("ear", Stage.STT, None)


@pytest.mark.parametrize(
    "line",
    [
        ",m,parsec,1,1,",
        ",m,input_token,cheap,1,",
        ",m,input_token,-1,1,",
        ",m,input_token,NaN,1,",
        ",m,input_token,1,0,",
        ",(,input_token,1,1,",
        ",m,input_token,1,1,soon",
        ",m,input_token,1,1.5,",
        ",m,input_token,1,,,more",
        ",m,input_token,2,1,",
        ",(a+)+,input_token,1,1,",
        ",,input_token,1,1,",
        ",m,,1,1,",
        '"unclosed',
    ],
)
def test_a_bad_row_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match="Line 3 of the price table"):
        read_prices(HEAD + ",m,input_token,1,1,\n" + line + "\n")


def test_a_column_that_is_not_known_is_refused() -> None:
    with pytest.raises(BadInput, match="unknown column 'start'"):
        read_prices("match,unit,usd,start\nm,input_token,1,2026-01-01\n")


def test_all_columns_of_a_row_are_read() -> None:
    (row,) = read_prices(
        "name,stage,provider,match,unit,usd,per,tier_condition,start_date,end_date,source_url,checked_on\n"
        "mine,tts,Acme,m,input_token,1,2,input_tokens > 7,2026-01-01,2026-02-01,https://a,2026-01-03\n"
    )
    assert row == PriceRow(
        name="mine",
        stage=Stage.TTS,
        provider="acme",
        match="m",
        unit=Unit.INPUT_TOKEN,
        usd=Decimal(1),
        per=2,
        above_input_tokens=7,
        valid_from_ns=parse_iso_ns("2026-01-01"),
        valid_until_ns=parse_iso_ns("2026-02-01"),
        source_url="https://a",
        checked_on="2026-01-03",
    )


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("tier_condition", "output_tokens > 5"),
        ("tier_condition", "input_tokens > many"),
        ("end_date", "1960-01-01"),
        ("checked_on", "yesterday"),
        ("stage", "brain"),
        ("source_url", "x" * 3000),
        ("provider", "x" * 200),
    ],
)
def test_a_bad_cell_is_named(column: str, text: str) -> None:
    with pytest.raises(BadInput, match=column if column != "end_date" else "end"):
        read_prices(f"match,unit,usd,{column}\nm,input_token,1,{text}\n")


def test_a_table_without_its_columns_is_refused() -> None:
    with pytest.raises(BadInput, match="lacks the column 'unit'"):
        read_prices("match,usd\nm,1\n")
