"""What is refused, what is not, and that a bad span never costs its neighbours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.normalise.captures import PRESENT_NS, PROJECT
from tests.unit.normalise.spans import START_NS, observe, span
from turnwise.model.batch import RawEvent, RawLink
from turnwise.normalise import normalise_spans
from turnwise.normalise.metadata import MAX_ATTRIBUTES


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start_ns": 0}, "start time is missing"),
        ({"start_ns": 900_000_000 * 10**9}, "start time before the year 2000"),
        ({"start_ns": PRESENT_NS + 8 * 86_400 * 10**9}, "start time more than 7 days ahead"),
        ({"start_ns": 2**64}, "start time more than 7 days ahead"),
        ({"end_ns": 2**64 - 1}, "end time out of range"),
        ({"span_id": "x" * 257}, "id longer than 256 characters"),
        ({"parent_span_id": "x" * 257}, "id longer than 256 characters"),
        ({"trace_id": ""}, "missing id"),
    ],
)
def test_refused(change: dict[str, Any], reason: str) -> None:
    spans = [span(span_id="a"), span(**change), span(span_id="b")]
    kept, rejected = normalise_spans(PROJECT, spans, present_ns=PRESENT_NS)
    assert [each.span_id for each in kept] == ["a", "b"]
    assert [each.reason for each in rejected] == [reason]


def test_clock_that_ran_backwards_is_kept() -> None:
    found = observe(end_ns=START_NS - 5)
    assert found.end_ns == START_NS - 5
    assert found.duration_ns is None


def test_its_own_parent_is_kept() -> None:
    assert observe(span_id="a", parent_span_id="a").parent_span_id == "a"


def test_very_many_attributes() -> None:
    many = {f"key.{number}": number for number in range(10_000)}
    assert json.loads(observe(attributes=many).metadata or "")["attributes"] == many
    more = {f"key.{number}": number for number in range(MAX_ATTRIBUTES + 3)}
    metadata = json.loads(observe(attributes=more).metadata or "")
    assert metadata["droppedAttributes"] == 3
    assert len(metadata["attributes"]) == MAX_ATTRIBUTES


def test_events_and_links_are_kept() -> None:
    found = observe(
        events=[RawEvent("spoke", START_NS, {"a": 1})],
        links=[RawLink("1" * 32, "2" * 16, {"b": 2})],
    )
    metadata = json.loads(found.metadata or "")
    assert metadata["events"] == [
        {"name": "spoke", "timeUnixNano": str(START_NS), "attributes": {"a": 1}}
    ]
    assert metadata["links"] == [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": {"b": 2}}]


KNOWN = sorted(
    {
        "input",
        "output",
        "metadata",
        "session.id",
        "model",
        "text",
        "transcript",
        "lk.llm_metrics",
        "lk.tts_metrics",
        "lk.pii.response.text",
        "lk.pii.chat_ctx",
        "lk.function_tool.is_error",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.input_token_details",
        "gen_ai.usage.cost",
        "gen_ai.operation.name",
        "gen_ai.request.top_k",
        "langfuse.observation.usage_details",
        "langfuse.observation.cost_details",
        "langfuse.observation.completion_start_time",
        "langfuse.observation.type",
        "langfuse.observation.level",
        "langfuse.trace.tags",
        "langfuse.trace.metadata.x",
        "langsmith.usage_metadata",
        "llm.input_messages.0.message.role",
        "llm.input_messages.0.message",
        "llm.input_messages.0.message.content",
        "metrics.ttfb",
        "turn.number",
    }
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "messages", "type", "text", "id", "tool_calls", "name"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
VALUES = JSON_VALUES | JSON_VALUES.map(json.dumps) | st.binary(max_size=6)
NAMES = st.sampled_from(
    ["llm_request", "agent_turn", "function_tool", "llm", "turn", "tts", "user turn", "anything"]
)
SCOPES = st.sampled_from(["livekit-agents", "pipecat", "langfuse-sdk", ""])


@given(
    NAMES,
    SCOPES,
    st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=8), VALUES, max_size=8),
    st.integers(0, 2),
)
def test_nothing_raises_and_nothing_is_refused(
    name: str, scope: str, attributes: dict[str, Any], status: int
) -> None:
    spans = [span(name, scope, attributes, status_code=status)]
    kept, rejected = normalise_spans(PROJECT, spans, present_ns=PRESENT_NS)
    assert not rejected
    for text in (kept[0].input, kept[0].output, kept[0].metadata, kept[0].model_parameters):
        if text is not None:
            json.loads(text)
    again, _ = normalise_spans(PROJECT, spans, present_ns=PRESENT_NS)
    assert again == kept
    kept_names = set(json.loads(kept[0].metadata or "")["attributes"])
    assert {each for each in attributes if each not in KNOWN} <= kept_names
