"""Filters by column: whatever is asked becomes a condition or is refused with words."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.model.errors import BadInput
from turnwise.model.ids import ProjectId
from turnwise.model.trace import ColumnFilter
from turnwise.store.telemetry.column_filters import add_filters
from turnwise.store.telemetry.conditions import Conditions
from turnwise.store.telemetry.metric_views import METRIC_VIEWS
from turnwise.store.telemetry.observation_pages import COLUMNS as OBSERVATIONS
from turnwise.store.telemetry.score_pages import COLUMNS as SCORES
from turnwise.store.telemetry.trace_views import COLUMNS as TRACES

LISTS = [OBSERVATIONS, SCORES, TRACES, *(view.columns for view in METRIC_VIEWS.values())]
OPERATORS = [
    "=", "<>", ">", "<", ">=", "<=", "contains", "does not contain", "starts with", "ends with",
    "matches", "any of", "none of", "all of", "is null", "is not null", "is set", "is not set",
]  # fmt: skip
MARK = "'); DROP --"
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(), st.just(MARK),
    st.just("2026-03-21T10:00:00Z"), st.lists(st.text() | st.just(MARK) | st.integers()),
    st.dictionaries(st.text(), st.integers()),
)  # fmt: skip


@given(
    columns=st.sampled_from(LISTS),
    operator=st.sampled_from(OPERATORS) | st.just(MARK),
    value=VALUES,
    key=st.sampled_from(["", "k", MARK]),
    is_number=st.booleans(),
    data=st.data(),
)
def test_anything_is_a_condition_or_refused(
    columns: Any, operator: str, value: Any, key: str, is_number: bool, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(sorted(columns)))
    where = Conditions([ProjectId("p")])
    try:
        add_filters(where, columns, [ColumnFilter(column, operator, value, key, is_number)])
    except BadInput:
        return
    statement = str(where)
    assert MARK not in statement
    asked = set(re.findall(r"\{(\w+):", statement))
    assert asked == set(where.parameters)


def test_a_column_that_is_none_is_refused_with_those_that_are() -> None:
    for columns in LISTS:
        with pytest.raises(BadInput) as refused:
            add_filters(Conditions([]), columns, [ColumnFilter(MARK, "=", "x")])
        assert all(name in refused.value.message for name in columns)
