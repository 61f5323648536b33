"""Waits: which answers came late, and which stage is to blame by how much (voice.md 2.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from turnwise.analyse.diagnosis.baselines import Reference
from turnwise.analyse.diagnosis.case import (
    DECISION,
    TURN,
    UNCOMMON_Z,
    Case,
    key_of,
    ms,
    part_key,
    shown_ns,
    signature,
)
from turnwise.analyse.diagnosis.thresholds import Thresholds, ns
from turnwise.analyse.diagnosis.wording import advice, name_of
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import Part, PathPart, PipelineStage, Response
from turnwise.model.session import Turn

_TYPICAL_MS = {
    Part.STT: 200, Part.ENDPOINTING: 500, Part.CALLBACK: 20, Part.LLM: 500, Part.ASKING: 500,
    Part.WORDING: 100, Part.TOOL: 500, Part.TTS: 250, Part.TRANSPORT: 50, Part.UNEXPLAINED: 100,
}  # fmt: skip
"""What a stage takes where nobody knows better; middles of the ranges in voice.md 1.2."""
_HEARD = frozenset({Part.STT, Part.ENDPOINTING})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one part compares.

    Attributes:
        excess_ns: how much longer than usual the answer waited for it.
        z: modified z-score against `usual`, None without any reference.
        is_spike: it stands out of what is usual, or is far above its target.
    """

    part: PathPart
    usual_ns: int
    excess_ns: int
    z: float | None
    reference: Reference | None
    is_spike: bool


def late_answers(case: Case) -> Iterator[Issue]:
    """An issue for each stage that stands out in an answer; at most one for a stage."""
    for turn, response in case.answers:
        if case.is_skewed(turn, response):
            continue
        wait = case.wait_ns(turn, response)
        verdicts = [judge(case, each, response) for each in case.believed(turn, response)]
        verdicts = [_by_decision(case, turn, response, each, verdicts) for each in verdicts]
        stages = [each for each in _by_stage(verdicts) if any(v.is_spike for v in each)]
        is_late = wait is not None and is_long(case, wait, response)
        if not stages and is_late:
            grouped = _by_stage(verdicts)
            stages = [max(grouped, key=_excess)] if grouped else []
            stages = [each for each in stages if _excess(each) >= ns(case.limits.spike_excess_ms)]
            if not stages and wait is not None:
                yield _unexplained(case, turn, response, wait)
        elif stages:
            stages += _greater(verdicts, stages)
        for group in sorted(stages, key=_excess, reverse=True):
            yield _late(case, turn, response, group, verdicts)


def _by_stage(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    found: dict[PipelineStage, list[Verdict]] = {}
    for each in verdicts:
        found.setdefault(each.part.part.stage, []).append(each)
    return list(found.values())


def _greater(verdicts: Sequence[Verdict], stages: Sequence[list[Verdict]]) -> list[list[Verdict]]:
    """The stage that held the answer for most of its excess, where it is none of those found.

    Beside a spike what is merely uncommon is the primary cause if it is the greater (voice.md 2.3).
    """
    most = max(_by_stage(verdicts), key=_excess)
    is_known = most[0].part.part.stage is not PipelineStage.UNEXPLAINED
    is_odd = any(each.z is None or each.z >= UNCOMMON_Z for each in most)
    is_greater = all(_excess(most) > _excess(each) for each in stages)
    return [most] if is_known and is_odd and is_greater else []


def _excess(group: Sequence[Verdict]) -> int:
    return sum(max(0, each.excess_ns) for each in group)


def judge(case: Case, part: PathPart, response: Response) -> Verdict:
    """One part against history, the rest of the session and its target."""
    limits, value = case.limits, part.duration_ns
    felt = part.held_ns if part.start_ns is not None else value
    reference = case.usual(part, response)
    usual_ns = round(reference.spread.median) if reference else ns(_TYPICAL_MS[part.part])
    z, is_spike = None, False
    if felt >= ns(limits.spike_excess_ms):
        target_ns = limits.target_ns(part.part.stage)
        z = reference.spread.z(value) if reference else None
        is_odd = reference is None or z is None or z >= limits.spike_z
        if reference is None or not reference.is_own:
            own = case.among_own(part_key(part, response), response.kind, value)
            if own is not None:
                usual_ns, z = round(own.median), own.z(value)
                reference = Reference(own, "session")
        is_enough = min(value - usual_ns, felt) >= ns(limits.spike_excess_ms)
        if is_enough and is_odd and reference is not None and z is not None:
            is_spike = z >= reference.spread.needed(limits.spike_z)
        is_above = value > 2 * target_ns and felt > target_ns and _may_be_blamed(part, response)
        kind, model = key_of(part, response)
        is_spike = is_spike or (is_above and not case.is_usual(part.part, kind, model, value))
    return Verdict(part, usual_ns, min(value - usual_ns, felt), z, reference, is_spike)


def _by_decision(
    case: Case, turn: Turn, response: Response, found: Verdict, others: Sequence[Verdict]
) -> Verdict:
    """The wait for the end of a turn, judged by the whole delay where that says more.

    What the transcript was later than usual is not the endpointing's fault.
    """
    if found.part.part is not Part.ENDPOINTING or found.is_spike:
        return found
    whole = case.decision_ns(turn, response)
    if whole is None or found.part.held_ns < ns(case.limits.spike_excess_ms):
        return found
    reference = case.baselines.usual(DECISION, response.kind, "")
    if reference is None or not reference.is_own:
        own = case.among_own(DECISION, "", whole)
        reference = Reference(own, "session") if own is not None else reference
    if reference is None:
        return found
    late = sum(max(0, each.excess_ns) for each in others if each.part.part is Part.STT)
    excess = min(round(whole - reference.spread.median) - late, found.part.held_ns)
    z = reference.spread.z(max(1, whole - late))
    is_odd = z >= reference.spread.needed(case.limits.spike_z)
    if excess < ns(case.limits.spike_excess_ms) or not is_odd:
        return found
    usual_ns = max(0, found.part.duration_ns - excess)
    return Verdict(found.part, usual_ns, excess, z, reference, is_spike=True)


def _may_be_blamed(part: PathPart, response: Response) -> bool:
    """Time that no span covers is to blame only where all stages have spans."""
    if part.part is not Part.UNEXPLAINED:
        return True
    present = {each.part for each in response.parts}
    return response.is_timed and {Part.LLM, Part.TTS} <= present and bool(_HEARD & present)


def is_long(case: Case, wait: int, response: Response) -> bool:
    """Whether a wait is longer than anybody should wait, and longer than this agent's usually is.

    Tools, and the generations that ask for them, may take as long as their targets allow.
    """
    limits = case.limits
    if wait - _allowed(limits, response) <= ns(limits.turn_ms):
        return False
    return not case.is_usual(TURN, "", response.kind, wait)


def _allowed(limits: Thresholds, response: Response) -> int:
    tools = sum(each.held_ns for each in response.parts if each.part is Part.TOOL)
    asking = sum(each.held_ns for each in response.parts if each.part is Part.ASKING)
    return min(tools, limits.target_ns(PipelineStage.TOOL)) + min(
        asking, limits.target_ns(PipelineStage.LLM)
    )


def severity_of(limits: Thresholds, wait_ns: int | None, value_ns: int) -> Severity:
    """By the wait that the caller felt."""
    felt = value_ns if wait_ns is None else wait_ns
    if felt > ns(limits.turn_critical_ms):
        return Severity.CRITICAL
    if felt > ns(limits.turn_high_ms):
        return Severity.HIGH
    return Severity.MEDIUM if felt > ns(limits.turn_ms) else Severity.LOW


def _late(
    case: Case,
    turn: Turn,
    response: Response,
    group: Sequence[Verdict],
    verdicts: Sequence[Verdict],
) -> Issue:
    worst = max(group, key=lambda each: (each.is_spike, each.excess_ns))
    stage = worst.part.part.stage
    value_ns = sum(each.part.duration_ns for each in group if each.excess_ns > 0)
    value_ns = max(value_ns, worst.part.duration_ns)
    target_ns = case.limits.target_ns(stage)
    excess = _excess(group)
    total = sum(max(0, each.excess_ns) for each in verdicts)
    share = excess / total if total else 1.0
    wait = case.wait_ns(turn, response)
    is_above = value_ns > target_ns
    usual_ns = worst.usual_ns if worst.reference else None
    beside = f"target: <{ms(target_ns)}ms" if is_above else f"usually {shown_ns(worst.usual_ns)}"
    evidence = _evidence(worst, value_ns, excess, share, wait)
    if is_above:
        evidence["targetMs"] = ms(target_ns)
    if share < 0.5:
        others = sorted(_by_stage(verdicts), key=_excess, reverse=True)[:2]
        evidence["mixed"] = ", ".join(each[0].part.part.stage for each in others)
    return Issue(
        type="high_latency",
        turn=turn.index,
        stage=stage,
        description=f"{name_of(stage)} spike to {shown_ns(value_ns)} ({beside})",
        recommendation=advice(
            stage,
            shown_ns(value_ns),
            usual=shown_ns(usual_ns) if usual_ns is not None else None,
            target=shown_ns(target_ns) if is_above else None,
            prompt_tokens=_uncached(response) if stage is PipelineStage.LLM else None,
        ),
        severity=severity_of(case.limits, wait, value_ns),
        start_ns=_start(response, worst, turn),
        end_ns=turn.start_ns if response.from_ns is not None and response.is_timed else turn.end_ns,
        span_ids=_proof(case, turn, response, group),
        evidence=evidence,
        confidence=_confidence(worst, share),
    )


def _start(response: Response, worst: Verdict, turn: Turn) -> int:
    if response.is_timed and worst.part.start_ns is not None:
        return worst.part.start_ns
    return turn.start_ns


def _proof(case: Case, turn: Turn, response: Response, group: Sequence[Verdict]) -> tuple[str, ...]:
    own = [span for each in group for span in each.part.span_ids]
    return tuple(dict.fromkeys(own)) or case.ids(turn.index, response.asked_turn)


def _uncached(response: Response) -> int | None:
    made = response.generation
    if made is None or made.prompt_tokens is None:
        return None
    return made.prompt_tokens - (made.cached_tokens or 0)


def _evidence(
    worst: Verdict, value_ns: int, excess_ns: int, share: float, wait_ns: int | None
) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {
        "observedMs": ms(value_ns),
        "excessMs": ms(excess_ns),
        "share": round(share, 3),
    }
    if wait_ns is not None:
        found["latencyMs"] = ms(wait_ns)
    if worst.reference is not None and worst.z is not None:
        found["baselineMs"] = ms(worst.usual_ns)
        found["baselineSpread"] = round(worst.reference.spread.spread, 3)
        found["z"] = round(worst.z, 2)
        found["n"] = worst.reference.spread.count
        found["baseline"] = worst.reference.source
    return found


def _confidence(worst: Verdict, share: float) -> float:
    own = worst.reference.is_own if worst.reference is not None else None
    sure = {None: 0.7, False: 0.8, True: 0.95}[own]
    return round(sure if share >= 0.5 else sure - 0.2, 2)


def _unexplained(case: Case, turn: Turn, response: Response, wait: int) -> Issue:
    """A long wait of which no stage is known."""
    limits = case.limits
    return Issue(
        type="high_latency",
        turn=turn.index,
        stage=PipelineStage.UNEXPLAINED,
        description=f"Response latency {shown_ns(wait)} (target: <{limits.turn_ms:.0f}ms)",
        recommendation=advice(PipelineStage.UNEXPLAINED, shown_ns(wait)),
        severity=severity_of(limits, wait, wait),
        start_ns=response.from_ns,
        end_ns=turn.start_ns,
        span_ids=case.ids(turn.index, response.asked_turn),
        evidence={
            "observedMs": ms(wait),
            "latencyMs": ms(wait),
            "targetMs": round(limits.turn_ms),
            "excessMs": ms(wait - ns(limits.turn_ms)),
            "stages": signature(response.parts),
        },
        confidence=0.5,
    )
