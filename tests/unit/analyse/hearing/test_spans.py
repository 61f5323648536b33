from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from turnwise.analyse.hearing.spans import (
    Span,
    gaps,
    longer_than,
    mask_of,
    merged,
    overlap,
    spans_of,
    total,
)

LENGTH = 200


def _ordered(pairs: list[tuple[int, int]]) -> list[Span]:
    return merged([(start, min(LENGTH, start + length)) for start, length in pairs], 1)


spans = st.lists(st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 30)), max_size=12).map(
    _ordered
)
gap = st.integers(0, 40)


@given(spans)
def test_a_mask_and_back_is_the_same(given_spans: list[Span]) -> None:
    assert spans_of(mask_of(given_spans, LENGTH)) == given_spans


@given(spans, gap, st.integers(-500, 500))
def test_merging_does_not_depend_on_when(given_spans: list[Span], least: int, shift: int) -> None:
    moved = [(start + shift, end + shift) for start, end in given_spans]
    expected = [(start + shift, end + shift) for start, end in merged(given_spans, least)]
    assert merged(moved, least) == expected


@given(spans, gap)
def test_merging_closes_the_short_gaps_and_no_others(given_spans: list[Span], least: int) -> None:
    found = merged(given_spans, least)
    assert merged(found, least) == found
    assert all(b[0] - a[1] >= max(least, 1) for a, b in pairwise(found))
    mask = mask_of(found, LENGTH)
    left = [each for each in gaps(given_spans, 0, LENGTH) if not mask[slice(*each)].any()]
    assert left == gaps(found, 0, LENGTH)


@given(spans, spans)
def test_overlap_is_what_both_masks_share_either_way(first: list[Span], second: list[Span]) -> None:
    both = mask_of(first, LENGTH) & mask_of(second, LENGTH)
    found = overlap(first, second)
    assert mask_of(found, LENGTH).tolist() == both.tolist()
    assert overlap(second, first) == found
    assert total(found) == int(both.sum())


@given(spans)
def test_spans_and_gaps_are_everything(given_spans: list[Span]) -> None:
    assert total(given_spans) + total(gaps(given_spans, 0, LENGTH)) == LENGTH


@given(spans, gap)
def test_what_is_left_is_long_enough(given_spans: list[Span], least: int) -> None:
    assert longer_than(given_spans, least) == [s for s in given_spans if s[1] - s[0] >= least]
