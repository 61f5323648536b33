"""One call for every other type of issue: what went wrong, where, what proves it, what follows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.analyse.build import at
from tests.unit.analyse.diagnosis.calls import Call, Tool, alarms, history, issues_of, the
from turnwise.analyse.assemble.tools import json_text
from turnwise.analyse.diagnosis import History
from turnwise.model.audio import (
    AudioReport,
    HeardKind,
    HeardOverlap,
    HeardResponse,
    HeardTurn,
)
from turnwise.model.diagnosis import Lesson, Sample, Severity
from turnwise.model.ids import SessionId
from turnwise.model.observation import Level, Step
from turnwise.model.session import Speaker
from turnwise.model.usage import ModelUsage, Stage

USUAL = history()


def begun(exchanges: int = 3) -> Call:
    return Call().greets().talks(exchanges)


# --- tools ----------------------------------------------------------------------------------------


def test_a_tool_that_failed_is_named_with_its_error() -> None:
    call = begun().says().answers("I could not find it.", tools=[Tool(error="no such order")])
    issue = the(issues_of(call.talks(1).ends(), USUAL), "tool_failure")
    assert (issue.turn, issue.severity, issue.stage) == (8, Severity.HIGH, "tool")
    assert issue.description == "Tool lookup_order failed: no such order"
    assert issue.span_ids == tuple(call.of(Step.TOOL))


@pytest.mark.parametrize("tool", [Tool(ms=11_000), Tool(ms=900, error="Read timed out")])
def test_a_tool_that_ran_out_of_time_is_a_timeout(tool: Tool) -> None:
    call = begun().says().answers("Sorry.", tools=[tool]).talks(1).ends()
    issues = issues_of(call, USUAL)
    assert the(issues, "tool_timeout").turn == 8
    assert {each.caused_by for each in issues if each.type != "tool_timeout"} <= {"tool_timeout"}


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ('{"error": "no such order"}', "tool_failure"),
        ('{"error": "upstream timed out"}', "tool_timeout"),
        ('{"error": null, "status": "shipped"}', None),
        ('{"errors": 0}', None),
        ("an error in words", None),
    ],
)
def test_a_result_that_is_an_error_is_a_failure(output: str, kind: str | None) -> None:
    session = begun().says().answers("Well.", tools=[Tool()]).talks(1).ends().session()
    told = replace(session.tools[0], output=json_text(output))
    found = alarms(issues_of(replace(session, tools=(told,)), USUAL))
    assert found == ([] if kind is None else [(kind, 8)])


# --- requests -------------------------------------------------------------------------------------


def test_a_request_that_was_tried_again_causes_the_wait() -> None:
    call = begun().says().answers("Here I am.", llm=1900, attempts=3).talks(1).ends()
    issues = issues_of(call, USUAL)
    retry = the(issues, "retry")
    assert (retry.turn, retry.severity, retry.evidence["attempts"]) == (8, Severity.MEDIUM, 3)
    tries = call.of(Step.LLM_ATTEMPT)
    assert {tries[4], tries[5], tries[6]} <= set(retry.span_ids)
    assert the(issues, "high_latency").caused_by == "retry"


def test_a_retry_that_nobody_felt_is_low() -> None:
    call = begun().says().answers(attempts=2).talks(1).ends()
    [issue] = issues_of(call, USUAL)
    assert (issue.type, issue.severity) == ("retry", Severity.LOW)


@pytest.mark.parametrize("how", ["another model", "not what was asked for"])
def test_another_model_than_the_usual_one_is_a_fallback(how: str) -> None:
    if how == "another model":
        call = begun().says().answers(model="mind-0-mini").talks(2).ends()
    else:
        asked = {"requested_model": "mind-9"}
        call = begun().says().answers(model_about=asked).talks(2).ends()
    [issue] = issues_of(call, USUAL)
    assert (issue.type, issue.turn, issue.severity) == ("model_fallback", 8, Severity.LOW)


def test_a_date_in_a_models_name_makes_it_no_other_model() -> None:
    asked = {"requested_model": "mind-1", "model": "mind-1-2025-04-14"}
    call = begun().says().answers(model_about=asked).talks(2).ends()
    assert issues_of(call, USUAL) == []


def test_an_error_beside_the_way_is_reported_with_its_message() -> None:
    call = begun()
    call.add(
        Step.OTHER, call.clock, call.clock + 5, "failed", "session", name="save_note",
        level=Level.ERROR, status_message="disk full",
    )  # fmt: skip
    issue = the(issues_of(call.talks(1).ends(), USUAL), "error_span")
    assert (issue.turn, issue.span_ids) == (None, ("failed",))
    assert "disk full" in issue.description


def test_a_connection_that_had_to_be_opened_is_cold() -> None:
    told = {"acquire_ns": 600_000_000, "is_connection_reused": False}
    call = Call().greets(tts_about=told).talks(3).ends()
    issue = the(issues_of(call, USUAL), "cold_connection")
    assert (issue.turn, issue.severity, issue.evidence["observedMs"]) == (0, Severity.LOW, 600)


def test_a_first_answer_that_alone_was_slow_is_perhaps_a_cold_start() -> None:
    call = Call().greets(llm=2000).talks(4).ends()
    issue = the(issues_of(call, USUAL), "cold_start")
    assert (issue.turn, issue.severity) == (0, Severity.INFO)


# --- silence --------------------------------------------------------------------------------------


def test_a_turn_that_nobody_answered_has_failed() -> None:
    call = begun().says(text="Can you hear what I am saying to you?", eou=300)
    call.clock += 6000
    issues = issues_of(call.talks(2).ends(), USUAL)
    issue = the(issues, "failed_turn")
    assert (issue.turn, issue.severity, issue.caused_by) == (7, Severity.HIGH, None)
    assert the(issues, "dead_air").caused_by == "failed_turn"


def test_a_caller_who_only_pauses_is_no_failure() -> None:
    call = begun().says(text="I would like to").says(text="order a lamp please", pause=600)
    assert issues_of(call.answers("Which one?").talks(2).ends(), USUAL) == []


def test_a_farewell_needs_no_answer() -> None:
    call = begun().says(text="Thank you, good bye.").ends(after=4000)
    assert issues_of(call, USUAL) == []


def test_silence_of_which_nobody_knows_the_reason_is_dead_air_with_the_wait_behind_it() -> None:
    call = begun().says().answers(gap=6000).talks(1).ends()
    issues = issues_of(call, USUAL)
    issue = the(issues, "dead_air")
    assert (issue.turn, issue.severity, issue.caused_by) == (8, Severity.HIGH, None)
    assert issue.evidence["owedBy"] == "agent"
    late = the(issues, "high_latency")
    assert (late.stage, late.caused_by) == ("unexplained", "dead_air")


@pytest.mark.parametrize(
    ("pause", "severity"),
    [(2500, None), (4500, None), (7000, Severity.HIGH), (9000, Severity.CRITICAL)],
)
def test_a_caller_may_think_for_a_while(pause: float, severity: Severity | None) -> None:
    call = begun().says(pause=pause).answers().talks(1).ends()
    found = [each.severity for each in issues_of(call, USUAL) if each.type == "dead_air"]
    assert found == ([] if severity is None else [severity])


def test_speech_that_broke_off_without_an_interruption_was_truncated() -> None:
    text = "We are open from nine to six on every day of the week but Sunday"
    call = begun().says().answers("We are open", written=text).talks(1).ends()
    [issue] = issues_of(call, USUAL)
    assert (issue.type, issue.turn) == ("truncated_agent_speech", 8)


def test_a_caller_who_leaves_after_a_failure_makes_it_weigh_more() -> None:
    call = (
        begun()
        .says(text="Where is my order then?")
        .answers("I do not know that.", tools=[Tool(error="down")])
    )
    issues = issues_of(call.ends(reason="participant_disconnected"), USUAL)
    assert the(issues, "abrupt_hangup").caused_by == "tool_failure"
    assert the(issues, "tool_failure").severity is Severity.CRITICAL


def test_a_caller_who_leaves_in_the_middle_of_a_word_left_abruptly() -> None:
    call = begun().says().answers("We have very many la", about={"interrupted": True})
    issue = the(issues_of(call.ends(after=100), USUAL), "abrupt_hangup")
    assert (issue.turn, issue.severity, issue.caused_by) == (None, Severity.LOW, None)


def test_a_program_that_ends_the_call_is_no_caller_who_left() -> None:
    call = begun().says().answers("That was all, I am done", about={"interrupted": True})
    assert issues_of(call.ends(after=100, reason="task_completed"), USUAL) == []


# --- two voices -----------------------------------------------------------------------------------


def interrupted(stop: float, *, after: float = 900) -> Call:
    call = begun().says().answers(
        "We offer standard delivery in", written="We offer standard delivery in five days for "
        "five euros and express delivery in one day for ten euros", spoken=after + stop,
        about={"interrupted": True, "interruption_source": "audio_activity"},
    )  # fmt: skip
    call.clock -= stop
    return call.says("No wait, only the fastest one please.", pause=0, ms=2200).answers().talks(1)


def test_a_barge_in_that_took_too_long_is_slow_and_twice_is_worse() -> None:
    issue = the(issues_of(interrupted(1800).ends(), USUAL), "slow_barge_in")
    assert (issue.turn, issue.severity) == (8, Severity.MEDIUM)
    assert issue.evidence["stopLatencyMs"] == 1800
    assert set(issue.span_ids) >= {interrupted(1800).of(Step.AGENT_SPEAKING)[4]}
    assert issues_of(interrupted(500).ends(), USUAL) == []


def test_an_agent_that_talks_on_missed_the_barge_in() -> None:
    call = begun().says().answers("A very long explanation of everything.", spoken=7000)
    call.clock -= 5000
    call.says("No stop I want something else", pause=0, ms=1800)
    call.clock += 4000
    call.answers("Yes?").talks(1)
    issues = issues_of(call.ends(), USUAL)
    issue = the(issues, "missed_barge_in")
    assert (issue.turn, issue.severity) == (8, Severity.HIGH)


def test_a_sign_of_listening_is_no_barge_in() -> None:
    call = begun().says().answers("A very long explanation of everything.", spoken=7000)
    at_ms = call.clock - 5000
    call.add(Step.USER_SPEAKING, at_ms, at_ms + 400, "mhm", "noise")
    call.add(Step.USER_TURN, at_ms, at_ms + 500, "noise", "session")
    assert issues_of(call.talks(1).ends(), USUAL) == []


def test_an_agent_that_stops_for_nothing_was_interrupted_falsely() -> None:
    call = begun().says().answers("Our opening hours are as follows then.", spoken=1500)
    turn = call.of(Step.AGENT_TURN)[-1]
    cough = call.clock - 200
    call.add(Step.USER_SPEAKING, cough, cough + 300, "cough", "noise")
    call.add(Step.USER_TURN, cough, cough + 400, "noise", "session")
    call.add(Step.AGENT_SPEAKING, call.clock + 1500, call.clock + 3500, "again", turn)
    call.clock += 3500
    issue = the(issues_of(call.talks(1).ends(), USUAL), "false_interruption")
    assert (issue.turn, issue.severity) == (8, Severity.MEDIUM)


def test_an_agent_that_begins_while_the_caller_goes_on_was_premature() -> None:
    call = (
        begun()
        .says("I would like to order")
        .answers("Which o", spoken=600, about={"interrupted": True})
    )
    call.clock -= 300
    call.says("a blue lamp with a long cable", pause=0).answers("A blue lamp, then.").talks(1)
    issues = issues_of(call.ends(), USUAL)
    assert alarms(issues) == [("premature_endpointing", 8)]


def test_a_wait_that_the_caller_cut_short_is_information() -> None:
    call = begun().says(eou_resumed=2).answers().talks(1).ends()
    issue = the(issues_of(call, USUAL), "premature_endpointing")
    assert (issue.turn, issue.severity) == (7, Severity.INFO)


# --- recognition ----------------------------------------------------------------------------------


def test_a_caller_who_says_the_same_again_was_misunderstood_and_twice_is_worse() -> None:
    line = "Nobody told me about the fee for the northern islands"
    call = begun().says(line).answers("A new order?").says(line).answers("Which one?")
    issue = the(issues_of(call.talks(1).ends(), USUAL), "agent_misunderstanding")
    assert (issue.turn, issue.severity, issue.evidence["earlierTurn"]) == (9, Severity.MEDIUM, 7)
    again = begun().says(line).answers("A new order?").says(line).answers("Which one?")
    again.says("No, I said the northern islands.").answers("Ah, that one.").talks(1)
    assert [(each.turn, each.severity) for each in issues_of(again.ends(), USUAL)] == [
        (9, Severity.HIGH),
        (11, Severity.HIGH),
    ]


def test_another_number_is_another_answer() -> None:
    call = begun().says("my number is 4711 thank you").answers("And the other?")
    call.says("my number is 4712 thank you").answers("Good.").talks(1)
    assert issues_of(call.ends(), USUAL) == []


def test_who_got_no_answer_says_it_again_for_that_reason() -> None:
    line = "Can you please tell me where my parcel is"
    call = begun().says(line)
    call.clock += 5000
    issues = issues_of(call.says(line).answers("On its way.").talks(1).ends(), USUAL)
    assert the(issues, "agent_misunderstanding").caused_by == "failed_turn"


def test_doubtful_and_missing_transcripts_are_named() -> None:
    call = begun().says(confidence=0.4).answers().says(text="").answers("Sorry?").talks(1).ends()
    issues = issues_of(call, USUAL)
    low, empty = the(issues, "stt_low_confidence"), the(issues, "stt_empty")
    assert (low.turn, low.severity) == (7, Severity.MEDIUM)
    assert (empty.turn, empty.severity, empty.stage) == (9, Severity.MEDIUM, "stt")


# --- prompts and cost -----------------------------------------------------------------------------


def test_a_prompt_that_grows_and_slows_the_model_is_named() -> None:
    call = Call().greets()
    for number in range(9):
        call.says().answers(
            f"Answer {number} as before.",
            llm=350 + 45 * number,
            tokens={"input": 500 + 600 * number},
        )
    issue = the(issues_of(call.ends(), USUAL), "prompt_growth")
    assert (issue.turn, issue.stage) == (None, "llm")
    assert issue.evidence["tokensPerTurn"] == 600
    assert "5300 tokens" in issue.recommendation


def test_a_large_prompt_that_is_never_cached_is_named_only_where_caching_is_told_of() -> None:
    def call(cached: int | None) -> Call:
        made = Call().greets()
        for number in range(7):
            made.says().answers(
                f"Answer {number} as before.", tokens={"input": 4000 + 50 * number},
                model_about={} if cached is None else {"cached_tokens": cached},
            )  # fmt: skip
        return made.ends()

    issue = the(issues_of(call(0), USUAL), "no_prompt_cache")
    assert (issue.turn, issue.severity) == (None, Severity.LOW)
    assert issues_of(call(3000), USUAL) == []
    assert issues_of(call(None), USUAL) == []


def test_a_long_prompt_explains_a_late_first_token() -> None:
    call = Call().greets()
    for number in range(8):
        tokens = 9000 if number == 6 else 1000 + 60 * number
        call.says().answers(
            f"Answer {number} as before.", llm=300 + tokens * 0.2, tokens={"input": tokens}
        )
    issues = issues_of(call.ends(), USUAL)
    assert the(issues, "slow_prefill").turn == 14
    assert the([each for each in issues if each.turn == 14], "high_latency").caused_by == (
        "slow_prefill"
    )


def test_a_model_that_thinks_before_it_speaks_is_named() -> None:
    tokens = {"input": 700, "output": 220, "output_reasoning_tokens": 200}
    call = begun().says().answers(llm=2400, tokens=tokens).talks(1).ends()
    issues = issues_of(call, USUAL)
    assert (the(issues, "reasoning_delay").turn, the(issues, "high_latency").caused_by) == (
        8,
        "reasoning_delay",
    )


def test_a_session_that_cost_far_more_than_others_is_named_with_what_drove_it() -> None:
    known = History()
    for number in range(12):
        cost = Sample(turn=-1, part="cost_per_minute", kind="1", model="", value=20_000.0 + number)
        name = SessionId(f"00000000-0000-0000-0000-{number:012d}")
        known.add(Lesson(session_id=name, version="", at_ns=at(number), samples=(cost,)))
    row = ModelUsage(stage=Stage.LLM, model="mind-1", cost_usd=Decimal("0.3"))
    session = begun().ends().session(usage=(row,), cost_usd=Decimal("0.3"), unpriced=0)
    issue = the(issues_of(session, known), "cost_outlier")
    assert (issue.turn, issue.evidence["driver"]) == (None, "mind-1")
    usual = replace(session, cost_usd=Decimal("0.006"))
    assert not [each for each in issues_of(usual, known) if each.type == "cost_outlier"]


# --- the recording --------------------------------------------------------------------------------


def report(call: Call, *, later: float = 0, only: int | None = None) -> AudioReport:
    """A recording in which everybody is heard as the telemetry says, and answers `later`."""
    session = call.session()
    zero = at(0)
    turns, responses = [], []
    for turn in session.turns:
        moved = later if only in (None, turn.index) and turn.speaker is Speaker.AGENT else 0
        start = turn.start_ns - zero + round(moved * 1e6)
        turns.append(
            HeardTurn(speaker=turn.speaker, start_ns=start, end_ns=(turn.end_ns or 0) - zero)
        )
        if turn.speaker is Speaker.AGENT and turn.index:
            before = session.turns[turn.index - 1]
            responses.append(
                HeardResponse(user_end_ns=(before.end_ns or 0) - zero, agent_start_ns=start)
            )
    return AudioReport(
        recording_id="r", version=1, channels=2, duration_ns=round(call.clock * 1e6),
        confidence=0.9, started_ns=zero, alignment_mad_ns=20_000_000, turns=tuple(turns),
        responses=tuple(responses),
    )  # fmt: skip


def test_a_recording_that_agrees_says_nothing() -> None:
    call = begun(6).ends()
    assert issues_of(call, USUAL, audio=report(call)) == []


def test_answers_that_are_all_heard_later_point_to_the_network() -> None:
    call = begun(6).ends()
    issue = the(issues_of(call, USUAL, audio=report(call, later=600)), "region_network")
    assert (issue.turn, issue.evidence["differenceMs"]) == (None, 600)


def test_one_answer_that_is_heard_later_is_doubted_and_began_with_silence() -> None:
    call = begun(6).ends()
    issues = issues_of(call, USUAL, audio=report(call, later=500, only=8))
    assert the(issues, "implausible_metric").severity is Severity.INFO
    assert the(issues, "tts_leading_silence").turn == 8


def test_words_without_a_voice_were_recognised_from_silence() -> None:
    call = begun(6).ends()
    heard = report(call)
    silent = replace(heard, turns=heard.turns[:5] + heard.turns[6:])
    assert alarms(issues_of(call, USUAL, audio=silent)) == [("stt_on_silence", 5)]


def test_a_barge_in_that_only_the_recording_has_is_missed() -> None:
    call = begun(6).ends()
    session = call.session()
    onset = session.turns[4].start_ns - at(0) + 400_000_000
    heard = replace(report(call), overlaps=(HeardOverlap(kind=HeardKind.MISSED, onset_ns=onset),))
    assert alarms(issues_of(call, USUAL, audio=heard)) == [("missed_barge_in", 4)]


def test_a_recording_without_a_common_clock_is_not_compared() -> None:
    call = begun(6).ends()
    heard = replace(report(call, later=900), alignment_mad_ns=400_000_000)
    assert issues_of(call, USUAL, audio=heard) == []
    assert issues_of(call, USUAL, audio=replace(heard, problem="mono")) == []


# --- telemetry ------------------------------------------------------------------------------------


def test_a_figure_that_cannot_be_is_information_and_blames_nobody() -> None:
    call = begun().says(stt=150).answers(model_about={"refused": ("lk.response.ttft",)}).talks(1)
    issues = issues_of(call.ends(), USUAL)
    assert alarms(issues) == []
    issue = the(issues, "implausible_metric")
    assert (issue.turn, issue.severity) == (None, Severity.INFO)


def test_a_transcription_delay_of_minutes_blames_nobody() -> None:
    call = begun().says().answers().talks(1).ends()
    turns = [each for each in call.spans if each.step is Step.USER_TURN]
    wrong = replace(turns[-2], voice=replace(turns[-2].voice, stt_ns=200_000_000_000))
    call.spans[call.spans.index(turns[-2])] = wrong
    issues = issues_of(call, USUAL)
    assert alarms(issues) == []
    assert "more than a minute" in the(issues, "implausible_metric").description


def test_a_clock_that_is_off_blames_nobody() -> None:
    call = begun().says().answers().talks(1).ends()
    tts = [each for each in call.spans if each.step is Step.TTS][-2]
    late = replace(tts, start_ns=tts.start_ns - 5_000_000_000, end_ns=tts.start_ns - 4_000_000_000)
    call.spans[call.spans.index(tts)] = late
    issues = issues_of(call, USUAL)
    assert alarms(issues) == []
    assert the(issues, "clock_skew").span_ids == (tts.span_id,)


@pytest.mark.parametrize("step", [Step.TTS, Step.LLM_NODE, Step.EOU_WAIT, Step.AGENT_TURN])
def test_spans_that_are_missing_blame_nobody(step: Step) -> None:
    call = begun(5).ends()
    gone = [each for each in call.spans if each.step is step][-2]
    call.spans.remove(gone)
    issues = issues_of(call, USUAL)
    assert alarms(issues) == []
    if step in (Step.TTS, Step.AGENT_TURN):
        assert the(issues, "telemetry_gap").severity is Severity.INFO
