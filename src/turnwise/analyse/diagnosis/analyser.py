"""All rules over one session: deterministic, no model is asked, nothing raises on bad telemetry.

Source: voice.md 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from turnwise.analyse.diagnosis.attempts import attempt_issues
from turnwise.analyse.diagnosis.barge_in import barge_in_issues
from turnwise.analyse.diagnosis.baselines import Baselines
from turnwise.analyse.diagnosis.case import Case
from turnwise.analyse.diagnosis.chains import linked, raised_by_hangup, step_up
from turnwise.analyse.diagnosis.heard import heard_issues
from turnwise.analyse.diagnosis.latency import late_answers
from turnwise.analyse.diagnosis.prompts import prompt_issues
from turnwise.analyse.diagnosis.recognition import recognition_issues
from turnwise.analyse.diagnosis.samples import samples_of
from turnwise.analyse.diagnosis.silence import (
    abrupt_hangup,
    dead_air,
    failed_turns,
    truncated_speech,
)
from turnwise.analyse.diagnosis.telemetry import telemetry_issues
from turnwise.analyse.diagnosis.thresholds import Thresholds
from turnwise.analyse.diagnosis.tools import tool_issues
from turnwise.analyse.diagnosis.whole import cost_outlier, slow_throughout, slower_version
from turnwise.analyse.diagnosis.wording import with_alternatives
from turnwise.model.audio import AudioReport
from turnwise.model.diagnosis import Issue, IssueGroup, Sample, Severity
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import Session

ANALYSER = 2
"""Raised whenever the same session would get other issues: what was kept is then made anew."""

_WIDESPREAD = 0.25
_ORDER = list(reversed(Severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in a session; see model.diagnosis.Diagnosis."""

    issues: tuple[Issue, ...]
    groups: tuple[IssueGroup, ...]
    samples: tuple[Sample, ...]


def diagnose(
    session: Session,
    baselines: Baselines,
    limits: Thresholds,
    *,
    audio: AudioReport | None = None,
    alternatives: Mapping[str, str] | None = None,
) -> Findings:
    """The issues of a session, by turn and then by severity; those of no turn come last.

    Args:
        session: as assembled; a live one too.
        baselines: the agent's history without this session.
        limits: see thresholds.
        audio: what was heard in its recording.
        alternatives: by stage what an operator wants said at the end of its recommendations.
    """
    case = Case(session, baselines, limits, audio)
    late = list(late_answers(case))
    failed = list(failed_turns(case))
    found = [
        *late,
        *failed,
        *tool_issues(case),
        *attempt_issues(case, late),
        *barge_in_issues(case),
        *dead_air(case, failed),
        *truncated_speech(case),
        *recognition_issues(case),
        *prompt_issues(case, late),
        *slow_throughout(case),
        *slower_version(case),
        *cost_outlier(case),
        *telemetry_issues(case),
        *heard_issues(case),
    ]
    hangups = list(abrupt_hangup(case, linked(session, found)))
    found = linked(session, [*raised_by_hangup(found, hangups), *hangups])
    issues = tuple(sorted(_told(found, alternatives or {}), key=_place))
    return Findings(
        issues=issues, groups=roll_up(session, issues), samples=samples_of(case, issues)
    )


def _told(issues: Sequence[Issue], alternatives: Mapping[str, str]) -> list[Issue]:
    if not alternatives:
        return list(issues)
    return [
        replace(
            each,
            recommendation=with_alternatives(each.recommendation, each.stage, alternatives),
        )
        for each in issues
    ]


def _place(issue: Issue) -> tuple[bool, int, int, str, str, int]:
    return (
        issue.turn is None,
        issue.turn or 0,
        _ORDER.index(issue.severity),
        issue.type,
        issue.stage or "",
        issue.start_ns or 0,
    )


def roll_up(session: Session, issues: Sequence[Issue]) -> tuple[IssueGroup, ...]:
    """The issues by type and stage: the most severe first, then what cost callers most time.

    The severity of a group is its highest, and one step more when a quarter of the answers, or
    more, are concerned (voice.md 2.3, step 6).
    """
    groups: dict[tuple[str, str | None], list[Issue]] = {}
    for each in issues:
        groups.setdefault((each.type, each.stage), []).append(each)
    answers = sum(turn.response is not None for turn in session.turns)
    found = [_group(kind, stage, members, answers) for (kind, stage), members in groups.items()]
    return tuple(sorted(found, key=lambda each: each.rank))


def _group(kind: str, stage: str | None, members: Sequence[Issue], answers: int) -> IssueGroup:
    turns = tuple(sorted({each.turn for each in members if each.turn is not None}))
    severity = min((each.severity for each in members), key=_ORDER.index)
    is_alarm = severity is not Severity.INFO
    if is_alarm and len(turns) > 1 and len(turns) >= _WIDESPREAD * answers:
        severity = step_up(severity)
    excess = sum(float(each.evidence.get("excessMs", 0)) for each in members)
    return IssueGroup(
        type=kind,
        stage=stage,
        severity=severity,
        count=len(members),
        turns=turns,
        excess_ns=round(excess * NS_PER_MS),
    )
