"""Webhooks of a LiveKit server: signatures, and the facts that they are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.livekit_tokens import token, upload_token, webhook_token
from tests.unit.ingest.test_livekit_upload import PROJECT, Accepting, issuer_named
from turnwise.http.errors import install_error_handlers
from turnwise.ingest.livekit import Webhooks
from turnwise.model.facts import FactKind
from turnwise.model.ids import session_id_of

PATHS = ("/webhooks/livekit", "/v1/telephony/livekit-webhook")
HOME = session_id_of(PROJECT, "RM_1")
ROOM = {"sid": "RM_1", "name": "lobby", "creationTime": "1795000000"}


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"EV_{name}", "event": name, "createdAt": "1795000002", "room": ROOM, **more}


PHONE = event(
    "participant_joined",
    participant={
        "sid": "PA_1",
        "identity": "sip_+15550100",
        "kind": "SIP",
        "attributes": {
            "sip.callID": "SCL_1",
            "sip.phoneNumber": "+15550100",
            "sip.trunkPhoneNumber": "+15550199",
            "sip.twilio.callSid": "CA" + "1" * 32,
        },
    },
)
EGRESS: dict[str, Any] = {
    "id": "EV_egress",
    "event": "egress_ended",
    "createdAt": "1795000090",
    "egressInfo": {
        "egressId": "EG_1",
        "roomId": "RM_1",
        "roomName": "lobby",
        "status": "EGRESS_COMPLETE",
        "startedAt": "1795000001000000000",
        "endedAt": "1795000060000000000",
        "fileResults": [
            {
                "filename": "lobby.ogg",
                "startedAt": "1795000001500000000",
                "duration": "58500000000",
                "size": "123456",
                "location": "https://files.example.com/lobby.ogg",
            }
        ],
    },
}


@pytest.fixture
def accept() -> Accepting:
    return Accepting()


@pytest.fixture
def client(accept: Accepting) -> Iterator[TestClient]:
    app = Starlette(routes=Webhooks(accept, issuer_named).routes())
    install_error_handlers(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient, sent: Any, path: str = PATHS[0], **claims: Any) -> int:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    headers = {
        "content-type": "application/webhook+json",
        "authorization": webhook_token(body, **claims),
    }
    return client.post(path, content=body, headers=headers).status_code


@pytest.mark.parametrize("path", PATHS)
def test_an_event_is_a_fact_of_its_room(client: TestClient, accept: Accepting, path: str) -> None:
    body = json.dumps(event("room_finished")).encode()
    answer = client.post(path, content=body, headers={"authorization": webhook_token(body)})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    (fact,) = accept.facts
    assert (fact.session_id, fact.kind) == (HOME, FactKind.ROOM_EVENT)
    assert fact.fact_id == "EV_room_finished"
    assert fact.body == {
        "event": "room_finished",
        "room_sid": "RM_1",
        "room_name": "lobby",
        "at_ns": 1_795_000_002_000_000_000,
        "started_ns": 1_795_000_000_000_000_000,
    }


def test_a_telephone_names_its_call_and_its_numbers(client: TestClient, accept: Accepting) -> None:
    assert post(client, PHONE) == 200
    body = accept.facts[0].body
    assert body["call_id"] == "CA" + "1" * 32
    assert body["sip_call_id"] == "SCL_1"
    assert (body["phone_number"], body["trunk_number"]) == ("+15550100", "+15550199")


def test_a_finished_egress_is_a_recording(client: TestClient, accept: Accepting) -> None:
    assert post(client, EGRESS) == 200
    happened, recording = accept.facts
    assert happened.body["room_name"] == "lobby"
    assert (recording.kind, recording.session_id) == (FactKind.RECORDING, HOME)
    assert recording.body == {
        "linked_uri": "https://files.example.com/lobby.ogg",
        "source_content_type": "audio/ogg",
        "source_size_bytes": 123456,
        "source_duration_ns": 58_500_000_000,
        "started_ns": 1_795_000_001_500_000_000,
        "external_id": "EG_1",
        "room_sid": "RM_1",
    }


def test_a_failed_egress_is_a_failed_recording(client: TestClient, accept: Accepting) -> None:
    info = {"egressId": "EG_2", "roomId": "RM_1", "status": "EGRESS_FAILED", "error": "no disk"}
    post(client, {**EGRESS, "egressInfo": info})
    body = accept.facts[1].body
    assert (body["status"], body["error"]) == ("failed", "no disk")


def test_the_older_form_of_an_egress_is_read(client: TestClient, accept: Accepting) -> None:
    info = {**EGRESS["egressInfo"], "file": EGRESS["egressInfo"]["fileResults"][0]}
    del info["fileResults"]
    post(client, {**EGRESS, "egressInfo": info})
    post(client, EGRESS)
    assert accept.facts[1].body == accept.facts[3].body


def _signed(body: bytes, **claims: Any) -> dict[str, str]:
    return {"authorization": webhook_token(body, **claims)}


BODY = json.dumps(event("room_started")).encode()
BAD = {
    "unsigned": {},
    "empty": {"authorization": ""},
    "nonsense": {"authorization": "nonsense"},
    "other secret": _signed(BODY, secret="x" * 32),
    "other key": _signed(BODY, key="APIother"),
    "expired": _signed(BODY, exp=1_700_000_000),
    "other body": _signed(b"{}"),
    "no hash": {"authorization": token()},
    "an upload's token": {"authorization": upload_token()},
    "no base64": _signed(BODY, sha256="%%%"),
    "a number": _signed(BODY, sha256=3),
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", PATHS)
def test_what_does_not_verify_is_refused_and_not_stored(
    client: TestClient, accept: Accepting, headers: dict[str, str], path: str
) -> None:
    assert client.post(path, content=BODY, headers=headers).status_code == 401
    assert accept.batches == []


def test_a_bearer_is_read_too(client: TestClient, accept: Accepting) -> None:
    headers = {"authorization": "Bearer " + webhook_token(BODY)}
    assert client.post(PATHS[0], content=BODY, headers=headers).status_code == 200
    assert accept.facts


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_event_is_refused(client: TestClient, accept: Accepting, sent: bytes) -> None:
    assert post(client, sent) == 400
    assert accept.batches == []


@pytest.mark.parametrize(
    "sent",
    [
        {"event": "ingress_started", "id": "EV_1", "ingressInfo": {}},
        {"id": 3, "event": None, "room": "lobby", "egressInfo": []},
        {},
    ],
)
def test_an_event_of_no_room_is_passed_over(
    client: TestClient, accept: Accepting, sent: dict[str, Any]
) -> None:
    assert post(client, sent) == 200
    assert accept.batches == []


def test_odd_values_cost_only_themselves(client: TestClient, accept: Accepting) -> None:
    odd = {
        "event": "participant_left",
        "createdAt": "soon",
        "room": {"sid": "RM_1", "name": 7, "creationTimeMs": True},
        "participant": {"attributes": {"sip.callID": 1}, "kind": []},
    }
    assert post(client, odd) == 200
    assert post(client, odd) == 200
    first, second = accept.facts
    assert first.body == {"event": "participant_left", "room_sid": "RM_1"}
    assert first.fact_id == second.fact_id
