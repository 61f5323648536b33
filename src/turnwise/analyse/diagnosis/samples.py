"""What a session teaches about its agent: the figures of its clean turns.

Flagged, failed and interrupted turns are left out, or an outage would teach itself (voice.md 2.3).
What is flagged by a fixed limit alone, before anybody knows what is usual, is kept: without it the
agent would seem faster than it is, and its ordinary slow turns would be flagged for ever.
"""

from collections.abc import Iterable

from turnwise.analyse.diagnosis.case import DECISION, TURN, Case, key_of
from turnwise.analyse.diagnosis.figures import (
    CACHED,
    COST,
    cached_share,
    cost_per_minute,
    length_class,
)
from turnwise.model.diagnosis import Issue, Sample, Severity

_BY_LIMIT = frozenset({"high_latency", "slow_tool"})
_OWN = frozenset({"version", "agent"})


def _flagged(issues: Iterable[Issue]) -> set[int | None]:
    """Turns that are not as they usually are."""
    found = [each for each in issues if each.severity is not Severity.INFO]
    by_limit = {
        (each.type, each.turn)
        for each in found
        if each.type in _BY_LIMIT and each.evidence.get("baseline") not in _OWN
    }
    return {
        each.turn
        for each in found
        if (each.type, each.turn) not in by_limit and (each.caused_by, each.turn) not in by_limit
    }


def samples_of(case: Case, issues: Iterable[Issue]) -> tuple[Sample, ...]:
    """The samples of a session in which these issues were found."""
    found = list(issues)
    flagged = _flagged(found)
    samples: list[Sample] = []
    for turn, response in case.answers:
        is_flagged = turn.index in flagged or response.asked_turn in flagged - {None}
        if is_flagged or turn.interrupted or turn.error or case.is_skewed(turn, response):
            continue
        for each in case.believed(turn, response):
            kind, model = key_of(each, response)
            samples.append(
                Sample(
                    turn=turn.index,
                    part=each.part,
                    kind=kind,
                    model=model,
                    value=float(each.duration_ns),
                )
            )
        decided = case.decision_ns(turn, response)
        if decided is not None:
            samples.append(
                Sample(
                    turn=turn.index,
                    part=DECISION,
                    kind=response.kind,
                    model="",
                    value=float(decided),
                )
            )
        wait = case.wait_ns(turn, response)
        if wait is not None:
            samples.append(
                Sample(
                    turn=turn.index,
                    part=TURN,
                    kind="",
                    model=response.kind,
                    value=float(wait),
                )
            )
    cost = cost_per_minute(case.session)
    if cost is not None and not any(each.type == "cost_outlier" for each in found):
        samples.append(
            Sample(turn=-1, part=COST, kind=str(length_class(case.session)), model="", value=cost)
        )
    share = cached_share(case.session, case.limits.cacheable_tokens)
    if share is not None and not any(each.type == "no_prompt_cache" for each in found):
        samples.append(Sample(turn=-1, part=CACHED, kind="", model="", value=share))
    return tuple(samples)
