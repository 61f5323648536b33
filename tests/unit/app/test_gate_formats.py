from xml.etree import ElementTree

import pytest

from turnwise.app.gate.formats import as_junit, as_markdown, as_text
from turnwise.app.gate.verdict import Exit, Verdict

BODY = b"""{"sessions": 12, "interruptions": 40, "passed": false, "unknown": 1,
 "gates": [
  {"metric": "stopLatencyMs.p95", "threshold": 1200, "value": 1500.5, "passed": false},
  {"metric": "falseInterruptionRate", "threshold": 0.05, "value": 0.02, "passed": true},
  {"metric": "turnLatencyMs.p95", "threshold": 2500, "value": null, "passed": null}],
 "baseline": {"sessions": 10, "interruptions": 33},
 "changes": [{"metric": "stopLatencyMs.p95", "value": 1500.5, "baseline": 900, "ratio": 0.667,
              "difference95": [400, 700], "isWorse": true}]}"""


def test_junit_has_a_case_for_every_gate() -> None:
    suite = ElementTree.fromstring(as_junit(Verdict.read(BODY), "a<b>&c"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [each.get("name") for each in suite.iter("testcase")] == [
        "stopLatencyMs.p95",
        "falseInterruptionRate",
        "turnLatencyMs.p95",
    ]
    [failure] = suite.iter("failure")
    assert failure.get("message") == "stopLatencyMs.p95 is 1500.5, limit 1200"


def test_text_and_markdown_say_what_got_worse() -> None:
    verdict = Verdict.read(BODY)
    assert verdict.exit is Exit.FAILED
    text = as_text(verdict, "support")
    assert text.startswith("support: failed (40 interruptions in 12 sessions; baseline: 33 in 10")
    assert "worse: stopLatencyMs.p95 900 -> 1500.5" in text
    assert "| ❌ | stopLatencyMs.p95 | 1500.5 | 1200 |" in as_markdown(verdict, "support")
    assert "| **stopLatencyMs.p95** | 900 | 1500.5 | 66.7% | 400 to 700 |" in as_markdown(
        verdict, "support"
    )


@pytest.mark.parametrize(("passed", "code"), [("true", 0), ("false", 1), ("null", 2)])
def test_the_verdict_is_the_exit_code(passed: str, code: int) -> None:
    body = f'{{"sessions": 1, "interruptions": 2, "gates": [], "passed": {passed}}}'
    assert Verdict.read(body.encode()).exit == code
