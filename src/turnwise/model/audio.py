"""What was heard in a recording: who spoke when, measured from the sound itself.

Instants are nanoseconds since the start of the recording, unless an attribute says otherwise.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from turnwise.model.diagnosis import Spread
from turnwise.model.speaker import Speaker


class HeardKind(StrEnum):
    """What became of speech over the agent's voice.

    A barge-in made the agent stop; a backchannel was short and the agent spoke on; a missed one was
    not short, and the agent spoke on all the same; premature is the agent speaking into the
    caller's turn.
    """

    BARGE_IN = "barge_in"
    BACKCHANNEL = "backchannel"
    MISSED = "missed"
    PREMATURE = "premature"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardTurn:
    """Speech of one party, merged over its own short gaps."""

    speaker: Speaker
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardOverlap:
    """Both parties at once.

    Attributes:
        onset_ns: whoever came second begins.
        stopped_ns: the one who gave way is silent; None when nobody did.
    """

    kind: HeardKind
    onset_ns: int
    stopped_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardResponse:
    """The agent's first sound after the caller's last; negative when they overlap.

    Attributes:
        turn_index: the session's turn that begins with it; None where recording and telemetry could
            not be aligned.
    """

    user_end_ns: int
    agent_start_ns: int
    turn_index: int | None = None

    @property
    def latency_ns(self) -> int:
        return self.agent_start_ns - self.user_end_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A gap in which neither party speaks; `owed_by` is whose turn it was."""

    start_ns: int
    end_ns: int
    owed_by: Speaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReport:
    """One recording, measured.

    Attributes:
        recording_id: of the recording that was heard.
        version: of the analysis; a newer one replaces the report of an older one.
        problem: why nothing, or only silence, could be measured (mono, empty, corrupt, silent).
        agent_channel: which channel carries the agent, counted from 0.
        confidence: 0 to 1; low where noise, echo or swapped channels make the figures doubtful.
        notes: what lowered the confidence, in words.
        started_ns: instant of the recording's first sample on the telemetry's clock, since the
            epoch; None when recording and telemetry could not be aligned.
        alignment_mad_ns: median absolute deviation of that estimate.
        snr_db: of the caller's channel.
        clipped_share: samples at full scale, 0 to 1.
        response_ms: the latencies of the responses, in milliseconds.
    """

    recording_id: str
    version: int
    channels: int
    duration_ns: int
    problem: str | None = None
    agent_channel: int | None = None
    confidence: float = 0.0
    notes: tuple[str, ...] = ()
    started_ns: int | None = None
    alignment_mad_ns: int | None = None
    snr_db: float | None = None
    clipped_share: float | None = None
    turns: tuple[HeardTurn, ...] = ()
    overlaps: tuple[HeardOverlap, ...] = ()
    responses: tuple[HeardResponse, ...] = ()
    response_ms: Spread = field(default_factory=Spread)
    silences: tuple[Silence, ...] = ()
    user_speech_ns: int = 0
    agent_speech_ns: int = 0
    overlap_ns: int = 0

    @property
    def talk_ratio(self) -> float | None:
        """The agent's speech among all speech, 0 to 1."""
        spoken = self.agent_speech_ns + self.user_speech_ns
        return self.agent_speech_ns / spoken if spoken else None
