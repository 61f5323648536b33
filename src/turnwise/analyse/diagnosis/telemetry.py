"""What the telemetry itself gets wrong: reported, and blamed on nobody (voice.md 2.2, last row)."""

from collections.abc import Iterator, Sequence

from turnwise.analyse.diagnosis.baselines import ENOUGH
from turnwise.analyse.diagnosis.case import Case, shown_ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Doubt, Mark, Part
from turnwise.model.observation import Framework

_TYPES = {
    Doubt.REFUSED: "implausible_metric",
    Doubt.TOO_LONG: "implausible_metric",
    Doubt.CONTRADICTED: "implausible_metric",
    Doubt.SKEWED: "clock_skew",
    Doubt.MISSING: "telemetry_gap",
}
_ADVICE = {
    "implausible_metric": "These figures were left out of the diagnosis. Update the SDK that "
    "reports them, or measure them from the recording.",
    "clock_skew": "Synchronise the clocks of the machines that send spans; nothing was blamed on "
    "instants that contradict each other.",
    "telemetry_gap": "Check that every span is exported and flushed before the process ends; what "
    "is missing cannot be diagnosed.",
}
_MOST_NAMED = 4
_FEWEST = 3


def telemetry_issues(case: Case) -> Iterator[Issue]:
    """At most one issue of each kind for a session."""
    for kind in dict.fromkeys(_TYPES.values()):
        marks = [
            each
            for each in (*case.session.marks, *_lost_stages(case))
            if _TYPES[each.doubt] == kind
        ]
        if marks:
            yield _issue(case, kind, marks)


def _lost_stages(case: Case) -> list[Mark]:
    """Stages that no answer reports though the framework, or the agent's history, has them."""
    if case.session.ended_ns is None or len(case.answers) < _FEWEST:
        return []
    present = {part.part for _, response in case.answers for part in response.parts}
    framework = case.session.framework
    told = {
        # A typed message has no recogniser: only Pipecat's turns are always spoken.
        Part.STT: framework is Framework.PIPECAT,
        Part.LLM: framework is not Framework.GENERIC and Part.TTS in present,
        Part.TTS: framework is not Framework.GENERIC and Part.LLM in present,
    }
    return [
        Mark(doubt=Doubt.MISSING, what=f"{part} of every turn", count=len(case.answers))
        for part, is_told in told.items()
        if part not in present and (is_told or len(case.baselines.values(part)) >= ENOUGH)
    ]


def _issue(case: Case, kind: str, marks: Sequence[Mark]) -> Issue:
    named = [_words(each) for each in marks]
    shown = "; ".join(dict.fromkeys(named[:_MOST_NAMED]))
    more = f"; and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    turns = sorted({each.turn for each in marks if each.turn is not None})
    return Issue(
        type=kind,
        turn=None,
        description=f"{shown}{more}",
        recommendation=_ADVICE[kind],
        severity=Severity.INFO,
        start_ns=case.session.started_ns,
        end_ns=case.session.ended_ns,
        span_ids=tuple(dict.fromkeys(span for each in marks for span in each.span_ids)),
        evidence={
            "count": sum(each.count for each in marks),
            "turns": ", ".join(str(each) for each in turns),
        },
        confidence=0.9,
    )


def _words(mark: Mark) -> str:
    where = f" in turn {mark.turn}" if mark.turn is not None else ""
    value = f" of {shown_ns(mark.value_ns)}" if mark.value_ns is not None else ""
    return {
        Doubt.REFUSED: f"{mark.what} has an impossible value{where}",
        Doubt.TOO_LONG: f"{mark.what}{value} is more than a minute{where}",
        Doubt.CONTRADICTED: f"{mark.what}{value} does not fit the wait{where}",
        Doubt.SKEWED: f"{mark.what}{where}",
        Doubt.MISSING: f"{mark.what} missing{where}",
    }[mark.doubt]
