"""How long reads take over HTTP, at two sizes of the store.

    ./dev bench read [--full] [--keep DIR] [--calls 200]

Stores of 20,000 and, with --full, of 1,000,000 observations: the demo's sessions again and again
under new ids, spread over 60 days, written and derived through the store itself. With --keep they
stay in DIR and are used again by the next run.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from bench._corpus import ANCHOR_NS, DAY_NS, session_observations
from bench._filling import filling
from bench._measure import (
    cpu_seconds,
    load_average,
    machine,
    peak_rss_mb,
    percentile,
    row,
    wait_until_idle,
)
from tests.server import RunningServer
from turnwise.app.flow import Flow
from turnwise.app.worker import rebuild
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation

SMALL = 20_000
LARGE = 1_000_000
SPREAD_DAYS = 60
ROWS_PER_WRITE = 4_000
WARM_UP_CALLS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help=f"also with {LARGE:,} observations")
    parser.add_argument("--keep", type=Path, help="folder in which the stores stay")
    parser.add_argument("--calls", type=int, default=200, help="of each kind")
    asked = parser.parse_args()
    print(machine())
    for size in (SMALL, LARGE) if asked.full else (SMALL,):
        if asked.keep:
            _measure(asked.keep / str(size), size, asked.calls)
            continue
        with tempfile.TemporaryDirectory(prefix="turnwise-bench-") as folder:
            _measure(Path(folder), size, asked.calls)


def _measure(folder: Path, size: int, calls: int) -> None:
    print(f"{size:,} observations")
    done = folder / "filled"
    if not done.exists():
        began, cpu = time.monotonic(), time.process_time()
        asyncio.run(_fill(folder, size))
        row(
            "filled and derived in",
            f"{time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU",
        )
        done.touch()
    with RunningServer(folder) as server, server.client() as client:
        # A server that starts derives what came in last; it is measured after that.
        wait_until_idle(server.process.pid)
        _report(server, client, calls)
        row("peak RSS of the server", f"{peak_rss_mb(server.process.pid):,.0f} MB")
    row("while this ran", load_average())


# Filling


async def _fill(folder: Path, size: int) -> None:
    async with filling(folder) as (flow, caller, clock):
        await _write(flow, caller.user_id, caller.project_id, size)
        await rebuild(flow, _progress("derived"))
        # One observation of the present lets the look back begin after all the others.
        clock.time_ns = time.time_ns
        present = Observation(
            project_id=caller.project_id,
            trace_id="f" * 32,
            span_id="f" * 16,
            start_ns=ANCHOR_NS,
        )
        await flow.store.write(caller.user_id, [present], [])
    print(file=sys.stderr)


async def _write(flow: Flow, user_id: int, project_id: ProjectId, size: int) -> None:
    templates = session_observations(project_id, 200, seed=5)
    report = _progress("written")
    written = 0
    rows: list[Observation] = []
    for session in _copies(templates, size):
        rows += session
        if len(rows) >= ROWS_PER_WRITE:
            await flow.store.write(user_id, rows, [])
            written += len(rows)
            report(written, size)
            rows = []
    await flow.store.write(user_id, rows, [])


def _copies(templates: Sequence[Sequence[Observation]], size: int) -> Iterator[list[Observation]]:
    """Sessions under new ids, earliest first, until there are `size` observations."""
    average = sum(map(len, templates)) / len(templates)
    step_ns = round(SPREAD_DAYS * DAY_NS / (size / average))
    first_ns = ANCHOR_NS - SPREAD_DAYS * DAY_NS
    made = number = 0
    while made < size:
        template = templates[number % len(templates)]
        shift_ns = first_ns + number * step_ns - min(item.start_ns for item in template)
        session = [_copy(item, number, shift_ns) for item in template]
        yield session
        made += len(session)
        number += 1


def _copy(item: Observation, number: int, shift_ns: int) -> Observation:
    return replace(
        item,
        trace_id=_new_id(item.trace_id, number),
        span_id=_new_id(item.span_id, number),
        parent_span_id=item.parent_span_id and _new_id(item.parent_span_id, number),
        session_ref=item.session_ref and f"{item.session_ref}-{number}",
        start_ns=item.start_ns + shift_ns,
        end_ns=item.end_ns and item.end_ns + shift_ns,
        first_token_ns=item.first_token_ns and item.first_token_ns + shift_ns,
    )


def _new_id(text: str, number: int) -> str:
    return blake2b(f"{text}:{number}".encode(), digest_size=len(text) // 2).hexdigest()


def _progress(what: str) -> Any:
    def report(done: int, total: int) -> None:
        print(f"  {what} {done:,} of {total:,}   ", end="\r", file=sys.stderr, flush=True)

    return report


# Reading


def _report(server: RunningServer, client: httpx2.Client, calls: int) -> None:
    lists, sessions = _some_sessions(client, calls + WARM_UP_CALLS)
    traces = [(each, _traces_of(client, each)[0]) for each in sessions]
    detail = "/v1/observability/sessions/"
    of_session = "/v1/traces/session/"
    pid = server.process.pid
    for name, paths in (
        ("trace by id, with contents", [f"{of_session}{s}/{t}" for s, t in traces]),
        ("a session's traces", [f"{of_session}{each}" for each in sessions]),
        ("session detail", [f"{detail}{each}" for each in sessions]),
        ("page of 50 of the session list", lists),
    ):
        for path in paths[:WARM_UP_CALLS]:
            client.get(path).raise_for_status()
        taken, size = [], 0
        cpu = cpu_seconds(pid)
        for path in paths[WARM_UP_CALLS:]:
            began = time.perf_counter()
            answer = client.get(path)
            taken.append((time.perf_counter() - began) * 1_000)
            size += len(answer.raise_for_status().content)
        each_ms = (cpu_seconds(pid) - cpu) / len(taken) * 1_000
        row(
            name,
            f"p50 {percentile(taken, 0.5):6.1f} ms  p99 {percentile(taken, 0.99):6.1f} ms  "
            f"server CPU {each_ms:5.1f} ms  {size / len(taken) / 1024:4.0f} KiB  {load_average()}",
        )


def _some_sessions(client: httpx2.Client, count: int) -> tuple[list[str], list[str]]:
    """Paths of pages of the list, one after the other, and sessions from all of them."""
    paths: list[str] = []
    found: list[str] = []
    path = "/v1/observability/sessions?limit=50"
    while len(paths) < count:
        paths.append(path)
        page = client.get(path).raise_for_status().json()
        found += [str(UUID(line["id"].removeprefix("sess_"))) for line in page["data"]]
        cursor = page["nextCursor"]
        path = "/v1/observability/sessions?limit=50" + (f"&cursor={cursor}" if cursor else "")
    known = list(dict.fromkeys(found))
    chosen = random.Random(3).choices(known, k=count)
    return paths, chosen


def _traces_of(client: httpx2.Client, session: str) -> list[str]:
    page = client.get(f"/v1/traces/session/{session}").raise_for_status().json()
    return [trace["traceId"] for trace in page["traces"]]


if __name__ == "__main__":
    main()
