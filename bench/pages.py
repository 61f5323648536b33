"""How long the pages of the browser take, and what they ask the server for.

    ./dev bench pages [--sessions 100000] [--calls 20] [--keep DIR] [--no-browser]

A store of many sessions, written as derived rows: every order and filter of the list, a search in
what was said, a page deep inside, and the boards, over HTTP. Then a browser: the first paint and the
scripts of each page, a trace of 10,000 observations, and a conversation of an hour with its recording.
With --keep the store stays in DIR and is used again by the next run.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2

from bench._corpus import ANCHOR_NS, DAY_NS
from bench._many_sessions import ACCENTED, RARE, SPREAD_DAYS, fill
from bench._measure import (
    cpu_seconds,
    load_average,
    machine,
    peak_rss_mb,
    percentile,
    row,
    wait_until_idle,
)
from tests.browser import find_chromium, look
from tests.long_calls import hour_call, long_trace
from tests.people import PASSWORD, Person
from tests.server import SECRET, RunningServer
from turnwise.http.cursors import encode_cursor
from turnwise.model.overview import Order
from turnwise.model.tenancy import Role
from turnwise.store.catalog import SqlCatalog

EMAIL = "bench@example.com"
WARM_UP_CALLS = 2
AIM_MS = 300
"""For a page of the list at the server, over 100,000 sessions."""
P = "/ui/api/projects/default"

_MS = 1_000_000
_LAST_MS = ANCHOR_NS // _MS + 1
_DAY_MS = DAY_NS // _MS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=20, help="of each kind")
    parser.add_argument("--keep", type=Path, help="folder in which the store stays")
    parser.add_argument("--no-browser", action="store_true", help="only the server")
    asked = parser.parse_args()
    print(machine())
    if asked.keep:
        _measure(asked.keep / f"pages-{asked.sessions}", asked)
        return
    with tempfile.TemporaryDirectory(prefix="turnwise-bench-") as folder:
        _measure(Path(folder), asked)


def _measure(folder: Path, asked: argparse.Namespace) -> None:
    made = folder / "made.json"
    if not made.exists():
        began, cpu = time.monotonic(), time.process_time()
        asyncio.run(fill(folder, asked.sessions))
        made.write_text(json.dumps(_long_calls(folder)))
        row(
            f"{asked.sessions:,} sessions made in",
            f"{time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU",
        )
    long = json.loads(made.read_text())
    with RunningServer(folder) as server:
        wait_until_idle(server.process.pid)
        with server.client() as client:
            _report(server, client, asked)
            _report_trace(server, client, long, asked.calls)
        row("peak RSS of the server", f"{peak_rss_mb(server.process.pid):,.0f} MB")
        if not asked.no_browser:
            _report_browser(server, long, folder / "browser.json")


def _long_calls(folder: Path) -> dict[str, str]:
    with RunningServer(folder) as server, server.client() as client:
        made = {**long_trace(client), "hour": hour_call(client)}
        wait_until_idle(server.process.pid)
    with SqlCatalog.open(f"sqlite:///{folder / 'catalog.db'}") as catalog:
        tenant = catalog.tenants()[0].slug
        catalog.create_user(tenant, EMAIL, PASSWORD, Role.OWNER)
    return made


# What the pages ask for


def _questions(sessions: int) -> dict[str, str]:
    """Paths by name; the first one is what the others are compared with."""
    middle_ns = ANCHOR_NS - SPREAD_DAYS * DAY_NS // 2
    lists: dict[str, Mapping[str, Any]] = {
        "list, newest first": {},
        **{f"list by {each}": {"sort": each} for each in Order if each is not Order.STARTED},
        "list, oldest first": {"ascending": "true"},
        "list, deep inside": {"cursor": encode_cursor(middle_ns, "started-/")},
        "list by cost, deep inside": {"sort": "cost", "cursor": encode_cursor(10**7, "cost-/")},
        "list of one day": {"from": _LAST_MS - _DAY_MS, "to": _LAST_MS},
        "list with errors": {"errors": "true"},
        "list without errors, with interruptions": {"errors": "false", "interrupted": "true"},
        "list of ended": {"status": "completed"},
        "list of slow, by p95": {"slower": 1_500, "sort": "p95"},
        "list of long": {"longer": 60_000},
        "list of two agents": {"agent": ["order-desk", "outage-line"]},
        "search: a common word": {"q": "number"},
        "search: a common word, by p95": {"q": "number", "sort": "p95"},
        "search: a rare word": {"q": RARE},
        "search: two words": {"q": f"about {RARE}"},
        "search: a word that nobody said": {"q": "xyzzyplugh"},
        "search: a number": {"q": f"{sessions // 2:06}"},
        "search: an accented word": {"q": ACCENTED},
        "search: a name": {"q": f"call-{sessions // 3:06}"},
    }
    week = {"from": _LAST_MS - 7 * _DAY_MS, "to": _LAST_MS}
    month = {"from": _LAST_MS - 30 * _DAY_MS, "to": _LAST_MS}
    boards = {
        f"{board}, {name}": f"{P}/{board}?{urlencode(time_)}"
        for board in ("dashboard", "causes", "faults", "agents")
        for name, time_ in (("7 days", week), ("30 days", month))
    }
    return {
        **{name: f"{P}/sessions?{urlencode(query, doseq=True)}" for name, query in lists.items()},
        "what can be filtered by": f"{P}/facets",
        **boards,
    }


def _report(server: RunningServer, client: httpx2.Client, asked: argparse.Namespace) -> None:
    print(f"{asked.sessions:,} sessions, {asked.calls} calls of each kind")
    first: float | None = None
    late = []
    for name, path in _questions(asked.sessions).items():
        p50, said = _timed(server, client, path, asked.calls)
        first = first or p50
        row(name, f"{said}  {p50 / first:4.1f} x the first  {load_average()}")
        late += [name] if p50 > AIM_MS else []
    row(f"slower than {AIM_MS} ms (p50)", ", ".join(late) or "none")


def _report_trace(
    server: RunningServer, client: httpx2.Client, long: Mapping[str, str], calls: int
) -> None:
    trace = f"/ui/api/traces/{long['big_trace']}"
    for name, path in (
        (f"trace of {int(long['big_rows']):,} observations", trace),
        ("one of its observations", f"{trace}/observations/{long['big_turn']}"),
        ("the conversation of an hour", f"/ui/api/sessions/{long['hour']}"),
    ):
        row(name, f"{_timed(server, client, path, calls)[1]}  {load_average()}")


def _timed(
    server: RunningServer, client: httpx2.Client, path: str, calls: int
) -> tuple[float, str]:
    """The median in milliseconds, and all that is to be told."""
    for _ in range(WARM_UP_CALLS):
        answer = client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text[:500]}"
    taken = []
    cpu = cpu_seconds(server.process.pid)
    for _ in range(calls):
        began = time.perf_counter()
        answer = client.get(path)
        taken.append((time.perf_counter() - began) * 1_000)
    each_ms = (cpu_seconds(server.process.pid) - cpu) / calls * 1_000
    p50 = percentile(taken, 0.5)
    return p50, (
        f"best {min(taken):6.1f} ms  p50 {p50:6.1f} ms  p99 {percentile(taken, 0.99):6.1f} ms  "
        f"CPU {each_ms:6.1f} ms  {len(answer.content) / 1024:5.0f} KiB"
    )


# In a browser


def _report_browser(server: RunningServer, long: Mapping[str, str], report: Path) -> None:
    if find_chromium() is None:
        row("in a browser", "not measured: no Chromium on PATH and none in CHROMIUM")
        return
    print("in Chromium, a fresh profile for each load")
    person = Person(server, "", EMAIL, SECRET, 0)
    week = {"from": str(_LAST_MS - 7 * _DAY_MS), "to": str(_LAST_MS)}
    report.unlink(missing_ok=True)
    look(person, "measure.mjs", report=str(report), **long, **week)
    for name, value in json.loads(report.read_text()).items():
        row(name, value)
    row("while this ran", load_average())


if __name__ == "__main__":
    main()
