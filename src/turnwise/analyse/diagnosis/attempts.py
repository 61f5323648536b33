"""Requests that were tried again, answered by another model, failed, or had to connect first.

Source: voice.md 2.2.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Failure, Part, PipelineStage, Response
from turnwise.model.session import Speaker, Turn

_DATED = re.compile(r"[-@_:](?:\d{4}-?\d{2}-?\d{2}|\d{4}|latest|preview|exp|\d{3})\b.*$")
_FEWEST = 3


def attempt_issues(case: Case, late: Iterable[Issue]) -> Iterator[Issue]:
    """What requests went through before they were answered; `late` are the late answers."""
    slow = {each.turn: each for each in late}
    yield from _retries(case, slow)
    yield from _fallbacks(case, slow)
    yield from _errors(case, slow)
    yield from _cold(case, slow)


def _retries(case: Case, slow: dict[int | None, Issue]) -> Iterator[Issue]:
    for turn, response in case.answers:
        made = response.generation
        if made is None or made.attempts < 2:
            continue
        yield Issue(
            type="retry",
            turn=turn.index,
            stage=PipelineStage.LLM,
            description=f"A request of turn {turn.index} took {made.attempts} attempts",
            recommendation="Check rate limits and the provider's status, and raise the quota.",
            severity=_suffered(case, turn, response, slow),
            start_ns=response.from_ns,
            end_ns=response.heard_ns,
            span_ids=tuple(dict.fromkeys([*made.attempt_span_ids, *made.span_ids])),
            evidence={"attempts": made.attempts},
            confidence=0.95,
        )


def _suffered(
    case: Case, turn: Turn, response: Response, slow: dict[int | None, Issue]
) -> Severity:
    wait = case.wait_ns(turn, response)
    is_felt = turn.index in slow or (wait is not None and wait > ns(case.limits.turn_ms))
    return Severity.MEDIUM if is_felt else Severity.LOW


def bare(model: str) -> str:
    """A model's name without its vendor's prefix and its date: those do not make it another one."""
    return _DATED.sub("", model.rpartition("/")[2].lower())


def _is_same(one: str, other: str) -> bool:
    a, b = bare(one), bare(other)
    return a == b or a.startswith(f"{b}-20") or b.startswith(f"{a}-20")


def _fallbacks(case: Case, slow: dict[int | None, Issue]) -> Iterator[Issue]:
    told: set[int] = set()
    for turn, response in case.answers:
        made = response.generation
        asked = made.requested_model if made is not None else None
        if made is not None and asked and made.model and not _is_same(asked, made.model):
            told.add(turn.index)
            yield _fallback(case, turn, response, asked, made.model, slow, made.span_ids)
    if '"handoffs"' in case.session.metadata:
        return  # another agent may well have another model
    models = [(turn, response, _model_of(response)) for turn, response in case.answers]
    yield from _changes(case, models, told, slow, "model")
    voices = [(turn, response, _voice_of(response)) for turn, response in case.answers]
    yield from _changes(case, voices, told, slow, "voice")


def _model_of(response: Response) -> tuple[str, tuple[str, ...]] | None:
    made = response.generation
    return (made.model, made.span_ids) if made is not None and made.model else None


def _voice_of(response: Response) -> tuple[str, tuple[str, ...]] | None:
    return next(
        (
            (each.model, each.span_ids)
            for each in response.parts
            if each.part is Part.TTS and each.model
        ),
        None,
    )


def _changes(
    case: Case,
    used: Sequence[tuple[Turn, Response, tuple[str, tuple[str, ...]] | None]],
    told: set[int],
    slow: dict[int | None, Issue],
    what: str,
) -> Iterator[Issue]:
    """The first turn of each stretch in which another model spoke than in most of the session."""
    known = [(turn, response, named) for turn, response, named in used if named is not None]
    if len(known) < _FEWEST:
        return
    counts = Counter(bare(named[0]) for _, _, named in known)
    most = max(counts.values())
    usual = next(bare(named[0]) for _, _, named in known if counts[bare(named[0])] == most)
    before = usual
    for turn, response, (model, span_ids) in known:
        now = bare(model)
        if now not in (usual, before) and turn.index not in told:
            told.add(turn.index)
            yield _fallback(case, turn, response, usual, model, slow, span_ids, what)
        before = now


def _fallback(
    case: Case,
    turn: Turn,
    response: Response,
    expected: str,
    answered: str,
    slow: dict[int | None, Issue],
    span_ids: tuple[str, ...],
    what: str = "model",
) -> Issue:
    return Issue(
        type="model_fallback",
        turn=turn.index,
        stage=PipelineStage.TTS if what == "voice" else PipelineStage.LLM,
        description=f"Turn {turn.index} was answered by {what} {answered} instead of {expected}",
        recommendation="Check why the usual one was not used: rate limits, quota and the provider's "
        "status.",
        severity=_suffered(case, turn, response, slow),
        start_ns=response.from_ns,
        end_ns=response.heard_ns,
        span_ids=span_ids or case.ids(turn.index),
        evidence={"expected": expected, "answered": answered},
        confidence=0.9,
    )


def _errors(case: Case, slow: dict[int | None, Issue]) -> Iterator[Issue]:
    for each in case.session.failures:
        if each.is_attempt or not _is_apart(case, each):
            continue
        yield Issue(
            type="error_span",
            turn=each.turn,
            description=f"{each.name or each.step} failed: {each.message[:200]}",
            recommendation=f"Mend this error: {each.message[:100]}.",
            severity=Severity.MEDIUM if each.turn in slow or each.turn is None else Severity.LOW,
            stage=_STAGES.get(each.step),
            start_ns=each.start_ns,
            end_ns=each.end_ns,
            span_ids=each.span_ids,
            evidence={"error": each.message[:200]},
            confidence=0.95,
        )


_STAGES = {"llm": "llm", "llm_node": "llm", "stt": "stt", "tts": "tts", "tts_request": "tts"}


def _is_apart(case: Case, failure: Failure) -> bool:
    """Whether the failure is not the reason of a failed turn, which tells of it."""
    if failure.turn is None:
        return True
    turn = case.turns[failure.turn]
    if turn.error:
        return False
    if turn.speaker is Speaker.AGENT:
        return failure.is_recovered
    following = failure.turn + 1
    return following < len(case.turns) and case.turns[following].speaker is Speaker.AGENT


def _cold(case: Case, slow: dict[int | None, Issue]) -> Iterator[Issue]:
    for turn, response in case.answers:
        acquired = response.acquire_ns
        is_new = response.is_connection_new is not False
        if acquired is None or acquired <= ns(case.limits.acquire_ms) or not is_new:
            continue
        yield Issue(
            type="cold_connection",
            turn=turn.index,
            stage=PipelineStage.TTS,
            description=f"Turn {turn.index} waited {shown_ns(acquired)} for a connection "
            f"(target: <{case.limits.acquire_ms:.0f}ms)",
            recommendation="Open the connection before the call begins, and keep it open.",
            severity=Severity.LOW,
            start_ns=response.from_ns,
            end_ns=response.heard_ns,
            span_ids=response.connection_span_ids,
            evidence={
                "observedMs": ms(acquired),
                "targetMs": round(case.limits.acquire_ms),
                "excessMs": ms(acquired - ns(case.limits.acquire_ms)),
            },
            confidence=0.9,
        )
    yield from _cold_start(case, slow)


def _cold_start(case: Case, slow: dict[int | None, Issue]) -> Iterator[Issue]:
    """A first answer that alone was late: most likely something had to warm up."""
    if len(case.answers) < _FEWEST + 1:
        return
    first, response = case.answers[0]
    late = slow.get(first.index)
    others = {turn.index for turn, _ in case.answers[1:]}
    if (
        late is None
        or late.stage not in (PipelineStage.LLM, PipelineStage.TTS)
        or others & set(slow)
    ):
        return
    yield Issue(
        type="cold_start",
        turn=first.index,
        stage=late.stage,
        description="Only the first answer of the session was late",
        recommendation="Prewarm models and connections before the first caller is answered.",
        severity=Severity.INFO,
        start_ns=response.from_ns,
        end_ns=response.heard_ns,
        span_ids=late.span_ids,
        evidence=dict(late.evidence),
        confidence=0.5,
    )
