"""The web pages in a real browser: Chromium, driven by the checks in `ui/e2e`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.audio import recording
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.people import PASSWORD, new_person
from tests.server import RunningServer
from turnwise.app.surfaces import WEB

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "ui"
SESSIONS = "/v1/observability/sessions"
STRANGE = "<img src=x onerror=ranFromContent()>"


def find_chromium() -> str | None:
    """The browser on PATH, or the one that CHROMIUM names."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.mark.timeout(600)
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on PATH and none in CHROMIUM")
@pytest.mark.skipif(
    not (WEB / "index.html").is_file() or not (UI / "node_modules").is_dir(),
    reason="the web pages are not built: ./dev setup",
)
def test_the_pages_in_a_browser(server: RunningServer) -> None:
    person, trace = new_person(server), new_trace_id()
    with person.client() as client:
        for minute in range(3):
            session = _call(client, minute)
        send(client, [chat(trace, base_ns(), session, question=STRANGE)])
        sent = client.put("/v1/recordings/CA-in-a-browser", content=recording("wav", 8.0))
        assert sent.status_code == 201, sent.text
        session = client.get("/v1/recordings/CA-in-a-browser").json()["sessionId"]
    environment = {
        **os.environ,
        "TURNWISE_URL": server.url,
        "TURNWISE_EMAIL": person.email,
        "TURNWISE_PASSWORD": PASSWORD,
        "TURNWISE_SESSION": session,
        "TURNWISE_TRACE": trace,
        "TURNWISE_TURN_1_SECONDS": "3.8",
        "CHROMIUM": find_chromium() or "",
    }
    command = [sys.executable, str(UI / "build.py"), "npm", "run", "--silent", "browser"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]


def _call(client: httpx2.Client, minute: int) -> str:
    body: dict[str, object] = {
        "agentId": "support", "status": "completed", "startedAt": f"2026-03-21T10:0{minute}:00Z",
        "endedAt": f"2026-03-21T10:0{minute}:08Z", "metadata": {"note": STRANGE},
    }  # fmt: skip
    if minute == 1:
        body["callId"] = "CA-in-a-browser"
    made = client.post(SESSIONS, json=body)
    session = str(made.json()["id"])
    turns = [
        {"id": "u", "index": 0, "speaker": "user", "text": STRANGE, "startMs": 1000, "endMs": 3000},
        {
            "id": "a", "index": 1, "speaker": "agent", "text": "Of course.", "startMs": 3800,
            "endMs": 6000, "llmMs": 300, "ttsMs": 200, "interrupted": True,
        },
    ]  # fmt: skip
    assert client.post(f"{SESSIONS}/{session}/turns", json={"turns": turns}).status_code < 300
    return session
