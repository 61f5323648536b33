"""Failures as they are counted: equal ones are equal, whatever number or id they carry."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.model.faults import LONGEST_KIND, kind_of


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Request timed out after 12.5 s", "Request timed out after … s"),
        ("Error code: 503 - overloaded\n{'id': 'req_0a1b2c3d4e5f'}", "Error code: … - overloaded"),
        ("GET https://api.example.com/v1/x?y=1 failed", "GET … failed"),
        ("\n\n  no   route \n", "no route"),
        ("", "no message"),
    ],
    ids=["number", "first line", "link", "blanks", "nothing"],
)
def test_what_differs_between_equal_failures_is_left_out(message: str, kind: str) -> None:
    assert kind_of(message) == kind


@given(st.text(max_size=400))
def test_a_kind_is_short_has_no_digits_and_is_its_own_kind(message: str) -> None:
    kind = kind_of(message)
    assert 0 < len(kind) <= LONGEST_KIND
    assert re.search(r"[0-9]", kind) is None
    assert kind_of(kind) == kind


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_the_same_failure_with_another_number_is_of_the_same_kind(one: int, other: int) -> None:
    assert kind_of(f"waited {one} ms") == kind_of(f"waited {other} ms")
