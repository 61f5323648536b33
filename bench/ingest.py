"""How many spans per second are accepted and durable, and what one costs.

    ./dev bench ingest [--spans 60000] [--clients 16] [--per-request 100]

A real server on an empty folder, and a load client in a process of its own on the same machine.
The answer to a request is sent after its spans were written and fsynced, so what is accepted is
durable; at the end the store is opened and counted.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench._corpus import bodies, span_keys
from bench._load import Job, Result
from bench._measure import (
    cpu_seconds,
    load_average,
    machine,
    peak_rss_mb,
    percentile,
    row,
    timed,
)
from tests.server import SECRET, RunningServer
from turnwise.store.telemetry.embedded import Embedded

SMALL_SPANS = 20
SMALL_REQUESTS = 200
WARM_UP_REQUESTS = 5

# A list of sessions waits this long for sessions that are being derived.
_PATIENCE_S = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--spans", type=int, default=60_000, help="spans of the main run")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--per-request", type=int, default=100)
    asked = parser.parse_args()
    print(machine())
    large = bodies(asked.spans, asked.per_request, seed=1)
    small = bodies(SMALL_REQUESTS * SMALL_SPANS, SMALL_SPANS, seed=2)[:SMALL_REQUESTS]
    warm = bodies(WARM_UP_REQUESTS * 100, 100, seed=3)[:WARM_UP_REQUESTS]
    with tempfile.TemporaryDirectory(prefix="turnwise-bench-") as folder:
        sending = Path(folder) / "requests"
        sending.mkdir()
        requests = [*warm, *small, *large]
        for number, body in enumerate(requests):
            (sending / f"{number:05}.bin").write_bytes(body)
        data_dir = Path(folder) / "data"
        with RunningServer(data_dir) as server:
            load = _Load(server, sending)
            load.send(len(warm), 1)
            _report_small(load.send(len(small), 1))
            _main_run(server, load, large, asked)
            row("peak RSS of the server", f"{peak_rss_mb(server.process.pid):,.0f} MB")
        _check_store(data_dir / "telemetry", len(span_keys(requests)), load.refused)
    _bare(large, len(span_keys(large)))


class _Load:
    """Sends the prepared requests, some more with each call."""

    def __init__(self, server: RunningServer, folder: Path):
        host, _, port = server.url.removeprefix("http://").partition(":")
        self._at = host, int(port)
        self._folder = str(folder)
        self._next = 0
        self.refused: list[int] = []

    def send(self, count: int, clients: int) -> Result:
        first, self._next = self._next, self._next + count
        job = Job(*self._at, SECRET, self._folder, first, self._next, clients)
        done = subprocess.run(
            [sys.executable, "-m", "bench._load"],
            input=json.dumps(asdict(job)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        result = Result(**json.loads(done.stdout))
        self.refused += result.answers
        return result


def _report_small(result: Result) -> None:
    ms = [each * 1_000 for each in result.seconds]
    row(
        f"1 client x {SMALL_SPANS} spans: request p50 / p99",
        f"{percentile(ms, 0.5):.1f} / {percentile(ms, 0.99):.1f} ms ({len(ms)} requests)",
    )


def _main_run(
    server: RunningServer, load: _Load, large: list[bytes], asked: argparse.Namespace
) -> None:
    pid = server.process.pid
    before = cpu_seconds(pid)
    result = load.send(len(large), asked.clients)
    after = cpu_seconds(pid)
    taken = result.ended - result.began
    spans = len(result.seconds) * asked.per_request
    ms = [each * 1_000 for each in result.seconds]
    size = sum(map(len, large)) / len(large) / asked.per_request
    _wait_until_derived(server)
    derived_s = time.monotonic() - result.ended
    settled = cpu_seconds(pid)
    print(f"{asked.clients} clients x {asked.per_request} spans, {size:,.0f} bytes per span")
    row("accepted and durable", f"{spans / taken:,.0f} spans/s ({spans:,} in {taken:.1f} s)")
    row("request p50 / p99", f"{percentile(ms, 0.5):.0f} / {percentile(ms, 0.99):.0f} ms")
    row("asked to send again", str(result.busy))
    row(
        "server CPU per 10,000 spans",
        f"{(after - before) / spans * 1e4:.2f} s until the last ack, "
        f"{(settled - before) / spans * 1e4:.2f} s until all was derived",
    )
    row("client CPU per 10,000 spans", f"{result.cpu_s / spans * 1e4:.2f} s")
    row("all sessions derived after the last ack", f"{derived_s:.1f} s")
    row("while this ran", load_average())


def _wait_until_derived(server: RunningServer) -> None:
    with server.client() as client:
        while True:
            began = time.monotonic()
            client.get("/v1/observability/sessions?limit=1").raise_for_status()
            if time.monotonic() - began < _PATIENCE_S:
                return


_STALE = """
SELECT count() FROM (
    SELECT project_id, session_id, max(last_version) AS newest FROM trace_activity
    WHERE (project_id, trace_id, rank) IN (
        SELECT project_id, trace_id, min(rank) FROM trace_activity GROUP BY project_id, trace_id)
    -- A claim to an id under which nobody has written anything changes no session.
    AND (NOT startsWith(trace_id, 'session:')
        OR trace_id IN (SELECT concat('session:', session_id) FROM session_facts))
    GROUP BY project_id, session_id) AS told
LEFT JOIN (SELECT project_id, session_id, facts_version FROM sessions FINAL) AS made
USING (project_id, session_id) WHERE made.facts_version < told.newest
"""


def _check_store(folder: Path, expected: int, refused: list[int]) -> None:
    engine = Embedded(folder)
    try:
        with closing(engine.client(engine.database, {})) as client:
            stored = int(str(client.command("SELECT count() FROM observations FINAL")))
            sessions = int(str(client.command("SELECT count() FROM sessions FINAL")))
            stale = int(str(client.command(_STALE)))
    finally:
        engine.close()
    row("spans readable / acknowledged", f"{stored:,} / {expected:,}")
    row("sessions derived / not up to date", f"{sessions:,} / {stale}")
    if stored != expected or refused or stale:
        sys.exit(f"WRONG: spans or sessions are missing; refused with {sorted(set(refused))}")


def _bare(requests: list[bytes], spans: int) -> None:
    """The least that any receiver in Python does with these bytes, on one thread."""
    parse = timed(lambda: [ExportTraceServiceRequest.FromString(body) for body in requests])
    read = timed(lambda: [_read(body) for body in requests])
    for name, taken in (("parse", parse), ("parse, and all attributes into dicts", read)):
        each = taken.per(spans)
        row(f"bare: {name}", f"{each:.1f} µs of CPU per span, {1e6 / each:,.0f} spans/s")


def _read(body: bytes) -> list[dict[str, Any]]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        _attributes(span)
        for sent in request.resource_spans
        for scope in sent.scope_spans
        for span in scope.spans
    ]


def _attributes(span: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in span.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind) if kind else None
    return str(found) if isinstance(found, Message) else found


if __name__ == "__main__":
    main()
