"""The two sides of a comparison: what a call was in truth, and what the server tells of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.clients.calls import Call

MILLION = Decimal(1_000_000)
INPUT_USD, CACHED_USD, OUTPUT_USD = (Decimal(text) / MILLION for text in ("0.15", "0.075", "0.60"))
"""gpt-4o-mini, a token."""
CHARACTER_USD = Decimal(5) / Decimal(100_000)
"""sonic-2."""
AUDIO_SECOND_USD = Decimal("0.0048") / 60
"""nova-3."""

CALLER_S_PER_CHAR = 0.022
"""How fast the emitters' caller speaks."""

STAGES = {"sttMs": "stt_ms", "llmMs": "llm_ttft_ms", "ttsMs": "tts_ttfb_ms"}


def instant(text: str) -> float:
    """Seconds since the epoch of an ISO time."""
    return datetime.fromisoformat(text).timestamp()


def true_turns(truth: dict[str, Any], *, cut_texts: bool = True) -> list[tuple[str, str, bool]]:
    """Speaker, text and whether it was cut; without `cut_texts` a cut text is told whole."""
    return [
        (each["speaker"], _true_text(truth, each, cut_texts=cut_texts), each["interrupted"])
        for each in truth["turns"]
    ]


def _true_text(truth: dict[str, Any], turn: dict[str, Any], *, cut_texts: bool) -> str:
    if not truth["pii"]:
        return ""
    return str(turn["text"] if cut_texts else turn["full_text"])


def told_turns(detail: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The same as the server tells it."""
    return [(each["speaker"], each["text"], each["interrupted"]) for each in detail["turns"]]


@dataclass(frozen=True)
class Gap:
    """A number of a turn that lies too far from the truth."""

    turn: int
    name: str
    told: float
    true: float


def far_stages(call: Call, within_ms: float) -> list[Gap]:
    """Stage times further from what the SDK reported; what it did not report must be 0."""
    found = []
    for told, true in zip(call.detail["turns"], call.truth["turns"], strict=True):
        for name, key in STAGES.items():
            gap = Gap(told["index"], name, told[name], true[key] or 0)
            if abs(gap.told - gap.true) > (within_ms if true[key] is not None else 0):
                found.append(gap)
    return found


def started_at(call: Call) -> float:
    """When the session began, to the millisecond: when its earliest trace did."""
    return min(instant(line["timestamp"]) for line in call.lines)


def onsets(truth: dict[str, Any]) -> dict[int, float]:
    """When each turn was first heard.

    LiveKit's history lets a turn begin with the cough before it, so there its length counts.
    """
    starts = {i: t["started_at"] for i, t in enumerate(truth["turns"]) if t["started_at"]}
    for each in truth["interruptions"]:
        if each["is_false"]:
            after = truth["turns"][each["turn"] + 1]
            seconds = len(after["full_text"]) * CALLER_S_PER_CHAR
            starts[each["turn"] + 1] = after["stopped_at"] - seconds
    return starts


def far_starts(call: Call, within_s: float) -> list[Gap]:
    """Turns that begin further from the moment when their party was first heard."""
    gaps = [
        Gap(i, "start", started_at(call) + call.detail["turns"][i]["startMs"] / 1000, at)
        for i, at in onsets(call.truth).items()
    ]
    return [gap for gap in gaps if abs(gap.told - gap.true) > within_s]


def silences(truth: dict[str, Any]) -> dict[int, float]:
    """When each turn's sound ended: for a cut one as the devices heard it, not as the SDK says."""
    ends = {i: t["stopped_at"] for i, t in enumerate(truth["turns"]) if t["stopped_at"] is not None}
    cuts = {each["turn"]: each for each in truth["interruptions"] if not each["is_false"]}
    return {**ends, **{index: cut["audio_stopped_at"] for index, cut in cuts.items()}}


def far_ends(call: Call, within_s: float) -> list[Gap]:
    """Turns that end further from the moment when their party fell silent."""
    gaps = [
        Gap(i, "end", started_at(call) + call.detail["turns"][i]["endMs"] / 1000, at)
        for i, at in silences(call.truth).items()
    ]
    return [gap for gap in gaps if abs(gap.told - gap.true) > within_s]


def true_tools(truth: dict[str, Any]) -> list[tuple[str, int, str, str | None]]:
    """Name, turn that speaks the result, status and error."""
    return [
        (each["name"], each["turn"], "error" if each["error"] else "ok", each["error"])
        for each in truth["tools"]
    ]


def told_tools(call: Call) -> list[tuple[str, int, str, str | None]]:
    """The same as the session detail tells it."""
    return [
        (each["name"], each["turnIndex"], each["status"], each["error"])
        for each in call.detail["toolExecutions"]
    ]


def true_tool_runs(truth: dict[str, Any]) -> list[tuple[Any, Any, str, str | None]]:
    """Arguments, output, level and status message of the observation of each tool."""
    return [
        (t["arguments"], _parsed(t["output"]), "ERROR" if t["error"] else "DEFAULT", t["error"])
        for t in truth["tools"]
    ]


def told_tool_runs(call: Call) -> list[tuple[Any, Any, str, str | None]]:
    """The same as the trace detail tells it."""
    return [
        (each["input"], each["output"], each["level"], each["statusMessage"])
        for each in call.typed("TOOL")
    ]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def true_generations(truth: dict[str, Any]) -> list[dict[str, int]]:
    """Tokens of each request that was answered, in order."""
    found = []
    for each in truth["llm_calls"]:
        if each["error"] is None:
            tokens = {"input": each["input_tokens"], "output": each["output_tokens"]}
            cached = {"input_cached_tokens": each["cached_tokens"]} if each["cached_tokens"] else {}
            found.append({**tokens, **cached, "total": sum(tokens.values())})
    return found


def told_generations(call: Call) -> list[dict[str, int]]:
    """The same as the trace detail tells it."""
    return [each["usageDetails"] for each in call.typed("GENERATION") if each["level"] != "ERROR"]


def true_llm_costs(truth: dict[str, Any]) -> list[dict[str, Decimal]]:
    """Cost of each answered request from the published prices."""
    found = []
    for each in truth["llm_calls"]:
        if each["error"] is None:
            cached = each["cached_tokens"] or 0
            parts = {
                "input": (each["input_tokens"] - cached) * INPUT_USD,
                "output": each["output_tokens"] * OUTPUT_USD,
                **({"input_cached_tokens": cached * CACHED_USD} if cached else {}),
            }
            found.append({**parts, "total": sum(parts.values(), Decimal(0))})
    return found


def told_llm_costs(call: Call) -> list[dict[str, Decimal]]:
    """The same as the trace detail tells it."""
    return [
        {name: Decimal(cost) for name, cost in each["costDetails"].items()}
        for each in call.typed("GENERATION")
        if each["level"] != "ERROR"
    ]


def total_usd(costs: list[dict[str, Decimal]]) -> Decimal:
    """The sum of all totals."""
    return sum((each["total"] for each in costs), Decimal(0))


def told_usd(call: Call) -> Decimal:
    """Cost of the session's traces."""
    return sum((Decimal(line["totalCostUsd"]) for line in call.lines), Decimal(0))


def speech_usd(texts: list[str]) -> Decimal:
    """What it costs to say these texts."""
    return sum(map(len, texts)) * CHARACTER_USD


def extent(trace: dict[str, Any]) -> float:
    """Seconds from the earliest start to the latest end of the observations of a trace."""
    starts = [instant(each["startTime"]) for each in trace["observations"]]
    ends = [instant(each["endTime"]) for each in trace["observations"] if each["endTime"]]
    return max(ends) - min(starts)


def fatal_errors(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Errors that nothing made good."""
    return [each for each in truth["errors"] if not each.get("recoverable")]
