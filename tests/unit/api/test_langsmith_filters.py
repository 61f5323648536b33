"""The filter language of run queries: what it means, and that everything else is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.api.langsmith.filters import parse_filter
from turnwise.model.errors import BadInput
from turnwise.model.runs import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Not,
    RunField,
    RunFilter,
    Search,
)
from turnwise.store.telemetry.run_filters import Conditions


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('eq(run_type, "llm")', Compare(RunField.RUN_TYPE, Comparison.EQ, "llm")),
        ("gt(latency, 1.5)", Compare(RunField.LATENCY, Comparison.GT, 1.5)),
        ('gte(latency, "500ms")', Compare(RunField.LATENCY, Comparison.GTE, 0.5)),
        ('lt(latency, "2m")', Compare(RunField.LATENCY, Comparison.LT, 120.0)),
        ("neq(error, null)", Compare(RunField.ERROR, Comparison.NEQ, None)),
        ("eq(is_root, True)", Compare(RunField.IS_ROOT, Comparison.EQ, True)),
        ("in(name, [\"a\", 'b'])", Compare(RunField.NAME, Comparison.IN, ("a", "b"))),
        ('has(tags, "x")', Compare(RunField.TAGS, Comparison.HAS, ("x",))),
        ('search("say \\"hi\\"")', Search('say "hi"')),
        (
            'gt(start_time, "1970-01-01T00:00:01")',
            Compare(RunField.START_TIME, Comparison.GT, 1_000_000_000),
        ),
        (
            "has(metadata, '{\"a\": 1}')",
            AllOf((Compare(RunField.METADATA, Comparison.HAS, ("a", "1")),)),
        ),
        (
            'not(or(eq(name, "a"), lte(total_tokens, 3)))',
            Not(
                AnyOf(
                    (
                        Compare(RunField.NAME, Comparison.EQ, "a"),
                        Compare(RunField.TOTAL_TOKENS, Comparison.LTE, 3),
                    )
                )
            ),
        ),
    ],
)
def test_a_filter_means_what_it_says(text: str, meant: RunFilter) -> None:
    assert parse_filter(text) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "ends where an operator"),
        ("eq", "ends where"),
        ("eq(name", "takes a field"),
        ('eq(name, "a") x', "after the end"),
        ('like(name, "a")', "no operator 'like'"),
        ('eq(colour, "red")', "no field 'colour'"),
        ("eq(name, a)", "needs quotes"),
        ("eq(name, 3)", "compared with a text"),
        ('gt(latency, "soon")', "compared with a number"),
        ("gt(total_tokens, true)", "compared with a number"),
        ('gt(start_time, "soon")', "ISO 8601"),
        ('eq(id, "x")', "UUID"),
        ("gt(error, null)", "does not go with null"),
        ('gt(is_root, "x")', "true or false"),
        ('has(name, "x")', "does not go with"),
        ("has(metadata, 3)", "JSON object"),
        ("in(name, [])", "not empty"),
        ('in(name, "x")', "takes a list"),
        ('not(eq(name, "a"), eq(name, "b"))', "takes one"),
        ("not(" * 40 + 'eq(name, "a")' + ")" * 40, "deep"),
        ('eq(name, "a"; drop)', "begins nothing"),
        (f"gt(total_tokens, {'9' * 400})", "too large"),
        (f"gt(total_tokens, -{'9' * 400})", "too large"),
        ("gt(total_cost, 1e999)", "too large"),
    ],
)
def test_what_is_not_understood_is_refused_with_words(text: str, why: str) -> None:
    with pytest.raises(BadInput, match="The filter is not understood") as caught:
        parse_filter(text)
    assert why in caught.value.message


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(texts)
def test_any_text_comes_through_quotes(text: str) -> None:
    assert parse_filter(f"eq(name, {quoted(text)})") == Compare(RunField.NAME, Comparison.EQ, text)


leaves = st.one_of(
    texts.map(lambda text: f"eq(name, {quoted(text)})"),
    texts.map(lambda text: f"search({quoted(text)})"),
    st.integers(-(2**70), 2**70).map(lambda number: f"gt(total_tokens, {number})"),
    texts.map(lambda text: f"and(eq(feedback_key, {quoted(text)}), gt(feedback_score, 0.5))"),
    texts.map(lambda text: f"eq(metadata_key, {quoted(text)})"),
    texts.map(lambda text: f"has(tags, {quoted(text)})"),
)
trees = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: f"and({', '.join(found)})"),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: f"or({','.join(found)})"),
        parts.map(lambda part: f"not({part})"),
    ),
    max_leaves=8,
)
MARK = "zqx"


@given(trees)
def test_every_tree_becomes_a_condition(text: str) -> None:
    conditions = Conditions([])
    made = conditions.of(parse_filter(text))
    assert made.count("(") == made.count(")")
    assert all(f"{{{name}:" in made for name in conditions.parameters)


@given(texts)
def test_nothing_that_a_user_wrote_is_in_the_statement(text: str) -> None:
    said = MARK + text
    for filter_text in (
        f"eq(name, {quoted(said)})",
        f"in(status, [{quoted(said)}])",
        f"has(tags, {quoted(said)})",
        f"search({quoted(said)})",
        f"neq(metadata_value, {quoted(said)})",
        f"eq(feedback_source, {quoted(said)})",
    ):
        conditions = Conditions([])
        assert MARK not in conditions.of(parse_filter(filter_text))


@given(st.text(string.printable, max_size=60))
def test_any_other_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_filter(text)
    except BadInput:
        return
    assert Conditions([]).of(found)
