"""Partial updates end the same in any order and with any repetition."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store.telemetry.places import DAY_NS, START, full_span, span
from turnwise.model.observation import Kind, Observation, Voice
from turnwise.store.telemetry.merge import merge_bodies, merge_observations
from turnwise.store.telemetry.rows import decode_observations, encode_observation

TEXTS = st.sampled_from(["a", "b", "c"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "start_ns": st.integers(START, START + 5),
    "end_ns": st.none() | st.integers(START, START + 5),
    "name": st.none() | TEXTS,
    "kind": st.sampled_from(Kind),
    "model": st.none() | TEXTS,
    "session_ref": st.none() | TEXTS,
    "session_rank": st.integers(0, 2),
    "output": st.none() | TEXTS,
    "usage_details": st.dictionaries(TEXTS, st.integers(0, 3), max_size=2),
    "cost_details": st.dictionaries(TEXTS, st.sampled_from([Decimal(1), Decimal(2)]), max_size=1),
    "tags": st.lists(TEXTS, max_size=2).map(tuple),
    "voice": st.builds(Voice, user_text=st.none() | TEXTS, audio_ns=st.none() | st.integers(0, 3)),
}
NAMES = st.sampled_from([*FIELDS, "*", "voice.user_text", "cost_source"])
UPDATES = st.builds(
    lambda values, stamps: span("a", **values, stamps=msgspec.json.encode(stamps).decode()),
    st.fixed_dictionaries({}, optional=FIELDS),
    st.dictionaries(NAMES, st.integers(0, 4), max_size=5),
)


def merged(updates: Sequence[Observation], stored: Observation | None = None) -> Observation:
    result = reduce(merge_observations, updates, stored)
    assert result is not None
    return result


@given(st.lists(UPDATES, min_size=1, max_size=5), st.randoms())
def test_order_and_repetition_do_not_matter(updates: list[Observation], random: Any) -> None:
    shuffled = updates + random.choices(updates, k=3)
    random.shuffle(shuffled)
    assert merged(shuffled) == merged(updates)


@given(st.lists(UPDATES, min_size=2, max_size=4))
def test_updates_may_be_merged_before_they_are_stored(updates: list[Observation]) -> None:
    first = merged(updates[:1])
    together = merged(updates[1:])
    assert merge_observations(first, together) == merged(updates)


@given(UPDATES, UPDATES)
def test_a_stored_row_merges_like_the_record_it_was_made_from(
    first: Observation, second: Observation
) -> None:
    stored = merged([first])
    (read,) = decode_observations(encode_observation(stored, "", 5))
    assert replace(read, version=0) == stored
    again = merge_observations(replace(read, version=0), second)
    assert again == merge_observations(stored, second)


def test_newer_wins_per_field_and_null_never_clears() -> None:
    old = span("a", name="old", model="m", stamps='{"*":5}')
    new = span("a", name="new", output="1", stamps='{"*":9}')
    found = merged([new, old])
    assert (found.name, found.model, found.output) == ("new", "m", "1")


def test_a_listed_field_counts_even_at_its_default() -> None:
    tool = span("a", kind=Kind.TOOL, stamps='{"*":1}')
    assert merged([tool, span("a", kind=Kind.SPAN, stamps='{"*":2}')]).kind is Kind.TOOL
    assert merged([tool, span("a", kind=Kind.SPAN, stamps='{"kind":2}')]).kind is Kind.SPAN


def test_fields_of_voice_are_merged_one_by_one() -> None:
    found = merged(
        [
            span("a", voice=Voice(user_text="a", stt_ns=1), stamps='{"*":1}'),
            span("a", voice=Voice(user_text="b"), stamps='{"voice.user_text":0}'),
            span("a", voice=Voice(agent_text="c"), stamps='{"voice":7}'),
        ]
    )
    assert found.voice == Voice(user_text="a", stt_ns=1, agent_text="c")


def test_a_name_keeps_its_rank_and_a_cost_its_source() -> None:
    costs = {"total": Decimal(1)}
    found = merged(
        [
            span("a", session_ref="x", session_rank=2, stamps='{"*":5}'),
            span("a", session_ref="y", session_rank=0, stamps='{"*":1}'),
            span("a", cost_details=costs, cost_source="reported", stamps='{"*":3}'),
        ]
    )
    assert (found.session_ref, found.session_rank) == ("x", 2)
    assert (found.cost_details, found.cost_source) == (costs, "reported")


def test_a_cost_that_was_worked_out_is_worked_out_again() -> None:
    stored = span("a", cost_details={"total": Decimal(1)}, cost_source="price-1")
    for stamps in (None, '{"name":1}'):
        found = merged([span("a", model="m", stamps='{"*":2}')], replace(stored, stamps=stamps))
        assert (found.cost_details, found.cost_source) == ({}, None)


def test_a_whole_record_counts_as_older_than_any_update() -> None:
    found = merged([span("a", name="new", stamps='{"*":1}')], full_span())
    assert found.name == "new"
    assert found.input == full_span().input


@pytest.mark.parametrize("days", [-3, -1, 1, 3])
def test_a_stored_start_stays_on_its_day(days: int) -> None:
    stored = span("a", stamps='{"*":1}')
    moved = span("a", start_ns=START + days * DAY_NS, stamps='{"*":9}')
    assert merged([stored, moved]).start_ns == START
    placeholder = span("a", name="x", stamps='{"name":1}')
    assert merged([placeholder, moved]).start_ns == moved.start_ns
    assert merged([moved, placeholder]).start_ns == moved.start_ns


BODIES = st.dictionaries(
    st.sampled_from(["text", "index", "metadata"]),
    st.none() | st.integers(0, 2) | st.dictionaries(TEXTS, st.none() | st.integers(0, 2)),
)


@given(BODIES, BODIES)
def test_a_repeated_body_changes_nothing(stored: dict[str, Any], update: dict[str, Any]) -> None:
    once = merge_bodies(stored, update)
    assert merge_bodies(once, update) == once
    for name, value in update.items():
        if value is not None and name != "metadata":
            assert once[name] == value
        if value is None:
            assert once.get(name) == stored.get(name)


def test_metadata_is_merged_key_by_key() -> None:
    stored = {"metadata": {"a": 1, "b": 2}, "text": {"a": 1}}
    update = {"metadata": {"b": 3, "a": None, "c": {"d": 1}}, "text": {"b": 1}}
    assert merge_bodies(stored, update) == {
        "metadata": {"a": 1, "b": 3, "c": {"d": 1}},
        "text": {"b": 1},
    }
