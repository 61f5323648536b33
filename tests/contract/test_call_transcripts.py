"""/v1/transcripts and what workers report: shape, filters, scope, audio parts, worker key."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope

BASE = "/v1/transcripts"
REPORT_PATH = "/internal/sessions/observability"
NATIVE = "/v1/observability/sessions"

REPORT: dict[str, Any] = {
    "job_id": "AJ_1",
    "room_id": "RM_1",
    "room": "room-1",
    "options": {"preemptive_generation": {"enabled": True}},
    "something_new": [1, {"a": None}],
    "chat_history": {
        "items": [
            {"id": "m0", "type": "message", "role": "system", "content": ["Be kind."],
             "created_at": 1774087200.0},
            {"id": "m1", "type": "message", "role": "assistant", "content": ["Hello!"],
             "created_at": 1774087201.0},
            {"id": "m2", "type": "message", "role": "user", "content": ["Hi."],
             "created_at": 1774087203.0},
        ]
    },
    "timestamp": 1774087210.0,
}  # fmt: skip


def started(client: httpx2.Client, room: str | None = None) -> dict[str, str]:
    """A session by the start call."""
    body = {"userIdentity": "caller-1", **({"roomName": room} if room else {})}
    return dict(client.post("/v1/sessions/start", json=body).json())


def ended(client: httpx2.Client, agent: str, at: str, **fields: Any) -> str:
    """A native session that has ended; its UUID."""
    body = {"agentId": agent, "startedAt": "2026-03-21T10:00:00Z", "endedAt": at, **fields}
    return str(client.post(NATIVE, json=body).json()["sessionId"])


def test_a_report_is_kept_whole_and_closes_the_session(server: RunningServer) -> None:
    with new_person(server).client() as client:
        session = started(client)
        sent = {
            "roomName": session["roomName"], "sessionId": session["sessionId"], "orgId": "any",
            "sessionReport": REPORT, "closeReason": "user_initiated",
            "receivedAt": "2026-03-21T10:00:11Z",
        }  # fmt: skip
        for _ in range(2):
            answer = client.post(REPORT_PATH, json=sent)
            assert (answer.status_code, answer.content) == (204, b"")
        body = client.get(f"{BASE}/{session['sessionId']}").json()["transcript"]
        assert client.get(f"{BASE}/{session['sessionId']}/audio").status_code == 404
    assert list(body) == [
        "id", "sessionId", "roomName", "agentId", "orgId", "createdByUserId", "sessionReport",
        "chatHistory", "closeReason", "durationMs", "messageCount", "startedAt", "endedAt",
        "createdAt", "updatedAt",
    ]  # fmt: skip
    assert body["sessionReport"] == REPORT
    assert body["chatHistory"] == REPORT["chat_history"]["items"]
    assert body["closeReason"] == "user_initiated"
    assert body["messageCount"] == 2
    assert body["endedAt"] is not None
    assert body["createdByUserId"] is not None
    assert len(body["agentId"]) == 24


def test_without_a_report_the_turns_are_the_history(server: RunningServer) -> None:
    with new_person(server).client() as client:
        session = ended(client, "a", "2026-03-21T10:01:00Z", roomName="room-9")
        turn = {
            "id": "t",
            "index": 0,
            "speaker": "user",
            "text": "Hi.",
            "startMs": 500,
            "endMs": 900,
        }
        assert client.post(f"{NATIVE}/{session}/turns", json={"turns": [turn]}).is_success
        body = client.get(f"{BASE}/{session}").json()["transcript"]
    assert body["sessionReport"] == {}
    assert (body["durationMs"], body["messageCount"], body["roomName"]) == (60_000, 1, "room-9")
    (item,) = body["chatHistory"]
    assert (item["type"], item["role"], item["content"]) == ("message", "user", ["Hi."])


@pytest.mark.parametrize(
    "report", [[1, 2], "text", 5, {"chat_history": "odd", "usage": {}, "timestamp": "x"}, {}]
)
def test_a_report_of_any_shape_is_taken(server: RunningServer, report: Any) -> None:
    with new_person(server).client() as client:
        session = started(client)
        sent = {
            "roomName": session["roomName"],
            "sessionId": session["sessionId"],
            "sessionReport": report,
        }
        assert client.post(REPORT_PATH, json=sent).status_code == 204
        kept = client.get(f"{BASE}/{session['sessionId']}").json()["transcript"]["sessionReport"]
    assert kept == (report if isinstance(report, dict) else {"report": report})


FAR = 1e300


def test_a_report_with_impossible_numbers_spoils_nothing(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        begun = started(client)
        item = {"type": "message", "created_at": 1774087201.0, "metrics": {"llm_node_ttft": FAR}}
        report = {
            "timestamp": FAR,
            "chat_history": {
                "items": [
                    {**item, "id": "m1", "role": "assistant", "content": ["Hello!"]},
                    {**item, "id": "m2", "role": "user", "content": ["Hi."], "created_at": FAR},
                    {"type": "function_call", "call_id": "c", "name": "f", "created_at": 1e12},
                ]
            },
            "usage": [
                {"type": "llm_usage", "model": "gpt-4.1-mini", "input_tokens": FAR,
                 "output_tokens": -5},
                {"type": "stt_usage", "model": "nova-3", "audio_duration": FAR},
                {"type": "tts_usage", "model": "sonic", "characters_count": 2**70},
            ],
        }  # fmt: skip
        body = {"sessionId": begun["sessionId"], "roomName": begun["roomName"]}
        told = client.post(REPORT_PATH, json={**body, "sessionReport": report})
        assert told.status_code == 204
        session = begun["sessionId"]
        for path in (
            f"{BASE}/{session}", f"{NATIVE}/{session}", f"/v1/traces/session/{session}",
            f"{NATIVE}/{session}/root-cause", BASE, NATIVE,
        ):  # fmt: skip
            assert client.get(path).status_code == 200, path
        assert [each["text"] for each in client.get(f"{NATIVE}/{session}").json()["turns"]] == [
            "Hello!"
        ]


def test_what_a_worker_may_not_do(server: RunningServer) -> None:
    reads = new_person(server, scopes=frozenset({Scope.READ}))
    with new_person(server).client() as client, server.client(None) as nobody:
        session = started(client)
        good = {"roomName": session["roomName"], "sessionId": session["sessionId"]}
        wrong_room = client.post(REPORT_PATH, json={**good, "roomName": "other"})
        assert wrong_room.status_code == 403
        assert "error" in wrong_room.json()
        for bad in ({"sessionId": "x"}, {"roomName": 5}, {"roomName": None}):
            assert client.post(REPORT_PATH, json={**good, **bad}).status_code == 400
        assert client.post(REPORT_PATH, content=b"{").status_code == 400
        assert nobody.post(REPORT_PATH, json=good).status_code == 401
        presented = {"x-observability-key": "some key that nobody set"}
        assert client.post(REPORT_PATH, json=good, headers=presented).status_code == 401
        live = client.get(f"{NATIVE}/{session['sessionId']}").json()
        assert live["status"] == "active"
    with reads.client() as reader:
        assert reader.post(REPORT_PATH, json=good).status_code == 403


def test_the_report_may_come_in_parts_with_audio(server: RunningServer) -> None:
    with new_person(server).client() as client:
        session = started(client)
        payload = {"roomName": session["roomName"], "sessionId": session["sessionId"]}
        files: dict[str, Any] = {
            "payload": (None, json.dumps({**payload, "sessionReport": REPORT})),
            "audio": ("call.ogg", b"OggS" + bytes(100), "audio/ogg"),
        }
        answer = client.post(REPORT_PATH, files=files)
        assert answer.status_code == 204, answer.text
        body = client.get(f"{BASE}/{session['sessionId']}").json()["transcript"]
        assert body["sessionReport"] == REPORT
        alone = client.post(REPORT_PATH, files={"audio": files["audio"]})
        assert alone.status_code == 400
        odd = {"content-type": "multipart/form-data"}
        assert client.post(REPORT_PATH, content=b"x", headers=odd).status_code == 415


def test_a_worker_key_reaches_the_sessions_of_every_tenant(tmp_path: Path) -> None:
    key = "a worker key of the test"
    with RunningServer(tmp_path / "data", TURNWISE_OBSERVABILITY_KEY=key) as server:
        person = new_person(server)
        with person.client() as client, server.client(None) as worker:
            session = started(client)
            sent = {"roomName": session["roomName"], "sessionId": session["sessionId"]}
            wrong = worker.post(REPORT_PATH, json=sent, headers={"x-observability-key": key + "!"})
            assert wrong.status_code == 401
            right = worker.post(REPORT_PATH, json=sent, headers={"x-observability-key": key})
            assert right.status_code == 204, right.text
            found = client.get(f"{NATIVE}/{session['sessionId']}").json()
            assert found["status"] == "completed"


def test_lists_filter_page_and_sort(server: RunningServer) -> None:
    with new_person(server).client() as client:
        ends = [f"2026-03-2{day}T12:00:00Z" for day in (1, 2, 3)]
        made = [ended(client, "alpha", end) for end in ends]
        other = ended(client, "beta", "2026-03-24T12:00:00Z", roomName="call-7")
        live = client.post(NATIVE, json={"agentId": "alpha", "startedAt": ends[0]}).json()

        def ids(path: str = BASE, **params: Any) -> list[str]:
            answer = client.get(path, params=params)
            assert answer.status_code == 200, answer.text
            return [item["sessionId"] for item in answer.json()["items"]]

        assert ids() == [other, *made[::-1]]
        assert ids(sort="asc") == [*made, other]
        assert ids(agentId="alpha") == made[::-1]
        assert ids(agentId="nobody") == []
        assert ids(sessionId=made[1]) == [made[1]]
        assert ids(orgId="another") == [other, *made[::-1]]
        assert ids(**{"from": "2026-03-22", "to": "2026-03-23"}) == [made[2], made[1]]
        assert ids(**{"from": ends[0], "to": ends[0]}) == [made[0]]
        assert ids(f"{BASE}/agent/alpha", sort="asc", limit=2) == made[:2]
        page = client.get(BASE, params={"limit": 3}).json()
        assert {name: page[name] for name in ("total", "limit", "offset", "nextOffset")} == {
            "total": 4, "limit": 3, "offset": 0, "nextOffset": 3,
        }  # fmt: skip
        last = client.get(BASE, params={"limit": 3, "offset": 3}).json()
        assert (len(last["items"]), last["nextOffset"]) == (1, None)
        agent = last["items"][0]["agentId"]
        assert ids(f"{BASE}/agent/{agent}") == made[::-1]
        assert client.get(f"{BASE}/{live['sessionId']}").json()["transcript"]["endedAt"] is None
        stats = client.get(f"{BASE}/agent/alpha/stats").json()
        assert stats == {"totalCalls": 3, "browserCalls": 3, "phoneCalls": 0, "avgMessages": 0.0}
        assert client.get(f"{BASE}/agent/beta/stats").json()["phoneCalls"] == 1
        assert client.get(f"{BASE}/agent/nobody/stats").json() == {
            "totalCalls": 0, "browserCalls": 0, "phoneCalls": 0, "avgMessages": None,
        }  # fmt: skip
        for bad in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"sort": "up"}, {"from": "x"},
                    {"sessionId": "x"}):  # fmt: skip
            answer = client.get(BASE, params=bad)
            assert answer.status_code == 400
            assert set(answer.json()) >= {"error", "issues"}


def test_two_tenants_and_two_users_each(server: RunningServer) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    mate = new_person(server, owner.tenant, Role.MEMBER)
    stranger = new_person(server)
    with member.client() as client:
        session = ended(client, "a", "2026-03-21T10:01:00Z")
    for person in (owner, member):
        with person.client() as client:
            assert client.get(f"{BASE}/{session}").status_code == 200
            assert client.get(BASE).json()["total"] == 1
            assert client.get(f"{BASE}/agent/a").json()["total"] == 1
            assert client.get(f"{BASE}/agent/a/stats").json()["totalCalls"] == 1
    for person in (mate, stranger):
        with person.client() as client:
            unknown = str(uuid4())
            for ending in ("", "/audio"):
                hidden = client.get(f"{BASE}/{session}{ending}")
                missing = client.get(f"{BASE}/{unknown}{ending}")
                assert hidden.status_code == missing.status_code == 404
                assert hidden.content == missing.content
            assert client.get(BASE).json()["total"] == 0
            assert client.get(f"{BASE}/agent/a").json()["total"] == 0
            assert client.get(f"{BASE}/agent/a/stats").json()["totalCalls"] == 0
            assert client.get(f"{BASE}/not-a-uuid").status_code == 400
