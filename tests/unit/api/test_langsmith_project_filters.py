"""The filter language over projects: any filter holds, does not hold, or is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.api.langsmith.project_filters import fits, parse_project_filter
from turnwise.model.errors import BadInput
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.runs import RunField
from turnwise.model.tenancy import Project, ProjectDetails

UUID = "6cff600c-ca89-44b4-b047-e153eaf87ccb"
START_NS = 1_767_225_600 * 1_000_000_000


def details_of(name: str, description: str | None, extra: dict[str, Any]) -> ProjectDetails:
    return ProjectDetails(
        project=Project(ProjectId(UUID), TenantId("t"), name, START_NS, description),
        start_ns=START_NS,
        end_ns=None,
        extra=extra,
        default_dataset_id=None,
        reference_dataset_id=None,
        trace_tier=None,
        test_run_number=None,
        last_run_start_ns=None,
        retention_days=None,
    )


METADATA = {"team": "a", "n": 3, "odd": None}
DETAILS = details_of("night", None, {"metadata": METADATA, "tags": ["x"]})
BARE = details_of("", "d", {"metadata": "none", "tags": "none"})


def quoted(value: object) -> str:
    return msgspec.json.encode(value).decode()


values = st.sampled_from([quoted(UUID), quoted("2026-01-01"), quoted("team"), "3", "null", "true"])
comparisons = st.builds(
    lambda how, name, value: f"{how}({name}, {value})",
    st.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte"]),
    st.sampled_from([each.value for each in RunField]),
    values,
)
leaves = st.one_of(
    comparisons,
    values.map(lambda value: f"in(name, [{value}])"),
    values.map(lambda value: f"has(tags, {value})"),
    st.text("abn", max_size=2).map(lambda text: f"search({quoted(text)})"),
)
trees = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: f"and({', '.join(found)})"),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: f"or({', '.join(found)})"),
        parts.map(lambda part: f"not({part})"),
    ),
    max_leaves=6,
)


@given(trees)
def test_any_filter_holds_or_not_or_is_refused(text: str) -> None:
    try:
        found = parse_project_filter(text)
    except BadInput:
        return
    for details in (DETAILS, BARE):
        assert fits(found, details) is not fits(parse_project_filter(f"not({text})"), details)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f'eq(id, "{UUID}")', True),
        ('eq(metadata_key, "n")', True),
        ('and(eq(metadata_key, "n"), eq(metadata_value, "a"))', False),
        ('and(eq(metadata_key, "n"), eq(metadata_value, 3))', True),
        ("gte(start_time, '2026-01-01')", True),
        ("gt(start_time, '2026-01-01')", False),
        ("lt(end_time, '2027-01-01')", False),
    ],
)
def test_a_filter_means_what_it_says(text: str, holds: bool) -> None:
    assert fits(parse_project_filter(text), DETAILS) is holds
