"""What `turnwise analyze` hears in recordings of which everything is known."""

import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy
from rich.console import Console
from rich.table import Table

from bench.diagnosis_audio.rendering import (
    CONDITIONS,
    ESPEAK,
    Recording,
    Sound,
    has_voice,
    render,
    write,
)
from bench.diagnosis_faults.delays import DELAYS
from bench.diagnosis_faults.fault import Operator, Scene, parts_of
from bench.diagnosis_faults.talking import TALKING
from bench.diagnosis_world.agents import STEADY
from bench.diagnosis_world.talk import Speaker

CALLS = 6
_EXCHANGES = 8
_FAULTS = ("delay llm", "delay tts", "inserted silence", "delayed stop")
_SAME_SECONDS = 0.7
"""How far apart the same instant may lie in truth and measurement."""
_DEAD_SECONDS = 3.0
"""From which a silence of both parties is dead air in the published output."""


@dataclass(slots=True)
class Heard:
    """What was measured in one condition; errors in milliseconds.

    Attributes:
        responses: of them were measured.
        interruptions: pairs of found and made; `false_interruptions` were not made.
    """

    latency_errors: list[float] = field(default_factory=list)
    stop_errors: list[float] = field(default_factory=list)
    responses: int = 0
    interruptions: int = 0
    interruptions_found: int = 0
    false_interruptions: int = 0
    silences: int = 0
    silences_found: int = 0
    false_silences: int = 0
    failures: int = 0

    def summary(self) -> dict[str, float | int | None]:
        told = {key: value for key, value in asdict(self).items() if not key.endswith("_errors")}
        return {
            **told,
            "latency_mae_ms": _mean([abs(each) for each in self.latency_errors]),
            "latency_bias_ms": _mean(self.latency_errors),
            "stop_mae_ms": _mean([abs(each) for each in self.stop_errors]),
        }


def hear(console: Console, seed: int) -> dict[str, Any] | str:
    """Measure and print; gives the numbers, or why there are none."""
    reason = _missing()
    if reason is not None:
        console.print(f"recordings are left out: {reason}")
        return reason
    recordings = [render(_call(seed, number), number) for number in range(CALLS)]
    found = {}
    with tempfile.TemporaryDirectory(prefix="turnwise-bench-") as folder:
        for name, spoil in CONDITIONS.items():
            heard = found[name] = Heard()
            for number, recording in enumerate(recordings):
                rng = numpy.random.default_rng([seed, number])
                told = _analyze(Path(folder) / "call.wav", spoil(recording.sound, rng))
                if told is None:
                    heard.failures += 1
                else:
                    compare(heard, recording, told)
    _show(console, found)
    return {name: heard.summary() for name, heard in found.items()}


def _missing() -> str | None:
    if not has_voice():
        return f"{ESPEAK} is not on PATH"
    asked = subprocess.run([*_command(), "--help"], capture_output=True)
    return None if asked.returncode == 0 else "this turnwise has no `analyze`"


def _command() -> list[str]:
    return [str(Path(sys.executable).with_name("turnwise")), "analyze"]


def _call(seed: int, number: int) -> Any:
    rng = random.Random(f"recording {seed} {number}")
    call = Speaker(STEADY[number % len(STEADY)], rng).call(0, _EXCHANGES)
    scene = Scene(call, rng)
    by_name: dict[str, Operator] = {each.name: each for each in (*DELAYS, *TALKING)}
    for name in rng.sample(_FAULTS, 3):
        by_name[name].inject(scene)
    # Silence at the beginning of the agent's sound shows nowhere but in a recording.
    index = scene.pick()
    if index is not None:
        parts_of(call.exchanges[index])[1].lead = rng.uniform(0.2, 0.6)
    return call


def _analyze(path: Path, sound: Sound) -> dict[str, Any] | None:
    write(path, sound)
    ran = subprocess.run([*_command(), str(path), "--json"], capture_output=True, text=True)
    if ran.returncode:
        return None
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def compare(heard: Heard, recording: Recording, told: dict[str, Any]) -> None:
    """Add what was measured in one recording."""
    turns = [(each["speaker"], each["startMs"], each["endMs"]) for each in told["turns"]]
    for end_ms, start_ms in _responses(recording):
        heard.responses += 1
        measured = _measured(turns, end_ms, start_ms)
        if measured is not None:
            heard.latency_errors.append(measured - (start_ms - end_ms))
    left = list(told["interruptions"])
    for onset_ms, stop_ms in _interruptions(recording):
        heard.interruptions += 1
        nearest = _nearest(left, onset_ms)
        if nearest is None:
            continue
        left.remove(nearest)
        heard.interruptions_found += 1
        if nearest.get("stopLatencyMs") is not None:
            heard.stop_errors.append(nearest["stopLatencyMs"] - (stop_ms - onset_ms))
    heard.false_interruptions += len(left)
    silences = list(told["deadAir"])
    for begin_ms, end_ms in _silences(recording):
        heard.silences += 1
        over = [s for s in silences if min(s["endMs"], end_ms) - max(s["startMs"], begin_ms) > 0]
        heard.silences_found += bool(over)
        silences = [each for each in silences if each not in over]
    heard.false_silences += len(silences)


def _nearest(issues: Sequence[dict[str, Any]], at_ms: float) -> dict[str, Any] | None:
    near = [each for each in issues if abs(each["startMs"] - at_ms) <= _SAME_SECONDS * 1_000]
    return min(near, key=lambda each: abs(each["startMs"] - at_ms), default=None)


def _measured(
    turns: Sequence[tuple[str, float, float]], end_ms: float, start_ms: float
) -> float | None:
    """Milliseconds between the turns that are those of a response."""
    ends = [end for speaker, _, end in turns if speaker == "user"]
    starts = [start for speaker, start, _ in turns if speaker == "agent"]
    end = min(ends, key=lambda each: abs(each - end_ms), default=None)
    start = min(starts, key=lambda each: abs(each - start_ms), default=None)
    reach = _SAME_SECONDS * 1_000
    if end is None or start is None or abs(end - end_ms) > reach or abs(start - start_ms) > reach:
        return None
    return start - end


def _responses(recording: Recording) -> Iterator[tuple[float, float]]:
    """End of the caller's speech and the agent's first sound, where neither cut the other off."""
    exchanges = zip(recording.call.exchanges, recording.line.exchanges, strict=True)
    for exchange, times in exchanges:
        if exchange.speech is not None and exchange.speech.into is not None:
            continue
        if times.spoken is not None and times.first_sound is not None:
            yield times.spoken.end * 1_000, times.first_sound * 1_000


def _interruptions(recording: Recording) -> Iterator[tuple[float, float]]:
    """The caller's onset and the agent's silence."""
    exchanges = recording.line.exchanges
    for index, exchange in enumerate(recording.call.exchanges[:-1]):
        following, here = exchanges[index + 1].spoken, exchanges[index]
        if exchange.reply is None or exchange.reply.cut is None or following is None:
            continue
        if here.silent is not None and following.start < here.silent:
            yield following.start * 1_000, here.silent * 1_000


def _silences(recording: Recording) -> Iterator[tuple[float, float]]:
    """Silences of both parties that are long enough, between the first and the last sound."""
    sounds = []
    for times in recording.line.exchanges:
        spans = [times.spoken, times.filler, *times.heard]
        sounds += [(span.start, span.end) for span in spans if span is not None]
    sounds.sort()
    until = sounds[0][1]
    for start, end in sounds:
        if start - until >= _DEAD_SECONDS:
            yield until * 1_000, start * 1_000
        until = max(until, end)


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _show(console: Console, found: dict[str, Heard]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("recordings", "latency error", "bias", "measured", "interruptions", "false",
                    "stop error", "dead air", "false", "failed"):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "recordings" else "right")
    for name, heard in found.items():
        summary = heard.summary()
        table.add_row(
            name,
            _ms(summary["latency_mae_ms"]),
            _ms(summary["latency_bias_ms"]),
            f"{len(heard.latency_errors)}/{heard.responses}",
            f"{heard.interruptions_found}/{heard.interruptions}",
            str(heard.false_interruptions),
            _ms(summary["stop_mae_ms"]),
            f"{heard.silences_found}/{heard.silences}",
            str(heard.false_silences),
            str(heard.failures),
        )
    console.print(table)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"
