import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.analyse.release.statistics import Measured, _weighted, difference

FIGURES = st.lists(
    st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 3)), min_size=1, max_size=30
)


@given(FIGURES, st.sampled_from([0.0, 0.5, 0.95, 1.0]), st.data())
def test_a_weighted_percentile_is_that_of_the_repeated_values(
    values: list[float], share: float, data: st.DataObject
) -> None:
    ordered = numpy.sort(numpy.asarray(values))
    weights = numpy.asarray(
        data.draw(
            st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values)).filter(any)
        )
    )
    expected = numpy.quantile(numpy.repeat(ordered, weights), share)
    assert _weighted(ordered, weights, share) == pytest.approx(expected)


@given(FIGURES)
def test_figures_do_not_depend_on_the_order(values: list[float]) -> None:
    forth = Measured(values, range(len(values)))
    back = Measured(values[::-1], range(len(values)))
    assert forth.spread() == back.spread()
    assert forth.spread().max == max(values)


def test_a_shift_of_everything_is_seen_and_noise_is_not() -> None:
    chance = numpy.random.default_rng(1)
    before = chance.lognormal(6, 0.3, 300).tolist()
    after = chance.lognormal(6, 0.3, 300).tolist()
    sessions = [number // 5 for number in range(300)]
    low, high = difference(Measured(after, sessions), Measured(before, sessions), 0.95)
    assert low < 0 < high
    low, high = difference(
        Measured([1.5 * each for each in after], sessions), Measured(before, sessions), 0.95
    )
    assert low > 0
    again = difference(
        Measured([1.5 * each for each in after], sessions), Measured(before, sessions), 0.95
    )
    assert again == (low, high)


def test_one_odd_session_is_one_witness() -> None:
    usual = [500.0] * 90
    odd = [500.0] * 80 + [5_000.0] * 10
    together = Measured(odd, [number // 10 for number in range(90)])
    apart = Measured(odd, range(90))
    baseline = Measured(usual, [number // 10 for number in range(90)])
    assert difference(together, baseline, 0.95)[0] == 0
    assert difference(apart, baseline, 0.95)[0] > 0


def test_an_interval_needs_both_sides() -> None:
    with pytest.raises(ValueError, match="both sides"):
        difference(Measured([], []), Measured([1.0], [1]), 0.5)
