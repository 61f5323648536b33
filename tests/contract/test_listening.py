"""Recordings are listened to in the background, through a real server; and `turnwise analyze`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import pytest

from tests.contract.store.telemetry.places import Room
from tests.server import RunningServer, wait_for
from tests.speech import call, file_of, noisy
from turnwise.analyse.hearing import VERSION
from turnwise.app.flow import Flow
from turnwise.app.listening import hear_again
from turnwise.app.pending import Pending
from turnwise.model.audio import AudioReport
from turnwise.model.batch import Batch
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, session_id_of
from turnwise.store.catalog import SqlCatalog, catalog_url
from turnwise.store.telemetry.store import ClickHouseTelemetry

SESSIONS = "/v1/observability/sessions"
AGENT = [(0.5, 3.0), (6.0, 9.0), (13.2, 14.5), (16.0, 21.0)]
USER = [(4.0, 5.2), (8.5, 10.0), (15.0, 15.4), (18.0, 18.4)]
CALL = noisy(call(22.0, USER, AGENT))
BEGAN_MS = 1_400
"""The recording began so long after the session."""


def new_call() -> str:
    return f"CA{uuid4().hex}"


def _session(client: httpx2.Client, named: str) -> str:
    body = {"agentId": "support", "startedAt": "2026-03-21T10:00:00Z", "callId": named}
    ended = {"endedAt": "2026-03-21T10:05:00Z", "status": "completed"}
    return str(client.post(SESSIONS, json={**body, **ended}).json()["id"])


def _turns(client: httpx2.Client, session: str) -> None:
    spans = sorted(
        [(*each, "agent") for each in AGENT] + [(*each, "user") for each in USER[:2]],
        key=lambda each: each[0],
    )
    turns = [
        {
            "id": f"t{number}",
            "index": number,
            "speaker": speaker,
            "text": "words",
            "startMs": round(1000 * start) + BEGAN_MS,
            "endMs": round(1000 * end) + BEGAN_MS,
            "e2eMs": 300,
        }
        for number, (start, end, speaker) in enumerate(spans)
    ]
    answer = client.post(f"{SESSIONS}/{session}/turns", json={"turns": turns})
    assert answer.status_code < 300, answer.text


def _heard(client: httpx2.Client, session: str) -> dict[str, Any]:
    def look() -> Any:
        return client.get(f"{SESSIONS}/{session}").json()["audio"]

    found: dict[str, Any] = wait_for(look, seconds=60)
    return found


def test_an_uploaded_recording_is_heard_and_shown_beside_what_was_reported(
    server: RunningServer,
) -> None:
    named = new_call()
    with server.client(server.new_user()) as client:
        session = _session(client, named)
        _turns(client, session)
        made = client.put(f"/v1/recordings/{named}", content=file_of(CALL)).json()
        assert made["analysis"] == "pending"
        audio = _heard(client, session)
        assert client.get(f"/v1/recordings/{named}").json()["analysis"] == "done"
    assert (audio["problem"], audio["channels"], audio["agentChannel"]) == (None, 2, 1)
    # Every instant is on the session's clock, found from the turns alone.
    assert audio["startMs"] == pytest.approx(BEGAN_MS, abs=60)
    assert audio["alignmentMadMs"] <= 60
    [interruption] = audio["interruptions"]
    assert interruption["startMs"] == pytest.approx(8_500 + BEGAN_MS, abs=100)
    assert interruption["stopLatencyMs"] == pytest.approx(500, abs=60)
    assert [each["startMs"] for each in audio["backchannels"]] == pytest.approx(
        [18_000 + BEGAN_MS], abs=100
    )
    assert [each["latencyMs"] for each in audio["responses"]] == pytest.approx(
        [800, 3200, 600], abs=60
    )
    assert [each["turn"] for each in audio["responses"]] == [2, 4, 5]
    assert audio["responseLatencyMs"]["p50"] == pytest.approx(800, abs=60)
    assert audio["talkRatio"] == pytest.approx(0.77, abs=0.03)
    assert [each["owedBy"] for each in audio["deadAir"]] == ["agent"]


def test_what_only_the_recording_tells_counts_as_an_interruption(server: RunningServer) -> None:
    named = new_call()
    quality = f"{SESSIONS}/interruption-quality"
    with server.client(server.new_user()) as client:
        session = _session(client, named)
        _turns(client, session)
        before = client.get(quality, params={"agentId": "support"}).json()
        client.put(f"/v1/recordings/{named}", content=file_of(CALL))
        _heard(client, session)
        after = client.get(quality, params={"agentId": "support"}).json()
        assert (before["interruptions"], after["interruptions"]) == (0, 1)
        stated = {"id": "i1", "turnIndex": 2, "onsetMs": 8_520 + BEGAN_MS, "stoppedMs": 10_400}
        client.post(f"{SESSIONS}/{session}/interruptions", json={"interruptions": [stated]})
        assert client.get(quality, params={"agentId": "support"}).json()["interruptions"] == 1


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (file_of(CALL.mean(axis=1)), "one channel"),
        (file_of(0 * CALL), "silent"),
        (file_of(CALL[:, [1, 1]]), "same sound"),
    ],
    ids=["mono", "silent", "one sound twice"],
)
def test_a_recording_that_cannot_be_measured_says_why(
    server: RunningServer, audio: bytes, reason: str
) -> None:
    named = new_call()
    with server.client(server.new_user()) as client:
        session = _session(client, named)
        client.put(f"/v1/recordings/{named}", content=audio)
        assert reason in _heard(client, session)["problem"]
        assert client.get(f"/v1/recordings/{named}").json()["analysis"] == "failed"


def test_audio_in_place_of_another_is_heard_anew(server: RunningServer) -> None:
    named = new_call()
    with server.client(server.new_user()) as client:
        session = _session(client, named)
        client.put(f"/v1/recordings/{named}", content=file_of(0 * CALL))
        assert "silent" in _heard(client, session)["problem"]
        client.put(f"/v1/recordings/{named}", content=file_of(CALL))
        audio = wait_for(
            lambda: client.get(f"{SESSIONS}/{session}").json()["audio"] or {},
            lambda found: found.get("problem", "not yet") is None,
            seconds=60,
        )
        assert len(audio["responses"]) == 3


def test_what_was_not_heard_before_a_stop_is_heard_after_it(own_server: RunningServer) -> None:
    named = new_call()
    with own_server.client() as client:
        session = _session(client, named)
        client.put(f"/v1/recordings/{named}", content=file_of(CALL))
    own_server.kill()
    own_server.start()
    with own_server.client() as client:
        assert _heard(client, session)["problem"] is None


async def test_what_an_older_version_has_heard_is_heard_anew_on_request(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = ClickHouseTelemetry(room)
    try:
        flow = Flow(store, catalog, Pending())
        for name, version in (("old", VERSION - 1), ("new", VERSION)):
            await flow.accept(_heard_before(project_id, name, version))
        known = await store.session_ids()
        assert await store.unheard_sessions(9) == []
        assert await hear_again(store, flow.accept, known) == 1
        for _, session_id in known:
            await flow.settle(project_id, [session_id])
        old = session_id_of(project_id, "old")
        assert await store.unheard_sessions(9) == [(project_id, old)]
    finally:
        await store.close()
        catalog.close()


def _heard_before(project_id: ProjectId, name: str, version: int) -> Batch:
    report = AudioReport(recording_id=name, version=version, channels=2, duration_ns=1)
    text = msgspec.json.encode(report).decode()
    recording = {"status": "ready", "content_type": "audio/wav", "created_ns": 5,
                 "storage_uri": f"file:///{name}.wav"}  # fmt: skip
    bodies = {
        FactKind.RECORDING: recording,
        FactKind.AUDIO: {"report": text, "created_ns": 5},
    }
    facts = [
        SessionFact(
            project_id=project_id,
            session_id=session_id_of(project_id, name),
            kind=kind,
            fact_id=name,
            body=body,
        )
        for kind, body in bodies.items()
    ]
    return Batch(project_id=project_id, user_id=1, facts=facts)


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "turnwise.app.entry", "analyze", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, "NO_COLOR": "1"}
    )


def test_analyze_prints_json(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    file.write_bytes(file_of(CALL))
    done = _analyze(file, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["channels"], told["durationMs"], told["problem"]) == (2, 22_000, None)
    speakers = [each["speaker"] for each in told["turns"]]
    assert speakers == ["agent", "user", "agent", "user", "agent", "user", "agent", "user"]
    assert told["interruptions"][0]["stopLatencyMs"] == pytest.approx(500, abs=60)
    assert told["deadAir"][0]["startMs"] == pytest.approx(10_000, abs=60)
    assert set(told["responseLatencyMs"]) == {"count", "avg", "p50", "p95", "max"}
    other = json.loads(_analyze(file, "--json", "--agent-channel", "0").stdout)
    assert (other["agentChannel"], other["turns"][0]["speaker"]) == (0, "user")


def test_analyze_draws_who_spoke_when(tmp_path: Path) -> None:
    file = tmp_path / "call.flac"
    file.write_bytes(file_of(CALL, subtype="PCM_16", kind="FLAC"))
    done = _analyze(file)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    assert rows["agent"].count("█") > rows["caller"].count("█") > 0
    assert "the agent stopped after" in done.stdout
    assert "response latency" in done.stdout


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_a_file_that_was_cut_off_is_analysed_as_far_as_it_goes(tmp_path: Path, kind: str) -> None:
    subtype = {"WAV": "ULAW", "FLAC": "PCM_16", "OGG": "VORBIS"}[kind]
    whole = file_of(CALL, subtype=subtype, kind=kind)
    file = tmp_path / f"call.{kind.lower()}"
    file.write_bytes(whole[: len(whole) * 2 // 3])
    told = json.loads(_analyze(file, "--json").stdout)
    assert 8_000 < told["durationMs"] < 18_000
    assert told["notes"] or kind == "OGG"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.wav", b"not audio at all"),
        ("empty.wav", b""),
        ("zeros.wav", b"RIFF\x24\x00\x00\x00WAVE" + bytes(400)),
        ("cut.flac", file_of(CALL, subtype="PCM_16", kind="FLAC")[:60]),
        ("none.wav", file_of(CALL[:0])),
        ("missing.wav", None),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, name: str, content: bytes | None) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    done = _analyze(file, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
