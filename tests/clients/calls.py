"""Calls that real SDKs play to a running server, and what the server then answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.server import RunningServer, wait_for

ROOT = Path(__file__).parent.parent.parent
EMITTERS = ROOT / "tests" / "clients" / "emitters"
SESSIONS = "/v1/observability/sessions"

AT_ONCE = 4
"""Calls that go on at the same time: they mostly wait, but each imports an SDK first."""

CALL_SECONDS = 150
"""No scenario takes a fifth of it, even beside others."""

READABLE_SECONDS = 2
"""How long after its end a call may look unfinished."""


@dataclass(frozen=True)
class Scene:
    """A scenario, and what plays it.

    Attributes:
        emitter: the program below emitters/.
        environment: the SDK's environment below .venv-clients; None is this interpreter.
        options: further arguments of the emitter.
    """

    emitter: str
    environment: str | None
    scenario: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.environment, self.scenario, *self.options)))

    @property
    def python(self) -> Path:
        """The interpreter; it need not exist."""
        if self.environment is None:
            return Path(sys.executable)
        return ROOT / ".venv-clients" / self.environment / "bin" / "python"


@dataclass(frozen=True)
class Call:
    """One scenario as it was played, and as the server tells it.

    Attributes:
        truth: what the emitter says has happened.
        live: the first session detail with a turn in it that came before the emitter ended.
        detail: the session detail afterwards.
        lines: the list of traces.
        traces: every trace in full, in the order of the list.
    """

    truth: dict[str, Any]
    live: dict[str, Any] | None
    detail: dict[str, Any]
    lines: list[dict[str, Any]]
    traces: list[dict[str, Any]]

    @property
    def observations(self) -> list[dict[str, Any]]:
        """The observations of all traces, earliest first."""
        found = [each for trace in self.traces for each in trace["observations"]]
        return sorted(found, key=lambda each: str(each["startTime"]))

    def typed(self, kind: str) -> list[dict[str, Any]]:
        """The observations of one type."""
        return [each for each in self.observations if each["type"] == kind]


@dataclass(frozen=True)
class Line:
    """Where a sender's endpoint and headers point.

    Attributes:
        header: name and beginning of the header that carries the key.
    """

    server: RunningServer
    key: str
    path: str
    header: str

    def play(self, scene: Scene) -> Call:
        """Play one scenario to its end, and read all that the server has to say about it.

        A scene in real time that a busy machine has spoilt is played once more.
        """
        call = self._play(scene) or self._play(scene)
        assert call is not None, f"{scene}: the machine was too slow for it, twice"
        return call

    def _play(self, scene: Scene) -> Call | None:
        session = f"call {scene} {uuid4().hex[:8]}"
        command = [
            *(str(scene.python), str(EMITTERS / scene.emitter)),
            *("--endpoint", self.server.url + self.path, "--header", self.header + self.key),
            *("--session-id", session, "--scenario", scene.scenario, *scene.options),
        ]
        with self.server.client(self.key) as client, _running(command) as process:
            live = _first_sight(client, session, process)
            printed, said = process.communicate(timeout=CALL_SECONDS)
            if process.returncode == os.EX_TEMPFAIL:
                return None
            assert process.returncode == 0, f"{scene}: exit {process.returncode}\n{said[-4000:]}"
            truth = json.loads(printed)
            status = "active" if stays_open(truth) else "completed"
            detail = wait_for(
                lambda: _detail(client, session),
                lambda found: bool(found) and bool(found["status"] == status),
                READABLE_SECONDS,
            )
            return _read(client, truth, live, detail)


class Played:
    """Scenarios that are being played, some at a time."""

    def __init__(self, line: Line, scenes: Sequence[Scene]):
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._calls: dict[Scene, Future[Call]] = {
            scene: self._pool.submit(line.play, scene) for scene in scenes if scene.python.exists()
        }

    def call(self, scene: Scene) -> Call:
        """The call, when it is over; skips the test where its SDK is not installed."""
        if scene not in self._calls:
            pytest.skip(f"no environment .venv-clients/{scene.environment}; `./dev test` makes it")
        return self._calls[scene].result()

    def close(self) -> None:
        """Wait for all."""
        self._pool.shutdown(cancel_futures=True)


def stays_open(truth: dict[str, Any]) -> bool:
    """Whether nothing that was sent says that the conversation is over."""
    return bool(truth["ended"] == "killed" or truth["emitter"] == "otel_json")


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, cwd=EMITTERS, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _first_sight(
    client: httpx2.Client, session: str, process: subprocess.Popen[str]
) -> dict[str, Any] | None:
    """The first detail with a turn in it, None when the emitter ended before there was one."""

    def look() -> tuple[bool, dict[str, Any] | None]:
        found = _detail(client, session)
        return process.poll() is not None, found if found is not None and found["turns"] else None

    over, found = wait_for(look, any, CALL_SECONDS)
    return None if over else dict(found)


def _detail(client: httpx2.Client, session: str) -> dict[str, Any] | None:
    answer = client.get(f"{SESSIONS}/{session}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _read(
    client: httpx2.Client,
    truth: dict[str, Any],
    live: dict[str, Any] | None,
    detail: dict[str, Any],
) -> Call:
    path = f"/v1/traces/session/{UUID(detail['id'].removeprefix('sess_'))}"
    answer = _exact(client.get(path, params={"limit": 100}))
    assert answer["pagination"]["totalPages"] == 1
    traces = [_exact(client.get(f"{path}/{each['traceId']}"))["trace"] for each in answer["traces"]]
    return Call(truth, live, detail, answer["traces"], traces)


def _exact(answer: httpx2.Response) -> dict[str, Any]:
    """The answer, its fractions as they are written."""
    assert answer.status_code == 200, answer.text
    return dict(json.loads(answer.text, parse_float=Decimal))
