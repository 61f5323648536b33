"""Two voices at once: barge-ins that were slow or missed, false alarms, agents that cut in.

Source: voice.md 1.4 and 2.2.
"""

from collections.abc import Iterator

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.speech import is_sign_of_listening
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.session import Interruption, InterruptionKind, Speaker

_LONGEST_STOP_NS = 30 * NS_PER_SECOND
_USUAL_BELIEF = 0.85


def barge_in_issues(case: Case) -> Iterator[Issue]:
    """At most one issue for each moment in which both spoke."""
    yield from _slow(case)
    for each in case.session.interruptions:
        if each.kind is InterruptionKind.FALSE_ALARM:
            yield _false_alarm(case, each)
        elif each.kind is InterruptionKind.PREMATURE:
            yield _premature(case, each)
        elif each.kind is InterruptionKind.MISSED and _is_speech(case, each):
            yield _missed(case, each)
    for each in case.session.overlaps:
        if each.kind is InterruptionKind.MISSED and _is_speech(case, each):
            yield _missed(case, each)
        elif each.kind is InterruptionKind.PREMATURE:
            yield _premature(case, each)
    yield from _resumed(case)


def _slow(case: Case) -> Iterator[Issue]:
    limits = case.limits
    slow: list[tuple[Interruption, dict[str, float | int | str]]] = []
    for each in case.session.interruptions:
        if each.kind is not InterruptionKind.BARGE_IN:
            continue
        evidence: dict[str, float | int | str] = {}
        stop_ns = stop_latency(each)
        if stop_ns is not None:
            evidence["stopLatencyMs"] = ms(stop_ns)
        if each.bleed_words is not None:
            evidence["bleedThroughWords"] = each.bleed_words
        is_slow = stop_ns is not None and stop_ns > ns(limits.stop_ms)
        if is_slow or (each.bleed_words or 0) > limits.bleed_words:
            evidence["targetMs"] = round(limits.stop_ms)
            evidence["excessMs"] = max(0, ms((stop_ns or 0) - ns(limits.stop_ms)))
            evidence["source"] = each.source
            slow.append((each, evidence))
    for each, evidence in slow:
        told = []
        if "stopLatencyMs" in evidence:
            told.append(f"for {shown_ns(stop_latency(each) or 0)}")
        if each.bleed_words:
            told.append(f"over {each.bleed_words} words")
        yield Issue(
            type="slow_barge_in",
            turn=each.agent_turn_index,
            description=f"Agent talked on {' and '.join(told)} after the caller began "
            f"(target: <{limits.stop_ms:.0f}ms)",
            recommendation="Lower the minimum length of an interruption, and stop playback and "
            "clear its buffer as soon as one is recognised.",
            severity=Severity.HIGH if len(slow) > 1 else Severity.MEDIUM,
            start_ns=each.onset_ns,
            end_ns=each.stopped_ns,
            span_ids=_proof(case, each),
            evidence=evidence,
            confidence=0.9,
        )


def stop_latency(each: Interruption) -> int | None:
    """Caller's onset to the agent's silence, where both are known and can be."""
    if each.onset_ns is None or each.stopped_ns is None:
        return None
    length = each.stopped_ns - each.onset_ns
    return length if 0 <= length <= _LONGEST_STOP_NS else None


def _proof(case: Case, each: Interruption) -> tuple[str, ...]:
    found = case.ids(each.agent_turn_index, each.user_turn_index)
    own = (each.id,) if each.source == "reported" else ()
    return tuple(dict.fromkeys([*own, *found]))


def _is_speech(case: Case, each: Interruption) -> bool:
    """Whether somebody wanted the floor: words that are more than a sign of listening."""
    if each.user_turn_index is None:
        return each.source == "audio"
    text = case.turns[each.user_turn_index].text
    is_mute = not any(turn.text for turn in case.turns if turn.speaker is Speaker.USER)
    return is_mute or (bool(text) and not is_sign_of_listening(text))


def _missed(case: Case, each: Interruption) -> Issue:
    return Issue(
        type="missed_barge_in",
        turn=each.agent_turn_index,
        description=f"Agent talked on over the caller{_turn(each, ' in')}",
        recommendation="Allow interruptions of this speech, and check the gain and the threshold of "
        "the voice detector.",
        severity=Severity.HIGH,
        start_ns=each.onset_ns,
        end_ns=case.turns[each.agent_turn_index].end_ns
        if each.agent_turn_index is not None
        else None,
        span_ids=_proof(case, each),
        evidence={"source": each.source},
        confidence=_belief(case, each),
    )


def _turn(each: Interruption, preposition: str = "") -> str:
    """The agent's turn, where it is known."""
    known = each.agent_turn_index is not None
    return f"{preposition} turn {each.agent_turn_index}" if known else ""


def _belief(case: Case, each: Interruption) -> float:
    """What was heard is as sure as the hearing itself."""
    audio = case.audio if each.source == "audio" else None
    return _USUAL_BELIEF if audio is None else min(_USUAL_BELIEF, audio.confidence)


def _false_alarm(case: Case, each: Interruption) -> Issue:
    evidence: dict[str, float | int | str] = {"source": each.source}
    stop_ns = stop_latency(each)
    if stop_ns is not None:
        evidence["stopLatencyMs"] = ms(stop_ns)
    return Issue(
        type="false_interruption",
        turn=each.agent_turn_index,
        description=f"Agent fell silent in turn {each.agent_turn_index} though nobody took the floor",
        recommendation="Raise the minimum length or number of words of an interruption, suppress "
        "noise, and let the agent resume after a false alarm.",
        severity=Severity.MEDIUM,
        start_ns=each.onset_ns,
        end_ns=each.stopped_ns,
        span_ids=_proof(case, each),
        evidence=evidence,
        confidence=0.85,
    )


def _premature(case: Case, each: Interruption) -> Issue:
    return Issue(
        type="premature_endpointing",
        turn=each.agent_turn_index,
        description=f"Agent began{_turn(each)} while the caller was not done",
        recommendation="Use a longer endpointing delay or a semantic turn detector for this agent.",
        severity=Severity.MEDIUM,
        stage="endpointing",
        start_ns=each.onset_ns,
        end_ns=each.stopped_ns,
        span_ids=_proof(case, each),
        evidence={"source": each.source},
        confidence=_belief(case, each),
    )


def _resumed(case: Case) -> Iterator[Issue]:
    """Waits for the end of a turn that the caller cut short by going on; no harm was heard."""
    for turn in case.turns:
        if turn.speaker is Speaker.USER and turn.resumed:
            yield Issue(
                type="premature_endpointing",
                turn=turn.index,
                description=f"The caller went on {turn.resumed} times while the end of turn "
                f"{turn.index} was awaited",
                recommendation="Nothing was cut off. If this is frequent, use a longer endpointing "
                "delay or a semantic turn detector.",
                severity=Severity.INFO,
                stage="endpointing",
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=case.ids(turn.index),
                evidence={"resumed": turn.resumed},
                confidence=0.5,
            )
