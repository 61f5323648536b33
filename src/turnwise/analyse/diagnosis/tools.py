"""Tools that failed, ran out of time, or left the caller in silence (voice.md 2.2)."""

import re
from collections.abc import Iterator

import msgspec

from turnwise.analyse.diagnosis.baselines import Reference
from turnwise.analyse.diagnosis.case import LONGEST_NS, Case, ms, shown_ns
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Part, PipelineStage
from turnwise.model.session import Speaker, ToolExecution

_TIMEOUT = re.compile(r"time[ds]?[ -]?out|deadline exceeded|did not respond in time", re.IGNORECASE)
_LONGEST_TEXT = 200
_TIMEOUT_ADVICE = (
    "Check why {name} does not answer, bound its time well below what a caller will wait, and say "
    "something while it runs."
)
_FAILURE_ADVICE = "Check what {name} depends on, and give the model an error that it can speak of."
_SLOW_ADVICE = (
    "{name} took {took}{usual} and blocked speech. Speak a short filler while it runs, bound it with "
    "a timeout, or cache its result."
)


def tool_issues(case: Case) -> Iterator[Issue]:
    """At most one issue for each run of a tool."""
    for tool in case.session.tools:
        took_ns = length_of(tool)
        is_late = took_ns is not None and took_ns >= ns(case.limits.tool_timeout_ms)
        error = error_of(tool)
        if (error is not None and _TIMEOUT.search(error)) or is_late:
            if took_ns is None or took_ns <= LONGEST_NS:
                yield _failed(case, tool, "tool_timeout", took_ns)
        elif error is not None:
            yield _failed(case, tool, "tool_failure", took_ns)
        elif took_ns is not None and took_ns <= LONGEST_NS:
            yield from _slow(case, tool, took_ns)


def error_of(tool: ToolExecution) -> str | None:
    """The error of a tool; some report it as nothing but an `error` in their result."""
    if tool.is_error:
        return tool.error or "error"
    if tool.output is None or "rror" not in tool.output:
        return None
    try:
        said = msgspec.json.decode(tool.output)
        said = msgspec.json.decode(said) if isinstance(said, str) else said
    except (msgspec.DecodeError, RecursionError):
        return None
    told = said.get("error") if isinstance(said, dict) else None
    return str(told) if told and not isinstance(told, int | float) else None


def length_of(tool: ToolExecution) -> int | None:
    """How long a tool ran, None where nobody knows or the clocks contradict each other."""
    if tool.start_ns is None or tool.end_ns is None or tool.end_ns < tool.start_ns:
        return None
    return tool.end_ns - tool.start_ns


def _failed(case: Case, tool: ToolExecution, kind: str, took_ns: int | None) -> Issue:
    error = error_of(tool)
    said = (error or "").strip('"')[:_LONGEST_TEXT]
    if kind == "tool_timeout":
        after = f" after {shown_ns(took_ns)}" if took_ns is not None else ""
        text = f"Tool {tool.name} timed out{after}" + (f": {said}" if error else "")
        advice = _TIMEOUT_ADVICE.format(name=tool.name)
    else:
        text = f"Tool {tool.name} failed: {said or 'no reason given'}"
        advice = _FAILURE_ADVICE.format(name=tool.name)
    evidence: dict[str, float | int | str] = {"tool": tool.name}
    if took_ns is not None:
        evidence["observedMs"] = ms(took_ns)
    if kind == "tool_timeout":
        evidence["targetMs"] = round(case.limits.tool_timeout_ms)
    return _issue(case, tool, kind, text, advice, Severity.HIGH, evidence)


def _slow(case: Case, tool: ToolExecution, took_ns: int) -> Iterator[Issue]:
    limits = case.limits
    spoken_ns = _spoken_over(case, tool)
    silent_ns = took_ns - spoken_ns
    if spoken_ns and silent_ns < ns(limits.dead_air_ms):
        return
    usual = case.usual_of_tool(tool.name)
    target_ns = limits.target_ns(PipelineStage.TOOL)
    z = usual.spread.z(took_ns) if usual else None
    is_spike = (
        usual is not None
        and z is not None
        and z >= usual.spread.needed(limits.spike_z)
        and silent_ns > ns(limits.slow_tool_ms)
        and took_ns - usual.spread.median >= ns(limits.spike_excess_ms)
    )
    is_long = silent_ns > target_ns and not case.is_usual(Part.TOOL, "", tool.name, took_ns)
    if is_spike or is_long:
        yield _slow_issue(case, tool, took_ns, usual, z)


def _slow_issue(
    case: Case, tool: ToolExecution, took_ns: int, usual: Reference | None, z: float | None
) -> Issue:
    target_ns = case.limits.target_ns(PipelineStage.TOOL)
    usual_ns = usual.spread.median if usual else None
    evidence: dict[str, float | int | str] = {"tool": tool.name, "observedMs": ms(took_ns)}
    beside = f"target: <{ms(target_ns)}ms"
    if usual is not None and usual_ns is not None and z is not None:
        evidence |= {
            "baselineMs": ms(usual_ns),
            "z": round(z, 2),
            "n": usual.spread.count,
            "baselineSpread": round(usual.spread.spread, 3),
            "baseline": usual.source,
        }
        beside = f"usually {shown_ns(usual_ns)}"
    if took_ns > target_ns:
        evidence["targetMs"] = ms(target_ns)
    evidence["excessMs"] = ms(took_ns - (usual_ns if usual_ns is not None else target_ns))
    advice = _SLOW_ADVICE.format(
        name=tool.name,
        took=shown_ns(took_ns),
        usual=f" (usually {shown_ns(usual_ns)})" if usual_ns is not None else "",
    )
    text = f"Tool {tool.name} took {shown_ns(took_ns)} ({beside})"
    return _issue(case, tool, "slow_tool", text, advice, Severity.MEDIUM, evidence)


def _spoken_over(case: Case, tool: ToolExecution) -> int:
    """For how long the agent spoke while the tool ran."""
    if tool.start_ns is None or tool.end_ns is None:
        return 0
    return sum(
        max(0, min(turn.end_ns, tool.end_ns) - max(turn.start_ns, tool.start_ns))
        for turn in case.turns
        if turn.speaker is Speaker.AGENT and turn.end_ns is not None
    )


def _requests(case: Case, tool: ToolExecution) -> tuple[str, ...]:
    """The model requests around a tool that has no span of its own: its times come from theirs."""
    response = case.turns[tool.turn_index].response if tool.turn_index is not None else None
    if response is None or not response.is_timed:
        return ()
    near = [each for each in response.parts if each.part in (Part.ASKING, Part.LLM)]
    return tuple(dict.fromkeys(span for each in near for span in each.span_ids))


def _issue(
    case: Case,
    tool: ToolExecution,
    kind: str,
    text: str,
    advice: str,
    severity: Severity,
    evidence: dict[str, float | int | str],
) -> Issue:
    own = (tool.span_id,) if tool.span_id is not None else (tool.id, *_requests(case, tool))
    return Issue(
        type=kind,
        turn=tool.turn_index,
        description=text,
        recommendation=advice,
        severity=severity,
        stage=PipelineStage.TOOL,
        start_ns=tool.start_ns,
        end_ns=tool.end_ns,
        span_ids=own,
        evidence=evidence,
        confidence=0.95 if error_of(tool) or "n" in evidence else 0.8,
    )
