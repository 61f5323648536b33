"""What the merged pieces of a LangSmith run mean."""

from typing import Any

import msgspec
import pytest

from turnwise.model.batch import RawRun
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Kind, Level, Observation, Step
from turnwise.normalise import complete_run, normalise_runs

PROJECT = ProjectId("11111111-1111-4111-8111-111111111111")
START = 1_760_000_000_000_000_000
RUN = "22222222-2222-4222-8222-222222222222"


def understood(**fields: Any) -> Observation:
    raw = RawRun(
        id=RUN,
        trace_id=RUN,
        parent_id=None,
        is_update=False,
        start_ns=START,
        placed_ns=START,
        fields={"name": "run", "run_type": "chain", **fields},
    )
    (piece,), rejected = normalise_runs(PROJECT, [raw], present_ns=START)
    assert rejected == []
    return complete_run(piece)


@pytest.mark.parametrize(
    ("run_type", "kind", "step"),
    [
        ("llm", Kind.GENERATION, Step.LLM),
        ("tool", Kind.TOOL, Step.TOOL),
        ("chain", Kind.CHAIN, Step.OTHER),
        ("retriever", Kind.RETRIEVER, Step.OTHER),
        ("embedding", Kind.EMBEDDING, Step.OTHER),
        ("prompt", Kind.SPAN, Step.OTHER),
        ("parser", Kind.SPAN, Step.OTHER),
        ("new one", Kind.SPAN, Step.OTHER),
    ],
)
def test_a_run_type_is_a_kind(run_type: str, kind: Kind, step: Step) -> None:
    found = understood(run_type=run_type)
    assert (found.kind, found.step, found.run["run_type"]) == (kind, step, run_type)


@pytest.mark.parametrize(
    "outputs",
    [
        {"usage_metadata": {"input_tokens": 5, "output_tokens": 2}},
        {"output": {"usage_metadata": {"input_tokens": 5, "output_tokens": 2}}},
        {"usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}},
        {"llm_output": {"token_usage": {"prompt_tokens": 5, "completion_tokens": 2}}},
        {
            "generations": [
                [
                    {
                        "message": {
                            "kwargs": {"usage_metadata": {"input_tokens": 5, "output_tokens": 2}}
                        }
                    }
                ]
            ]
        },
    ],
)
def test_usage_is_found_where_senders_put_it(outputs: dict[str, Any]) -> None:
    usage = understood(run_type="llm", outputs=outputs).usage_details
    assert usage == {"input": 5, "output": 2, "total": 7}
    assert understood(outputs=outputs).usage_details == {}


def test_costs_that_are_reported_are_kept() -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_cost": 0.5, "input_cost": 0.2}
    found = understood(run_type="llm", extra={"metadata": {"usage_metadata": usage}})
    assert {name: str(usd) for name, usd in found.cost_details.items()} == {
        "total": "0.5",
        "input": "0.2",
    }
    assert found.cost_source == "reported"


def test_words_and_the_first_token_are_read() -> None:
    found = understood(
        run_type="llm",
        inputs={"messages": [{"role": "user", "content": "hi"}]},
        outputs={"choices": [{"message": {"role": "assistant", "content": "hello"}}]},
        events=[{"name": "start"}, {"name": "new_token", "time": "2025-10-09T08:53:20.250000"}],
    )
    assert (found.voice.user_text, found.voice.agent_text) == ("hi", "hello")
    assert found.first_token_ns == START + 250_000_000
    assert found.voice.llm_ttft_ns == 250_000_000


def test_the_conversation_is_named_by_the_strongest_name() -> None:
    names = {"conversation_id": "c", "session_id": "s", "thread_id": "t"}
    found = understood(extra={"metadata": names})
    assert (found.session_ref, found.session_rank) == ("t", 2)
    assert understood(extra={"metadata": {"session_id": 7}}).session_ref == "7"
    assert understood(extra={"metadata": {}}).session_ref is None


def test_a_failure_is_one() -> None:
    found = understood(error="boom", outputs={"output": None})
    assert (found.level, found.status_message) == (Level.ERROR, "boom")


def test_everything_else_is_kept_word_for_word() -> None:
    extra = {"runtime": {"v": [1, None]}, "metadata": {"k": "ü"}}
    found = understood(extra=extra, serialized={"id": ["a"]}, unheard_of={"x": 1}, events=[])
    assert msgspec.json.decode(found.run["extra"]) == extra
    assert msgspec.json.decode(found.run["unheard_of"]) == {"x": 1}
    assert "events" not in found.run
    assert msgspec.json.decode(found.metadata or "") == {"k": "ü"}


@pytest.mark.parametrize("extra", ["x", [], {"metadata": "x"}, {"metadata": {"usage_metadata": 3}}])
def test_odd_shapes_are_survived(extra: Any) -> None:
    found = understood(extra=extra, inputs=[1], outputs="x", tags={"a": 1}, run_type="llm")
    assert found.kind is Kind.GENERATION


def test_times_out_of_reach_are_refused() -> None:
    fields = {"name": "a"}
    base: dict[str, Any] = {
        "id": RUN,
        "trace_id": RUN,
        "parent_id": None,
        "is_update": False,
        "placed_ns": START,
    }
    runs = [
        RawRun(**base, start_ns=1, fields=fields),
        RawRun(**base, start_ns=START + 10**18, fields=fields),
        RawRun(**base, start_ns=START, fields={"end_time": "soon"}),
    ]
    kept, rejected = normalise_runs(PROJECT, runs, present_ns=START)
    assert (kept, len(rejected)) == ([], 3)
