"""The requests behind an agent turn: which model spoke, with what prompt, at which attempt."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from turnwise.analyse.assemble.drafts import Draft
from turnwise.analyse.assemble.scene import end_of
from turnwise.model.metrics import Generation
from turnwise.model.observation import Level, Observation, Step

_TOKEN_NS = 15_000_000
"""How long a hidden token takes where no visible one can be measured: 65 a second."""
_ATTEMPTS = frozenset({Step.LLM_ATTEMPT, Step.TTS_ATTEMPT})


@dataclass(frozen=True, slots=True)
class Connection:
    """What was told of the connections that some requests used."""

    acquire_ns: int | None = None
    is_new: bool | None = None
    span_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Observation]) -> Self:
        """The slowest one; new when any was not open before."""
        told = [
            each
            for each in spans
            if each.voice.acquire_ns is not None or each.voice.is_connection_reused is not None
        ]
        if not told:
            return cls()
        times = [each.voice.acquire_ns for each in told if each.voice.acquire_ns is not None]
        reused = [
            each.voice.is_connection_reused
            for each in told
            if each.voice.is_connection_reused is not None
        ]
        return cls(
            max(times, default=None),
            not all(reused) if reused else None,
            tuple(dict.fromkeys(each.span_id for each in told)),
        )


def nodes_of(spans: Iterable[Observation]) -> list[Observation]:
    """The model steps of a turn by start, not those of a model that a tool asked."""
    ordered = sorted(spans, key=lambda each: (each.start_ns, each.trace_id, each.span_id))
    tools = {(each.trace_id, each.span_id) for each in ordered if each.step is Step.TOOL}
    parents = {(each.trace_id, each.span_id): each.parent_span_id for each in ordered}

    def is_own(span: Observation) -> bool:
        above, steps = span.parent_span_id, 0
        while above is not None and steps < len(parents):
            if (span.trace_id, above) in tools:
                return False
            above, steps = parents.get((span.trace_id, above)), steps + 1
        return True

    nodes = [each for each in ordered if each.step is Step.LLM_NODE and is_own(each)]
    return nodes or [each for each in ordered if each.step is Step.LLM and is_own(each)]


def generation_of(draft: Draft, heard_ns: int) -> Generation | None:
    """The request that spoke; of a turn known without spans its model alone."""
    requests = sorted(
        (each for each in draft.spans if each.step is Step.LLM),
        key=lambda each: (each.start_ns, each.trace_id, each.span_id),
    )
    if not requests:
        return Generation(model=draft.model) if draft.model else None
    own = {each.span_id for each in nodes_of(draft.spans)}
    requests = [
        each for each in requests if each.span_id in own or each.parent_span_id in own
    ] or requests
    begun = [each for each in requests if each.start_ns <= heard_ns] or requests[:1]
    good = [each for each in begun if each.level is not Level.ERROR] or begun
    spoke = next((each for each in good if each.voice.agent_text), good[-1])
    usage, voice = spoke.usage_details, spoke.voice
    reasoning = _count(usage.get("output_reasoning_tokens"))
    cached = voice.cached_tokens
    if cached is None:
        cached = _count(usage.get("input_cached_tokens"))
    attempts, failed = _attempts(draft.spans, begun)
    return Generation(
        model=spoke.model or draft.model,
        requested_model=voice.requested_model,
        provider=spoke.provider,
        prompt_tokens=_count(usage.get("input")),
        cached_tokens=cached,
        output_tokens=_count(usage.get("output")),
        reasoning_tokens=reasoning,
        thinking_ns=_thinking_ns(spoke, reasoning),
        attempts=attempts,
        attempt_span_ids=failed,
        span_ids=(spoke.span_id,),
    )


def _count(value: float | None) -> int | None:
    return None if value is None else round(value)


def _thinking_ns(request: Observation, reasoning: int | None) -> int | None:
    first_ns = request.voice.llm_ttft_ns
    if not reasoning or first_ns is None:
        return None
    visible = round(request.usage_details.get("output", 0)) - reasoning
    writing_ns = end_of(request) - request.start_ns - first_ns
    each_ns = writing_ns // visible if visible > 0 and writing_ns > 0 else _TOKEN_NS
    return min(first_ns, reasoning * each_ns)


def _attempts(
    spans: Iterable[Observation], requests: Iterable[Observation]
) -> tuple[int, tuple[str, ...]]:
    """Tries of the most tried request, and the ids of those that failed."""
    tries = [each for each in spans if each.step in _ATTEMPTS]
    counts = Counter((each.trace_id, each.parent_span_id) for each in tries)
    most = max(counts.values(), default=1)
    most = max([most, *((each.voice.retry_count or 0) + 1 for each in tries)])
    failed = [each for each in tries if each.level is Level.ERROR]
    given_up = [each for each in requests if each.level is Level.ERROR]
    if given_up:
        most = max(most, len(given_up) + 1)
    own = [each.span_id for each in (*failed, *given_up)]
    own += [each.span_id for each in tries if each.voice.retry_count]
    return most, tuple(dict.fromkeys(own))
