"""Properties of the estimators."""

from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.analyse.diagnosis.estimators import (
    FLOOR,
    among_few,
    log_spread,
    mann_whitney,
    ranks,
    sign_test,
    spearman,
    theil_sen,
)

VALUES = st.floats(1, 1e12)
SAMPLES = st.lists(VALUES, min_size=1, max_size=60)
NUMBERS = st.integers(-1000, 1000)


@given(SAMPLES)
def test_the_middle_is_the_median_and_the_spread_has_a_floor(values: list[float]) -> None:
    found = log_spread(values)
    assert found.middle == pytest.approx(median(np.log(values)))
    assert found.spread >= FLOOR
    assert found.count == len(values)


@given(SAMPLES, st.floats(1, 1000), VALUES)
def test_a_unit_of_time_changes_no_score(values: list[float], unit: float, value: float) -> None:
    before, after = log_spread(values), log_spread([each * unit for each in values])
    assert after.z(value * unit) == pytest.approx(before.z(value), abs=1e-6)


@given(st.lists(VALUES, min_size=5, max_size=40), st.data())
def test_less_than_half_of_wild_values_leave_the_median_among_the_others(
    values: list[float], data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, (len(values) - 1) // 2))
    wild = data.draw(st.lists(st.floats(1, 1e300), min_size=count, max_size=count))
    found = log_spread([*values, *wild])
    slack = 1e-9
    assert np.log(min(values)) - slack <= found.middle <= np.log(max(values)) + slack


@given(SAMPLES, VALUES, VALUES)
def test_a_longer_time_never_scores_less(values: list[float], one: float, other: float) -> None:
    found = log_spread(values)
    low, high = sorted((one, other))
    assert found.z(low) <= found.z(high)


@given(SAMPLES)
def test_few_values_need_a_higher_score_than_many(values: list[float]) -> None:
    assert log_spread(values).needed(3.5) > log_spread(values * 4).needed(3.5) > 3.5
    assert among_few(values).spread >= FLOOR


def test_no_values_have_no_middle() -> None:
    with pytest.raises(ValueError, match="no values"):
        log_spread([])


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=25), NUMBERS, NUMBERS)
def test_theil_sen_finds_a_line_and_moves_with_it(
    points: list[tuple[int, int]], slope: int, start: int
) -> None:
    x = [a for a, _ in points]
    line = [slope * a + start for a in x]
    expected = float(slope) if len(set(x)) > 1 else 0.0
    assert theil_sen(x, line) == pytest.approx(expected)
    y = [b for _, b in points]
    tilted = [b + slope * a for a, b in points]
    if len(set(x)) > 1:
        assert theil_sen(x, tilted) == pytest.approx(theil_sen(x, y) + slope, abs=1e-6)


@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_ranks_are_shared_by_equals_and_sum_up(values: list[int]) -> None:
    found = ranks(values)
    assert found.sum() == len(values) * (len(values) + 1) / 2
    for i, one in enumerate(values):
        for j, other in enumerate(values):
            assert (one < other) == (found[i] < found[j])


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=30))
def test_spearman_is_symmetric_bounded_and_blind_to_scale(points: list[tuple[int, int]]) -> None:
    x, y = [a for a, _ in points], [b for _, b in points]
    found = spearman(x, y)
    assert -1 <= found <= 1
    assert found == pytest.approx(spearman(y, x))
    assert spearman(x, [b**3 for b in y]) == pytest.approx(found)
    assert spearman(x, [-b for b in y]) == pytest.approx(-found)
    if len(set(x)) > 1:
        assert spearman(x, x) == pytest.approx(1)


SIDES = st.lists(NUMBERS, min_size=1, max_size=30)


@given(SIDES, SIDES)
def test_mann_whitney_is_a_chance_symmetric_and_blind_to_order(x: list[int], y: list[int]) -> None:
    p = mann_whitney(x, y)
    assert 0 <= p <= 1
    assert p == pytest.approx(mann_whitney(y, x))
    assert p == pytest.approx(mann_whitney(sorted(x), list(reversed(y))))
    assert p == pytest.approx(mann_whitney([3 * a + 5 for a in x], [3 * a + 5 for a in y]))
    assert mann_whitney(x, x) == pytest.approx(1)


@given(st.permutations(range(12)))
def test_mann_whitney_is_near_the_exact_chance(order: list[int]) -> None:
    """Against all 924 ways to divide twelve values into two halves."""

    def distance(chosen: tuple[int, ...]) -> float:
        return abs(sum(chosen) - 33)

    ways = [distance(each) for each in combinations(range(12), 6)]
    mine = distance(tuple(order[:6]))
    exact = sum(each >= mine for each in ways) / len(ways)
    assert mann_whitney(order[:6], order[6:]) == pytest.approx(exact, abs=0.03)


@given(st.integers(1, 60), st.data())
def test_the_sign_test_is_the_binomial_tail(count: int, data: st.DataObject) -> None:
    above = data.draw(st.integers(0, count))
    p = sign_test(above, count)
    assert 0 < p <= 1
    assert sign_test(count, count) == pytest.approx(0.5**count)
    assert sign_test(0, count) == pytest.approx(1)
    if above:
        assert p <= sign_test(above - 1, count)
