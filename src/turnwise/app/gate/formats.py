"""A verdict as text, JUnit XML or Markdown."""

from collections.abc import Callable
from xml.etree import ElementTree

from turnwise.app.gate.verdict import Check, Verdict

_WORDS = {True: "passed", False: "FAILED", None: "not decided"}
_MARKS = {True: "✅", False: "❌", None: "❔"}


def as_text(verdict: Verdict, agent: str) -> str:
    """Lines for a terminal."""
    width = max((len(each.metric) for each in verdict.gates), default=0)
    lines = [f"{agent}: {verdict.word} ({verdict.basis})"]
    lines += [
        f"  {each.metric:<{width}}  {_shown(each):>10}  limit {_limit(each):<8}  {_WORDS[each.passed]}"
        for each in verdict.gates
    ]
    lines += [
        f"  worse: {each.metric} {each.baseline:g} -> {each.value:g}"
        for each in verdict.changes
        if each.is_worse
    ]
    return "\n".join(lines)


def as_markdown(verdict: Verdict, agent: str) -> str:
    """A comment for a merge request."""
    lines = [
        f"### Voice gate of `{agent}`: {verdict.word}",
        "",
        f"{verdict.basis}.",
        "",
        "| | Figure | Value | Limit |",
        "|---|---|---:|---:|",
    ]
    lines += [
        f"| {_MARKS[each.passed]} | {each.metric} | {_shown(each)} | {_limit(each)} |"
        for each in verdict.gates
    ]
    if verdict.changes:
        lines += ["", "| Figure | Baseline | Now | Change | 95 % interval of the difference |"]
        lines += ["|---|---:|---:|---:|---|"]
        lines += [
            f"| {'**' + each.metric + '**' if each.is_worse else each.metric} "
            f"| {_number(each.baseline)} | {_number(each.value)} | {_percent(each.ratio)} "
            f"| {_interval(each.difference95)} |"
            for each in verdict.changes
        ]
    return "\n".join(lines)


def as_junit(verdict: Verdict, agent: str) -> str:
    """A test suite with a case for each gate; what is not decided is skipped."""
    states = [each.passed for each in verdict.gates]
    suite = ElementTree.Element(
        "testsuite",
        name=f"turnwise gate {agent}",
        tests=str(len(states)),
        failures=str(states.count(False)),
        errors="0",
        skipped=str(states.count(None)),
    )
    for each in verdict.gates:
        case = ElementTree.SubElement(suite, "testcase", classname=agent, name=each.metric)
        if each.passed is False:
            message = f"{each.metric} is {_shown(each)}, limit {_limit(each)}"
            ElementTree.SubElement(case, "failure", message=message).text = verdict.basis
        elif each.passed is None:
            ElementTree.SubElement(case, "skipped", message=f"not enough data: {verdict.basis}")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


FORMATS: dict[str, Callable[[Verdict, str], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "junit": as_junit,
}


def _is_share(check: Check) -> bool:
    return check.metric.endswith((".change", "Rate"))


def _shown(check: Check) -> str:
    return _percent(check.value) if _is_share(check) else _number(check.value)


def _limit(check: Check) -> str:
    return _percent(check.threshold) if _is_share(check) else _number(check.threshold)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1%}" if value < 0 else f"{value:.1%}"


def _interval(bounds: tuple[float, float] | None) -> str:
    return "-" if bounds is None else f"{bounds[0]:g} to {bounds[1]:g}"
