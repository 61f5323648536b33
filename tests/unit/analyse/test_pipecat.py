from tests.unit.analyse.build import interval, ms, pipecat, said, session_of
from turnwise.model.observation import Level, Observation, Step, ToolMessage

ROOT = pipecat(Step.SESSION, 0, 20_000, "c")


def _turn(
    number: int, start_ms: float, *, asks: str | None = "Why?", **fields: object
) -> list[Observation]:
    """A turn of three seconds: the caller for one second, the answer from 1.5 s on."""
    turn = f"t{number}"
    spans = [
        pipecat(Step.EXCHANGE, start_ms, start_ms + 3000, turn, "c", turn_number=number, **fields),
        pipecat(
            Step.LLM, start_ms + 1200, start_ms + 1400, f"l{number}", turn,
            agent_text="Because.", llm_ttft_ms=100, model="m",
        ),
        pipecat(
            Step.TTS, start_ms + 1400, start_ms + 1700, f"v{number}", turn,
            agent_text="Because.", tts_ttfb_ms=90, characters=8,
        ),
    ]  # fmt: skip
    if asks is not None:
        spans.append(
            pipecat(
                Step.STT, start_ms - 60, start_ms + 1100, f"s{number}", turn,
                user_text=asks, stt_ms=300,
            )
        )  # fmt: skip
    return spans


def test_a_turn_is_the_caller_and_the_answer() -> None:
    session = session_of(ROOT, *_turn(1, 0, asks=None), *_turn(2, 3000, e2e_ms=700))
    assert said(session) == [("agent", "Because."), ("user", "Why?"), ("agent", "Because.")]
    user, agent = session.turns[1:]
    assert (user.id, agent.id) == ("t2:user", "t2:agent")
    assert interval(user) == (2940, 3800)
    assert user.stt_ns == 300_000_000
    assert ms(agent.start_ns) == 4500
    assert (agent.llm_ns, agent.tts_ns, agent.e2e_ns) == (100_000_000, 90_000_000, 700_000_000)


def test_without_a_reported_latency_the_answer_begins_with_its_first_byte() -> None:
    session = session_of(ROOT, *_turn(2, 3000))
    assert ms(session.turns[1].start_ns) == 4490


def test_the_turn_ends_when_the_sender_says_and_not_with_its_timeout() -> None:
    session = session_of(ROOT, *_turn(2, 3000, turn_duration_ms=2500))
    assert ms(session.turns[1].end_ns) == 5500


def test_steps_alone_read_the_same_as_with_their_turn() -> None:
    turn = _turn(2, 3000)
    steps = [each for each in turn if each.step is not Step.EXCHANGE]
    alone, whole = session_of(*steps), session_of(ROOT, *turn)
    assert said(alone) == said(whole)
    assert [each.id for each in alone.turns] == [each.id for each in whole.turns]
    assert alone.ended_ns is None


def test_the_last_turn_counts_as_interrupted_only_if_its_voice_was_cut() -> None:
    first, last = _turn(1, 0, interrupted=True), _turn(2, 3000, interrupted=True)
    session = session_of(ROOT, *first, *last)
    assert [turn.interrupted for turn in session.turns] == [False, True, False, False]
    cut = pipecat(Step.TTS, 4400, 4700, "cut", "t2", agent_text="And", interrupted=True)
    assert session_of(ROOT, *first, *last, cut).turns[3].interrupted


def test_a_turn_that_the_end_of_the_conversation_cut_is_not_interrupted() -> None:
    ended = _turn(1, 0, interrupted=True, ended_by_conversation_end=True)
    session = session_of(ROOT, *ended, *_turn(2, 3000))
    assert not any(turn.interrupted for turn in session.turns)


def test_two_utterances_before_one_answer_are_one_turn() -> None:
    more = pipecat(Step.STT, 4150, 4180, "more", "t2", user_text="Tell me.")
    session = session_of(ROOT, *_turn(2, 3000), more)
    assert said(session) == [("user", "Why? Tell me."), ("agent", "Because.")]


def test_what_is_said_after_the_model_failed_is_a_turn_of_its_own() -> None:
    failed = pipecat(Step.LLM, 3200, 3300, "bad", "t2", level=Level.ERROR, status_message="refused")
    early = pipecat(Step.STT, 2500, 3100, "early", "t2", user_text="Hello?")
    late = [
        pipecat(Step.EXCHANGE, 2600, 8000, "t2", "c", turn_number=2),
        pipecat(Step.STT, 3400, 4000, "late", "t2", user_text="Why?"),
        pipecat(Step.LLM, 4100, 4300, "good", "t2", agent_text="Because."),
    ]
    session = session_of(ROOT, early, failed, *late)
    assert said(session) == [("user", "Hello?"), ("user", "Why?"), ("agent", "Because.")]
    assert [turn.error for turn in session.turns] == ["refused", None, None]


def test_a_failure_with_nothing_after_it_stays_on_the_turn() -> None:
    failed = pipecat(Step.LLM, 1200, 1300, "bad", "t1", level=Level.ERROR, status_message="refused")
    asked = pipecat(Step.STT, 0, 1000, "s", "t1", user_text="Hello?")
    session = session_of(ROOT, asked, failed)
    assert [(turn.text, turn.error) for turn in session.turns] == [("Hello?", "refused")]
    assert "bad" in session.turns[0].span_ids


def test_a_tool_is_known_from_the_messages_of_the_next_request() -> None:
    call = ToolMessage("c1", "lookup", '{"n": 1}', "found it")
    asking = pipecat(Step.LLM, 4000, 4100, "ask", "t2")
    turn = [each for each in _turn(2, 3000) if each.step is not Step.LLM]
    reply = pipecat(
        Step.LLM, 4170, 4300, "reply", "t2", agent_text="Because.", tool_messages=(call,)
    )
    again = pipecat(Step.LLM, 9000, 9100, "next", "t3", agent_text="Bye.", tool_messages=(call,))
    session = session_of(ROOT, *turn, asking, reply, again)
    [tool] = session.tools
    assert (tool.name, tool.call_id, tool.turn_index) == ("lookup", "c1", 1)
    assert (tool.arguments, tool.output) == ('{"n": 1}', '"found it"')
    assert (ms(tool.start_ns), ms(tool.end_ns)) == (4100, 4170)


def test_a_tool_whose_asking_request_is_missing_has_no_times() -> None:
    call = ToolMessage("c1", "lookup", None, "no", is_error=True)
    reply = pipecat(Step.LLM, 4170, 4300, "reply", "t2", agent_text="Sorry.", tool_messages=(call,))
    [tool] = session_of(reply).tools
    assert (tool.start_ns, tool.end_ns) == (None, None)
    assert (tool.is_error, tool.error, tool.arguments) == (True, "no", None)


def test_what_the_voice_said_besides_the_model_is_heard_too() -> None:
    filler = pipecat(Step.TTS, 4000, 4100, "filler", "t2", agent_text="One moment.")
    assert session_of(ROOT, *_turn(2, 3000), filler).turns[1].text == "One moment. Because."


def test_without_texts_the_turns_stay() -> None:
    turn = [
        pipecat(Step.EXCHANGE, 0, 3000, "t1", "c"),
        pipecat(Step.STT, 0, 900, "s", "t1", stt_ms=300),
        pipecat(Step.LLM, 1000, 1200, "l", "t1", llm_ttft_ms=100),
        pipecat(Step.TTS, 1200, 1500, "v", "t1", tts_ttfb_ms=90),
    ]
    session = session_of(ROOT, *turn)
    assert said(session) == [("user", None), ("agent", None)]
    assert session.turns[1].llm_ns == 100_000_000


def test_a_voice_or_an_ear_that_failed_leaves_its_error() -> None:
    voice = pipecat(Step.TTS, 0, 90, "v", "t1", agent_text="Hi", level=Level.ERROR, error_type="E1")
    ear = pipecat(Step.STT, 200, None, "s", "t2", level=Level.ERROR, error_type="E2")
    session = session_of(voice, ear)
    assert [turn.error for turn in session.turns] == ["E1", "E2"]
    assert session.turns[1].end_ns is None


def test_the_words_of_a_turn_span_alone_are_its_turns() -> None:
    whole = pipecat(Step.EXCHANGE, 100, 900, "t1", "c", user_text="Why?", agent_text="Because.")
    session = session_of(ROOT, whole)
    assert said(session) == [("user", "Why?"), ("agent", "Because.")]
    assert [interval(turn) for turn in session.turns] == [(100, 100), (100, 900)]


def test_a_call_that_an_earlier_message_told_without_its_output_is_completed() -> None:
    open_call, closed = ToolMessage("c1", "lookup"), ToolMessage("c1", "lookup", "{}", "[]")
    asks = pipecat(Step.STT, 0, 50, "s", "t1", user_text="Why?")
    first = pipecat(Step.LLM, 100, 200, "l1", "t1", tool_messages=(open_call,))
    second = pipecat(Step.LLM, 300, 400, "l2", "t1", agent_text="So.", tool_messages=(closed,))
    [tool] = session_of(asks, first, second).tools
    assert (tool.output, tool.turn_index) == ("[]", 1)


def test_whatever_else_lies_in_a_turn_is_part_of_the_answer() -> None:
    other = pipecat(Step.OTHER, 3100, 3200, "x", "t2", name="function call")
    session = session_of(ROOT, *_turn(2, 3000), other)
    assert "x" in session.turns[1].span_ids
    assert "x" not in session.turns[0].span_ids
