"""What the agent heard wrong, or not at all (voice.md 1.5 and 2.2)."""

from collections.abc import Iterator
from dataclasses import replace

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.speech import is_repair, similarity
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.session import Speaker, Turn

_NEAR_NS = 300_000_000
_WITHIN = 3
"""How many turns apart the caller may say the same again."""


def recognition_issues(case: Case) -> Iterator[Issue]:
    """Misunderstandings, doubtful transcripts and speech without one."""
    yield from _raised(list(_misunderstood(case)))
    yield from _doubtful(case)
    yield from _raised(list(_empty(case)))


def _raised(issues: list[Issue]) -> list[Issue]:
    """Once is bad, twice is worse."""
    if len(issues) < 2:
        return issues
    return [replace(each, severity=Severity.HIGH) for each in issues]


def _misunderstood(case: Case) -> Iterator[Issue]:
    users = [turn for turn in case.turns if turn.speaker is Speaker.USER and turn.text]
    for at, turn in enumerate(users):
        near = users[max(0, at - _WITHIN) : at]
        earlier = [each for each in near if turn.index - each.index <= _WITHIN]
        said = next(
            (
                each
                for each in reversed(earlier)
                if similarity(each.text or "", turn.text or "") >= case.limits.similarity
            ),
            None,
        )
        if said is not None:
            yield _misunderstanding(case, turn, said, "said the same again")
        elif turn.index > 0 and is_repair(turn.text or ""):
            before = earlier[-1] if earlier else None
            yield _misunderstanding(case, turn, before, "corrected the agent")


def _misunderstanding(case: Case, turn: Turn, said: Turn | None, what: str) -> Issue:
    evidence: dict[str, float | int | str] = {}
    confidence = 0.8
    if said is not None:
        evidence["earlierTurn"] = said.index
        evidence["similarity"] = round(similarity(said.text or "", turn.text or ""), 3)
        if said.confidence is not None:
            evidence["confidence"] = said.confidence
            confidence = 0.9 if said.confidence < case.limits.confidence else confidence
    ids = case.ids(turn.index, said.index if said is not None else None)
    return Issue(
        type="agent_misunderstanding",
        turn=turn.index,
        description=f"The caller {what} in turn {turn.index}",
        recommendation="Check what was understood at that turn, add its vocabulary to the "
        "recogniser, and confirm values that matter.",
        severity=Severity.MEDIUM,
        start_ns=turn.start_ns,
        end_ns=turn.end_ns,
        span_ids=ids,
        evidence=evidence,
        confidence=confidence,
    )


def _doubtful(case: Case) -> Iterator[Issue]:
    limit = case.limits.confidence
    for turn in case.turns:
        is_user = turn.speaker is Speaker.USER
        if is_user and turn.confidence is not None and turn.confidence < limit:
            yield Issue(
                type="stt_low_confidence",
                turn=turn.index,
                description=f"Transcript confidence {turn.confidence:.2f} (target: >={limit:g})",
                recommendation="Check codec, sample rate, noise and the language setting.",
                severity=Severity.MEDIUM,
                stage="stt",
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=case.ids(turn.index),
                evidence={"confidence": turn.confidence, "target": limit},
                confidence=0.9,
            )


def _empty(case: Case) -> Iterator[Issue]:
    if not any(turn.text for turn in case.turns if turn.speaker is Speaker.USER):
        return
    noises = [
        each.onset_ns
        for each in case.session.interruptions
        if each.is_false and each.onset_ns is not None
    ]
    for turn in case.turns:
        if turn.speaker is not Speaker.USER or turn.text or turn.end_ns is None:
            continue
        length = turn.end_ns - turn.start_ns
        is_noise = any(turn.start_ns - _NEAR_NS <= at <= turn.end_ns for at in noises)
        if case.may_be_wordless(turn):
            continue
        if length >= ns(case.limits.empty_speech_ms) and not is_noise:
            yield Issue(
                type="stt_empty",
                turn=turn.index,
                description=f"{shown_ns(length)} of speech in turn {turn.index} have no transcript",
                recommendation="Check codec, sample rate and language of the recogniser, and whether "
                "noise was taken for speech.",
                severity=Severity.MEDIUM,
                stage="stt",
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=case.ids(turn.index),
                evidence={
                    "observedMs": ms(length),
                    "targetMs": round(case.limits.empty_speech_ms),
                },
                confidence=0.85,
            )
