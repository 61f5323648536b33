"""The causes that a session shows by itself: each figure against a fixed limit, nothing compared.

Limits: contracts.md 2.3 (the only published one is 900 ms to the first audio); names of the issues:
voice.md 2.2.
"""

from collections.abc import Iterator
from itertools import pairwise, zip_longest

from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.instants import NS_PER_SECOND, ms_from_ns
from turnwise.model.session import Session, Speaker, Turn

STAGE_LIMITS_MS = {"stt": 800, "llm": 1000, "tts": 900}
RESPONSE_LIMIT_MS = 1500
TOOL_LIMIT_MS = 5_000
SILENCE_LIMIT_MS = 4_000
STOP_LIMIT_MS = 1_200
BLEED_LIMIT_WORDS = 3
CONFIDENCE_LIMIT = 0.6
_IMPLAUSIBLE_NS = 60 * NS_PER_SECOND

_WORDS = {"stt": "STT latency", "llm": "LLM latency", "tts": "TTS latency"}
_ADVICE = {
    "stt": "Check the endpointing delay and the model of the speech recogniser.",
    "llm": "Shorten the prompt, use a faster model, or stream the answer.",
    "tts": "Use a voice or a provider with a lower time to first audio, and keep its connection open.",
    "response": "Look at the stages of this turn; none of them stands out alone.",
}
_ORDER = [
    Severity.CRITICAL,
    Severity.HIGH,
    Severity.MEDIUM,
    Severity.LOW,
    Severity.INFO,
]


def find_issues(session: Session) -> list[Issue]:
    """The issues of a session, by turn and then by severity; those of no turn come last."""
    issues = [
        *_latencies(session),
        *_failed_turns(session),
        *_tools(session),
        *_barge_ins(session),
        *_uncertain(session),
        *_dead_air(session),
    ]
    return sorted(
        issues,
        key=lambda each: (
            each.turn is None,
            each.turn or 0,
            _ORDER.index(each.severity),
            each.type,
            each.stage or "",
        ),
    )


def shown(milliseconds: float) -> str:
    """A duration for people: seconds with one decimal from one second on."""
    if milliseconds < 1_000:
        return f"{milliseconds:.0f}ms"
    return f"{milliseconds / 1_000:.1f}s"


def _plausible(duration_ns: int | None) -> int | None:
    """Milliseconds, None for what is a sentinel or cannot be."""
    if duration_ns is None or not 0 <= duration_ns <= _IMPLAUSIBLE_NS:
        return None
    return ms_from_ns(duration_ns)


def _latencies(session: Session) -> Iterator[Issue]:
    before: Turn | None = None
    for turn in session.turns:
        stages = {"stt": turn.stt_ns, "llm": turn.llm_ns, "tts": turn.tts_ns}
        slow = {
            stage: value
            for stage, duration in stages.items()
            if (value := _plausible(duration)) is not None and value > STAGE_LIMITS_MS[stage]
        }
        for stage, value in slow.items():
            yield _latency(turn, stage, value, STAGE_LIMITS_MS[stage], f"{_WORDS[stage]} spike")
        if turn.speaker is Speaker.AGENT and not slow:
            heard = before.stt_ns if before and before.speaker is Speaker.USER else None
            parts = [_plausible(each) for each in (heard, turn.llm_ns, turn.tts_ns)]
            total = sum(each for each in parts if each is not None)
            if total > RESPONSE_LIMIT_MS:
                yield _latency(turn, "response", total, RESPONSE_LIMIT_MS, "Response latency")
        before = turn


def _latency(turn: Turn, stage: str, value: int, limit: int, words: str) -> Issue:
    return Issue(
        type="high_latency",
        turn=turn.index,
        description=f"{words} to {shown(value)} (target: <{limit}ms)",
        recommendation=_ADVICE[stage],
        severity=_by_wait(value),
        stage=stage,
        start_ns=turn.start_ns,
        end_ns=turn.end_ns,
        span_ids=turn.span_ids,
        evidence={"observedMs": value, "targetMs": limit},
    )


def _by_wait(milliseconds: int) -> Severity:
    if milliseconds > 8_000:
        return Severity.CRITICAL
    return Severity.HIGH if milliseconds > 4_000 else Severity.MEDIUM


def _failed_turns(session: Session) -> Iterator[Issue]:
    is_over = session.ended_ns is not None
    for turn, after in zip_longest(session.turns, session.turns[1:]):
        reason = None
        if turn.speaker is Speaker.AGENT and turn.error:
            reason = f"Agent failed in turn {turn.index}"
        elif turn.speaker is Speaker.AGENT and not turn.text and not turn.interrupted:
            reason = f"Agent said nothing in turn {turn.index}"
        elif turn.speaker is Speaker.USER and turn.text and _stays_alone(after, is_over):
            reason = f"Agent did not answer turn {turn.index}"
        if reason is not None:
            yield Issue(
                type="failed_turn",
                turn=turn.index,
                description=reason,
                recommendation="Mend the failure that the turn's spans name, and say something "
                "when no answer can be given.",
                severity=Severity.HIGH,
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=turn.span_ids,
                evidence={"error": turn.error} if turn.error else {},
            )


def _stays_alone(after: Turn | None, is_over: bool) -> bool:
    """Whether a caller's turn has no answer; while the call goes on there may still come one."""
    return is_over if after is None else after.speaker is Speaker.USER


def _tools(session: Session) -> Iterator[Issue]:
    for tool in session.tools:
        took = None
        if tool.start_ns is not None and tool.end_ns is not None:
            took = ms_from_ns(tool.end_ns - tool.start_ns)
        if tool.is_error:
            kind, text = (
                "tool_failure",
                f"Tool {tool.name} failed: {tool.error or 'no reason given'}",
            )
        elif took is not None and took > TOOL_LIMIT_MS:
            kind, text = "slow_tool", f"Tool {tool.name} took {shown(took)} (target: <5000ms)"
        else:
            continue
        yield Issue(
            type=kind,
            turn=tool.turn_index,
            description=text,
            recommendation="Check what the tool depends on, bound its time, and give the model an "
            "error that it can speak of.",
            severity=Severity.HIGH if tool.is_error else Severity.MEDIUM,
            stage="tool",
            start_ns=tool.start_ns,
            end_ns=tool.end_ns,
            span_ids=(tool.span_id,) if tool.span_id else (),
            evidence={} if took is None else {"observedMs": took, "targetMs": TOOL_LIMIT_MS},
        )


def _barge_ins(session: Session) -> Iterator[Issue]:
    for cut in session.interruptions:
        if cut.is_false:
            continue
        evidence: dict[str, float | int | str] = {}
        if cut.onset_ns is not None and cut.stopped_ns is not None:
            evidence["stopLatencyMs"] = ms_from_ns(cut.stopped_ns - cut.onset_ns)
        if cut.bleed_words is not None:
            evidence["bleedThroughWords"] = cut.bleed_words
        is_slow = float(evidence.get("stopLatencyMs", 0)) > STOP_LIMIT_MS
        if is_slow or (cut.bleed_words or 0) > BLEED_LIMIT_WORDS:
            said = ", ".join(f"{name} {value}" for name, value in evidence.items())
            yield Issue(
                type="slow_barge_in",
                turn=cut.agent_turn_index,
                description=f"Agent talked on after the caller began ({said})",
                recommendation="Lower the minimum length of an interruption, and clear the "
                "playback's buffer as soon as one is recognised.",
                severity=Severity.MEDIUM,
                start_ns=cut.onset_ns,
                end_ns=cut.stopped_ns,
                evidence=evidence,
            )


def _uncertain(session: Session) -> Iterator[Issue]:
    for turn in session.turns:
        if turn.confidence is not None and turn.confidence < CONFIDENCE_LIMIT:
            yield Issue(
                type="stt_low_confidence",
                turn=turn.index,
                description=f"Transcript confidence {turn.confidence:.2f} (target: >=0.6)",
                recommendation="Check codec, sample rate, noise and the language setting.",
                severity=Severity.MEDIUM,
                stage="stt",
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=turn.span_ids,
                evidence={"confidence": turn.confidence},
            )


def _dead_air(session: Session) -> Iterator[Issue]:
    for before, turn in pairwise(session.turns):
        if before.end_ns is None:
            continue
        silence = ms_from_ns(turn.start_ns - before.end_ns)
        if silence > SILENCE_LIMIT_MS:
            yield Issue(
                type="dead_air",
                turn=turn.index,
                description=f"Silence of {shown(silence)} before turn {turn.index} (target: <4000ms)",
                recommendation="Speak a short filler while work goes on, and ask again when the "
                "caller stays silent.",
                severity=_by_wait(silence) if turn.speaker is Speaker.AGENT else Severity.LOW,
                start_ns=before.end_ns,
                end_ns=turn.start_ns,
                evidence={"observedMs": silence, "targetMs": SILENCE_LIMIT_MS},
            )
