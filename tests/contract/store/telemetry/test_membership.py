"""The rule by which traces and spans belong to sessions."""

from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store.telemetry.places import named, span
from turnwise.model.ids import SessionId
from turnwise.store.telemetry.membership import OWN_RANK, spans_of, winners_of

ONE, TWO = sorted([named("one"), named("two")])
NAMES = {named(text): text for text in ("one", "two")}


def test_the_lowest_rank_wins() -> None:
    ranks = {ONE: 2, TWO: 1, named("own"): OWN_RANK}
    assert winners_of(ranks) == [TWO]


def test_sessions_of_the_same_rank_win_together_in_order() -> None:
    assert winners_of({TWO: 1, ONE: 1, named("room"): 2}) == [ONE, TWO]


def test_nobody_wins_where_nobody_is_named() -> None:
    assert winners_of({}) == []


def test_one_winner_has_all_spans_even_those_that_name_another() -> None:
    spans = [span("a"), span("b", session_ref="outranked"), span("c", session_ref=NAMES[ONE])]
    assert spans_of(ONE, [ONE], spans) == spans
    assert spans_of(TWO, [ONE], spans) == []


def test_a_span_without_a_name_goes_with_its_nearest_ancestor() -> None:
    spans = [
        span("child", parent_span_id="named"),
        span("named", parent_span_id="root", session_ref=NAMES[TWO]),
        span("grandchild", parent_span_id="child"),
        span("root", session_ref=NAMES[ONE]),
    ]
    found = {item.span_id for item in spans_of(TWO, [ONE, TWO], spans)}
    assert found == {"child", "named", "grandchild"}


def test_a_name_that_lost_counts_as_none() -> None:
    spans = [
        span("root", session_ref=NAMES[TWO]),
        span("child", parent_span_id="root", session_ref="room"),
    ]
    assert spans_of(TWO, [ONE, TWO], spans) == spans


def test_a_span_without_such_an_ancestor_goes_to_the_first_winner() -> None:
    spans = [span("a"), span("b", parent_span_id="never came")]
    assert spans_of(ONE, [ONE, TWO], spans) == spans


def test_parents_that_go_in_circles_do_no_harm() -> None:
    spans = [
        span("a", parent_span_id="b"),
        span("b", parent_span_id="a"),
        span("self", parent_span_id="self"),
        span("under", parent_span_id="a"),
    ]
    assert spans_of(ONE, [ONE, TWO], spans) == spans


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([None, "one", "two", "room"])),
        max_size=10,
    )
)
def test_winners_share_out_every_span_exactly_once(
    shape: list[tuple[int, str | None]],
) -> None:
    spans = [
        span(str(n), parent_span_id=str(parent), session_ref=ref)
        for n, (parent, ref) in enumerate(shape)
    ]
    parts: list[str] = []
    winner: SessionId
    for winner in (ONE, TWO):
        parts += [item.span_id for item in spans_of(winner, [ONE, TWO], spans)]
    assert sorted(parts, key=int) == [item.span_id for item in spans]
