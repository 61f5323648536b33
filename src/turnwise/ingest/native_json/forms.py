"""Bodies of the native writes: camelCase, ISO instants, milliseconds from the session's start."""

from typing import Any

import msgspec

from turnwise.model.session import SessionStatus, Speaker


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


class TurnWrite(msgspec.Struct, rename="camel"):
    """One turn; milliseconds since the session's start."""

    id: str
    index: int
    speaker: Speaker
    start_ms: float
    text: str | None = None
    full_text: str | None = None
    end_ms: float | None = None
    stt_ms: float | None = None
    llm_ms: float | None = None
    tts_ms: float | None = None
    e2e_ms: float | None = None
    interrupted: bool | None = None
    confidence: float | None = None


class ToolWrite(msgspec.Struct, rename="camel"):
    """One run of a tool; milliseconds since the session's start."""

    id: str
    name: str
    turn_index: int | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    status: str | None = None
    error: str | None = None
    arguments: Any = None
    output: Any = None
    call_id: str | None = None


class InterruptionWrite(msgspec.Struct, rename="camel"):
    """One interruption; milliseconds since the session's start."""

    id: str
    turn_index: int | None = None
    onset_ms: float | None = None
    detected_ms: float | None = None
    stopped_ms: float | None = None
    bleed_through_words: int | None = None
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
