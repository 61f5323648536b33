"""What every emitter shares: its command line and the ground truth it prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

UNSUPPORTED = 3
"""Exit code of a scenario that the installed SDK version cannot play."""


@dataclass
class Turn:
    """One thing that one side said; `text` is what was heard, `full_text` what was meant."""

    speaker: str
    text: str
    full_text: str
    interrupted: bool = False
    stt_ms: float | None = None
    llm_ttft_ms: float | None = None
    tts_ttfb_ms: float | None = None
    e2e_ms: float | None = None
    started_at: float | None = None
    stopped_at: float | None = None
    agent: str | None = None


@dataclass
class Tool:
    """One tool execution; `turn` is the index of the turn that speaks its result."""

    name: str
    call_id: str
    arguments: dict[str, Any]
    output: str | None = None
    error: str | None = None
    turn: int | None = None


@dataclass
class LLMCall:
    """One request to the language model, as its own metrics counted it."""

    model: str
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    ttft_ms: float | None = None
    cached_tokens: int | None = None
    cancelled: bool = False
    error: str | None = None


@dataclass
class Interruption:
    """The caller spoke over the agent: wall-clock seconds, as the fake devices saw it."""

    turn: int
    onset_at: float
    audio_stopped_at: float | None
    played_s: float | None
    is_false: bool = False
    """The agent only paused, for a noise without words, and went on."""


@dataclass
class Truth:
    """Everything one run did."""

    emitter: str
    framework: str
    version: str
    scenario: str
    session_id: str
    pii: bool = True
    ended: str = "closed"
    scripted: dict[str, float] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    llm_calls: list[LLMCall] = field(default_factory=list)
    handoffs: list[dict[str, str]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def print(self) -> None:
        """Write the one JSON document that a run owes its caller."""
        json.dump(asdict(self), sys.stdout, indent=1, sort_keys=False)
        sys.stdout.write("\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Options:
    """The command line, parsed."""

    endpoint: str
    headers: dict[str, str]
    session_id: str
    scenario: str
    pii: bool


def parse(description: str, scenarios: Sequence[str], argv: Sequence[str] | None = None) -> Options:
    """Read the command line that all emitters have in common."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--endpoint", required=True, help="where spans are posted, as is")
    parser.add_argument("--header", action="append", default=[], metavar="K=V")
    parser.add_argument("--session-id", required=True)
    parser.add_argument("--scenario", required=True, choices=sorted(scenarios))
    parser.add_argument("--no-pii", action="store_true", help="leave conversation content out")
    args = parser.parse_args(argv)
    headers = dict(pair.split("=", 1) for pair in args.header)
    return Options(args.endpoint, headers, args.session_id, args.scenario, not args.no_pii)


def unsupported(reason: str) -> None:
    """Leave with the exit code that says: not with this version."""
    print(f"unsupported: {reason}", file=sys.stderr)
    raise SystemExit(UNSUPPORTED)


def ms(seconds: float | None) -> float | None:
    """Seconds to milliseconds; the SDKs' -1 and None mean that nobody measured."""
    return None if seconds is None or seconds < 0 else round(seconds * 1000, 3)
