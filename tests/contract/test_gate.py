"""`turnwise gate` against a server: the verdict, its forms, and what it ends with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from tests.server import RunningServer

SESSIONS = "/v1/observability/sessions"
BEFORE, AFTER = "2026-03-20", "2026-03-21"


def gate(server: RunningServer, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("turnwise")), "gate", "--agent", "support"]
    return subprocess.run(
        [*command, "--url", server.url, *arguments],
        env={**os.environ, "TURNWISE_API_KEY": key, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def call(client: httpx2.Client, day: str, number: int, stop_ms: int, cuts: int = 5) -> None:
    """A session with barge-ins that the agent yields to after about so long."""
    start = f"{day}T10:{number:02}:00Z"
    body = {"agentId": "support", "startedAt": start, "endedAt": f"{day}T10:{number:02}:50Z",
            "status": "completed"}  # fmt: skip
    session = client.post(SESSIONS, json=body).json()["id"]
    turns: list[dict[str, Any]] = [
        {"id": f"t{n}", "index": n, "speaker": "agent", "text": "one two three four five",
         "startMs": 4000 * n, "endMs": 4000 * n + 3000, "interrupted": True}
        for n in range(cuts)
    ]  # fmt: skip
    interruptions = [
        {"id": f"i{n}", "turnIndex": n, "onsetMs": 4000 * n + 1000, "detectedMs": 4000 * n + 1200,
         "stoppedMs": 4000 * n + 1000 + stop_ms + 7 * ((number + n) % 5), "bleedThroughWords": 1}
        for n in range(cuts)
    ]  # fmt: skip
    assert client.post(f"{SESSIONS}/{session}/turns", json={"turns": turns}).is_success
    sent = {"interruptions": interruptions}
    assert client.post(f"{SESSIONS}/{session}/interruptions", json=sent).is_success


@pytest.fixture(scope="module")
def key(server: RunningServer) -> str:
    """Of a tenant whose agent yields after 500 ms on one day and after 800 ms on the next."""
    key = server.new_user()
    with server.client(key) as client:
        for number in range(8):
            call(client, BEFORE, number, 500)
            call(client, AFTER, number, 800)
    return key


def test_a_good_day_passes(server: RunningServer, key: str) -> None:
    done = gate(server, key, "--from", BEFORE, "--to", AFTER)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.startswith("support: passed (40 interruptions in 8 sessions)")


WORSE = ("--from", AFTER, "--baseline-from", BEFORE, "--baseline-to", AFTER)


def test_what_got_surely_worse_fails_although_it_keeps_the_limit(
    server: RunningServer, key: str
) -> None:
    done = gate(server, key, *WORSE, "--format", "json")
    assert done.returncode == 1, done.stderr + done.stdout
    found = json.loads(done.stdout)
    gates = {each["metric"]: each["passed"] for each in found["gates"]}
    assert gates["stopLatencyMs.p95"] is True
    assert gates["stopLatencyMs.p95.change"] is False
    [change] = [each for each in found["changes"] if each["metric"] == "stopLatencyMs.p95"]
    assert change["baseline"] == pytest.approx(528, abs=1)
    assert change["value"] == pytest.approx(828, abs=1)
    assert change["difference95"][0] > 250
    assert found["baseline"]["interruptions"] == 40


def test_the_other_way_round_it_passes(server: RunningServer, key: str) -> None:
    done = gate(server, key, "--from", BEFORE, "--to", AFTER, "--baseline-from", AFTER)
    assert done.returncode == 0, done.stderr + done.stdout


def test_other_limits_can_be_asked_for(server: RunningServer, key: str) -> None:
    assert gate(server, key, "--from", AFTER).returncode == 0
    assert gate(server, key, "--from", AFTER, "--max-stop-ms", "700").returncode == 1
    assert gate(server, key, *WORSE, "--max-worsening", "0.9").returncode == 0


def test_it_speaks_junit_and_markdown(server: RunningServer, key: str) -> None:
    suite = ElementTree.fromstring(gate(server, key, *WORSE, "--format", "junit").stdout)
    assert (suite.tag, suite.get("failures")) == ("testsuite", "1")
    text = gate(server, key, *WORSE, "--format", "markdown").stdout
    assert text.startswith("### Voice gate of `support`: failed")
    assert "| ❌ | stopLatencyMs.p95.change |" in text


@pytest.mark.parametrize(
    "arguments", [("--from", "2027-01-01"), ("--from", AFTER, "--baseline-from", "2027-01-01")],
    ids=["nothing", "no baseline"],
)  # fmt: skip
def test_too_little_data_is_its_own_end(
    server: RunningServer, key: str, arguments: tuple[str, ...]
) -> None:
    done = gate(server, key, *arguments)
    assert done.returncode == 2, done.stderr + done.stdout
    assert "not enough data" in done.stderr


def test_no_answer_is_its_own_end_and_one_line(server: RunningServer, key: str) -> None:
    for done, words in (
        (gate(server, "sk-wrong-0123456789"), "answers 401"),
        (gate(server, key, "--from", "yesterday"), "from is no ISO 8601 instant"),
        (gate(server, key, "--url", "http://127.0.0.1:9"), "does not answer"),
    ):
        assert done.returncode == 3
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
