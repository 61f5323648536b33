"""The report's word beside the spans of the same conversation."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.analyse.build import at, fact, livekit, ms, session_of
from turnwise.analyse.pricing import Pricer
from turnwise.analyse.session_costs import with_session_costs
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.observation import Observation, Step
from turnwise.model.session import Session
from turnwise.model.usage import Stage

SPANS = (
    livekit(Step.SESSION, 0, 9000, "s"),
    livekit(Step.AGENT_TURN, 90, 800, "a", "s", agent_text="Hello"),
    livekit(Step.USER_TURN, 900, 1400, "u", "s", user_text="Wear?", stt_ms=100),
    livekit(Step.AGENT_TURN, 1400, 2600, "b", "s", agent_text="Nowhere.", e2e_ms=700),
    livekit(Step.AGENT_SPEAKING, 1600, 2400, "bs", "b"),
)


def message(role: str, text: str, start_ms: float, end_ms: float, **more: Any) -> dict[str, Any]:
    spoken = {"started_speaking_at": at(start_ms) / 1e9, "stopped_speaking_at": at(end_ms) / 1e9}
    return {
        "id": f"item_{start_ms}",
        "type": "message",
        "role": role,
        "content": [text],
        "created_at": at(start_ms) / 1e9,
        **more,
        "metrics": {**spoken, **more.get("metrics", {})},
    }


HELLO = message("assistant", "Hello", 100, 800)
WHERE = message("user", "Where?", 900, 1400, metrics={"transcription_delay": 0.13})
NOWHERE = message(
    "assistant", "Nowhere", 1600, 2900, interrupted=True, metrics={"llm_node_ttft": 0.2}
)


def report(*items: dict[str, Any], fact_id: str = "AJ_1", **more: Any) -> SessionFact:
    return fact(FactKind.REPORT, fact_id, chat_history={"items": list(items)}, **more)


def said(session: Session) -> list[tuple[str, str | None]]:
    return [(turn.speaker.value, turn.text) for turn in session.turns]


def test_words_and_numbers_are_the_reports_and_places_are_the_spans() -> None:
    session = session_of(*SPANS, report(HELLO, WHERE, NOWHERE))
    assert said(session) == [("agent", "Hello"), ("user", "Where?"), ("agent", "Nowhere")]
    asked, answer = session.turns[1:]
    assert (asked.id, answer.id) == ("u", "b")
    assert asked.stt_ns == 130_000_000
    assert (answer.llm_ns, answer.e2e_ns) == (200_000_000, 700_000_000)
    assert answer.interrupted
    assert answer.full_text == "Nowhere."
    assert (ms(answer.start_ns), ms(answer.end_ns)) == (1600, 2400)


def test_a_turn_that_only_the_report_knows_is_put_in_its_place() -> None:
    late = message("user", "And then?", 3000, 3400)
    session = session_of(*SPANS, report(HELLO, WHERE, NOWHERE, late))
    assert [turn.text for turn in session.turns] == ["Hello", "Where?", "Nowhere", "And then?"]
    missing = session_of(SPANS[0], *SPANS[3:], report(HELLO, WHERE, NOWHERE))
    assert [turn.text for turn in missing.turns] == ["Hello", "Where?", "Nowhere"]
    assert missing.turns[2].id == "b"


def test_a_turn_that_only_the_spans_know_stays() -> None:
    session = session_of(*SPANS, report(HELLO, NOWHERE))
    assert [turn.text for turn in session.turns] == ["Hello", "Wear?", "Nowhere"]
    assert session.turns[2].llm_ns == 200_000_000


def test_words_that_were_kept_out_of_the_spans_come_from_the_report() -> None:
    mute: list[Observation] = [
        livekit(Step.SESSION, 0, 9000, "s"),
        livekit(Step.AGENT_TURN, 90, 800, "a", "s"),
        livekit(Step.AGENT_SPEAKING, 100, 800, "as", "a"),
        livekit(Step.AGENT_TURN, 1400, 2600, "b", "s", e2e_ms=700),
        livekit(Step.AGENT_SPEAKING, 1600, 2400, "bs", "b"),
        livekit(Step.TOOL, 1450, 1460, "f", "b", tool_name="find", tool_call_id="c1"),
    ]
    call = {"type": "function_call", "call_id": "c1", "name": "find", "arguments": '{"a":1}'}
    output = {"type": "function_call_output", "call_id": "c1", "output": "no", "is_error": True}
    stamped = {"created_at": at(1450) / 1e9}
    session = session_of(
        *mute, report(HELLO, WHERE, {**call, **stamped}, {**output, **stamped}, NOWHERE)
    )
    assert [turn.text for turn in session.turns] == ["Hello", "Where?", "Nowhere"]
    assert [turn.id for turn in session.turns] == ["a", "item_900", "b"]
    (tool,) = session.tools
    assert (tool.id, tool.arguments, tool.output, tool.error) == ("f", '{"a":1}', '"no"', "no")


def test_the_order_of_reports_makes_no_difference() -> None:
    first = report(HELLO, WHERE, fact_id="AJ_1", usage=[])
    second = report(WHERE, NOWHERE, fact_id="AJ_2", agent_name="desk")
    one = session_of(first, second)
    assert [turn.text for turn in one.turns] == ["Hello", "Where?", "Nowhere"]
    other = session_of(replace(second, version=1), replace(first, version=2))
    assert (one.turns, one.agent) == (other.turns, other.agent)


def test_log_records_tell_what_no_recording_told() -> None:
    logged = {
        "m1": {
            "message": {
                "role": "ASSISTANT",
                "content": [{"text": "Hello"}],
                "metrics": {"llm_node_ttft": 0.1},
                "created_at": "2026-11-21T11:24:29.197553408Z",
            }
        },
        "m2": {"message": {"role": "USER", "created_at": "soon"}},
        "m3": "nothing",
        HELLO["id"]: {"message": {"role": "USER", "content": [{"text": "known"}]}},
    }
    session = session_of(fact(FactKind.REPORT, "+items", chat_items=logged), report(HELLO))
    assert [(turn.text, turn.llm_ns) for turn in session.turns] == [
        ("Hello", None),
        ("Hello", 100_000_000),
    ]


def test_events_tell_of_the_end_and_of_false_interruptions() -> None:
    events = [
        {"type": "agent_false_interruption", "resumed": True, "created_at": at(2500) / 1e9},
        {"type": "close", "reason": "participant_disconnected", "created_at": at(9000) / 1e9},
        "odd",
    ]
    session = session_of(report(HELLO, WHERE, NOWHERE, events=events))
    assert session.close_reason == "participant_disconnected"
    false = [each for each in session.interruptions if each.is_false]
    assert [(each.agent_turn_index, each.source) for each in false] == [(2, "reported")]


def test_judgements_are_in_the_metadata() -> None:
    session = session_of(
        report(
            HELLO,
            tags=["vip"],
            outcome={"outcome": "fail", "reason": "no lamp"},
            evaluations_by_name={"polite": {"verdict": "pass"}},
        )
    )
    assert session.metadata == (
        '{"evaluations":{"polite":{"verdict":"pass"}},'
        '"outcome":{"outcome":"fail","reason":"no lamp"},"tags":["vip"]}'
    )


MODELS = [
    {"type": "stt_usage", "provider": "Deepgram", "model": "nova-3", "audio_duration": 60.0},
    {"type": "llm_usage", "provider": "api.openai.com", "model": "gpt-4.1-nano",
     "input_tokens": 10, "output_tokens": 1},
    {"type": "llm_usage", "provider": "openai", "model": "gpt-4.1-mini", "input_tokens": 1_000_000,
     "input_cached_tokens": 500_000, "output_tokens": 1_000_000},
    {"type": "tts_usage", "provider": "cartesia", "model": "sonic-2", "characters_count": 100_000},
]  # fmt: skip
"""Of the package's own prices: 0.0048 + 0.0000014 + (0.2 + 0.05 + 1.6) + 5 USD."""


def test_what_a_report_alone_tells_of_is_priced_like_spans() -> None:
    session = with_session_costs(session_of(report(HELLO, usage=MODELS)), Pricer(()))
    told = {row.model: row.cost_usd for row in session.usage}
    assert told == {
        "nova-3": Decimal("0.0048"),
        "gpt-4.1-mini": Decimal("1.85"),
        "gpt-4.1-nano": Decimal("0.0000014"),
        "sonic-2": Decimal(5),
    }
    assert next(row.model for row in session.usage if row.stage is Stage.LLM) == "gpt-4.1-mini"
    assert (session.cost_usd, session.unpriced) == (Decimal("6.8548014"), 0)


def test_spans_have_the_cost_where_both_tell() -> None:
    seen = livekit(Step.LLM, 0, 100, "s", cost_details={"total": Decimal("0.5")})
    session = with_session_costs(session_of(seen, report(HELLO, usage=MODELS)), Pricer(()))
    assert session.cost_usd == sum((each.cost_usd for each in session.traces), Decimal(0))
    assert session.unpriced == len(MODELS)


def test_usage_of_a_model_without_a_price_counts_as_unpriced() -> None:
    usage = [
        {"type": "llm_usage", "provider": "openai", "model": "m", "input_tokens": 9},
        {"type": "tts_usage", "provider": "openai", "model": "silent"},
    ]
    session = session_of(report(HELLO, usage=usage))
    assert [(row.input_tokens, row.cost_usd) for row in session.usage] == [(9, None), (0, None)]
    assert session.unpriced == 1
