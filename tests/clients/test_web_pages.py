"""The web pages in a real browser: Chromium, driven by the checks in `ui/e2e`."""

import httpx2
import pytest

from tests.audio import recording
from tests.browser import STRANGE, look, needs_chromium, needs_pages
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer

SESSIONS = "/v1/observability/sessions"


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_the_pages_in_a_browser(server: RunningServer) -> None:
    person, trace = new_person(server), new_trace_id()
    with person.client() as client:
        for minute in range(3):
            session = _call(client, minute)
        asked = chat(trace, base_ns(), session, question=STRANGE)
        send(client, [asked])
        sent = client.put("/v1/recordings/CA-in-a-browser", content=recording("wav", 8.0))
        assert sent.status_code == 201, sent.text
        session = client.get("/v1/recordings/CA-in-a-browser").json()["sessionId"]
    told = {"session": session, "trace": trace, "observation": str(asked["spanId"])}
    look(person, "pages.test.mjs", turn_1_seconds="3.8", **told)
    look(person, "settings.test.mjs", other_email=new_person(server).email)


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
