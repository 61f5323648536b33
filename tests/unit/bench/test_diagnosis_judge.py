"""How answers are judged: what is a hit, what is false, and what is neither."""

import random
from typing import Any

import pytest

from bench.diagnosis_faults.ending import OPERATORS
from bench.diagnosis_faults.fault import Scene
from bench.diagnosis_scores.cases import Case
from bench.diagnosis_scores.delivery import Answer
from bench.diagnosis_scores.judge import Judged, Verdict, judge
from bench.diagnosis_scores.scores import alarms, by_type, macro_f1, score
from bench.diagnosis_world.agents import CAST
from bench.diagnosis_world.talk import Speaker

NOW_NS = 1_795_000_000 * 1_000_000_000


def a_case(operator: str | None, seed: int = 1) -> Case:
    rng = random.Random(seed)
    [agent] = [each for each in CAST.steady if each.name == "front-desk"]
    call = Speaker(agent, rng).call(NOW_NS, 10)
    if operator is None:
        return Case(call, "clean")
    [chosen] = [each for each in OPERATORS if each.name == operator]
    return Case(call, "one fault", chosen.inject(Scene(call, rng)))


def place(case: Case) -> int:
    """The turn of the only fault."""
    [fault] = case.faults
    assert fault.turn is not None
    return case.told.turns[case.call.exchanges.index(fault.turn[0]), fault.turn[1]]


def an_issue(kind: str, turn: int | None, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "stage": None,
        "severity": "high",
        "spanIds": [],
        "causedBy": None,
        "evidence": {},
    }
    return {"type": kind, "turn": turn, **base, **more}


def judged(case: Case, *issues: dict[str, Any]) -> Judged:
    return judge(case, Answer(list(issues), 1.0))


def verdicts(case: Case, *issues: dict[str, Any]) -> list[Verdict]:
    return [verdict for _, verdict in judged(case, *issues).others]


def test_the_right_issue_is_a_hit_in_every_respect() -> None:
    case = a_case("tool error")
    [fault] = case.faults
    exchange, part = fault.parts[0]
    ids = sorted(case.told.ids[case.call.exchanges.index(exchange), part])
    issue = an_issue("tool_failure", place(case), stage="tool", spanIds=ids)
    [found] = judged(case, issue).found
    assert found.issue is issue
    assert (found.exact_turn, found.right_stage, found.grounded, found.right_severity) == (
        True, True, True, True,
    )  # fmt: skip


@pytest.mark.parametrize(("off", "is_hit"), [(0, True), (2, True), (3, False)])
def test_an_issue_near_the_turn_is_a_hit_but_not_exact(off: int, is_hit: bool) -> None:
    case = a_case("tool error")
    [found] = judged(case, an_issue("tool_failure", place(case) + off)).found
    assert (found.issue is not None) == is_hit
    assert found.exact_turn == (off == 0)


def test_wrong_stage_span_and_severity_are_told_apart_from_the_hit() -> None:
    case = a_case("tool error")
    issue = an_issue("tool_failure", place(case), stage="llm", spanIds=["f" * 16], severity="low")
    [found] = judged(case, issue).found
    assert found.issue is issue
    assert (found.right_stage, found.grounded, found.right_severity) == (False, False, False)


def test_what_follows_is_neither_hit_nor_false() -> None:
    case = a_case("tool timeout")
    turn = place(case)
    hit = an_issue("tool_timeout", turn)
    told = an_issue("failed_turn", turn, causedBy="tool_timeout")
    untold = an_issue("dead_air", turn)
    elsewhere = an_issue("dead_air", turn + 6)
    assert verdicts(case, hit, told) == [Verdict.CONSEQUENCE]
    assert verdicts(case, hit, untold) == [Verdict.SYMPTOM]
    assert verdicts(case, hit, elsewhere) == [Verdict.FALSE]


def test_a_consequence_of_what_was_not_injected_is_false() -> None:
    case = a_case("tool error")
    assert verdicts(case, an_issue("stt_empty", place(case), causedBy="retry")) == [Verdict.FALSE]


def test_the_same_harm_twice_is_false_once() -> None:
    case = a_case("repeated utterance")
    twice = [an_issue("agent_misunderstanding", place(case)) for _ in range(2)]
    assert verdicts(case, *twice) == [Verdict.FALSE]


def test_a_delay_that_nobody_felt_may_be_named_or_not() -> None:
    seeds = (seed for seed in range(200) if not a_case("delay llm", seed).faults[0].is_felt)
    case = a_case("delay llm", next(seeds))
    silent, loud = judged(case), judged(case, an_issue("high_latency", place(case), stage="llm"))
    assert score([silent]).n == score([loud]).n == 0
    assert silent.false_alarms == loud.false_alarms == []


def test_a_clean_call_has_only_false_alarms_and_information() -> None:
    case = a_case(None)
    alarm, remark = an_issue("stt_empty", 3), an_issue("telemetry_gap", None, severity="info")
    one = judged(case, alarm, remark)
    assert [verdict for _, verdict in one.others] == [Verdict.FALSE, Verdict.INFO]
    assert alarms([one]).per_100 == 100
    assert alarms([judged(case)]).per_100 == 0
    assert by_type([one])["telemetry_gap"].false == 1


def thought_at(case: Case) -> int | None:
    """The exchange before which the caller thought for a while."""
    for number, exchange in enumerate(case.call.exchanges):
        if exchange.speech is not None and exchange.speech.pause > 3:
            return number
    return None


def test_a_long_thought_may_be_named_as_low_dead_air() -> None:
    case = next(each for each in (a_case(None, seed) for seed in range(100)) if thought_at(each))
    number = thought_at(case)
    assert number is not None
    turn = case.told.turns[number, "user"]
    assert verdicts(case, an_issue("dead_air", turn, severity="low")) == [Verdict.PERMITTED]
    assert verdicts(case, an_issue("dead_air", turn, severity="high")) == [Verdict.FALSE]


def test_scores_are_those_of_the_textbook() -> None:
    hit, missed, wrong = a_case("tool error"), a_case("tool error", 2), a_case(None)
    told = [
        judged(hit, an_issue("tool_failure", place(hit))),
        judged(missed),
        judged(wrong, an_issue("tool_failure", 4)),
    ]
    found = by_type(told)["tool_failure"]
    assert (found.n, found.hits, found.false) == (2, 1, 1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert macro_f1(by_type(told).values()) == 0.5
