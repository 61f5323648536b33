"""LiveKit's own upload and its own signer, against a running server that knows their key."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.clients.calls import EMITTERS, SESSIONS, Scene
from tests.livekit_tokens import KEY, SECRET
from tests.server import SECRET as API_KEY
from tests.server import RunningServer, wait_for

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("clients")]

VERSIONS = ("1.8", "1.5")
STAGE_MS = 2
ENVIRONMENT = {"LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}


@pytest.fixture(scope="module")
def livekit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that knows LiveKit's key and secret, which lead to its default project."""
    with RunningServer(
        tmp_path_factory.mktemp("livekit"),
        TURNWISE_LIVEKIT_API_KEY=KEY,
        TURNWISE_LIVEKIT_API_SECRET=SECRET,
    ) as running:
        yield running


def _run(scene: Scene, *arguments: str) -> Any:
    if not scene.python.exists():
        pytest.skip(f"no environment .venv-clients/{scene.environment}; `./dev test` makes it")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(scene.python), str(EMITTERS / scene.emitter), *arguments],
        cwd=EMITTERS,
        env={**clean, **ENVIRONMENT},
        text=True,
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_agent_that_changes_nothing_is_told_whole(
    livekit_server: RunningServer, version: str
) -> None:
    name = f"cloud-{version}-{uuid4().hex[:8]}"
    scene = Scene("livekit_call.py", f"livekit-{version}", "cloud")
    truth = _run(
        scene,
        *("--endpoint", f"{livekit_server.url}/v1/traces", "--session-id", name),
        *("--scenario", "cloud"),
    )
    room = truth["session_id"]
    with livekit_server.client() as client:
        session = client.get(f"{SESSIONS}/{room}").json()
        by_name = client.get(f"{SESSIONS}/line-{name}").json()
        traces = client.get(f"/v1/traces/session/{UUID(session['id'][5:])}").json()["traces"]
        recording = client.get(f"/v1/recordings/{room}").json()
        audio = client.get(f"/v1/recordings/{room}/audio").content
        logs = client.get(f"/ui/api/sessions/{room}/logs", params={"severity": 17}).json()["data"]
    assert by_name["id"] == session["id"]
    # One request to the model fails, which the framework itself logs inside of a span.
    (logged,) = [each["traceId"] for each in logs if "_llm_inference_task" in each["text"]]
    assert logged in {each["traceId"] for each in traces}
    assert session["status"] == "completed"
    assert [(t["speaker"], t["text"], t["interrupted"]) for t in session["turns"]] == [
        (t["speaker"], t["text"], t["interrupted"]) for t in truth["turns"]
    ]
    for turn, true in zip(session["turns"], truth["turns"], strict=True):
        for ours, theirs in (
            ("sttMs", "stt_ms"),
            ("llmMs", "llm_ttft_ms"),
            ("ttsMs", "tts_ttfb_ms"),
        ):
            assert turn[ours] == pytest.approx(true[theirs] or 0, abs=STAGE_MS)
    tools = [(t["name"], t["turnIndex"], t["error"]) for t in session["toolExecutions"]]
    assert tools == [(t["name"], t["turn"], t["error"]) for t in truth["tools"]]
    assert "agent_session" in {trace["name"] for trace in traces}
    assert (recording["status"], recording["channels"]) == ("ready", 2)
    assert recording["durationMs"] > 15_000
    assert audio.startswith(b"OggS")
    assert len(audio) == recording["sizeBytes"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upload_beside_the_users_own_tracer_is_the_same_session(
    livekit_server: RunningServer, version: str
) -> None:
    """The same spans come twice, and only what the user has set up names the session."""
    name = f"beside-{version}-{uuid4().hex[:8]}"
    with livekit_server.client() as client:
        before = {each["id"] for each in _lines(client)}
        truth = _run(
            Scene("livekit_call.py", f"livekit-{version}", "cloud_beside"),
            *("--endpoint", f"{livekit_server.url}/v1/traces", "--session-id", name),
            *("--header", f"x-api-key={API_KEY}", "--scenario", "cloud_beside"),
        )
        session = client.get(f"{SESSIONS}/{name}").json()
        found = wait_for(
            lambda: {each["id"] for each in _lines(client)} - before,
            lambda ids: ids == {session["id"]},
        )
        assert found == {session["id"]}
        by_room = client.get(f"{SESSIONS}/RM_{name}").json()
        page = client.get(f"/v1/traces/session/{UUID(session['id'][5:])}").json()
        recording = client.get(f"/v1/recordings/{name}").json()
    assert by_room == session
    assert session["status"] == "completed"
    assert [(t["speaker"], t["text"]) for t in session["turns"]] == [
        (t["speaker"], t["text"]) for t in truth["turns"]
    ]
    tools = [(t["name"], t["turnIndex"]) for t in session["toolExecutions"]]
    assert tools == [(t["name"], t["turn"]) for t in truth["tools"]]
    assert [trace["name"] for trace in page["traces"]] == ["job_entrypoint"]
    assert (recording["status"], recording["channels"]) == ("ready", 2)


def _lines(client: httpx2.Client) -> list[dict[str, Any]]:
    return list(client.get(SESSIONS, params={"limit": 100}).json()["data"])


def test_webhooks_that_livekit_signs_are_believed(livekit_server: RunningServer) -> None:
    sid = f"RM_{uuid4().hex[:10]}"
    scene = Scene("livekit_webhooks.py", "livekit-1.8", "webhooks")
    signed = _run(scene, sid, "1795000000")
    with livekit_server.client() as reader, livekit_server.client(None) as sender:
        for each in (*signed[::-1], *signed):  # late, and twice
            headers = {
                "authorization": each["authorization"],
                "content-type": "application/webhook+json",
            }
            answer = sender.post("/webhooks/livekit", content=each["body"], headers=headers)
            assert answer.status_code == 200, answer.text
            changed = each["body"].replace("line-", "lane-")
            answer = sender.post("/webhooks/livekit", content=changed, headers=headers)
            assert answer.status_code == 401
        session = wait_for(lambda: reader.get(f"{SESSIONS}/{sid}").json())
        by_call = reader.get(f"{SESSIONS}/SCL_{sid}").json()
        recording = reader.get(f"/v1/recordings/SCL_{sid}").json()
    assert by_call == session
    assert (session["startedAt"], session["endedAt"]) == (
        "2026-11-18T11:06:40Z",
        "2026-11-18T11:07:10Z",
    )
    assert session["status"] == "completed"
    assert recording["url"] == "https://files.example.com/call.ogg"
    assert recording["durationMs"] == 28_000
