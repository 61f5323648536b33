"""The figures of a session that are columns of their own, beside the session as a whole."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from turnwise.model.overview import response_times_ns
from turnwise.model.session import Session


def figures_of(session: Session) -> dict[str, Any]:
    """Columns of `sessions` by name: durations in nanoseconds, in the order of the turns."""
    responses = list(response_times_ns(session).values())
    turns = session.turns
    return {
        "recording_count": len(session.recordings),
        "response_ns": responses,
        "response_p50_ns": _percentile(responses, 50),
        "response_p95_ns": _percentile(responses, 95),
        "eou_ns": _reported(turn.eou_delay_ns for turn in turns),
        "stt_ns": _reported(turn.stt_ns for turn in turns),
        "llm_ns": _reported(turn.llm_ns for turn in turns),
        "tts_ns": _reported(turn.tts_ns for turn in turns),
        "tool_ns": _reported(
            tool.end_ns - tool.start_ns
            for tool in session.tools
            if tool.start_ns is not None and tool.end_ns is not None
        ),
    }


def _reported(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None and value >= 0]


def _percentile(values: list[int], percent: float) -> int | None:
    return round(float(np.percentile(values, percent))) if values else None
