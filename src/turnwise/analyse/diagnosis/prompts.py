"""Prompts that grow, caches that are not used, models that think (voice.md 2.2)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.estimators import spearman, theil_sen
from turnwise.analyse.diagnosis.figures import CACHED
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Generation, Part, PipelineStage, Response
from turnwise.model.session import Turn

_FEWEST = 6
_CORRELATED = 0.6
_MONOTONE = 0.9
_NEVER = 0.8
_FEWEST_CALLS = 4
_ENOUGH_SESSIONS = 10
_OFTEN = 0.3
_FAR = 2.0
_MORE_TOKENS = 1_000
_FAR_MORE_TOKENS = 3_000
_FASTEST_NS, _SLOWEST_NS = 20_000, 400_000
"""What reading a token takes: hosted models read 2 500 to 50 000 a second. It says where other
prompts of the session are too much alike to show it."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A generation with its prompt and its time to the first token."""

    turn: Turn
    response: Response
    made: Generation
    tokens: int
    first_ns: int | None

    @property
    def uncached(self) -> int:
        return self.tokens - (self.made.cached_tokens or 0)


def _calls(case: Case) -> list[_Call]:
    found = []
    for turn, response in case.answers:
        made = response.generation
        if made is not None and made.prompt_tokens:
            first = [
                each.duration_ns for each in case.believed(turn, response) if each.part is Part.LLM
            ]
            found.append(
                _Call(turn, response, made, made.prompt_tokens, first[0] if first else None)
            )
    return found


def prompt_issues(case: Case, late: Iterable[Issue]) -> Iterator[Issue]:
    """What prompts and thinking cost; `late` are the late answers."""
    calls = _calls(case)
    yield from _growth(case, calls)
    yield from _uncached(case, calls)
    yield from _prefill(case, calls, {each.turn for each in late})
    yield from _thinking(case)


def _growth(case: Case, calls: Sequence[_Call]) -> Iterator[Issue]:
    timed = [each for each in calls if each.first_ns is not None]
    if len(timed) < _FEWEST:
        return
    order = list(range(len(timed)))
    tokens = [each.tokens for each in timed]
    waits = [float(each.first_ns or 0) for each in timed]
    slope = theil_sen(order, tokens)
    wait_slope = theil_sen(order, waits)
    together = spearman(tokens, waits)
    is_growing = slope > case.limits.prompt_slope_tokens and spearman(order, tokens) >= _MONOTONE
    if is_growing and wait_slope > 0 and together >= _CORRELATED:
        yield Issue(
            type="prompt_growth",
            turn=None,
            stage=PipelineStage.LLM,
            description=f"The prompt grew by {slope:.0f} tokens a turn, from {tokens[0]} to "
            f"{tokens[-1]}, and the first token came {shown_ns(wait_slope)} later each turn",
            recommendation=f"The history reached {tokens[-1]} tokens: trim or summarise it.",
            severity=Severity.MEDIUM,
            start_ns=timed[0].response.from_ns,
            end_ns=timed[-1].response.heard_ns,
            span_ids=tuple(dict.fromkeys(span for each in timed for span in each.made.span_ids)),
            evidence={
                "tokensPerTurn": round(slope, 1),
                "firstTokens": tokens[0],
                "lastTokens": tokens[-1],
                "msPerTurn": round(wait_slope / 1e6, 1),
                "correlation": round(together, 3),
                "n": len(timed),
            },
            confidence=0.9,
        )


def _uncached(case: Case, calls: Sequence[_Call]) -> Iterator[Issue]:
    later = [
        each
        for before, each in pairwise(calls)
        if each.tokens > case.limits.cacheable_tokens and before.made.model == each.made.model
    ]
    if len(later) < _FEWEST_CALLS:
        return
    misses = [each for each in later if not each.made.cached_tokens]
    told = [each for each in later if each.made.cached_tokens is not None]
    usual = case.baselines.values(CACHED)
    is_usual = (
        case.baselines.sessions(CACHED) >= _ENOUGH_SESSIONS and median(usual) - 1 >= _OFTEN * 1_000
    )
    if len(misses) < _NEVER * len(later) or not (told or is_usual):
        return
    yield Issue(
        type="no_prompt_cache",
        turn=None,
        stage=PipelineStage.LLM,
        description=f"None of the prompt was cached in {len(misses)} of {len(later)} model requests "
        f"of more than {case.limits.cacheable_tokens:.0f} tokens",
        recommendation="Keep the beginning of the prompt the same from turn to turn, and enable "
        "prompt caching.",
        severity=Severity.LOW,
        start_ns=later[0].response.from_ns,
        end_ns=later[-1].response.heard_ns,
        span_ids=tuple(dict.fromkeys(span for each in misses for span in each.made.span_ids)),
        evidence={
            "requests": len(later),
            "withoutCache": len(misses),
            "medianTokens": round(median([each.tokens for each in later])),
            **({"usualShare": round((median(usual) - 1) / 1_000, 2)} if is_usual else {}),
        },
        confidence=0.9 if told else 0.75,
    )


def _prefill(case: Case, calls: Sequence[_Call], late: Collection[int | None]) -> Iterator[Issue]:
    """First tokens that came late because the prompt was long; `late` are turns with late answers.

    A prompt that is longer by far explains a wait also where that alone would not stand out.
    """
    timed = [each for each in calls if each.first_ns is not None]
    if len(timed) < _FEWEST:
        return
    tokens = np.array([each.uncached for each in timed], dtype=np.float64)
    waits = np.array([each.first_ns or 0 for each in timed], dtype=np.float64)
    slope = theil_sen(tokens.tolist(), waits.tolist())
    base = float(np.median(waits - slope * tokens))
    usual_tokens, usual_wait = float(np.median(tokens)), float(np.median(waits))
    least = ns(case.limits.spike_excess_ms)
    for each, count, wait in zip(timed, tokens, waits, strict=True):
        more = count - usual_tokens
        is_long = count >= _FAR * usual_tokens and more >= _MORE_TOKENS
        is_odd = each.turn.index in late or (
            more >= _FAR_MORE_TOKENS and case.is_uncommon(Part.LLM, wait)
        )
        if not (is_long and is_odd) or wait - usual_wait < least:
            continue
        excess, explained = wait - usual_wait, slope * more
        is_fitting = explained >= 0.5 * excess and abs(wait - base - slope * count) <= 0.5 * excess
        if is_fitting or _FASTEST_NS <= excess / more <= _SLOWEST_NS:
            yield Issue(
                type="slow_prefill",
                turn=each.turn.index,
                stage=PipelineStage.LLM,
                description=f"The first token took {shown_ns(wait)} for a prompt of {count:.0f} "
                f"uncached tokens (usually {shown_ns(usual_wait)} for {usual_tokens:.0f})",
                recommendation=f"Shorten the history or make its {count:.0f} tokens cacheable.",
                severity=Severity.LOW,
                start_ns=each.response.from_ns,
                end_ns=each.response.heard_ns,
                span_ids=each.made.span_ids,
                evidence={
                    "observedMs": ms(wait),
                    "excessMs": ms(excess),
                    "uncachedTokens": int(count),
                    "explainedMs": ms(explained if is_fitting else excess),
                },
                confidence=0.8,
            )


def _thinking(case: Case) -> Iterator[Issue]:
    limit = ns(case.limits.thinking_ms)
    for turn, response in case.answers:
        made = response.generation
        if made is None or made.thinking_ns is None or made.thinking_ns <= limit:
            continue
        if turn.index in case.skewed:
            continue
        yield Issue(
            type="reasoning_delay",
            turn=turn.index,
            stage=PipelineStage.LLM,
            description=f"The model thought for about {shown_ns(made.thinking_ns)} before it answered "
            f"(target: <{case.limits.thinking_ms:.0f}ms)",
            recommendation=f"Lower the reasoning effort for spoken answers: "
            f"{made.reasoning_tokens} reasoning tokens were spent.",
            severity=Severity.MEDIUM,
            start_ns=response.from_ns,
            end_ns=response.heard_ns,
            span_ids=made.span_ids,
            evidence={
                "observedMs": ms(made.thinking_ns),
                "targetMs": round(case.limits.thinking_ms),
                "reasoningTokens": made.reasoning_tokens or 0,
            },
            confidence=0.75,
        )
