"""What the benchmarks share: clocks, /proc, percentiles and lines of a report."""

import math
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_LOOKED_AT_S = 2.0
_IDLE_SHARE = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` between 0 and 1."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all of its threads."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def wait_until_idle(pid: int) -> None:
    """Wait until a process has worked off what it was given: it uses next to no time any more."""
    while True:
        before = cpu_seconds(pid)
        time.sleep(_LOOKED_AT_S)
        if cpu_seconds(pid) - before < _IDLE_SHARE * _LOOKED_AT_S:
            return


def peak_rss_mb(pid: int) -> float:
    """The largest resident size so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return math.nan


def load_average() -> str:
    """Of the last minute: what else the machine was doing, the benchmark itself included."""
    return f"load {os.getloadavg()[0]:.1f}"


def machine() -> str:
    """One line on where this runs, and on which commit."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"commit {_git('rev-parse', '--short', 'HEAD')}{_changes()}, {load_average()}"
    )


def _changes() -> str:
    return " with changes" if _git("status", "--porcelain", "--", "src") else ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True)
    return done.stdout.strip() or ("unknown" if arguments[0] == "rev-parse" else "")


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds of one thread's work, the median of some rounds."""

    cpu_s: float

    def per(self, count: int) -> float:
        """Microseconds of CPU for each of `count` items."""
        return self.cpu_s / count * 1e6


def timed(work: Callable[[], object], rounds: int = 3) -> Timing:
    """CPU time of `work`, the median of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return Timing(sorted(taken)[rounds // 2])


def row(name: str, value: str) -> None:
    print(f"  {name:<46} {value}", flush=True)
