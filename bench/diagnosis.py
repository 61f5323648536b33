"""How well the diagnosis finds what was made to go wrong, and how often it sees what is not there.

    ./dev bench diagnosis [--seed 1] [--sessions 400] [--shape pipecat] [--only slow_tool]
                          [--json FILE] [--misses] [--no-audio]

Calls of many agents, clean ones and ones with injected faults, are sent to a running server as
LiveKit, Pipecat, GenAI, Langfuse and native clients tell them; its answers are compared with what
was injected. Nothing here knows the analyser. docs/diagnosis_evaluation.md says how it is counted.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench._measure import cpu_seconds, machine, wait_until_idle
from bench.diagnosis_audio.hearing import hear
from bench.diagnosis_faults.ending import OPERATORS
from bench.diagnosis_scores.cases import Case, Wanted, cases, history
from bench.diagnosis_scores.delivery import read, send
from bench.diagnosis_scores.judge import Judged, judge
from bench.diagnosis_scores.scores import report
from bench.diagnosis_scores.table import show
from bench.diagnosis_world.agents import Shape
from tests.server import RunningServer

SESSIONS = 400
_WIDTH = 140
"""Columns that the tables need; a narrower terminal folds their lines."""


def main() -> None:
    asked = _arguments()
    console = Console(width=max(Console().width, _WIDTH))
    console.print(machine())
    wanted = Wanted(
        seed=asked.seed,
        sessions=asked.sessions,
        now_ns=time.time_ns(),
        shapes=frozenset(each for each in Shape if asked.shape and each.startswith(asked.shape)),
        types=frozenset({asked.only}) if asked.only else frozenset(),
    )
    told: dict[str, object] = {"machine": machine(), "seed": asked.seed}
    judged, cpu_ms = _run(console, wanted)
    show(console, judged)
    told |= report(judged, cpu_ms)
    console.print(
        f"root cause of a session: {cpu_ms:.1f} ms of server CPU; over HTTP: {told['readMs']} ms"
    )
    if asked.misses:
        _show_misses(console, judged)
    if not asked.no_audio:
        told["audio"] = hear(console, asked.seed)
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--sessions", type=int, default=SESSIONS, help="of agents as they should be"
    )
    parser.add_argument("--shape", help=f"only {', '.join(Shape)}; the beginning will do")
    parser.add_argument("--only", metavar="TYPE", help="only faults of this issue type")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--misses", action="store_true", help="list what was missed or invented")
    parser.add_argument("--no-audio", action="store_true", help="leave the recordings out")
    asked = parser.parse_args()
    if asked.shape and not any(each.startswith(asked.shape) for each in Shape):
        parser.error(f"no shape begins with {asked.shape!r}; there are {', '.join(Shape)}")
    types = sorted({each.type for each in OPERATORS} | {"chronic_latency", "latency_regression"})
    if asked.only and asked.only not in types:
        parser.error(f"no fault is of type {asked.only!r}; there are {', '.join(types)}")
    if asked.sessions < 1:
        parser.error("--sessions has to be at least 1")
    return asked


def _run(console: Console, wanted: Wanted) -> tuple[list[Judged], float]:
    """All judged calls, and milliseconds of server CPU for each answer."""
    with (
        tempfile.TemporaryDirectory(prefix="turnwise-bench-") as folder,
        RunningServer(Path(folder)) as server,
        server.client() as client,
    ):
        pid = server.process.pid
        with _progress(console, "history") as progress:
            send(client, list(history(wanted)), f"history {wanted.seed}", progress)
        # An agent's usual numbers are worked out behind the requests.
        wait_until_idle(pid)
        test: list[Case] = cases(wanted)
        with _progress(console, "test") as progress:
            send(client, [each.told for each in test], f"test {wanted.seed}", progress)
        wait_until_idle(pid)
        judged = []
        cpu = cpu_seconds(pid)
        with _progress(console, "read") as progress:
            for number, case in enumerate(test, 1):
                judged.append(judge(case, read(client, case.told)))
                progress(number, len(test))
        cpu_ms = (cpu_seconds(pid) - cpu) / max(1, len(test)) * 1_000
    return judged, cpu_ms


@contextmanager
def _progress(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(what.ljust(8)), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show_misses(console: Console, judged: list[Judged]) -> None:
    for each in judged:
        call = each.case.call
        made = ", ".join(fault.operator for fault in each.case.faults) or "nothing"
        where = f"{call.agent.name} {call.id} ({call.agent.shape}, {each.case.condition}: {made})"
        for found in each.found:
            if found.issue is None and found.fault.is_felt:
                console.print(f"missed  {where}: {found.fault.operator}")
            elif found.right_stage is False and found.fault.is_felt and found.issue is not None:
                named = f"{found.issue['stage']} {found.issue['evidence']}"
                console.print(f"stage   {where}: {found.fault.operator}, but {named}")
        for issue in each.false_alarms:
            named = f"{issue['type']} {issue['stage'] or ''} turn {issue['turn']}"
            console.print(f"false   {where}: {named} {issue['evidence']}")


if __name__ == "__main__":
    main()
