"""Which case a label is about, however its onset was told later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.model.labels import SAME_NS, Label, Moment, precisions
from turnwise.model.session import InterruptionKind

moments = st.builds(
    Moment,
    st.none() | st.integers(0, 10**9 - 1),
    st.none() | st.integers(0, 10**19 - 1),
)


@given(moments)
def test_a_moment_is_read_as_it_was_written(moment: Moment) -> None:
    assert Moment.read(str(moment)) == moment
    assert len(str(moment)) <= 40


@pytest.mark.parametrize("text", ["", "@", "1", "1@2@3", "-1@2", "1@-2", "one@2", "1@2 "])
def test_no_other_text_is_a_moment(text: str) -> None:
    assert Moment.read(text) is None


@given(moments, st.lists(moments, max_size=6))
def test_the_nearest_is_near_and_a_moment_is_nearest_to_itself(
    moment: Moment, others: list[Moment]
) -> None:
    found = moment.nearest(others)
    if found is not None and None not in (found.onset_ns, moment.onset_ns):
        assert abs((found.onset_ns or 0) - (moment.onset_ns or 0)) <= SAME_NS
    near = moment.nearest([*others, moment])
    assert near is not None
    assert near.onset_ns == moment.onset_ns


def test_what_has_no_onset_is_only_the_same_turn() -> None:
    assert Moment(1, None).nearest([Moment(2, None), Moment(1, 5)]) is None
    assert Moment(1, None).nearest([Moment(1, None)]) == Moment(1, None)


def test_a_short_word_is_right_for_what_stopped_the_agent_and_for_what_did_not() -> None:
    found = precisions(
        [
            (InterruptionKind.FALSE_ALARM, Label.BACKCHANNEL),
            (InterruptionKind.BACKCHANNEL, Label.BACKCHANNEL),
            (InterruptionKind.BACKCHANNEL, Label.MISSED),
            (InterruptionKind.PREMATURE, Label.CUT_OFF),
        ]
    )
    assert [(each.kind, each.labelled, each.right) for each in found] == [
        (InterruptionKind.FALSE_ALARM, 1, 1),
        (InterruptionKind.BACKCHANNEL, 2, 1),
        (InterruptionKind.PREMATURE, 1, 1),
    ]
