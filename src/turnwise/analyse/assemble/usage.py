"""What was consumed, counted once however deep the spans that repeat it are nested."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from turnwise.analyse.assemble.scene import Key, Scene, key_of
from turnwise.analyse.providers import canonical_provider
from turnwise.analyse.stages import REPEATS, has_usage, stage_of
from turnwise.model.observation import Kind, Observation, Step
from turnwise.model.usage import ModelUsage, Stage


@dataclass(slots=True)
class Bill:
    """What the session consumed.

    Attributes:
        rows: by stage, then by cost and size, the largest first.
        cost_by_trace: USD of the observations that count.
        unpriced: observations with usage and no cost.
    """

    rows: tuple[ModelUsage, ...] = ()
    cost_usd: Decimal = Decimal(0)
    cost_by_trace: dict[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0


@dataclass(slots=True)
class _Row:
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    audio_ns: int = 0
    characters: int = 0
    cost_usd: Decimal | None = None


def bill(scene: Scene) -> Bill:
    """The consumption of a session.

    An observation counts unless one of the same stage below it has usage or cost: then it is a
    wrapper that repeats what its parts say.
    """
    found = Bill()
    rows: dict[tuple[Stage, str | None, str | None], _Row] = {}
    counted = _counted(scene)
    for observation in counted:
        cost = observation.total_cost_usd
        stage = stage_of(observation)
        names = stage, canonical_provider(observation.provider), observation.model
        row = rows.setdefault(names, _Row())
        _add(row, observation, cost)
        if cost is not None:
            before = found.cost_by_trace.get(observation.trace_id, Decimal(0))
            found.cost_by_trace[observation.trace_id] = before + cost
        else:
            found.unpriced += 1
    for observation in _requests_without_usage(scene, counted):
        stage = stage_of(observation)
        names = stage, canonical_provider(observation.provider), observation.model
        rows.setdefault(names, _Row()).requests += 1
    found.cost_usd = sum(found.cost_by_trace.values(), Decimal(0))
    found.rows = _ordered(rows)
    return found


def _counted(scene: Scene) -> list[Observation]:
    weighty = [
        each
        for each in scene.observations
        if each.step not in REPEATS and (has_usage(each) or each.cost_details)
    ]
    by_stage: dict[Stage, list[Observation]] = {}
    for each in weighty:
        by_stage.setdefault(stage_of(each), []).append(each)
    wrappers = {stage: scene.above(group) for stage, group in by_stage.items()}
    return [each for each in weighty if key_of(each) not in wrappers[stage_of(each)]]


def _requests_without_usage(scene: Scene, counted: Iterable[Observation]) -> list[Observation]:
    """Requests that say nothing of their size: still they name a provider and a model."""
    taken: dict[Stage, set[Key]] = {}
    for each in counted:
        taken.setdefault(stage_of(each), set()).add(key_of(each))
    covered = {
        stage: keys | scene.above(each for each in counted if stage_of(each) is stage)
        for stage, keys in taken.items()
    }
    return [
        each
        for each in scene.observations
        if _is_request(each) and key_of(each) not in covered.get(stage_of(each), set())
    ]


def _is_request(observation: Observation) -> bool:
    if observation.model is None and observation.provider is None:
        return False
    if observation.step in (Step.STT, Step.USER_TURN, Step.LLM):
        return True
    return observation.kind is Kind.GENERATION and observation.step is Step.OTHER


def _add(row: _Row, observation: Observation, cost: Decimal | None) -> None:
    usage, voice = observation.usage_details, observation.voice
    row.requests += 1
    row.input_tokens += round(usage.get("input", 0))
    row.output_tokens += round(usage.get("output", 0))
    row.audio_ns += voice.audio_ns or 0
    row.characters += voice.characters or 0
    if cost is not None:
        row.cost_usd = cost + (row.cost_usd or Decimal(0))


def _ordered(
    rows: dict[tuple[Stage, str | None, str | None], _Row],
) -> tuple[ModelUsage, ...]:
    finished = [
        ModelUsage(
            stage=stage,
            provider=provider,
            model=model,
            requests=row.requests,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            audio_ns=row.audio_ns,
            characters=row.characters,
            cost_usd=row.cost_usd,
        )
        for (stage, provider, model), row in rows.items()
    ]
    return largest_first(finished)


def largest_first(rows: Iterable[ModelUsage]) -> tuple[ModelUsage, ...]:
    """The rows by stage, and of each stage the one that consumed most first."""
    order = list(Stage)

    def place(row: ModelUsage) -> tuple[int, int, int, str, str]:
        return (
            order.index(row.stage),
            -_size(row),
            -row.requests,
            row.provider or "",
            row.model or "",
        )

    return tuple(sorted(rows, key=place))


def _size(row: ModelUsage) -> int:
    return row.input_tokens + row.output_tokens + row.audio_ns + row.characters
