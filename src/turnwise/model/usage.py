"""What was consumed, and of which model."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Stage(StrEnum):
    """Which part of the pipeline consumed it."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    TELEPHONY = "telephony"
    """The carrier's line, outside the pipeline."""
    PLATFORM = "platform"
    """The service that runs the agent."""


LINES = frozenset({Stage.TELEPHONY, Stage.PLATFORM})
"""What is paid beside the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """Consumption of one model of one provider in one session.

    Attributes:
        audio_ns: audio heard (STT) or made (TTS); the length of the call or session of a line or
            platform.
        cost_usd: None when no part of it could be priced.
        cached_input_tokens: those of the input that came from a cache; known of told amounts only.
        is_told: the amounts are the sender's own sums over the session, not ours over its spans.
    """

    stage: Stage
    provider: str | None = None
    model: str | None = None
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    audio_ns: int = 0
    characters: int = 0
    cost_usd: Decimal | None = None
    cached_input_tokens: int = 0
    is_told: bool = False
