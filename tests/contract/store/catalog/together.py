"""Do the same thing at the same moment: in threads, or in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

T = TypeVar("T")

_PROGRAM = """
import json, sys
from turnwise.store.catalog import SqlCatalog
url, act = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
with SqlCatalog.open(url) as catalog:
    print(json.dumps(eval(act)))
"""


def in_threads(act: Callable[[], T], number: int = 8) -> list[T]:
    """What each of so many threads gets, which all begin when the last is there."""
    barrier = Barrier(number)

    def run() -> T:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(number) as pool:
        return [future.result(60) for future in [pool.submit(run) for _ in range(number)]]


def in_processes(url: str, act: str, number: int = 2) -> list[Any]:
    """What an expression on `catalog` gives in each process; they open it at the same moment."""
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, url, act]
    running = [
        subprocess.Popen(
            command,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        results = []
        for process in running:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            results.append(json.loads(out))
        return results
    finally:
        for process in running:
            process.kill()
            process.communicate()
