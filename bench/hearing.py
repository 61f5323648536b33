"""How well calls are heard: errors against known timings, and speed against real time.

`./dev bench hearing [CALLS]`; needs espeak-ng. The calls are synthetic: repeat it with recordings of
your own before relying on the figures.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import soundfile

from bench import _calls
from bench._calls import Call
from bench._measure import machine, percentile, row
from turnwise.analyse.hearing import hear
from turnwise.model.audio import AudioReport, HeardKind
from turnwise.store.media.audio import open_sound

NEAR_SECONDS = 0.5


@dataclass
class Score:
    errors: list[float] = field(default_factory=list)
    missed: int = 0
    responses: int = 0
    found: int = 0
    cuts: int = 0
    extra: int = 0
    stops: list[float] = field(default_factory=list)
    nods: int = 0
    nods_found: int = 0
    dead: int = 0
    dead_found: int = 0
    dead_extra: int = 0
    ratios: list[float] = field(default_factory=list)
    roles: int = 0
    calls: int = 0
    seconds: float = 0.0
    took: float = 0.0

    def add(self, call: Call, report: AudioReport, agent: int) -> None:
        self.calls += 1
        self.roles += report.agent_channel == agent
        self._responses(call, report)
        self._cuts(call, report)
        gaps = [(each.start_ns / 1e9, each.end_ns / 1e9) for each in report.silences]
        inner = [gap for gap in gaps if gap[0] > 0.1 and gap[1] < call.seconds - 0.1]
        hits = sum(any(abs(a - b[0]) < NEAR_SECONDS for b in inner) for a, _ in call.dead_air)
        self.dead += len(call.dead_air)
        self.dead_found += hits
        self.dead_extra += len(inner) - hits
        spoken = [sum(b - a for a, b in spans) for spans in (call.agent, call.user)]
        self.ratios.append(abs((report.talk_ratio or 0) - spoken[0] / sum(spoken)))

    def _responses(self, call: Call, report: AudioReport) -> None:
        for end, onset in call.responses:
            near = [
                r for r in report.responses if abs(r.agent_start_ns / 1e9 - onset) < NEAR_SECONDS
            ]
            self.responses += 1
            if not near:
                self.missed += 1
                continue
            self.errors.append(near[0].latency_ns / 1e9 - (onset - end))

    def _cuts(self, call: Call, report: AudioReport) -> None:
        kinds = (HeardKind.BARGE_IN, HeardKind.MISSED)
        heard = [each for each in report.overlaps if each.kind in kinds]
        self.cuts += len(call.cuts)
        for onset, silent in call.cuts:
            near = [h for h in heard if abs(h.onset_ns / 1e9 - onset) < NEAR_SECONDS]
            if near:
                self.found += 1
                heard.remove(near[0])
                if near[0].stopped_ns is not None:
                    stop = (near[0].stopped_ns - near[0].onset_ns) / 1e9
                    self.stops.append(stop - (silent - onset))
        self.extra += len(heard)
        nods = [h.onset_ns / 1e9 for h in report.overlaps if h.kind is HeardKind.BACKCHANNEL]
        self.nods += len(call.nods)
        self.nods_found += sum(any(abs(n - h) < NEAR_SECONDS for h in nods) for n in call.nods)

    def __str__(self) -> str:
        sizes = [abs(each) * 1000 for each in self.errors] or [numpy.nan]
        stops = [abs(each) * 1000 for each in self.stops] or [numpy.nan]
        bias = numpy.median(self.errors) * 1000 if self.errors else numpy.nan
        return (
            f"{numpy.mean(sizes):6.0f} {percentile(sizes, 0.95):6.0f} {bias:+6.0f} "
            f"{self.missed:4}/{self.responses} | {self.found:3}/{self.cuts} ({self.extra}) "
            f"{numpy.mean(stops):5.0f} | {self.nods_found:3}/{self.nods} | "
            f"{self.dead_found}/{self.dead} ({self.dead_extra}) | "
            f"{100 * numpy.mean(self.ratios):4.1f} | {self.roles:2}/{self.calls} | "
            f"{self.seconds / self.took:5.0f}x"
        )


def _swapped(samples: numpy.ndarray) -> numpy.ndarray:
    return numpy.ascontiguousarray(samples[:, ::-1])


CONDITIONS: dict[str, Callable[[numpy.ndarray, int], numpy.ndarray]] = {
    "clean 16 kHz": lambda samples, _: samples,
    "telephone 8 kHz": lambda samples, _: samples,
    "noise 20 dB": lambda samples, seed: _calls.with_noise(samples, 20, seed),
    "noise 10 dB": lambda samples, seed: _calls.with_noise(samples, 10, seed),
    "babble 15 dB": lambda samples, seed: _calls.with_babble(samples, 15, seed),
    "echo -30 dB": lambda samples, _: _calls.with_echo(samples, -30),
    "echo -20 dB": lambda samples, _: _calls.with_echo(samples, -20),
    "room echo": _calls.with_room,
    "channels swapped": lambda samples, _: _swapped(samples),
}


def judge(name: str, calls: list[Call], folder: Path) -> Score:
    score = Score()
    for seed, call in enumerate(calls):
        samples, rate = CONDITIONS[name](call.samples, seed), _calls.RATE
        subtype = "PCM_16"
        if name != "clean 16 kHz":
            samples, rate = _calls.telephone(samples)
            subtype = "ULAW"
        file = folder / "call.wav"
        soundfile.write(file, numpy.clip(samples, -1, 1), rate, subtype=subtype)
        began = time.perf_counter()
        with open_sound(file) as sound:
            report = hear("bench", sound)
        score.took += time.perf_counter() - began
        score.seconds += call.seconds
        score.add(call, report, 0 if name == "channels swapped" else 1)
    return score


def main(arguments: list[str]) -> int:
    if not _calls.is_available():
        print("this benchmark needs espeak-ng (apt-get install espeak-ng)", file=sys.stderr)
        return 2
    count = int(arguments[0]) if arguments else 12
    print(machine())
    calls = [_calls.make_call(seed) for seed in range(100, 100 + count)]
    minutes = sum(call.seconds for call in calls) / 60
    spoken = sum(len(call.agent) + len(call.user) for call in calls)
    row("calls", f"{count}, {minutes:.1f} min, {spoken} utterances")
    print(
        f"  {'condition':<18} response latency: MAE, p95, bias (ms), missed | interruptions (false), "
        "stop MAE | nods | dead air (false) | talk ratio error (points) | roles | speed"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in CONDITIONS:
            print(f"  {name:<18} {judge(name, calls, Path(folder))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
