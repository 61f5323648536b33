from tests.unit.analyse.build import interval, livekit, ms, said, session_of, span
from turnwise.model.observation import Level, Observation, Step

JOB = livekit(Step.JOB, -5000, 60_000, "job")
SESSION = livekit(Step.SESSION, 0, 50_000, "s", "job")
GREETING = (
    livekit(Step.AGENT_TURN, 10, 1500, "a0", "s", agent_text="Hello!", interrupted=False),
    livekit(Step.LLM_NODE, 20, 200, "a0n", "a0", agent_text="Hello!", llm_ttft_ms=150),
    livekit(Step.LLM, 20, 200, "a0l", "a0n", model="m1"),
    livekit(Step.TTS, 180, 600, "a0t", "a0", tts_ttfb_ms=120),
    livekit(Step.AGENT_SPEAKING, 400, 1490, "a0s", "a0"),
)
ASKED = (
    livekit(Step.USER_TURN, 2000, 3300, "u1", "s", user_text="Open when?", confidence=0.9),
    livekit(Step.USER_SPEAKING, 2000, 2800, "u1s", "u1"),
)


def _answer(text: str | None = "Nine.", **fields: object) -> tuple[Observation, ...]:
    return (
        livekit(
            Step.AGENT_TURN,
            2900,
            5000,
            "a1",
            "s",
            user_text="Open when?",
            agent_text=text,
            **fields,
        ),
        livekit(Step.LLM_NODE, 2950, 3200, "a1n", "a1", agent_text="Nine.", llm_ttft_ms=170),
        livekit(Step.TTS, 3200, 3600, "a1t", "a1", tts_ttfb_ms=230),
        livekit(Step.AGENT_SPEAKING, 3600, 4900, "a1s", "a1"),
    )


def test_an_answer_that_began_before_the_question_ended_still_comes_after_it() -> None:
    session = session_of(JOB, SESSION, *GREETING, *ASKED, *_answer(e2e_ms=800))
    assert said(session) == [("agent", "Hello!"), ("user", "Open when?"), ("agent", "Nine.")]
    assert interval(session.turns[1]) == (2000, 2800)
    assert interval(session.turns[2]) == (3600, 4900)
    assert session.turns[0].e2e_ns is None
    assert session.turns[2].e2e_ns == 800_000_000


def test_the_session_begins_with_its_own_span_and_not_with_the_job() -> None:
    session = session_of(JOB, SESSION, *GREETING)
    assert (ms(session.started_ns), ms(session.ended_ns)) == (0, 50_000)


def test_delays_that_only_the_answer_carries_belong_to_the_question() -> None:
    answer = _answer(stt_ms=130, eou_delay_ms=300)
    user = session_of(SESSION, *ASKED, *answer).turns[0]
    assert (user.stt_ns, user.eou_delay_ns) == (130_000_000, 300_000_000)


def test_the_text_that_was_heard_is_kept_beside_the_text_that_was_written() -> None:
    long = livekit(Step.LLM_NODE, 2950, 3200, "a1n", "a1", agent_text="Nine until six, daily.")
    turn, _, _, speaking = _answer("Nine until", interrupted=True)
    session = session_of(SESSION, *ASKED, turn, long, speaking)
    assert (session.turns[1].text, session.turns[1].full_text) == (
        "Nine until",
        "Nine until six, daily.",
    )


def test_latency_is_that_of_the_generation_that_spoke() -> None:
    asked_tool = livekit(Step.LLM_NODE, 2910, 2940, "a1m", "a1", agent_text="", llm_ttft_ms=999)
    agent = session_of(SESSION, *ASKED, asked_tool, *_answer()).turns[1]
    assert agent.llm_ns == 170_000_000


def test_without_texts_the_generation_before_the_voice_spoke() -> None:
    agent = session_of(
        SESSION,
        livekit(Step.AGENT_TURN, 2900, 5000, "a1", "s", e2e_ms=800),
        livekit(Step.LLM_NODE, 2910, 2940, "a1m", "a1", llm_ttft_ms=999),
        livekit(Step.LLM_NODE, 2950, 3200, "a1n", "a1", llm_ttft_ms=170),
        livekit(Step.TTS, 3200, 3600, "a1t", "a1", tts_ttfb_ms=230),
        livekit(Step.AGENT_SPEAKING, 3600, 4900, "a1s", "a1"),
    ).turns[0]
    assert (agent.text, agent.llm_ns) == (None, 170_000_000)


def _old_step(span_id: str, start_ms: float, generation: str, **fields: object) -> Observation:
    return livekit(
        Step.AGENT_TURN, start_ms, start_ms + 400, span_id, "s", generation_id=generation, **fields
    )


def test_a_tool_step_of_its_own_span_joins_the_answer_that_names_it() -> None:
    step = _old_step("a1", 2900, "g_1", user_text="Open when?")
    tool = livekit(Step.TOOL, 3000, 3100, "f1", "a1", tool_name="hours", tool_call_id="c1")
    reply = _old_step("a2", 3400, "g_2", parent_generation_id="g_1", agent_text="Nine.")
    session = session_of(SESSION, *ASKED, step, tool, reply)
    assert said(session) == [("user", "Open when?"), ("agent", "Nine.")]
    assert session.turns[1].id == "a2"
    assert set(session.turns[1].span_ids) == {"a1", "a2", "f1"}
    assert [tool.turn_index for tool in session.tools] == [1]


def test_a_step_without_speech_and_without_a_name_joins_the_next_one() -> None:
    step = _old_step("a1", 2900, "g_1", user_text="Open when?")
    reply = _old_step("a2", 3400, "h_1", agent_text="Nine.")
    assert said(session_of(SESSION, *ASKED, step, reply)) == [
        ("user", "Open when?"),
        ("agent", "Nine."),
    ]


def test_a_step_without_speech_does_not_reach_over_the_caller() -> None:
    step = _old_step("a9", 500, "g_9")
    session = session_of(SESSION, step, *ASKED, *_answer())
    assert "a9" not in session.turns[1].span_ids


def test_what_was_typed_becomes_a_turn_without_length() -> None:
    session = session_of(
        SESSION,
        livekit(Step.AGENT_TURN, 100, 500, "a1", "s", user_text="Hi", agent_text="Hello"),
        livekit(Step.AGENT_TURN, 600, 900, "a2", "s", user_text="Hi", agent_text="Again"),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Hello"), ("user", "Hi"), ("agent", "Again")]
    assert session.turns[0].id == "a1:user"
    assert interval(session.turns[0]) == (100, 100)
    assert session.turns[0].stt_ns is None


def test_steps_of_one_answer_share_the_typed_words() -> None:
    session = session_of(
        SESSION,
        _old_step("a1", 100, "g_1", user_text="Hi", agent_text="Wait."),
        _old_step("a2", 600, "g_2", parent_generation_id="g_1", user_text="Hi", agent_text="Done."),
    )
    assert said(session) == [("user", "Hi"), ("agent", "Wait."), ("agent", "Done.")]


def test_an_answer_that_failed_for_good_leaves_its_error_on_the_question() -> None:
    failed = livekit(
        Step.AGENT_TURN,
        2900,
        3400,
        "a1",
        "s",
        user_text="Open when?",
        level=Level.ERROR,
        status_message="no model",
    )
    request = livekit(Step.LLM, 2910, 3300, "a1l", "a1", level=Level.ERROR)
    session = session_of(SESSION, *ASKED, failed, request)
    assert said(session) == [("user", "Open when?")]
    assert session.turns[0].error == "no model"
    assert "a1" in session.turns[0].span_ids
    assert session.error_count == 1


def test_a_failed_attempt_that_a_later_one_made_good_is_no_error() -> None:
    attempts = (
        livekit(Step.LLM, 2960, 3150, "a1l", "a1n"),
        livekit(Step.LLM_ATTEMPT, 2960, 3000, "r1", "a1l", level=Level.ERROR),
        livekit(Step.LLM_ATTEMPT, 3000, 3150, "r2", "a1l"),
    )
    session = session_of(SESSION, *ASKED, *_answer(), *attempts)
    assert session.error_count == 0
    assert all(turn.error is None for turn in session.turns)


def test_parts_of_a_turn_that_never_came_stand_for_it_once_the_agent_was_heard() -> None:
    _, *parts = _answer()
    assert said(session_of(*ASKED, *parts)) == [("user", "Open when?"), ("agent", "Nine.")]
    assert session_of(*ASKED, *parts).turns[1].id == "a1"
    silent = [part for part in parts if part.step is not Step.AGENT_SPEAKING]
    assert said(session_of(*GREETING, *ASKED, *silent)) == [
        ("agent", "Hello!"),
        ("user", "Open when?"),
    ]


def test_an_export_filter_that_keeps_only_model_spans_keeps_the_turns() -> None:
    node = livekit(Step.LLM_NODE, 2950, 3200, "n", "gone", agent_text="Nine.", llm_ttft_ms=170)
    voice = livekit(Step.TTS, 3200, 3600, "t", "gone", tts_ttfb_ms=230)
    session = session_of(ASKED[0], node, voice)
    assert said(session) == [("user", "Open when?"), ("agent", "Nine.")]
    assert session.turns[1].tts_ns == 230_000_000


def test_a_request_whose_wrapper_never_came_belongs_to_the_turn_around_it() -> None:
    stray = livekit(Step.LLM, 3000, 3100, "l", "gone", model="m2")
    assert "l" in session_of(SESSION, *ASKED, *_answer(), stray).turns[1].span_ids


def test_a_short_sound_without_words_is_no_turn_and_a_long_one_is() -> None:
    def heard(length_ms: float) -> list[tuple[str, str | None]]:
        sound = (
            livekit(Step.USER_TURN, 6000, 8000, "u2", "s"),
            livekit(Step.USER_SPEAKING, 6000, 6000 + length_ms, "u2s", "u2"),
        )
        return said(session_of(SESSION, *GREETING, *sound))

    assert heard(300) == [("agent", "Hello!")]
    assert heard(900) == [("agent", "Hello!"), ("user", None)]


def test_a_handoff_is_told_in_the_metadata() -> None:
    handoff = livekit(Step.HANDOFF, 1200, 1300, "h", "s", handoff_from="desk", handoff_to="billing")
    session = session_of(SESSION, *GREETING, handoff)
    assert session.metadata == '{"handoffs":[{"atMs":1200,"from":"desk","to":"billing"}]}'


def test_an_agent_that_takes_over_implies_a_handoff_where_no_span_tells_of_it() -> None:
    starts = [
        livekit(
            Step.OTHER,
            start,
            start + 5,
            f"x{start}",
            "s",
            name="start_agent_activity",
            handoff_to=to,
        )
        for start, to in ((5, "desk"), (900, "desk"), (1400, "billing"))
    ]
    session = session_of(SESSION, *starts)
    assert session.metadata == '{"handoffs":[{"atMs":1400,"from":"desk","to":"billing"}]}'


def test_an_agent_cut_before_its_first_word_said_nothing_of_what_was_written() -> None:
    turn = livekit(Step.AGENT_TURN, 2900, 5000, "a1", "s", interrupted=True)
    _, node, _, speaking = _answer()
    agent = session_of(SESSION, *ASKED, turn, node, speaking).turns[1]
    assert (agent.text, agent.full_text) == (None, "Nine.")


def test_without_texts_and_voices_the_last_generation_spoke() -> None:
    agent = session_of(
        livekit(Step.AGENT_TURN, 2900, 5000, "a1"),
        livekit(Step.LLM_NODE, 2910, 2940, "m", "a1", llm_ttft_ms=999),
        livekit(Step.LLM_NODE, 2950, 3200, "n", "a1", llm_ttft_ms=170),
        livekit(Step.AGENT_SPEAKING, 3600, 4900, "a1s", "a1"),
    ).turns[0]
    assert agent.llm_ns == 170_000_000


def test_generations_of_another_library_are_turns_where_the_framework_tells_of_none() -> None:
    other = span(Step.LLM, 100, 300, "g", "s", user_text="Hi", agent_text="Hello")
    assert said(session_of(SESSION, other)) == [("user", "Hi"), ("agent", "Hello")]
    assert said(session_of(SESSION, other, *GREETING)) == [("agent", "Hello!")]


def test_a_request_after_the_last_turn_belongs_to_none() -> None:
    stray = livekit(Step.LLM, 90_000, 90_100, "l", "gone", model="m2")
    session = session_of(SESSION, *ASKED, *_answer(), stray)
    assert not any("l" in turn.span_ids for turn in session.turns)
    assert session.usage[-1].model == "m2"
