"""The operator's limits of the diagnosis, from settings."""

from collections.abc import Mapping

from turnwise.analyse.diagnosis import Thresholds, thresholds_of
from turnwise.app.config import Settings
from turnwise.app.diagnosing import Tuning
from turnwise.model.errors import Misconfigured


def tuning_of(settings: Settings) -> Tuning:
    """Limits for every agent.

    Raises:
        Misconfigured: a preset or a limit that does not exist, or a limit that is no positive number.
    """
    general = thresholds_of(settings.diagnosis_preset, settings.diagnosis_limits)
    single = {agent: _limits(settings, told) for agent, told in settings.diagnosis_agents.items()}
    return Tuning(
        limits_of=lambda agent: single.get(agent, general),
        alternatives=settings.diagnosis_alternatives,
    )


def _limits(settings: Settings, told: Mapping[str, str | float]) -> Thresholds:
    """What is said of one agent, over what is said of all."""
    preset = str(told.get("preset", settings.diagnosis_preset))
    own: dict[str, float] = {}
    for name, value in told.items():
        if name == "preset":
            continue
        if isinstance(value, str):
            raise Misconfigured(f"The diagnosis limit '{name}' must be a positive number.")
        own[name] = value
    return thresholds_of(preset, {**settings.diagnosis_limits, **own})
