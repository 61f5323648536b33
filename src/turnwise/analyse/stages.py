"""Which stage an observation belongs to, and whether it consumed anything."""

from turnwise.model.observation import Observation, Step
from turnwise.model.usage import Stage

REPEATS = frozenset({Step.LLM_NODE, Step.LLM_ATTEMPT, Step.TTS_ATTEMPT})
"""Steps that only repeat the numbers of a request."""

_STAGES = {
    Step.STT: Stage.STT,
    Step.USER_TURN: Stage.STT,
    Step.TTS: Stage.TTS,
    Step.TTS_REQUEST: Stage.TTS,
}


def stage_of(observation: Observation) -> Stage:
    return _STAGES.get(observation.step, Stage.LLM)


def has_usage(observation: Observation) -> bool:
    """Whether something was consumed that has a price somewhere."""
    if observation.step in REPEATS:
        return False
    voice = observation.voice
    return bool(any(observation.usage_details.values()) or voice.audio_ns or voice.characters)
