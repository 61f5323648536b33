"""Compares what the server says of a call with what was made to go wrong in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bench.diagnosis_faults.fault import At, Fault, types_of
from bench.diagnosis_scores.cases import Case
from bench.diagnosis_scores.delivery import Answer

Issue = dict[str, Any]

_REACH = 2
"""How many turns off an issue may be and still be about the same thing; it is not exact then."""
_NEED_A_STAGE = frozenset({"high_latency", "chronic_latency", "latency_regression"})
_LONGEST_THOUGHT_SECONDS = 5.0
_SHORTEST_SILENCE_SECONDS = 2.8
_POOR_WAIT_SECONDS = 2.5
"""Above it a wait is poor for anybody, whatever made it: naming it is no false alarm."""


class Verdict(StrEnum):
    """What an issue turned out to be."""

    HIT = "hit"
    CONSEQUENCE = "consequence"
    """Says itself that it follows from what was injected."""
    SYMPTOM = "symptom"
    """Of a type that follows directly from what was injected, in the same or the next turns."""
    PERMITTED = "permitted"
    """True, though nothing was injected: a long thought of the caller, a wait long by chance."""
    INFO = "info"
    FALSE = "false"


@dataclass(slots=True)
class Found:
    """A fault, and the issue that names it."""

    fault: Fault
    issue: Issue | None
    exact_turn: bool = False
    right_stage: bool | None = None
    """None where no stage has to be named."""
    grounded: bool | None = None
    """None where the fault left no span."""
    right_severity: bool = False


@dataclass(slots=True)
class Judged:
    """A case, with every fault and every issue accounted for."""

    case: Case
    ms: float
    found: list[Found]
    others: list[tuple[Issue, Verdict]] = field(default_factory=list)

    @property
    def false_alarms(self) -> list[Issue]:
        return [issue for issue, verdict in self.others if verdict is Verdict.FALSE]


def judge(case: Case, answer: Answer) -> Judged:
    """Account for every fault and every issue."""
    injected = types_of(case.faults)
    left = [each for each in answer.issues if each.get("causedBy") not in injected]
    judged = Judged(case, answer.ms, [])
    judged.others = [
        (each, Verdict.CONSEQUENCE) for each in answer.issues if each.get("causedBy") in injected
    ]
    # Faults that were felt choose first, so that a smaller one beside them takes nothing away.
    for fault in sorted(case.faults, key=lambda each: not each.is_felt):
        found = _find(case, fault, left)
        judged.found.append(found)
        if found.issue is not None:
            left = [each for each in left if each is not found.issue]
    judged.others += [(each, _verdict(case, each)) for each in left]
    return judged


def _find(case: Case, fault: Fault, issues: Sequence[Issue]) -> Found:
    candidates = [
        each
        for each in issues
        if each["type"] in types_of([fault]) and _is_near(case, fault, each["turn"], _REACH)
    ]
    if not candidates:
        return Found(fault, None)
    issue = max(candidates, key=lambda each: _likeness(case, fault, each))
    ids = {name for at in fault.parts for name in case.told.ids.get((_number(case, at), at[1]), ())}
    return Found(
        fault,
        issue,
        exact_turn=_is_exact(case, fault, issue["turn"]),
        right_stage=_is_right_stage(fault, issue),
        grounded=bool(ids & set(issue["spanIds"])) if ids else None,
        right_severity=issue["severity"] in fault.severities,
    )


def _is_right_stage(fault: Fault, issue: Issue) -> bool | None:
    """None where no stage has to be named, or where the type says it already."""
    if not fault.stages or (issue["stage"] is None and issue["type"] not in _NEED_A_STAGE):
        return None
    return issue["stage"] in fault.stages


def _likeness(case: Case, fault: Fault, issue: Issue) -> tuple[bool, bool, bool]:
    return (
        _is_exact(case, fault, issue["turn"]),
        _is_right_stage(fault, issue) is not False,
        issue["type"] == fault.type,
    )


def _number(case: Case, at: At) -> int:
    return case.call.exchanges.index(at[0])


def _turns(case: Case, fault: Fault) -> set[int]:
    """The turns that may be named."""
    named = [*([fault.turn] if fault.turn else []), *fault.near]
    turns = (case.told.turns.get((_number(case, at), at[1])) for at in named)
    return {turn for turn in turns if turn is not None}


def _is_exact(case: Case, fault: Fault, turn: int | None) -> bool:
    if turn is None:
        return fault.turn is None or fault.of_session
    return turn in _turns(case, fault)


def _is_near(case: Case, fault: Fault, turn: int | None, reach: int) -> bool:
    if fault.turn is None or turn is None:
        return True
    return any(abs(turn - each) <= reach for each in _turns(case, fault))


def _verdict(case: Case, issue: Issue) -> Verdict:
    if any(_follows(case, fault, issue) for fault in case.faults):
        return Verdict.SYMPTOM
    if _is_permitted(case, issue):
        return Verdict.PERMITTED
    return Verdict.INFO if issue["severity"] == "info" else Verdict.FALSE


def _follows(case: Case, fault: Fault, issue: Issue) -> bool:
    types = fault.symptoms if fault.is_felt else fault.symptoms | types_of([fault])
    return issue["type"] in types and _is_near(case, fault, issue["turn"], _REACH)


def _is_permitted(case: Case, issue: Issue) -> bool:
    if issue["type"] == "dead_air" and issue["severity"] == "low":
        return issue["turn"] in set(_thoughts(case))
    if issue["type"] in ("high_latency", "dead_air"):
        return issue["turn"] in set(_long_waits(case))
    return False


def _thoughts(case: Case) -> Iterable[int]:
    """Turns before and after which a caller thought for a while."""
    for number, exchange in enumerate(case.call.exchanges):
        speech = exchange.speech
        if speech is None or speech.into is not None:
            continue
        if _SHORTEST_SILENCE_SECONDS <= speech.pause <= _LONGEST_THOUGHT_SECONDS:
            for place in ((number - 1, "agent"), (number, "user")):
                if place in case.told.turns:
                    yield case.told.turns[place]


def _long_waits(case: Case) -> Iterable[int]:
    """Turns around a wait that was long although nothing was done to it."""
    touched = {_number(case, fault.turn) for fault in case.faults if fault.turn is not None}
    for number, times in enumerate(case.told.line.exchanges):
        if number not in touched and (times.felt or 0.0) > _POOR_WAIT_SECONDS:
            for place in ((number, "agent"), (number, "user"), (number, "filler")):
                if place in case.told.turns:
                    yield case.told.turns[place]
