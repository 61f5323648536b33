"""Every limit of the analyser in one place, with presets; docs/diagnosis.md says how to tune them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from turnwise.model.errors import Misconfigured
from turnwise.model.instants import NS_PER_MS
from turnwise.model.metrics import PipelineStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits in the units that their names say; sources: voice.md 1.3 to 1.5 and 2.2.

    Attributes:
        turn_ms: a longer wait for an answer is high latency; severities begin at it, at
            `turn_high_ms` and at `turn_critical_ms`.
        endpointing_ms, stt_ms, callback_ms, llm_ms, tts_ms, tool_ms, transport_ms,
            unexplained_ms: targets of the stages; twice as much is high latency by itself, and a
            session whose median lies above is slow throughout.
        spike_z: modified z-score on logarithms from which a stage is a spike
            (Iglewicz and Hoaglin).
        spike_excess_ms: how much longer than usual a spike must be.
        tool_timeout_ms: a tool that ran so long counts as timed out.
        slow_tool_ms: a slow tool is at least so long where its usual length is known.
        dead_air_ms, dead_air_high_ms, dead_air_critical_ms: silence that the agent owed an answer.
        unanswered_ms: a caller's turn without an answer for so long has failed.
        dropped_ms: a caller who speaks again so long after a turn got no answer to it.
        stop_ms, bleed_words: how long, and over how many words, the agent may speak on after the
            caller's onset.
        confidence: below it a transcript is doubtful.
        similarity: from it two turns of the caller say the same.
        empty_speech_ms: speech of this length without a transcript is a failure of recognition.
        played_share: below it an uninterrupted turn was truncated.
        prompt_slope_tokens: tokens a turn by which a prompt may grow.
        cacheable_tokens: prompts above it can be cached.
        thinking_ms: thinking before an answer that a caller may wait for.
        leading_silence_ms: silence at the head of the voice's audio.
        acquire_ms: time to connect to a provider.
        hangup_ms: a caller who leaves so soon after an issue leaves because of it.
        disagreement_ms: reported and heard latencies may differ by so much.
        regression_share: shift of the median against the version before, 0 to 1.
        regression_p: significance that the shift needs.
    """

    turn_ms: float = 2_500
    turn_high_ms: float = 4_000
    turn_critical_ms: float = 8_000
    endpointing_ms: float = 1_500
    stt_ms: float = 800
    callback_ms: float = 500
    llm_ms: float = 1_000
    tts_ms: float = 900
    tool_ms: float = 2_000
    transport_ms: float = 500
    unexplained_ms: float = 1_000
    spike_z: float = 3.5
    spike_excess_ms: float = 300
    tool_timeout_ms: float = 10_000
    slow_tool_ms: float = 1_000
    dead_air_ms: float = 3_000
    dead_air_high_ms: float = 5_000
    dead_air_critical_ms: float = 8_000
    unanswered_ms: float = 8_000
    dropped_ms: float = 2_000
    stop_ms: float = 1_200
    bleed_words: float = 3
    confidence: float = 0.6
    similarity: float = 0.8
    empty_speech_ms: float = 500
    played_share: float = 0.7
    prompt_slope_tokens: float = 150
    cacheable_tokens: float = 1_024
    thinking_ms: float = 300
    leading_silence_ms: float = 150
    acquire_ms: float = 200
    hangup_ms: float = 10_000
    disagreement_ms: float = 300
    regression_share: float = 0.2
    regression_p: float = 0.01

    def target_ns(self, stage: PipelineStage) -> int:
        """The target of a stage."""
        return ns(float(getattr(self, f"{stage.value}_ms")))


def ns(milliseconds: float) -> int:
    """Nanoseconds of a limit."""
    return round(milliseconds * NS_PER_MS)


PRESETS: Mapping[str, Thresholds] = {
    "webrtc": Thresholds(),
    # A telephone leg adds about 300 ms to every wait, and half of it to each way of a barge-in.
    "pstn": Thresholds(
        turn_ms=2_800, turn_high_ms=4_300, turn_critical_ms=8_300, transport_ms=800, stop_ms=1_500
    ),
    "strict": Thresholds(
        turn_ms=1_500,
        turn_high_ms=2_500,
        turn_critical_ms=5_000,
        endpointing_ms=800,
        stt_ms=500,
        llm_ms=700,
        tts_ms=500,
        tool_ms=1_000,
        dead_air_ms=2_500,
        dead_air_high_ms=4_000,
        dead_air_critical_ms=6_000,
        stop_ms=800,
        bleed_words=2,
        confidence=0.7,
    ),
}
_NAMES = frozenset(each.name for each in fields(Thresholds))


def thresholds_of(preset: str, limits: Mapping[str, float]) -> Thresholds:
    """A preset with some limits of one's own.

    Raises:
        Misconfigured: there is no such preset or limit, or a limit is no positive number.
    """
    return _made(preset, tuple(sorted(limits.items())))


@lru_cache(maxsize=256)
def _made(preset: str, limits: tuple[tuple[str, float], ...]) -> Thresholds:
    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise Misconfigured(f"There is no diagnosis preset '{preset}'; there are {known}.")
    for name, value in limits:
        if name not in _NAMES:
            raise Misconfigured(f"There is no diagnosis limit '{name}'; docs/diagnosis.md has all.")
        if not 0 < value < float("inf"):
            raise Misconfigured(f"The diagnosis limit '{name}' must be a positive number.")
    return replace(PRESETS[preset], **dict(limits))
