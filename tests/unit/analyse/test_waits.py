"""How the wait for an answer was spent: a walk back from the first sound, never a sum."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analyse.build import MS, at, fact, pipecat, session_of, span
from turnwise.analyse.assemble.waits import walk
from turnwise.model.facts import FactKind
from turnwise.model.metrics import Part, PathPart, Response, TurnKind
from turnwise.model.observation import Step
from turnwise.model.session import Session

PARTS = st.builds(
    PathPart,
    part=st.sampled_from([Part.STT, Part.ENDPOINTING, Part.LLM, Part.TOOL, Part.TTS]),
    start_ns=st.integers(0, 100),
    duration_ns=st.integers(1, 60),
    held_ns=st.just(0),
)


def piece(part: Part, start: int, end: int) -> PathPart:
    return PathPart(part=part, start_ns=start, duration_ns=end - start, held_ns=0)


def held(parts: list[PathPart]) -> dict[str, int]:
    return {each.part.value: each.held_ns for each in parts}


def response_of(session: Session, index: int) -> Response:
    found = session.turns[index].response
    assert found is not None
    return found


def lengths(response: Response) -> dict[str, float]:
    return {each.part.value: each.held_ns / MS for each in response.parts}


@settings(max_examples=60)
@given(st.lists(PARTS, max_size=8), st.integers(0, 50), st.integers(50, 200))
def test_what_was_held_and_what_is_unexplained_is_the_wait_and_no_more(
    pieces: list[PathPart], start: int, heard: int
) -> None:
    found = walk(pieces, start, heard, ())
    assert sum(each.held_ns for each in found) == heard - start
    assert all(0 <= each.held_ns <= each.duration_ns for each in found)
    assert len([each for each in found if each.part in (Part.TRANSPORT, Part.UNEXPLAINED)]) <= 2
    assert walk(list(reversed(pieces)), start, heard, ()) == found


def test_what_runs_beside_something_slower_holds_nothing() -> None:
    found = walk(
        [
            piece(Part.STT, 0, 100),
            piece(Part.ENDPOINTING, 100, 900),
            piece(Part.LLM, 120, 500),
            piece(Part.TTS, 905, 1100),
        ],
        0, 1110, (),
    )  # fmt: skip
    assert held(found) == {
        "stt": 100, "endpointing": 800, "llm": 0, "tts": 195, "transport": 10, "unexplained": 5,
    }  # fmt: skip


def test_a_pipecat_turn_waits_for_the_turn_to_be_over_after_the_transcript() -> None:
    session = session_of(
        pipecat(Step.STT, 0, 1300, "s", "t", user_text="when do you open", stt_ms=300),
        pipecat(Step.LLM, 1700, 2100, "l", "t", agent_text="At nine.", llm_ttft_ms=350,
                first_token_ns=at(2050)),
        pipecat(Step.TTS, 2120, 2500, "v", "t", agent_text="At nine.", tts_ttfb_ms=200,
                first_token_ns=at(2320)),
        pipecat(Step.EXCHANGE, 10, 4000, "t", e2e_ms=1330, turn_duration_ms=3500),
    )  # fmt: skip
    found = response_of(session, 1)
    assert (found.kind, found.latency_ns) == (TurnKind.FIRST, 1330 * MS)
    assert lengths(found) == {
        "stt": 300, "endpointing": 400, "llm": 350, "wording": 50, "unexplained": 20, "tts": 200,
        "transport": 10,
    }  # fmt: skip


def test_a_generation_alone_is_its_own_wait() -> None:
    session = session_of(
        span(Step.LLM, 100, 900, "a", user_text="hello there", agent_text="Hi.", llm_ttft_ms=250,
             first_token_ns=at(350), usage_details={"input": 90, "output": 4}, model="m"),
    )  # fmt: skip
    found = response_of(session, 1)
    assert (found.latency_ns, lengths(found)) == (250 * MS, {"llm": 250})
    assert found.generation is not None
    assert (found.generation.prompt_tokens, found.generation.cached_tokens) == (90, None)


def stated(**turn: Any) -> Session:
    said: dict[str, Any] = {
        "index": 0,
        "speaker": "user",
        "text": "when",
        "start_ms": 0,
        "end_ms": 1000,
    }
    return session_of(
        fact(FactKind.SESSION, started_ns=at(0), ended_ns=at(9000)),
        fact(FactKind.TURN, "q", stt_ms=150, **said),
        fact(FactKind.TURN, "a", **{"index": 1, "speaker": "agent", "text": "now", **turn}),
    )


def test_a_stated_turn_has_lengths_and_a_rest() -> None:
    found = response_of(stated(start_ms=2600, end_ms=4000, llm_ms=600, tts_ms=300), 1)
    assert not found.is_timed
    assert found.latency_ns == 1600 * MS
    assert lengths(found) == {"stt": 150, "llm": 600, "tts": 300, "unexplained": 550}
    assert {each.span_ids for each in found.parts if each.part is Part.LLM} == {("a",)}


def test_an_agent_that_begins_while_the_caller_speaks_made_nobody_wait() -> None:
    found = response_of(stated(start_ms=800, end_ms=4000, llm_ms=600), 1)
    assert (found.latency_ns, lengths(found)) == (None, {"stt": 150, "llm": 600})


def test_silences_overlaps_and_shares_come_from_what_was_heard() -> None:
    session = stated(start_ms=5000, end_ms=8000)
    found = session.conduct
    assert [(each.length_ns // MS, each.is_owed_by_agent) for each in found.gaps] == [
        (4000, True),
        (1000, False),
    ]
    assert (found.agent_speech_ns, found.user_speech_ns) == (3000 * MS, 1000 * MS)
    assert (found.talk_ratio, found.overlap_ns) == (0.75, 0)
    assert (found.agent_words_per_minute, found.longest_monologue_ns) == (20, 3000 * MS)
    assert found.first_word_ns == 5000 * MS


def test_impossible_figures_are_marked_and_kept_out() -> None:
    session = stated(start_ms=2600, end_ms=4000, llm_ms=-350, tts_ms=200_000)
    assert {(each.what, each.turn) for each in session.marks} == {("llm", 1), ("tts", 1)}
    assert session.turns[1].llm_ns is None
