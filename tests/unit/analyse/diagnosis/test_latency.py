"""Late answers: the right turn, the right stage, and nobody blamed without a reason."""

from typing import Any

import pytest

from tests.unit.analyse.diagnosis.calls import Call, Tool, alarms, figure, history, issues_of, the
from turnwise.analyse.diagnosis import PRESETS, Baselines, diagnose
from turnwise.model.diagnosis import Severity
from turnwise.model.observation import Step

USUAL = history()
STAGES: dict[str, tuple[dict[str, Any], dict[str, Any], Step]] = {
    "endpointing": ({"eou": 1900}, {}, Step.EOU_WAIT),
    "stt": ({"stt": 1500}, {}, Step.USER_SPEAKING),
    "callback": ({"hook": 1300}, {}, Step.OTHER),
    "llm": ({}, {"llm": 1800}, Step.LLM),
    "tts": ({}, {"tts": 1500}, Step.TTS),
    "transport": ({}, {"playout": 1200}, Step.AGENT_SPEAKING),
    "unexplained": ({}, {"gap": 1400}, Step.AGENT_TURN),
}


def late(stage: str) -> Call:
    heard, made, _ = STAGES[stage]
    call = Call().greets().talks(3)
    return call.says(**heard).answers("Sorry for the wait.", **made).talks(2).ends()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("known", ["history", "nothing"])
def test_the_stage_that_held_the_answer_is_named(stage: str, known: str) -> None:
    call = late(stage)
    issues = issues_of(call, USUAL if known == "history" else None)
    assert alarms(issues) == [("high_latency", 8)]
    [issue] = issues
    assert issue.stage == stage
    assert set(call.of(STAGES[stage][2])) & set(issue.span_ids)
    assert figure(issue, "share") >= 0.9
    assert issue.evidence["excessMs"] == pytest.approx(1200, rel=0.3)
    assert issue.caused_by is None


@pytest.mark.parametrize("known", ["history", "nothing"])
def test_a_call_like_all_others_has_no_issue(known: str) -> None:
    call = Call().greets().talks(8).ends()
    assert issues_of(call, USUAL if known == "history" else None) == []


def test_a_slow_model_that_nobody_waited_for_is_no_issue() -> None:
    """Preemptive generation: the model ran while the end of the turn was awaited."""
    call = Call().greets().talks(3).says(eou=1300, stt=100, hook=0)
    call.clock = call.silent_at + 150
    call.answers("I was quick in the end.", llm=1100, gap=0, held=160).talks(2).ends()
    [issue] = issues_of(call, USUAL)
    assert issue.stage == "endpointing"


@pytest.mark.parametrize(
    ("llm", "severity"),
    [
        (1600, Severity.LOW),
        (2600, Severity.MEDIUM),
        (5000, Severity.HIGH),
        (9000, Severity.CRITICAL),
    ],
)
def test_severity_goes_by_what_the_caller_felt(llm: float, severity: Severity) -> None:
    call = Call().greets().talks(3).says().answers(llm=llm).talks(2).ends()
    assert the(issues_of(call, USUAL), "high_latency").severity is severity


def test_two_stages_that_stand_out_are_both_named_the_worse_with_the_larger_share() -> None:
    call = Call().greets().talks(3).says(eou=2500).answers(tts=1600).talks(2).ends()
    issues = issues_of(call, USUAL)
    found = {each.stage: figure(each, "share") for each in issues if each.type == "high_latency"}
    assert set(found) == {"endpointing", "tts"}
    assert found["endpointing"] > found["tts"]


def test_a_long_wait_of_an_agent_that_is_always_so_slow_is_chronic_not_a_spike() -> None:
    call = Call().greets().talks(8, playout=1900).ends()
    issues = issues_of(call)
    assert alarms(issues) == [("chronic_latency", None)]
    issue = the(issues, "chronic_latency")
    assert (issue.turn, issue.stage, issue.severity) == (None, "transport", Severity.MEDIUM)
    assert issue.evidence["p50Ms"] == 1900


def test_a_session_far_above_the_agents_usual_is_chronic_though_within_the_target() -> None:
    call = Call().greets()
    for number in range(8):
        call.says().answers(f"Slow answer {number} for you.", tts=700)
    issues = issues_of(call.ends(), USUAL)
    issue = the(issues, "chronic_latency")
    assert issue.stage == "tts"
    assert figure(issue, "baselineMs") == pytest.approx(216, abs=15)
    assert {each.caused_by for each in issues if each.type == "high_latency"} == {"chronic_latency"}


def test_a_version_that_became_slower_is_named_with_its_stage() -> None:
    known = history(version="1.0")
    call = Call().greets()
    for number in range(12):
        call.says().answers(f"New answer {number} for you.", llm=700 + 10 * number)
    issue = the(issues_of(call.ends(), known, version="1.1"), "latency_regression")
    assert (issue.turn, issue.stage) == (None, "llm")
    assert issue.evidence["previousVersion"] == "1.0"
    assert figure(issue, "shift") > 0.2
    assert figure(issue, "p") < 0.01
    same = Call().greets().talks(10).ends()
    assert issues_of(same, known, version="1.1") == []


def test_an_answer_after_a_tool_may_take_the_tools_time() -> None:
    call = (
        Call().greets().talks(3).says().answers("Found it.", tools=[Tool(ms=1200)]).talks(2).ends()
    )
    assert issues_of(call) == []


def test_a_slow_tool_is_the_cause_and_the_wait_its_consequence() -> None:
    call = Call().greets().talks(3).says().answers("Found.", tools=[Tool(ms=3400)]).talks(2).ends()
    issues = issues_of(call, USUAL)
    tool = the(issues, "slow_tool")
    assert (tool.turn, tool.caused_by, tool.span_ids) == (8, None, tuple(call.of(Step.TOOL)))
    assert "lookup_order took 3.4s" in tool.recommendation
    for kind in ("high_latency", "dead_air"):
        assert the(issues, kind).caused_by == "slow_tool"


def test_a_tool_behind_a_filler_is_no_issue() -> None:
    call = Call().greets().talks(3).says().answers("One moment please, I look.", spoken=3200)
    call.clock -= 3100
    filler_ends = call.clock + 3100
    call.asked = None
    call.answers("Here it is.", tools=[Tool(ms=2200)])
    assert call.clock > filler_ends
    call.asked = None
    assert [each for each in issues_of(call.talks(2).ends(), USUAL) if each.stage == "tool"] == []


def test_presets_move_the_limits() -> None:
    call = Call().greets().talks(2).says(eou=1300).answers(llm=800, tts=450).talks(1).ends()
    assert alarms(issues_of(call, preset="pstn")) == []
    found = alarms(issues_of(call, preset="strict"))
    assert found == [("high_latency", 6), ("dead_air", 6)]


def test_an_operators_words_are_added_to_a_recommendation() -> None:
    session = late("llm").session()
    said = {"llm": "Here the small model is the alternative."}
    found = diagnose(session, Baselines(agent=USUAL), PRESETS["webrtc"], alternatives=said)
    [issue] = found.issues
    assert issue.recommendation.endswith(said["llm"])
    assert "1.8s (usually 0.4s, target 1.0s) with" in issue.recommendation.replace("436ms", "0.4s")
