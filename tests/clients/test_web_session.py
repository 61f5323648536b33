"""The page of a session in a real browser, driven by `ui/e2e/session.test.mjs`."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.audio import recording
from tests.browser import STRANGE, look, needs_chromium, needs_pages
from tests.contract.ui.calls import record, write_logs
from tests.otlp import MS, base_ns, chat, new_span_id, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer, wait_for
from tests.speech import call, file_of, noisy

SESSIONS = "/v1/observability/sessions"
NAMED = "CA-of-the-session-page"
BEGAN_NS = 1_774_087_200_000 * MS
"""2026-03-21T10:00:00Z, when the sessions begin."""
TURNS: list[tuple[str, float, float, dict[str, Any]]] = [
    ("user", 0.3, 1.5, {"sttMs": 150}),
    ("agent", 2.5, 4.0, {"llmMs": 300}),
    ("user", 4.5, 5.8, {"sttMs": 200}),
    ("agent", 7.0, 8.8, {"llmMs": 500, "ttsMs": 250, "e2eMs": 1200}),
    ("user", 9.3, 10.5, {"sttMs": 180}),
    ("agent", 12.0, 13.5, {"llmMs": 350, "ttsMs": 210}),
    ("user", 14.0, 15.2, {}),
    ("agent", 16.2, 18.0, {"llmMs": 400}),
    ("user", 18.6, 20.0, {"sttMs": 170}),
    ("agent", 21.0, 24.2, {"llmMs": 330, "ttsMs": 190, "interrupted": True}),
    ("user", 23.7, 25.2, {"sttMs": 160}),
    ("agent", 26.2, 28.0, {"llmMs": 310, "ttsMs": 180}),
]
"""Speaker, start and end in seconds, and what else was reported."""
TOOL = {
    "id": "lookup", "name": "lookup_order", "turnIndex": 5, "startMs": 10_900, "endMs": 11_700,
    "status": "error", "error": "upstream timed out",
}  # fmt: skip
WORDS = ["These", "are", "the", "words", "of", "turn", "2."]
"""Of that turn, one each 180 ms."""
CUT = {"id": "cut", "turnIndex": 9, "onsetMs": 23_700, "detectedMs": 24_000, "stoppedMs": 24_200}


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_the_page_of_a_session_in_a_browser(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        session = _session(
            client, callId=NAMED, endedAt="2026-03-21T10:00:30Z", userIdentity=STRANGE
        )
        turns = [
            _turn(number, speaker, 1_000 * start, 1_000 * end, **more)
            for number, (speaker, start, end, more) in enumerate(TURNS)
        ]
        turns[2] |= {
            "confidence": 0.52,
            "interimText": "These are the birds of",
            "words": [
                {"text": word, "startMs": 4_500 + 180 * place} for place, word in enumerate(WORDS)
            ],
        }
        turns[4]["text"] = STRANGE
        _post(client, session, "turns", turns)
        _post(client, session, "tools", [TOOL])
        _post(client, session, "interruptions", [CUT])
        trace, span = new_trace_id(), new_span_id()
        send(client, [chat(trace, base_ns(), session, span_id=span)])
        _log(client, session, trace, span)
        spans = {
            speaker: [(start, end) for who, start, end, _ in TURNS if who == speaker]
            for speaker in ("user", "agent")
        }
        sound = file_of(noisy(call(30.0, spans["user"], spans["agent"])))
        assert client.put(f"/v1/recordings/{NAMED}", content=sound).status_code == 201
        wait_for(lambda: client.get(f"{SESSIONS}/{session}").json()["audio"], seconds=60)

        long = _session(client, endedAt="2026-03-21T10:20:00Z")
        speakers = ("user", "agent")
        many = [_turn(n, speakers[n % 2], 3_000 * n, 3_000 * n + 2_000) for n in range(400)]
        _post(client, long, "turns", many)
        quiet = _session(client, endedAt="2026-03-21T10:02:00Z")
        _post(
            client, quiet, "turns", [_turn(0, "user", 0, 1_000), _turn(1, "agent", 90_000, 91_000)]
        )
        live = _session(client, status="active")
        _post(client, live, "turns", many[:4])
        empty = _session(client, endedAt="2026-03-21T10:00:01Z")
        traced, traced_span = _traced(client)
    look(
        person, "session.test.mjs",
        session=session, span=span, long=long, quiet=quiet, live=live, empty=empty,
        traced=traced, traced_span=traced_span, key=person.key,
    )  # fmt: skip


def _traced(client: httpx2.Client) -> tuple[str, str]:
    """A call with a recording whose turns come from spans; and its model request."""
    start_ns, span = base_ns(), new_span_id()
    began = datetime.fromtimestamp(start_ns // 1_000_000_000, UTC).isoformat()
    session = _session(client, callId="CA-traced", startedAt=began, endedAt=began)
    send(client, [chat(new_trace_id(), start_ns + 1_000 * MS, session, span_id=span)])
    assert client.put("/v1/recordings/CA-traced", content=recording("wav", 4.0)).status_code == 201
    return session, span


def _log(client: httpx2.Client, session: str, trace: str, span: str) -> None:
    """Records before, in and after a trace that other ones of the session have not."""
    named = {"session.id": session}
    write_logs(
        client,
        record("the line is open", BEGAN_NS - 400 * MS, 9, attributes=named),
        record("the prompt is long", BEGAN_NS + 7_100 * MS, 13, trace=trace, span=span),
        record(
            STRANGE, BEGAN_NS + 11_700 * MS, 17,
            attributes={**named, STRANGE: STRANGE, "exception.stacktrace": "line 1\nline 2"},
        ),
        record("and on" * 1_000, BEGAN_NS + 20_000 * MS, 5, attributes=named),
    )  # fmt: skip


def _session(client: httpx2.Client, **fields: str) -> str:
    body = {"agentId": "support", "startedAt": "2026-03-21T10:00:00Z", "status": "completed"}
    made = client.post(SESSIONS, json={**body, **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _turn(number: int, speaker: str, start_ms: float, end_ms: float, **more: Any) -> dict[str, Any]:
    times = {"startMs": round(start_ms), "endMs": round(end_ms)}
    named = {"id": f"t{number}", "index": number, "speaker": speaker}
    return {**named, **times, "text": f"These are the words of turn {number}.", **more}


def _post(client: httpx2.Client, session: str, kind: str, items: list[dict[str, Any]]) -> None:
    answer = client.post(f"{SESSIONS}/{session}/{kind}", json={kind: items})
    assert answer.status_code < 300, answer.text
