"""The built-in prices: each row says where and when it was read, and no two contradict each other."""

import csv
import re
from collections import Counter, defaultdict
from datetime import date
from itertools import combinations

from tests.repo.tree import ROOT
from turnwise.analyse.price_table import COLUMNS, built_in_prices
from turnwise.analyse.pricing import Pricer
from turnwise.model.price import Price, Unit
from turnwise.model.usage import Stage

with (ROOT / "src/turnwise/analyse/prices.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))

DATES = ("", "-2026-01-01", "-20260101", "-latest", "-preview", "-001")


def test_every_row_has_a_source_a_date_a_unit_and_a_pattern() -> None:
    for row in ROWS:
        assert list(row) == list(COLUMNS)
        assert re.fullmatch(r"https://[\w.-]+/?\S*", row["source_url"]), row
        assert row["read_in"], row
        assert date(2026, 1, 1) <= date.fromisoformat(row["checked_on"]), row
        assert row["name"].partition("/")[2], row
        Unit(row["unit"])
        re.compile(row["match"])


def test_every_kind_of_voice_stack_can_be_priced() -> None:
    stages = Counter(row["stage"] for row in ROWS)
    assert min(stages[each] for each in (Stage.LLM, Stage.STT, Stage.TTS)) >= 20
    assert stages[Stage.TELEPHONY] >= 3
    # No platform is charged for before its user says so: an agent may run anywhere.
    assert stages[Stage.PLATFORM] == 0
    unpriced = set(Unit) - {Unit(row["unit"]) for row in ROWS}
    assert unpriced == {Unit.PLATFORM_MINUTE, Unit.REQUEST, Unit.REASONING_TOKEN}


def test_the_rows_of_a_price_end_together() -> None:
    ends = defaultdict(set)
    for row in ROWS:
        ends[row["name"], row["start_date"], row["tier_condition"]].add(row["end_date"])
    assert [name for name, found in ends.items() if len(found) > 1] == []


def test_a_tier_belongs_to_a_price_of_the_same_start() -> None:
    plain = {
        (each.name, each.valid_from_ns) for each in built_in_prices() if not each.above_input_tokens
    }
    tiers = [each for each in built_in_prices() if each.above_input_tokens]
    assert tiers
    assert [each.name for each in tiers if (each.name, each.valid_from_ns) not in plain] == []


def test_speech_is_never_priced_twice() -> None:
    """By time, by characters or by tokens: a price of two of these would add them up."""
    for price in built_in_prices():
        if price.stage in (Stage.STT, Stage.TTS):
            kinds = {unit.value.rpartition("_")[2] for unit in price.unit_usd}
            assert len(kinds) == 1, price.name


def test_no_two_rows_contradict_each_other() -> None:
    """On every name that the table speaks of, in the forms that vendors use, one price is best."""
    contradictions = set()
    for name in _names():
        for one, other in combinations(_matching(name), 2):
            same_rank = _rank(one, name) == _rank(other, name)
            if one.name != other.name and one.stage is other.stage and same_rank:
                contradictions.add((name, one.name, other.name))
    assert contradictions == set()


def test_a_model_goes_by_the_price_that_is_named_after_it() -> None:
    pricer = Pricer(())
    for price in built_in_prices():
        name = price.name.partition("/")[2]
        if not re.fullmatch(price.match, name):
            continue
        provider = price.provider or None
        found = pricer.price(price.stage, provider, [name], price.valid_from_ns)
        assert found is not None
        assert found.name == price.name


def _names() -> set[str]:
    known = {each.name.partition("/")[2] for each in built_in_prices()}
    spelled = {re.sub(r"\\(.)", r"\1", each.match.partition("(")[0]) for each in built_in_prices()}
    return {name + suffix for name in known | spelled for suffix in DATES}


def _matching(name: str) -> list[Price]:
    return [
        each
        for each in built_in_prices()
        if not each.above_input_tokens and re.fullmatch(each.match, name, re.IGNORECASE)
    ]


def _rank(price: Price, name: str) -> tuple[object, ...]:
    is_exact = re.sub(r"\\(.)", r"\1", price.match).lower() == name.lower()
    return price.valid_from_ns, price.provider, is_exact, len(price.match)
