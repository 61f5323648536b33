from typing import Any

import pytest

from tests.unit.analyse.build import (
    START_NS,
    at,
    fact,
    interval,
    livekit,
    ms,
    said,
    session_of,
)
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.metrics import Part
from turnwise.model.observation import Step
from turnwise.model.session import InterruptionKind, SessionStatus

SESSION = fact(FactKind.SESSION, started_ns=START_NS, agent="desk", ref="call 7")


def _turn(turn_id: str, index: int, speaker: str, text: str, **body: Any) -> SessionFact:
    body.setdefault("start_ms", index * 1000)
    body.setdefault("end_ms", index * 1000 + 800)
    return fact(FactKind.TURN, turn_id, index=index, speaker=speaker, text=text, **body)


TURNS = (
    _turn("a", 0, "agent", "Hello", llm_ms=120, tts_ms=90.5, e2e_ms=-1),
    _turn("b", 1, "user", "Hi", stt_ms=80, confidence=0.75),
    _turn("c", 2, "agent", "How are", full_text="How are you?", interrupted=True, llm_ms=100),
    _turn("d", 3, "user", "Fine", start_ms=2500, end_ms=3200),
)


def test_stated_turns_are_the_transcript() -> None:
    session = session_of(SESSION, *TURNS)
    assert said(session) == [
        ("agent", "Hello"),
        ("user", "Hi"),
        ("agent", "How are"),
        ("user", "Fine"),
    ]
    first = session.turns[0]
    assert interval(first) == (0, 800)
    assert (first.llm_ns, first.tts_ns, first.e2e_ns) == (120_000_000, 90_500_000, None)
    assert session.turns[1].stt_ns == 80_000_000
    assert session.turns[1].confidence == 0.75
    assert session.turns[2].full_text == "How are you?"
    assert (session.agent, session.ref) == ("desk", "call 7")
    assert session.status is SessionStatus.ACTIVE


def test_the_index_outranks_the_times_and_gaps_in_it_close() -> None:
    session = session_of(SESSION, _turn("x", 5, "user", "second", start_ms=0), TURNS[0])
    assert said(session) == [("agent", "Hello"), ("user", "second")]


def test_newer_values_win_and_none_never_clears() -> None:
    session = session_of(
        SESSION,
        _turn("a", 0, "agent", "Hello there", version=2, end_ms=900),
        TURNS[0],
        fact(FactKind.TURN, "a", version=3, text=None, interrupted=True),
    )
    [turn] = session.turns
    assert (turn.text, turn.interrupted, turn.llm_ns) == ("Hello there", True, 120_000_000)


def test_spans_of_the_same_call_complete_the_turns_and_add_none() -> None:
    spans = (
        livekit(Step.SESSION, 0, 5000, "s"),
        livekit(Step.AGENT_TURN, 10, 900, "g", "s", agent_text="Hello"),
        livekit(Step.LLM, 10, 100, "l", "g", model="m", usage_details={"input": 5, "output": 2}),
        livekit(Step.TTS, 100, 300, "v", "g", tts_ttfb_ms=77),
        livekit(Step.USER_TURN, 1000, 1500, "u", "s", user_text="Hi", eou_delay_ms=300),
    )
    bare = (fact(FactKind.TURN, "a", index=0, speaker="agent", text="Hello", start_ms=0), TURNS[1])
    session = session_of(SESSION, *bare, *spans)
    assert [turn.id for turn in session.turns] == ["a", "b"]
    assert session.turns[0].tts_ns == 77_000_000
    assert session.turns[1].eou_delay_ns == 300_000_000
    assert session.turns[1].stt_ns == 80_000_000
    assert session.usage[0].input_tokens == 5
    assert len(session.traces) == 1


def test_spans_of_another_shape_are_not_guessed_into_the_turns() -> None:
    span = livekit(Step.USER_TURN, 1000, 1500, "u", user_text="Hi", eou_delay_ms=300)
    session = session_of(SESSION, *TURNS, span)
    assert [turn.id for turn in session.turns] == ["a", "b", "c", "d"]
    assert all(turn.eou_delay_ns is None for turn in session.turns)


def test_stated_tools() -> None:
    session = session_of(
        SESSION,
        *TURNS,
        fact(
            FactKind.TOOL, "t1", name="find", turn_index=2, start_ms=1800, end_ms=1900.5,
            status="ok", arguments={"n": 1}, output="plain words",
        ),
        fact(FactKind.TOOL, "t2", name="book", turn_index=9, start_ms=1950, status="error"),
        fact(FactKind.TOOL, "t3", name="send", start_ms=1960, error="no route", call_id="c3"),
    )  # fmt: skip
    first, second, third = session.tools
    assert (first.name, first.turn_index, first.is_error) == ("find", 2, False)
    assert (ms(first.start_ns), ms(first.end_ns)) == (1800, 1900.5)
    assert (first.arguments, first.output) == ('{"n":1}', '"plain words"')
    assert (second.turn_index, second.is_error, second.end_ns) == (None, True, None)
    assert (third.error, third.call_id) == ("no route", "c3")


def test_a_stated_interruption_wins_and_the_turns_fill_its_gaps() -> None:
    stated = fact(FactKind.INTERRUPTION, "i1", turn_index=2, detected_ms=2620, bleed_words=4)
    [interruption] = session_of(SESSION, *TURNS, stated).interruptions
    assert interruption.id == "i1"
    assert (interruption.agent_turn_index, interruption.user_turn_index) == (2, 3)
    assert (ms(interruption.onset_ns), ms(interruption.stopped_ns)) == (2500, 2800)
    assert ms(interruption.detected_ns) == 2620
    assert (interruption.bleed_words, interruption.source) == (4, "reported")


@pytest.mark.parametrize("words", [-1, 10**12])
def test_a_count_of_words_that_nobody_said_is_none(words: int) -> None:
    stated = fact(FactKind.INTERRUPTION, "i1", onset_ms=2450, bleed_words=words)
    [interruption] = session_of(SESSION, stated).interruptions
    assert interruption.bleed_words is None


def test_a_stated_interruption_may_name_the_turn_of_the_caller() -> None:
    stated = fact(FactKind.INTERRUPTION, "i1", turn_index=3, onset_ms=2450)
    [interruption] = session_of(SESSION, *TURNS, stated).interruptions
    assert (interruption.agent_turn_index, ms(interruption.onset_ns)) == (2, 2450)


def test_a_stated_interruption_of_no_known_turn_is_kept() -> None:
    stated = fact(FactKind.INTERRUPTION, "i1", turn_index=0, onset_ms=500, is_false=True)
    early = fact(FactKind.INTERRUPTION, "i3", turn_index=1, onset_ms=700)
    assert session_of(SESSION, *TURNS, early).interruptions[0].user_turn_index == 1
    lost = fact(FactKind.INTERRUPTION, "i2", onset_ms=600, stopped_ms=650)
    found = {each.id: each for each in session_of(SESSION, TURNS[0], stated, lost).interruptions}
    assert found["i1"].is_false
    assert found["i1"].user_turn_index is None
    assert found["i2"].agent_turn_index is None


def test_a_session_without_a_stated_start_begins_when_it_came_in() -> None:
    assert ms(session_of(fact(FactKind.TURN, "a", text="x")).started_ns) == 1_000_000


def test_the_end_that_is_stated_closes_the_session() -> None:
    ended = fact(FactKind.SESSION, version=2, ended_ns=at(9000), metadata={"a": 1})
    more = fact(FactKind.SESSION, version=3, metadata={"b": [2]}, call_id="CA1", user_identity="u")
    session = session_of(SESSION, *TURNS, ended, more)
    assert session.status is SessionStatus.COMPLETED
    assert (ms(session.ended_ns), ms(session.finalized_ns)) == (9000, 9000)
    assert session.metadata == '{"a":1,"b":[2]}'
    assert (session.call_id, session.user_identity) == ("CA1", "u")


def test_an_end_after_silence_is_the_last_that_was_seen() -> None:
    silent = fact(FactKind.FINALIZED, at_ns=at(700_000), reason="silence")
    session = session_of(SESSION, *TURNS, silent)
    assert (ms(session.ended_ns), ms(session.finalized_ns)) == (3200, 700_000)


def test_a_stated_status_holds() -> None:
    failed = fact(FactKind.SESSION, version=2, status="failed", ended_ns=at(4000))
    assert session_of(SESSION, failed).status is SessionStatus.FAILED
    busy = fact(FactKind.SESSION, version=2, close_reason="busy", ended_ns=at(4000))
    assert session_of(SESSION, busy).status is SessionStatus.FAILED
    done = fact(FactKind.SESSION, version=2, status="completed")
    assert session_of(SESSION, done).status is SessionStatus.COMPLETED


def test_wrong_types_in_a_body_are_nothing() -> None:
    session = session_of(
        SESSION,
        fact(FactKind.TURN, "a", index="first", speaker=None, text=["x"], start_ms="soon"),
        fact(FactKind.TOOL, "t", name=None, start_ms=float("inf"), arguments=3),
    )
    assert said(session) == [("user", None)]
    assert (session.tools[0].name, session.tools[0].start_ns) == ("tool", None)


@pytest.mark.parametrize(
    ("until_ms", "kind"),
    [(1700, InterruptionKind.BACKCHANNEL), (2600, InterruptionKind.MISSED)],
)
def test_a_stated_interruption_at_which_the_agent_spoke_on(
    until_ms: float, kind: InterruptionKind
) -> None:
    session = session_of(
        SESSION,
        _turn("a", 0, "agent", "Let me tell you all about it", start_ms=0, end_ms=5000),
        _turn("b", 1, "user", "wait, not that one", start_ms=1400, end_ms=until_ms),
        fact(FactKind.INTERRUPTION, "i", turn_index=0, onset_ms=1400),
    )
    [interruption] = session.interruptions
    assert interruption.kind is kind


def test_a_stated_delay_of_the_end_of_a_turn_holds_the_answer() -> None:
    session = session_of(
        SESSION,
        _turn("a", 0, "user", "Hi", start_ms=0, end_ms=1000, stt_ms=200, eou_ms=1900),
        _turn("b", 1, "agent", "Hello", start_ms=3500, end_ms=4000, llm_ms=300, tts_ms=200),
    )
    response = session.turns[1].response
    assert response is not None
    lengths = {each.part: each.held_ns for each in response.parts}
    assert (lengths[Part.ENDPOINTING], lengths[Part.UNEXPLAINED]) == (1_700_000_000, 100_000_000)
