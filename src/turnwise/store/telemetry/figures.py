"""The figures of a session that are columns of their own, beside the session as a whole."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from turnwise.model.faults import faults_of
from turnwise.model.overview import response_times_ns
from turnwise.model.session import Session, Speaker
from turnwise.model.usage import Stage


class Figures(msgspec.Struct, omit_defaults=True, kw_only=True):
    """These columns of a row of `sessions`; defaults are the columns' defaults."""

    recording_count: int = 0
    agent_turn_count: int = 0
    response_ns: list[int] = []
    response_p50_ns: int | None = None
    response_p95_ns: int | None = None
    eou_ns: list[int] = []
    stt_ns: list[int] = []
    llm_ns: list[int] = []
    tool_ns: list[int] = []
    tts_ns: list[int] = []
    input_tokens: int = 0
    output_tokens: int = 0
    model_names: list[str] = []
    model_stages: list[str] = []
    model_requests: list[int] = []
    model_costs: list[Decimal | None] = []
    tool_names: list[str] = []
    tool_took_ns: list[int | None] = []
    tool_failed: list[int] = []
    fault_stages: list[str] = []
    fault_names: list[str] = []
    fault_providers: list[str] = []
    fault_kinds: list[str] = []
    fault_turns: list[int | None] = []
    fault_at_ns: list[int] = []
    cut_kinds: list[str] = []
    cut_turns: list[int | None] = []
    cut_onset_ns: list[int | None] = []
    cut_detected_ns: list[int | None] = []
    cut_stopped_ns: list[int | None] = []
    cut_bleed_words: list[int | None] = []


def figures_of(session: Session) -> dict[str, Any]:
    """Columns of `sessions` by name: durations in nanoseconds, in the order of the turns."""
    responses = list(response_times_ns(session).values())
    turns = session.turns
    return {
        "recording_count": len(session.recordings),
        "agent_turn_count": sum(turn.speaker is Speaker.AGENT for turn in turns),
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
        **_models(session),
        **_tools(session),
        **_faults(session),
        **_cuts(session),
    }


def _models(session: Session) -> dict[str, Any]:
    used = [each for each in session.usage if each.model is not None]
    llm = [each for each in session.usage if each.stage is Stage.LLM]
    return {
        "input_tokens": sum(each.input_tokens for each in llm),
        "output_tokens": sum(each.output_tokens for each in llm),
        "model_names": [each.model for each in used],
        "model_stages": [each.stage for each in used],
        "model_requests": [each.requests for each in used],
        "model_costs": [each.cost_usd for each in used],
    }


def _tools(session: Session) -> dict[str, Any]:
    return {
        "tool_names": [each.name for each in session.tools],
        "tool_took_ns": [_between(each.start_ns, each.end_ns) for each in session.tools],
        "tool_failed": [int(each.is_error) for each in session.tools],
    }


def _faults(session: Session) -> dict[str, Any]:
    faults = faults_of(session)
    return {
        "fault_stages": [each.stage for each in faults],
        "fault_names": [each.name for each in faults],
        "fault_providers": [each.provider for each in faults],
        "fault_kinds": [each.kind for each in faults],
        "fault_turns": [each.turn for each in faults],
        "fault_at_ns": [each.at_ns for each in faults],
    }


def _cuts(session: Session) -> dict[str, Any]:
    cuts = (*session.interruptions, *session.overlaps)
    return {
        "cut_kinds": [each.kind for each in cuts],
        "cut_turns": [each.agent_turn_index for each in cuts],
        "cut_onset_ns": [each.onset_ns for each in cuts],
        "cut_detected_ns": [each.detected_ns for each in cuts],
        "cut_stopped_ns": [each.stopped_ns for each in cuts],
        "cut_bleed_words": [each.bleed_words for each in cuts],
    }


def _between(first_ns: int | None, last_ns: int | None) -> int | None:
    return None if first_ns is None or last_ns is None else max(0, last_ns - first_ns)


def _reported(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None and value >= 0]


def _percentile(values: list[int], percent: float) -> int | None:
    return round(float(np.percentile(values, percent))) if values else None
