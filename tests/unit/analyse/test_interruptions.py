from tests.unit.analyse.build import livekit, ms, session_of
from turnwise.model.observation import Observation, Step

SESSION = livekit(Step.SESSION, 0, 60_000, "s")
WORDS = "one two three four five six seven eight nine ten"


def _agent(**fields: object) -> tuple[Observation, ...]:
    """The agent speaks from 1000 to 2000 ms and is cut."""
    fields = {"interrupted": True, "agent_text": WORDS, **fields}
    return (
        livekit(Step.AGENT_TURN, 900, 2100, "a", "s", **fields),
        livekit(Step.AGENT_SPEAKING, 1000, 2000, "as", "a"),
    )


def _caller(
    start_ms: float, text: str | None = "Stop", **fields: object
) -> tuple[Observation, ...]:
    return (
        livekit(Step.USER_TURN, start_ms, start_ms + 900, "u", "s", user_text=text, **fields),
        livekit(Step.USER_SPEAKING, start_ms, start_ms + 400, "us", "u"),
    )


def test_the_caller_takes_the_floor() -> None:
    [interruption] = session_of(SESSION, *_agent(), *_caller(1500)).interruptions
    assert (interruption.agent_turn_index, interruption.user_turn_index) == (0, 1)
    assert (ms(interruption.onset_ns), ms(interruption.stopped_ns)) == (1500, 2000)
    assert interruption.detected_ns is None
    assert not interruption.is_false
    assert interruption.bleed_words == 5


def test_a_reported_delay_says_when_it_was_recognised() -> None:
    [interruption] = session_of(
        SESSION, *_agent(detection_delay_ms=220), *_caller(1500)
    ).interruptions
    assert ms(interruption.detected_ns) == 1720


def test_an_onset_just_after_the_silence_has_no_stop_latency() -> None:
    [interruption] = session_of(SESSION, *_agent(), *_caller(2300)).interruptions
    assert (ms(interruption.onset_ns), interruption.stopped_ns) == (2300, None)
    assert interruption.bleed_words is None


def test_a_caller_who_speaks_much_later_gives_no_onset() -> None:
    [interruption] = session_of(SESSION, *_agent(), *_caller(9000)).interruptions
    assert (interruption.onset_ns, interruption.user_turn_index) == (None, 1)


def test_code_that_cuts_the_agent_is_no_interruption() -> None:
    cut = _agent(interruption_source="programmatic")
    assert session_of(SESSION, *cut, *_caller(1500)).interruptions == ()


def test_an_agent_cut_by_nobody_is_no_interruption() -> None:
    assert session_of(SESSION, *_agent()).interruptions == ()


def test_a_sound_that_became_no_turn_interrupts_falsely() -> None:
    [interruption] = session_of(SESSION, *_agent(), *_caller(1500, None)).interruptions
    assert interruption.is_false
    assert interruption.user_turn_index is None


def test_playout_that_went_on_was_interrupted_falsely() -> None:
    more = livekit(Step.AGENT_SPEAKING, 2900, 4000, "as2", "a")
    calm = _agent(interrupted=False)
    session = session_of(SESSION, *calm, more, *_caller(1800, None))
    [interruption] = session.interruptions
    assert interruption.is_false
    assert (ms(interruption.onset_ns), ms(interruption.stopped_ns)) == (1800, 2000)
    assert not session.turns[0].interrupted
    assert session_of(SESSION, *calm, more).interruptions == ()
    assert session_of(SESSION, *calm, more, *_caller(500, None)).interruptions == ()


def test_an_agent_cut_and_going_on_in_a_new_turn_was_cut_by_nobody() -> None:
    again = (
        livekit(Step.AGENT_TURN, 3000, 4000, "b", "s", agent_text="Again"),
        livekit(Step.AGENT_SPEAKING, 3000, 4000, "bs", "b"),
    )
    assert session_of(SESSION, *_agent(), *again).interruptions == ()
    [interruption] = session_of(SESSION, *_agent(), *_caller(1500, None), *again).interruptions
    assert interruption.is_false
