import pytest

from tests.unit.analyse.build import livekit, session_of
from turnwise.analyse.alerting import (
    SESSION_METRICS,
    WINDOW_METRICS,
    is_session_metric,
    of_session,
)
from turnwise.analyse.release import Window
from turnwise.model.alerts import Comparison
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.observation import Step

SESSION = session_of(
    livekit(Step.SESSION, 0, 60_000, "s"),
    livekit(Step.USER_TURN, 1000, 2000, "u", "s", user_text="Hello"),
    livekit(Step.AGENT_TURN, 2500, 5000, "a", "s", agent_text="Hi", e2e_ms=700),
)


def issue(kind: str, severity: Severity) -> Issue:
    return Issue(type=kind, turn=0, description="", recommendation="", severity=severity)


ISSUES = [
    issue("high_latency", Severity.HIGH),
    issue("high_latency", Severity.MEDIUM),
    issue("retry", Severity.LOW),
    issue("telemetry_gap", Severity.INFO),
]


def test_every_figure_of_a_session_can_be_asked_for() -> None:
    found = {name: of_session(name, SESSION, ISSUES) for name in SESSION_METRICS}
    assert found["turns"] == 2
    assert found["durationSeconds"] == 60
    assert (found["issues"], found["graveIssues"]) == (2, 1)
    assert found["maxStopLatencyMs"] is None


def test_issues_are_counted_by_type() -> None:
    assert of_session("issues.high_latency", SESSION, ISSUES) == 2
    assert of_session("issues.dead_air", SESSION, ISSUES) == 0
    assert is_session_metric("issues.dead_air")
    assert not is_session_metric("issues.")
    assert not is_session_metric("nothing")


def test_every_figure_of_a_window_can_be_asked_for() -> None:
    window = Window()
    assert WINDOW_METRICS["failedShare"](window) is None
    window.add(SESSION)
    found = {name: figure(window) for name, figure in WINDOW_METRICS.items()}
    assert (found["sessions"], found["failedShare"]) == (1, 0)
    assert found["stopLatencyMs.p95"] is None


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        (Comparison.ABOVE, False, False, True),
        (Comparison.AT_LEAST, False, True, True),
        (Comparison.BELOW, True, False, False),
        (Comparison.AT_MOST, True, True, False),
    ],
)
def test_comparisons(comparison: Comparison, below: bool, equal: bool, above: bool) -> None:
    assert [comparison.holds(value, 2) for value in (1, 2, 3)] == [below, equal, above]
