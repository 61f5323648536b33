from typing import Any

from tests.unit.analyse.build import ms, said, session_of, span
from turnwise.model.observation import Kind, Level, Observation, Step


def _generation(span_id: str, start_ms: float, *parents: str, **fields: Any) -> Observation:
    fields.setdefault("model", "m")
    return span(Step.LLM, start_ms, start_ms + 200, span_id, *parents, **fields)


ROOT = span(Step.OTHER, 0, 9000, "root", name="call")


def test_each_generation_is_an_exchange() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Hi", agent_text="Hello"),
        _generation("g2", 900, "root", user_text="Bye", agent_text="Ciao", llm_ttft_ms=50),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello"), ("user", "Bye"), ("agent", "Ciao")]
    assert session.turns[3].llm_ns == 50_000_000
    assert session.turns[3].model == "m"


def test_a_generation_inside_another_is_no_turn() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Hi", agent_text="Hello"),
        span(Step.OTHER, 110, 290, "wrap", "g1"),
        _generation("g2", 120, "wrap", user_text="Hi", agent_text="Hello"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello")]


def test_generations_that_only_ask_for_tools_go_on_in_the_next() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Where?"),
        span(Step.TOOL, 310, 380, "f", "root", kind=Kind.TOOL, tool_name="find", tool_output="{}"),
        _generation("g2", 400, "root", user_text="Where?", agent_text="Here."),
    )
    assert said(session) == [("user", "Where?"), ("agent", "Here.")]
    [tool] = session.tools
    assert (tool.name, tool.turn_index, tool.output) == ("find", 1, "{}")
    assert (ms(tool.start_ns), ms(tool.end_ns)) == (310, 380)


def test_words_before_and_after_a_tool_are_one_turn() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Where?", agent_text="Let me see."),
        span(Step.TOOL, 310, 380, "f", "root", tool_name="find"),
        _generation("g2", 400, "root", user_text="Where?", agent_text="Here."),
    )
    assert said(session) == [("user", "Where?"), ("agent", "Let me see. Here.")]


def test_the_same_words_twice_are_two_turns() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Yes", agent_text="First?"),
        _generation("g2", 900, "root", user_text="Yes", agent_text="Second?"),
    )
    assert len(session.turns) == 4


def test_spans_named_turn_are_exchanges() -> None:
    session = session_of(
        ROOT,
        span(Step.OTHER, 0, 2000, "t1", "root", name="turn 1"),
        span(Step.STT, 100, 700, "s1", "t1", user_text="Hi", stt_ms=150),
        _generation("g1", 800, "t1", user_text="Hi", agent_text="Hello"),
        span(Step.TTS, 1000, 1300, "v1", "t1", agent_text="Hello", tts_ttfb_ms=80),
        span(Step.EXCHANGE, 2000, 4000, "t2", "root", name="turn-2"),
        _generation("g2", 2200, "t2", user_text="Bye", agent_text="Ciao"),
        _generation("title", 5000, "root", user_text="Name it", agent_text="Greeting"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello"), ("user", "Bye"), ("agent", "Ciao")]
    assert session.turns[0].stt_ns == 150_000_000
    assert session.turns[1].tts_ns == 80_000_000


def test_a_word_that_only_contains_turn_names_none() -> None:
    session = session_of(
        ROOT,
        span(Step.OTHER, 0, 2000, "x", "root", name="return_value"),
        _generation("g1", 100, "x", user_text="Hi", agent_text="Hello"),
        _generation("g2", 900, "root", user_text="Bye", agent_text="Ciao"),
    )
    assert len(session.turns) == 4


def test_a_root_named_turn_is_the_whole_call_unless_there_are_several() -> None:
    multi = span(Step.EXCHANGE, 0, 9000, "root", name="multi-turn chat")
    generations = [
        _generation("g1", 100, "root", user_text="Hi", agent_text="Hello"),
        _generation("g2", 900, "root", user_text="Bye", agent_text="Ciao"),
    ]
    assert len(session_of(multi, *generations).turns) == 4
    roots = [
        span(Step.EXCHANGE, 0, 800, "root", name="turn", trace_id="t1", interrupted=True),
        span(Step.EXCHANGE, 1000, 1800, "root", name="turn", trace_id="t2"),
    ]
    apart = [
        _generation("g", 100, "root", trace_id="t1", user_text="Hi", agent_text="Hello"),
        _generation("g", 1100, "root", trace_id="t2", user_text="Bye", agent_text="Ciao"),
    ]
    session = session_of(*roots, *apart)
    assert [turn.interrupted for turn in session.turns] == [False, True, False, False]


def test_turns_of_one_party_each() -> None:
    session = session_of(
        ROOT,
        span(Step.USER_TURN, 0, 900, "u", "root", name="user turn", user_text="Hi"),
        span(Step.AGENT_TURN, 900, 2000, "a", "root", name="agent turn"),
        _generation("g1", 950, "a", user_text="Hi", agent_text="Hello"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello")]


def test_ears_and_voice_near_a_generation_belong_to_it() -> None:
    session = session_of(
        ROOT,
        span(Step.STT, 0, 90, "s1", "root", user_text="Hi", stt_ms=40, trace_id="stt"),
        _generation("g1", 100, "root", agent_text="Hello"),
        span(Step.TTS, 300, 500, "v1", "root", agent_text="Hello", tts_ttfb_ms=60, trace_id="tts"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello")]
    assert session.turns[0].stt_ns == 40_000_000
    assert session.turns[1].tts_ns == 60_000_000


def test_ears_and_voice_alone_are_turns_too() -> None:
    session = session_of(
        span(Step.STT, 0, 90, "s1", user_text="Hi"),
        span(Step.TTS, 300, 500, "v1", agent_text="Hello"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello")]


def test_a_failed_generation_leaves_its_error_on_the_question() -> None:
    session = session_of(
        ROOT,
        _generation("g1", 100, "root", user_text="Hi", level=Level.ERROR, error_type="Timeout"),
    )
    assert [(turn.text, turn.error) for turn in session.turns] == [("Hi", "Timeout")]
