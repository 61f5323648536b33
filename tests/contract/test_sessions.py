"""GET and native writes of /v1/observability/sessions: shape, paging, scope, errors."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.otlp import base_ns, chat, new_trace_id, send
from tests.server import RunningServer
from turnwise.http.cursors import encode_cursor
from turnwise.model.tenancy import Scope

BASE = "/v1/observability/sessions"


def create(client: httpx2.Client, **fields: Any) -> dict[str, Any]:
    body = {"agentId": "support", "startedAt": "2026-03-21T10:00:00Z", **fields}
    answer = client.post(BASE, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


TURNS = [
    {"id": "t0", "index": 0, "speaker": "agent", "text": "Hello! How can I help?",
     "startMs": 0, "endMs": 1200, "llmMs": 450, "ttsMs": 380},
    {"id": "t1", "index": 1, "speaker": "user", "text": "Where is my order?",
     "startMs": 1500, "endMs": 3000, "sttMs": 210, "confidence": 0.93},
    {"id": "t2", "index": 2, "speaker": "agent", "text": "On its way.", "startMs": 4100,
     "endMs": 5200, "llmMs": 500, "ttsMs": 250, "interrupted": True},
]  # fmt: skip


def test_a_written_session_reads_back_in_the_published_shape(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        made = create(client, metadata={"campaign": "spring"})
        path = f"{BASE}/{made['id']}"
        answer = client.post(f"{path}/turns", json={"turns": TURNS})
        assert answer.json() == {"accepted": 3, "rejected": []}
        tool = {"id": "x1", "name": "find_order", "turnIndex": 2, "startMs": 3200, "endMs": 3900,
                "status": "error", "error": "not found", "arguments": {"id": 4}}  # fmt: skip
        assert client.post(f"{path}/tools", json={"tools": [tool]}).status_code == 200
        cut = {"id": "i1", "turnIndex": 2, "onsetMs": 5000, "detectedMs": 5100, "stoppedMs": 5200,
               "bleedThroughWords": 1}  # fmt: skip
        assert client.post(f"{path}/interruptions", json={"interruptions": [cut]}).is_success
        ended = {"endedAt": "2026-03-21T10:05:30Z", "status": "completed"}
        assert client.patch(path, json=ended).json()["status"] == "completed"
        detail = client.get(path).json()
        line = client.get(BASE).json()["data"][0]
    assert made["id"] == "sess_" + UUID(made["sessionId"]).hex
    assert line == {
        "id": made["id"],
        "agentId": made["agentId"],
        "startedAt": "2026-03-21T10:00:00Z",
        "endedAt": "2026-03-21T10:05:30Z",
        "turns": 3,
        "status": "completed",
    }
    assert detail["turns"][0] == {
        "index": 0, "speaker": "agent", "text": "Hello! How can I help?", "startMs": 0,
        "endMs": 1200, "sttMs": 0, "llmMs": 450, "ttsMs": 380, "interrupted": False,
    }  # fmt: skip
    assert detail["turns"][2]["interrupted"] is True
    # (450 + 380) and (500 + 250 + the caller's 210), halved.
    assert detail["metrics"] == {
        "totalDurationMs": 330_000, "avgTurnLatencyMs": 895, "toolExecutions": 1,
    }  # fmt: skip
    assert detail["toolExecutions"] == [
        {"id": "x1", "turnIndex": 2, "name": "find_order", "startMs": 3200, "endMs": 3900,
         "durationMs": 700, "status": "error", "error": "not found"},
    ]  # fmt: skip
    assert detail["metadata"]["campaign"] == "spring"


def test_items_are_upserts_in_any_order_and_null_never_clears(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        path = f"{BASE}/{create(client)['id']}/turns"
        for turn in reversed(TURNS):
            client.post(path, json={"turns": [turn]})
        first = client.get(path.removesuffix("/turns")).json()
        client.post(path, json={"turns": TURNS})
        client.post(
            path,
            json={"turns": [{"id": "t1", "index": 1, "speaker": "user", "startMs": 1500,
                             "text": None, "confidence": 0.5}]},
        )  # fmt: skip
        again = client.get(path.removesuffix("/turns")).json()
    assert [turn["text"] for turn in first["turns"]] == [turn["text"] for turn in TURNS]
    assert again["turns"] == first["turns"]


def test_one_bad_item_does_not_sink_the_others(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        path = f"{BASE}/{create(client)['id']}/turns"
        bad = {**TURNS[1], "index": "one"}
        mixed = client.post(path, json={"turns": [TURNS[0], bad]})
        only_bad = client.post(path, json={"turns": [bad]})
    assert mixed.status_code == 200
    assert mixed.json()["accepted"] == 1
    assert mixed.json()["rejected"][0]["index"] == 1
    assert "index" in mixed.json()["rejected"][0]["error"]
    assert only_bad.status_code == 400
    assert only_bad.json()["issues"]


def test_pages_are_stable_while_sessions_come_in(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        made = [create(client, startedAt=f"2026-03-21T10:{n:02}:00Z")["id"] for n in range(5)]
        one = client.get(BASE, params={"limit": 2}).json()
        create(client, startedAt="2026-03-21T11:00:00Z")
        two = client.get(BASE, params={"limit": 2, "cursor": one["nextCursor"]}).json()
        three = client.get(BASE, params={"limit": 2, "cursor": two["nextCursor"]}).json()
    seen = [line["id"] for page in (one, two, three) for line in page["data"]]
    assert seen == made[::-1]
    assert (one["hasMore"], two["hasMore"], three["hasMore"]) == (True, True, False)
    assert three["nextCursor"] is None


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": "x"}, {"cursor": "sess_xyz"}, {"cursor": encode_cursor(2**70, "x")}],
    ids=["none", "no number", "not ours", "beyond time"],
)
def test_bad_parameters_are_400(server: RunningServer, query: dict[str, str]) -> None:
    with server.client() as client:
        answer = client.get(BASE, params=query)
    assert answer.status_code == 400
    assert set(answer.json()) >= {"error", "issues"}


def test_a_limit_above_the_maximum_is_the_maximum(server: RunningServer) -> None:
    with server.client() as client:
        assert client.get(BASE, params={"limit": 100_000}).status_code == 200


def test_sessions_are_filtered_by_agent_and_an_unknown_agent_has_none(
    server: RunningServer,
) -> None:
    with server.client(server.new_user()) as client:
        create(client, agentId="alpha")
        beta = create(client, agentId="beta")
        by_id = client.get(BASE, params={"agentId": beta["agentId"]}).json()
        by_slug = client.get(BASE, params={"agentId": "beta"}).json()
        unknown = client.get(BASE, params={"agentId": "agent_nobody"}).json()
    assert [line["id"] for line in by_id["data"]] == [beta["id"]]
    assert by_slug == by_id
    assert unknown == {"data": [], "nextCursor": None, "hasMore": False}


def test_names_of_all_forms_lead_to_the_same_session(server: RunningServer) -> None:
    name = f"call {uuid4().hex[:6]} at noon"
    with server.client(server.new_user()) as client:
        send(client, [chat(new_trace_id(), base_ns(), name)])
        by_name = client.get(f"{BASE}/{name}").json()
        by_public_id = client.get(f"{BASE}/{by_name['id']}").json()
        by_uuid = client.get(f"{BASE}/{UUID(by_name['id'].removeprefix('sess_'))}").json()
        traces = client.get(f"/v1/traces/session/{UUID(by_name['id'].removeprefix('sess_'))}")
    for other in (by_public_id, by_uuid):
        assert other["id"] == by_name["id"]
        assert other["turns"] == by_name["turns"]
    assert traces.json()["pagination"]["totalItems"] == 1


def test_other_tenants_see_and_change_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as stranger:
        made = create(owner)
        path = f"{BASE}/{made['id']}"
        unknown = f"{BASE}/sess_{uuid4().hex}"
        for theirs, nobodys in (
            (stranger.get(path), stranger.get(unknown)),
            (stranger.patch(path, json={"status": "failed"}), stranger.patch(unknown, json={})),
            (stranger.post(f"{path}/turns", json={"turns": TURNS}),
             stranger.post(f"{unknown}/turns", json={"turns": TURNS})),
        ):  # fmt: skip
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.content == nobodys.content
        assert stranger.get(BASE).json()["data"] == []
        assert owner.get(path).json()["status"] == "active"


def test_scopes_are_kept_apart(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    reads = server.new_user(tenant, scopes=frozenset({Scope.READ}))
    writes = server.new_user(tenant, scopes=frozenset({Scope.INGEST}))
    with server.client(reads) as client:
        refused = client.post(BASE, json={"agentId": "a", "startedAt": "2026-03-21T10:00:00Z"})
        assert refused.status_code == 403
    with server.client(writes) as client:
        assert client.get(BASE).status_code == 403
        create(client)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "JSON"),
        (b'{"agentId": "a"}', "startedAt"),
        (b'{"startedAt": "2026-03-21T10:00:00Z"}', "agentId"),
        (b'{"agentId": "a", "startedAt": "yesterday"}', "startedAt"),
        (b'{"agentId": "a", "startedAt": "2026-03-21T10:00:00Z", "status": "odd"}', "status"),
        (b'{"agentId": 5, "startedAt": "2026-03-21T10:00:00Z"}', "agentId"),
        (b"[]", "object"),
    ],
)
def test_a_malformed_session_is_400_and_named(
    server: RunningServer, body: bytes, field: str
) -> None:
    with server.client() as client:
        answer = client.post(BASE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert field in answer.json()["error"]


def test_start_and_end_frame_a_session(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        started = client.post("/v1/sessions/start", json={"userIdentity": "caller-1"})
        assert started.status_code == 200
        body = started.json()
        assert list(body) == [
            "userToken", "roomName", "sessionId", "livekitUrl", "agentDispatched", "agentConfig",
        ]  # fmt: skip
        assert body["roomName"].startswith("room-")
        live = client.get(f"{BASE}/{body['sessionId']}").json()
        assert (live["status"], live["endedAt"]) == ("active", None)
        assert client.get(f"/v1/traces/session/{body['sessionId']}").json()["traces"] == []
        ended = client.post("/v1/sessions/end", json={"roomName": body["roomName"]})
        assert (ended.status_code, ended.content) == (204, b"")
        over = client.get(f"{BASE}/{body['sessionId']}").json()
        assert over["status"] == "completed"
        assert client.post("/v1/sessions/end", json={"sessionId": body["sessionId"]}).is_success
        assert client.get(f"{BASE}/{body['sessionId']}").json() == over
        missing = client.post("/v1/sessions/end", json={"roomName": "nowhere"})
        assert (missing.status_code, missing.json()["error"]) == (404, "Session not found for room")
        wrong = client.post("/v1/sessions/start", json={"userIdentity": "a b"})
        assert wrong.status_code == 400


def test_unknown_routes_and_methods_answer_in_the_form_of_their_surface(
    server: RunningServer,
) -> None:
    with server.client() as client:
        unknown = client.get("/v1/observability/nothing")
        wrong = client.delete(BASE)
    assert unknown.status_code == 404
    assert set(unknown.json()) >= {"error", "code"}
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["allow"]
    assert "error" in wrong.json()


def test_a_room_is_known_as_soon_as_its_session_is(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        for number in range(3):
            room = f"room-{number}-{uuid4().hex[:6]}"
            body = {"userIdentity": "caller-1", "roomName": room}
            assert client.post("/v1/sessions/start", json=body).is_success
            assert client.post("/v1/sessions/end", json={"roomName": room}).status_code == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("turns", {"turns": [{"id": "t", "index": 0, "speaker": "user", "startMs": 1e15}]}),
        ("turns", {"turns": [{"id": "t", "index": 2**70, "speaker": "user", "startMs": 0}]}),
        ("tools", {"tools": [{"id": "f", "name": "find", "startMs": 0, "endMs": 1e300}]}),
        ("interruptions", {"interruptions": [{"id": "i", "onsetMs": -1e15}]}),
        ("interruptions", {"interruptions": [{"id": "i", "bleedThroughWords": 2**63}]}),
    ],
    ids=["turn", "index", "tool", "interruption", "words"],
)
def test_what_lies_outside_of_any_calendar_is_refused(
    server: RunningServer, path: str, body: dict[str, Any]
) -> None:
    with server.client(server.new_user()) as client:
        one = f"{BASE}/{create(client)['id']}"
        before = client.get(one).json()
        answer = client.post(f"{one}/{path}", json=body)
        assert (answer.status_code, client.get(one).json()["turns"]) == (400, before["turns"])
        assert answer.json()["issues"]


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_an_instant_outside_of_64_bits_is_refused(server: RunningServer, instant: str) -> None:
    with server.client(server.new_user()) as client:
        body = {"agentId": "support", "startedAt": instant}
        assert client.post(BASE, json=body).status_code == 400
        assert (
            client.post("/api/v1/sessions", json={"name": "p", "start_time": instant}).status_code
            == 422
        )
        assert client.post("/api/v1/api-key", json={"expires_at": instant}).status_code == 422


def test_a_session_is_active_until_it_has_completed_or_failed(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        path = f"{BASE}/{create(client)['id']}"

        def shown() -> list[tuple[str, str | None]]:
            whole, line = client.get(path).json(), client.get(BASE).json()["data"][0]
            return [(each["status"], each["endedAt"]) for each in (whole, line)]

        assert shown() == [("active", None)] * 2
        ended = "2026-03-21T10:05:30Z"
        client.patch(path, json={"endedAt": ended, "status": "failed"})
        assert shown() == [("failed", ended)] * 2
        client.patch(path, json={"status": "completed"})
        assert shown() == [("completed", ended)] * 2
        assert client.patch(path, json={"status": "over"}).status_code == 400
        assert shown() == [("completed", ended)] * 2
