"""Silences, answers that never came, speech that was cut short, and callers who left.

Source: voice.md 1.5 and 2.2.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.latency import is_long
from turnwise.analyse.diagnosis.speech import is_farewell
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.metrics import Gap
from turnwise.model.session import Session, SessionStatus, Speaker, Turn

_LONGEST_SILENCE_NS = 300 * NS_PER_SECOND
"""A longer one is a call on hold or a broken clock."""
_AT_END_NS = 1_500_000_000
_PROGRAM = frozenset({"user_initiated", "job_shutdown", "task_completed", "completed"})
"""Reasons that a framework gives when its own program ended the session."""
_ORDER = list(Severity)


def failed_turns(case: Case) -> Iterator[Issue]:
    """The caller's turns that got no answer, and answers that were never heard."""
    turns = case.turns
    for turn, after in zip_longest(turns, turns[1:]):
        found = _unanswered(case, turn, after) if turn.speaker is Speaker.USER else None
        if found is not None:
            reason, confidence = found
            yield _failed(case, turn, after, reason, confidence)
        elif turn.speaker is Speaker.AGENT and (lost := _unheard(case, turn)):
            asked = turn.response.asked_turn if turn.response is not None else None
            about = turns[asked] if asked is not None else turn
            yield _failed(case, about, turn, lost, 0.9)


def _unanswered(case: Case, turn: Turn, after: Turn | None) -> tuple[str, float] | None:
    """Why a turn counts as failed, and how sure that is."""
    text = f"Agent did not answer turn {turn.index}"
    if after is not None and after.speaker is Speaker.AGENT:
        return None
    if turn.error:
        return f"{text}: {turn.error[:200]}", 0.98
    if not _was_said(case, turn) or turn.end_ns is None:
        return None
    if after is not None:
        waited = after.start_ns - turn.end_ns
        return (text, 0.9) if waited >= ns(case.limits.dropped_ms) else None
    session = case.session
    if session.ended_ns is None:
        return None
    waited = session.ended_ns - turn.end_ns
    if waited >= ns(case.limits.unanswered_ms):
        return text, 0.9
    is_open = waited >= ns(case.limits.dead_air_ms) and not is_farewell(turn.text)
    if session.close_reason == "error" or (is_open and "?" in (turn.text or "")):
        return text, 0.7
    return None


def _was_said(case: Case, turn: Turn) -> bool:
    is_mute = not any(each.text for each in case.turns if each.speaker is Speaker.USER)
    return bool(turn.text) or is_mute or case.may_be_wordless(turn)


def _unheard(case: Case, turn: Turn) -> str | None:
    has_texts = any(each.text for each in case.turns if each.speaker is Speaker.AGENT)
    if turn.text or turn.interrupted or not (has_texts or turn.error):
        return None
    if turn.error:
        return f"Agent failed in turn {turn.index}: {turn.error[:200]}"
    return None if turn.tts_ns is not None else f"Agent said nothing in turn {turn.index}"


def _failed(case: Case, turn: Turn, after: Turn | None, reason: str, confidence: float) -> Issue:
    failures = [each for each in case.session.failures if each.turn == turn.index]
    proof = [span for each in failures for span in each.span_ids]
    evidence: dict[str, float | int | str] = {}
    end_ns = after.start_ns if after is not None else case.session.ended_ns
    if turn.end_ns is not None and end_ns is not None and end_ns > turn.end_ns:
        evidence["observedMs"] = ms(end_ns - turn.end_ns)
    error = turn.error or next((each.message for each in failures), None)
    if error:
        evidence["error"] = error[:200]
    named = f"Mend this error: {error[:100]}." if error else "Find out why no answer was made."
    return Issue(
        type="failed_turn",
        turn=turn.index,
        description=reason,
        recommendation=f"{named} Say something when no answer can be given.",
        severity=Severity.HIGH,
        start_ns=turn.start_ns,
        end_ns=end_ns if end_ns is not None else turn.end_ns,
        span_ids=tuple(dict.fromkeys([*proof, *case.ids(turn.index)])),
        evidence=evidence,
        confidence=confidence,
    )


def dead_air(case: Case, failed: Iterable[Issue]) -> Iterator[Issue]:
    """Silences of both parties, by whose turn it was."""
    failures = {each.turn for each in failed}
    for gap in case.session.conduct.gaps:
        least = case.limits.dead_air_ms if gap.is_owed_by_agent else case.limits.dead_air_high_ms
        if not ns(least) <= gap.length_ns <= _LONGEST_SILENCE_NS:
            continue
        if case.skewed & {gap.after, gap.before}:
            continue
        if gap.before is None and gap.after not in failures:
            continue  # between the last words and the end of the connection nobody waits
        yield _silence(case, gap)


def _silence(case: Case, gap: Gap) -> Issue:
    turn = gap.after if gap.before is None else gap.before
    severity = _silence_severity(case, gap)
    if gap.is_owed_by_agent:
        advice = (
            f"The caller waited {shown_ns(gap.length_ns)} in silence. Speak a short filler while "
            "work goes on, and mend the stage that held the answer."
        )
    else:
        advice = (
            f"Nobody spoke for {shown_ns(gap.length_ns)} while the caller was expected to. Ask again "
            "earlier."
        )
    owner = "agent" if gap.is_owed_by_agent else "caller"
    return Issue(
        type="dead_air",
        turn=turn,
        description=f"Silence of {shown_ns(gap.length_ns)} before turn {turn} "
        f"(target: <{case.limits.dead_air_ms:.0f}ms), owed by the {owner}"
        if gap.before is not None
        else f"Silence of {shown_ns(gap.length_ns)} after turn {turn}, owed by the {owner}",
        recommendation=advice,
        severity=severity,
        start_ns=gap.start_ns,
        end_ns=gap.end_ns,
        span_ids=case.ids(gap.before, gap.after),
        evidence={
            "observedMs": ms(gap.length_ns),
            "targetMs": round(case.limits.dead_air_ms),
            "owedBy": owner,
            "excessMs": ms(gap.length_ns - ns(case.limits.dead_air_ms)),
        },
        confidence=0.9,
    )


def _silence_severity(case: Case, gap: Gap) -> Severity:
    """By its length; a short one that the agent's answers always have is no alarm."""
    limits = case.limits
    if gap.length_ns >= ns(limits.dead_air_critical_ms):
        return Severity.CRITICAL
    if gap.length_ns >= ns(limits.dead_air_high_ms):
        return Severity.HIGH
    response = case.turns[gap.before].response if gap.before is not None else None
    wait = response.latency_ns if response is not None else None
    is_known = response is not None and wait is not None and not is_long(case, wait, response)
    return Severity.INFO if is_known else Severity.LOW


def truncated_speech(case: Case) -> Iterator[Issue]:
    """Agent turns of which too little was heard though nobody spoke over them."""
    cut = {each.agent_turn_index for each in case.session.interruptions if not each.is_false}
    for turn, after in zip_longest(case.turns, case.turns[1:]):
        written, heard = turn.full_text, turn.text
        if turn.speaker is not Speaker.AGENT or not written or turn.index in cut:
            continue
        if turn.interrupted and after is not None and after.speaker is Speaker.USER:
            continue
        share = _size(heard) / _size(written) if _size(written) else 1.0
        if share < case.limits.played_share:
            yield Issue(
                type="truncated_agent_speech",
                turn=turn.index,
                description=f"Only {share:.0%} of turn {turn.index} was heard, and nobody "
                "interrupted it",
                recommendation="Look for playout errors in this turn, and let the agent finish "
                "before the session is closed.",
                severity=Severity.MEDIUM,
                stage=None,
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=case.ids(turn.index),
                evidence={"share": round(share, 3), "target": case.limits.played_share},
                confidence=0.85,
            )


def _size(text: str | None) -> int:
    return len("".join((text or "").split()))


def abrupt_hangup(case: Case, issues: Iterable[Issue]) -> Iterator[Issue]:
    """A caller who left in the middle of the agent's words, or soon after something went wrong."""
    session = case.session
    if not session.turns or session.ended_ns is None or not _caller_left(session):
        return
    last = session.turns[-1]
    if is_farewell(last.text) or is_farewell(last.full_text):
        return
    cause = _reason_to_leave(case, list(issues), last)
    is_mid_word = _is_mid_word(session, last)
    if not is_mid_word and cause is None:
        return
    after = f" after {cause.type} in turn {cause.turn}" if cause is not None else ""
    where = f"in the middle of turn {last.index}" if is_mid_word else f"at turn {last.index}"
    yield Issue(
        type="abrupt_hangup",
        turn=None,
        description=f"The caller left {where}{after}",
        recommendation="Mend what went wrong right before the caller left."
        if cause is not None
        else "Listen to the last turns: the caller left while the agent was speaking.",
        severity=Severity.MEDIUM if cause is not None else Severity.LOW,
        start_ns=last.start_ns,
        end_ns=session.ended_ns,
        span_ids=case.ids(last.index),
        evidence={
            "lastTurn": last.index,
            **({"causeTurn": cause.turn} if cause is not None and cause.turn is not None else {}),
        },
        confidence=0.7,
        caused_by=cause.type if cause is not None else None,
    )


def _caller_left(session: Session) -> bool:
    return session.close_reason not in _PROGRAM and session.status is not SessionStatus.FAILED


def _is_mid_word(session: Session, last: Turn) -> bool:
    if last.speaker is not Speaker.AGENT or session.ended_ns is None:
        return False
    if not (last.interrupted or last.full_text):
        return False
    return last.end_ns is None or last.end_ns >= session.ended_ns - _AT_END_NS


def _reason_to_leave(case: Case, issues: list[Issue], last: Turn) -> Issue | None:
    ended_ns = case.session.ended_ns or 0
    since_ns = ended_ns - ns(case.limits.hangup_ms)
    # Who heard the agent out has a better reason than a moment's wait.
    is_heard_out = last.speaker is Speaker.AGENT and not last.interrupted
    least = _ORDER.index(Severity.HIGH if is_heard_out else Severity.MEDIUM)
    near = [
        each
        for each in issues
        if each.turn is not None
        and _ORDER.index(each.severity) >= least
        and (each.end_ns or each.start_ns or 0) >= since_ns
        and (last.speaker is Speaker.USER or each.turn >= last.index - 1)
        and each.caused_by is None
        and not (each.type == "truncated_agent_speech" and each.turn == last.index)
    ]
    return max(near, key=lambda each: (_ORDER.index(each.severity), each.turn or 0), default=None)
