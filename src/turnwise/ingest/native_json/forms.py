"""Bodies of the native writes: camelCase, ISO instants, milliseconds from the session's start."""

from typing import Annotated, Any

import msgspec

from turnwise.model.instants import FARTHEST_NS, NS_PER_MS
from turnwise.model.session import SessionStatus, Speaker

_MOST_MS = FARTHEST_NS // NS_PER_MS - 1
_MOST = 2**31 - 1
MOST_WORDS = 10_000
"""Words of one turn: more than an hour of talking without a pause."""

Milliseconds = Annotated[float, msgspec.Meta(ge=-_MOST_MS, le=_MOST_MS)]
Count = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]


class SessionWrite(msgspec.Struct, rename="camel"):
    """Body of create; also of PATCH, where everything is optional."""

    id: str | None = None
    agent_id: str | None = None
    call_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    status: SessionStatus | None = None
    metadata: dict[str, Any] | None = None
    room_name: str | None = None
    origin_url: str | None = None
    user_identity: str | None = None
    close_reason: str | None = None


class WordWrite(msgspec.Struct, rename="camel"):
    """One word of a turn; milliseconds since the session's start."""

    text: str
    start_ms: Milliseconds
    end_ms: Milliseconds | None = None


class TurnWrite(msgspec.Struct, rename="camel"):
    """One turn; milliseconds since the session's start.

    Attributes:
        interim_text: what the recogniser took it for before it was sure.
        words: those of `text` with their times.
    """

    id: str
    index: Count
    speaker: Speaker
    start_ms: Milliseconds
    text: str | None = None
    full_text: str | None = None
    end_ms: Milliseconds | None = None
    stt_ms: Milliseconds | None = None
    eou_ms: Milliseconds | None = None
    llm_ms: Milliseconds | None = None
    tts_ms: Milliseconds | None = None
    e2e_ms: Milliseconds | None = None
    interrupted: bool | None = None
    confidence: float | None = None
    interim_text: str | None = None
    words: Annotated[list[WordWrite], msgspec.Meta(max_length=MOST_WORDS)] | None = None


class ToolWrite(msgspec.Struct, rename="camel"):
    """One run of a tool; milliseconds since the session's start."""

    id: str
    name: str
    turn_index: Count | None = None
    start_ms: Milliseconds | None = None
    end_ms: Milliseconds | None = None
    status: str | None = None
    error: str | None = None
    arguments: Any = None
    output: Any = None
    call_id: str | None = None


class InterruptionWrite(msgspec.Struct, rename="camel"):
    """One interruption; milliseconds since the session's start."""

    id: str
    turn_index: Count | None = None
    onset_ms: Milliseconds | None = None
    detected_ms: Milliseconds | None = None
    stopped_ms: Milliseconds | None = None
    bleed_through_words: Count | None = None
    is_false: bool | None = None


class TurnList(msgspec.Struct):
    """Body of a write of turns, each still to be read on its own."""

    turns: list[msgspec.Raw]


class ToolList(msgspec.Struct):
    """Body of a write of tool executions."""

    tools: list[msgspec.Raw]


class InterruptionList(msgspec.Struct):
    """Body of a write of interruptions."""

    interruptions: list[msgspec.Raw]


Item = TurnWrite | ToolWrite | InterruptionWrite
