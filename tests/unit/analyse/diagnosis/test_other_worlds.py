"""Agents and callers that are not like the ones that the limits were made with."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from tests.unit.analyse.build import at, livekit, pipecat, session_of, span
from tests.unit.analyse.diagnosis.calls import Call, Tool, alarms, history, issues_of, the
from turnwise.analyse.diagnosis import PRESETS, Baselines, History, diagnose
from turnwise.analyse.diagnosis.estimators import log_spread
from turnwise.analyse.diagnosis.speech import is_repair, similarity
from turnwise.model.diagnosis import Lesson, Sample, Severity
from turnwise.model.ids import SessionId
from turnwise.model.observation import Observation, Step
from turnwise.model.usage import ModelUsage, Stage

USUAL = history()


def uneven(calls: int = 12) -> History:
    """Transcripts that use up most of a delay that runs anyway: now 5 ms of it remain, now 350."""
    found = History()
    for number in range(calls):
        call = Call().greets()
        for turn in range(8):
            left = (5, 60, 350, 20, 180)[(number + turn) % 5]
            call.says(stt=600 - left, eou=left).answers()
        session = call.ends().session(id=SessionId(f"00000000-0000-0000-0000-{number:012d}"))
        taught = diagnose(session, Baselines(agent=found), PRESETS["webrtc"]).samples
        found.add(
            Lesson(session_id=session.id, version="", at_ns=at(-1e6 + number), samples=taught)
        )
    return found


def test_a_wait_for_the_end_of_a_turn_is_judged_by_the_whole_delay() -> None:
    call = Call().greets().says(stt=400, eou=200).answers().says(stt=400, eou=1300).answers()
    [issue] = issues_of(call.says(stt=400, eou=200).answers().ends(), uneven())
    assert (issue.type, issue.turn, issue.stage) == ("high_latency", 4, "endpointing")


def test_a_late_transcript_is_not_blamed_on_the_wait_for_the_end_of_the_turn() -> None:
    call = Call().greets().says(stt=400, eou=200).answers().says(stt=1600, eou=20).answers()
    [issue] = issues_of(call.says(stt=400, eou=200).answers().ends(), uneven())
    assert (issue.turn, issue.stage) == (4, "stt")


def with_a_rare_tool(runs: int) -> History:
    found = history()
    for number in range(runs):
        samples = tuple(
            Sample(turn=2, part=part, kind=kind, model=model, value=value * 1e6)
            for part, kind, model, value in (("tool", "", "lookup_order", 300 + 20 * number),)
        )
        name = SessionId(f"10000000-0000-0000-0000-{number:012d}")
        found.add(Lesson(session_id=name, version="", at_ns=at(number), samples=samples))
    return found


@pytest.mark.parametrize(("runs", "is_slow"), [(3, False), (8, True)])
def test_the_few_runs_of_a_rare_tool_say_what_is_usual(runs: int, is_slow: bool) -> None:
    call = Call().greets().talks(2).says().answers(tools=[Tool(ms=1900)]).talks(1).ends()
    slow = [each for each in issues_of(call, with_a_rare_tool(runs)) if each.type == "slow_tool"]
    assert bool(slow) == is_slow
    assert all(each.evidence["baseline"] == "few" for each in slow)


def test_a_heavy_tail_widens_the_spread_and_a_normal_one_does_not() -> None:
    rng = np.random.default_rng(7)
    normal = log_spread(np.exp(rng.normal(12, 0.3, 400)))
    heavy = log_spread(np.exp(12 + 0.3 * rng.standard_t(3, 400)))
    assert normal.spread == pytest.approx(0.3, rel=0.2)
    logs = np.log(np.exp(12 + 0.3 * np.random.default_rng(7).standard_t(3, 400)))
    assert heavy.spread > 1.4826 * float(np.median(np.abs(logs - np.median(logs))))


@pytest.mark.parametrize(
    "text",
    [
        "that is wrong, I meant the other one",
        "I did not say that",
        "No, that's not right",
        "Sorry, you misunderstood me",
        "I told you it was the second door",
    ],
)
def test_a_correction_is_one_in_other_words_too(text: str) -> None:
    assert is_repair(text)


@pytest.mark.parametrize("text", ["what did you say", "I want that one", "is that right"])
def test_a_question_is_no_correction(text: str) -> None:
    assert not is_repair(text)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("please cancel the order of the lamp", "please cancel the order of the sofa", False),
        ("I would like to order a blue lamp", "no I would like to order a blue lamp", True),
        ("please send it to the Hamburg office", "please send it to the Homburg office", True),
        ("can you put it in the big box", "can you put it in a big box", True),
    ],
)
def test_a_phrase_about_something_else_is_no_repetition(
    one: str, other: str, is_same: bool
) -> None:
    assert (similarity(one, other) >= 0.8) == is_same
    assert similarity(one, other) == similarity(other, one)


def test_words_that_a_hangup_cut_are_not_the_reason_for_it() -> None:
    call = Call().greets().talks(2).says()
    call.answers("These are words", written="These are words of which most were never heard at all.",
                 about={"interrupted": True})  # fmt: skip
    found = issues_of(call.ends(after=5, reason="participant_disconnected"), USUAL)
    assert the(found, "abrupt_hangup").severity is Severity.LOW
    assert the(found, "truncated_agent_speech").caused_by == "abrupt_hangup"


def _exchange(number: int, start_ms: float, *, has_stt: bool) -> list[Observation]:
    turn = f"t{number}"
    spans = [
        pipecat(Step.EXCHANGE, start_ms, start_ms + 9000, turn, "c", turn_number=number,
                e2e_ms=900, turn_duration_ms=8000),
        pipecat(Step.LLM, start_ms + 4400, start_ms + 4900, f"l{number}", turn, llm_ttft_ms=300,
                user_text=f"question {number} of mine", agent_text="Because.", model="m"),
        pipecat(Step.TTS, start_ms + 4800, start_ms + 5300, f"v{number}", turn,
                agent_text="Because.", tts_ttfb_ms=90, characters=8),
    ]  # fmt: skip
    if has_stt:
        spans.append(
            pipecat(Step.STT, start_ms, start_ms + 4300, f"s{number}", turn,
                    user_text=f"question {number} of mine", stt_ms=200)
        )  # fmt: skip
    return spans


def test_a_lost_recogniser_makes_no_answer_late() -> None:
    """Without it nobody knows when the caller stopped, only how long they waited."""
    spans = [each for n in range(1, 7) for each in _exchange(n, n * 10_000, has_stt=False)]
    session = session_of(pipecat(Step.SESSION, 0, 80_000, "c"), *spans)
    responses = [turn.response for turn in session.turns if turn.response is not None]
    assert [each.latency_ns for each in responses] == [900_000_000] * 6
    found = issues_of(session)
    assert alarms(found) == []
    assert "stt of every turn missing" in the(found, "telemetry_gap").description


def test_a_voice_that_lasts_as_long_as_its_words_has_been_heard() -> None:
    """Programs without a framework: silence after it is silence."""
    words = "It will be delivered on Tuesday, in the morning."
    spans = [
        span(Step.OTHER, 0, 30_000, "root", name="call"),
        span(Step.STT, 1000, 2500, "s1", "root", user_text="When does it come to me?"),
        span(Step.LLM, 2600, 3400, "l1", "root", agent_text=words, llm_ttft_ms=300),
        span(Step.TTS, 3000, 6400, "v1", "root", agent_text=words, tts_ttfb_ms=200),
        span(Step.STT, 14_000, 15_500, "s2", "root", user_text="Can somebody else take it?"),
        span(Step.LLM, 15_600, 16_400, "l2", "root", agent_text=words, llm_ttft_ms=300),
        span(Step.TTS, 16_000, 16_300, "v2", "root", agent_text=words, tts_ttfb_ms=200),
        span(Step.STT, 28_000, 29_000, "s3", "root", user_text="Thank you, good bye."),
    ]
    silences = [each for each in issues_of(session_of(*spans)) if each.type == "dead_air"]
    assert [(each.turn, each.evidence["owedBy"]) for each in silences] == [(2, "caller")]


def test_a_short_noise_long_before_any_words_interrupted_falsely() -> None:
    session = session_of(
        livekit(Step.SESSION, 0, 60_000, "s"),
        livekit(Step.AGENT_TURN, 900, 2100, "a", "s", interrupted=True, agent_text="one two three"),
        livekit(Step.AGENT_SPEAKING, 1000, 2000, "as", "a"),
        livekit(Step.USER_TURN, 1500, 6000, "u", "s", user_text="And what does it cost?"),
        livekit(Step.USER_SPEAKING, 1500, 1800, "n", "u"),
        livekit(Step.USER_SPEAKING, 4500, 5600, "w", "u"),
    )
    [interruption] = session.interruptions
    assert interruption.is_false


def test_a_long_session_is_not_compared_with_short_ones() -> None:
    known = History()
    for number in range(30):
        kind = "1" if number < 15 else "3"
        value = 20_000.0 if number < 15 else 60_000.0
        cost = Sample(turn=-1, part="cost_per_minute", kind=kind, model="", value=value + number)
        name = SessionId(f"00000000-0000-0000-0000-{number:012d}")
        known.add(Lesson(session_id=name, version="", at_ns=at(number), samples=(cost,)))
    row = ModelUsage(stage=Stage.LLM, model="mind-1", cost_usd=Decimal("0.5"))
    short = Call().greets().talks(3).ends().session(usage=(row,), cost_usd=Decimal("0.06"))
    minutes = 8 * 60 * 1_000_000_000
    long = replace(short, ended_ns=short.started_ns + minutes, cost_usd=Decimal("0.5"))
    costly = replace(long, cost_usd=Decimal(3))
    found = [[each.type for each in issues_of(every, known)] for every in (short, long, costly)]
    assert [("cost_outlier" in each) for each in found] == [True, False, True]


def test_a_greater_cause_that_is_merely_uncommon_is_named_beside_a_spike() -> None:
    known = history()
    for number in range(24):
        value = float(np.exp(np.log(900e6) + 0.3 * (number - 11.5) / 7))
        tool = Sample(turn=2, part="tool", kind="", model="lookup_order", value=value)
        name = SessionId(f"20000000-0000-0000-0000-{number:012d}")
        known.add(Lesson(session_id=name, version="", at_ns=at(number), samples=(tool,)))
    call = Call().greets().talks(2).says().answers(tts=1000, tools=[Tool(ms=3100)]).talks(1).ends()
    late = [each for each in issues_of(call, known) if each.type == "high_latency"]
    assert {each.stage for each in late} == {"tts", "tool"}


def test_silence_behind_a_model_that_thought_is_a_consequence_of_the_thought() -> None:
    tokens = {"input": 700, "output": 420, "output_reasoning_tokens": 400}
    call = Call().greets().talks(3).says().answers(llm=3000, tokens=tokens).talks(1).ends()
    found = issues_of(call, USUAL)
    assert the(found, "dead_air").caused_by == "reasoning_delay"


@pytest.mark.parametrize("more_ms", [0, 450])
def test_providers_that_are_all_farther_away_point_to_the_region(more_ms: float) -> None:
    call = Call().greets()
    for _ in range(8):
        call.says(stt=150 + more_ms).answers(llm=400 + more_ms, tts=200 + more_ms)
    found = [each for each in issues_of(call.ends(), USUAL) if each.type == "region_network"]
    assert [each.evidence["stages"] for each in found] == (["llm, tts, stt"] if more_ms else [])


def test_one_long_prompt_among_prompts_that_are_all_alike_explains_its_wait() -> None:
    call = Call().greets()
    for number in range(8):
        more = 8000 if number == 5 else 0
        call.says().answers(f"Answer {number}.", llm=400 + more * 0.1, tokens={"input": 900 + more})
    assert the(issues_of(call.ends(), USUAL), "slow_prefill").turn == 12


def test_what_a_voice_took_that_waits_for_its_text_lies_right_before_the_sound() -> None:
    """Up to LiveKit 1.6 its span begins with the model's."""
    session = session_of(
        livekit(Step.SESSION, 0, 20_000, "s"),
        livekit(Step.USER_TURN, 1000, 2500, "u", "s", user_text="Where?", stt_ms=100,
                eou_delay_ms=500),
        livekit(Step.USER_SPEAKING, 1000, 2000, "us", "u"),
        livekit(Step.AGENT_TURN, 2500, 8000, "a", "s", user_text="Where?", agent_text="There.",
                e2e_ms=3000),
        livekit(Step.LLM_NODE, 2500, 3200, "l", "a", first_token_ns=at(2800), agent_text="There."),
        livekit(Step.TTS, 2500, 6000, "v", "a", tts_ttfb_ms=250),
        livekit(Step.AGENT_SPEAKING, 5000, 8000, "as", "a"),
    )  # fmt: skip
    response = session.turns[1].response
    assert response is not None
    held = {each.part.value: each.held_ns / 1e6 for each in response.parts}
    assert (held["tts"], held["unexplained"]) == (250, 1950)
    assert "transport" not in held


def test_a_transcript_in_plain_spans_is_handed_on_when_the_turn_is_over() -> None:
    session = session_of(
        span(Step.OTHER, 0, 30_000, "root", name="call"),
        span(Step.STT, 1000, 2700, "s1", "root", user_text="When does it come?", stt_ms=200),
        span(Step.LLM, 4200, 5000, "l1", "root", agent_text="On Tuesday.", first_token_ns=at(4500)),
        span(Step.TTS, 4500, 5600, "v1", "root", agent_text="On Tuesday.", tts_ttfb_ms=200),
    )
    response = session.turns[1].response
    assert response is not None
    held = {each.part.value: each.held_ns / 1e6 for each in response.parts}
    assert held == {"stt": 200, "endpointing": 1500, "llm": 300, "tts": 200}


def test_a_delay_longer_than_the_recognisers_span_says_nothing_of_when_the_caller_stopped() -> None:
    session = session_of(
        span(Step.OTHER, 0, 30_000, "root", name="call"),
        span(Step.STT, 1000, 2700, "s1", "root", user_text="When does it come?", stt_ms=214_000),
        span(Step.LLM, 2800, 3600, "l1", "root", agent_text="On Tuesday.", llm_ttft_ms=300),
    )
    assert session.turns[0].end_ns == at(2700)
