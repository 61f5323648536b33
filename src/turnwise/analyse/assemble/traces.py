"""Summaries of the traces of a session, and the count of errors that nothing recovered."""

from collections.abc import Mapping
from decimal import Decimal

from turnwise.analyse.assemble.scene import Scene
from turnwise.model.observation import Level, Observation, Step
from turnwise.model.session import TraceSummary

_ATTEMPTS = frozenset({Step.LLM_ATTEMPT, Step.TTS_ATTEMPT})


def is_loss(scene: Scene, observation: Observation) -> bool:
    """Whether it failed, nothing made it good, and no failed parent tells the same failure.

    A failed attempt below a request that went on is recovered. A failure that runs up through its
    wrappers is one failure: the outermost of the chain counts.
    """
    if observation.level is not Level.ERROR:
        return False
    parent = scene.parent(observation)
    if parent is None:
        return observation.step not in _ATTEMPTS or not scene.is_orphan(observation)
    return parent.level is not Level.ERROR and observation.step not in _ATTEMPTS


def traces_of(scene: Scene, costs: Mapping[str, Decimal]) -> tuple[TraceSummary, ...]:
    """One summary per trace, by start."""
    members: dict[str, list[Observation]] = {}
    for observation in scene.observations:
        members.setdefault(observation.trace_id, []).append(observation)
    return tuple(
        TraceSummary(
            trace_id=trace_id,
            name=_name(scene, group),
            start_ns=group[0].start_ns,
            latency_ns=_latency(group),
            cost_usd=costs.get(trace_id, Decimal(0)),
            observation_count=len(group),
            error_count=sum(is_loss(scene, each) for each in group),
        )
        for trace_id, group in members.items()
    )


def _name(scene: Scene, group: list[Observation]) -> str | None:
    named = next((each.trace_name for each in group if each.trace_name), None)
    if named is not None:
        return named
    root = next((each.name for each in group if each.parent_span_id is None and each.name), None)
    return root or group[0].name


def _latency(group: list[Observation]) -> int | None:
    """Latest end minus earliest start; without an end the last start stands for it."""
    start_ns = group[0].start_ns
    ends = [each.end_ns for each in group if each.end_ns is not None]
    if ends:
        return max(0, max(ends) - start_ns)
    return group[-1].start_ns - start_ns if len(group) > 1 else None
