"""Twilio's callbacks: signatures, any order, joining with what else is known, and recordings."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.audio import recording
from tests.livekit_tokens import KEY, SECRET, webhook_token
from tests.otlp import base_ns, chat, new_trace_id
from tests.otlp import send as send_spans
from tests.server import RunningServer, wait_for
from tests.twilio_calls import (
    PUBLIC,
    TOKEN,
    Carrier,
    call_event,
    carrier,
    new_call,
    new_recording,
    recording_event,
    send,
    signature,
    whole_call,
)

SESSIONS = "/v1/observability/sessions"
CALL, RECORDING = "/webhooks/twilio/call", "/webhooks/twilio/recording"


@pytest.fixture(scope="module")
def storage() -> Iterator[Carrier]:
    with carrier() as running:
        yield running


@pytest.fixture(scope="module")
def twilio(tmp_path_factory: pytest.TempPathFactory, storage: Carrier) -> Iterator[RunningServer]:
    settings = {
        "TURNWISE_TWILIO_AUTH_TOKEN": TOKEN,
        "TURNWISE_LIVEKIT_API_KEY": KEY,
        "TURNWISE_LIVEKIT_API_SECRET": SECRET,
        "TURNWISE_PUBLIC_URL": PUBLIC,
        "TURNWISE_FETCH_HOSTS": storage.host,
        "TURNWISE_MAX_RECORDING_MB": "1",
    }
    with RunningServer(tmp_path_factory.mktemp("twilio"), **settings) as running:
        yield running


@pytest.fixture
def client(twilio: RunningServer) -> Iterator[httpx2.Client]:
    with twilio.client() as made:
        yield made


def session(client: httpx2.Client, name: str) -> dict[str, Any]:
    answer = client.get(f"{SESSIONS}/{name}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(client: httpx2.Client) -> set[str]:
    return {line["id"] for line in client.get(SESSIONS, params={"limit": 100}).json()["data"]}


# --- signatures -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CALL, RECORDING])
def test_what_is_not_rightly_signed_is_403_and_leaves_nothing(
    client: httpx2.Client, path: str
) -> None:
    sid = new_call()
    form = {**call_event(sid, 0, "ringing", 0), "RecordingSid": new_recording()}
    good = signature(PUBLIC + path, form)
    attempts: list[tuple[dict[str, str], dict[str, str]]] = [
        (form, {}),
        (form, {"x-twilio-signature": ""}),
        (form, {"x-twilio-signature": ("B" if good[0] == "A" else "A") + good[1:]}),
        (form, {"x-twilio-signature": signature(PUBLIC + path, form, "another token")}),
        (form, {"x-twilio-signature": signature("https://other.example.com" + path, form)}),
        ({**form, "From": "+15550111"}, {"x-twilio-signature": good}),
        ({**form, "More": "1"}, {"x-twilio-signature": good}),
        (form, {"x-twilio-signature": "é"}),
    ]
    for sent, headers in attempts:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = client.post(path, data=sent, headers=raw)
        assert answer.status_code == 403, headers
        assert set(answer.json()) == {"error", "code"}
    for garbage in (b"\xff=\xff", b"&".join([b"a=b"] * 501)):
        headers = {"x-twilio-signature": good, "content-type": "application/x-www-form-urlencoded"}
        assert client.post(path, content=garbage, headers=headers).status_code == 403
    for garbage in (b"[1]", b"{", b"\xff"):
        headers = {"x-twilio-signature": good, "content-type": "application/json"}
        assert client.post(path, content=garbage, headers=headers).status_code == 403
    assert client.get(f"{SESSIONS}/{sid}").status_code == 404


@pytest.mark.parametrize("public", [PUBLIC, PUBLIC + ":443"])
def test_the_url_is_signed_with_its_port_or_without_and_with_its_query(
    client: httpx2.Client, public: str
) -> None:
    sid = new_call()
    path = f"{CALL}?tenant=a%20b&x=1"
    form = call_event(sid, 0, "ringing", 0, Empty="", Spaced="a b+c&d=é")
    assert send(client, path, form, public=public).status_code == 204
    assert session(client, sid)["status"] == "active"


def test_a_json_body_is_signed_by_its_hash(client: httpx2.Client) -> None:
    sid = new_call()
    body = json.dumps(call_event(sid, 0, "ringing", 0)).encode()
    for sent, status in ((body, 204), (body.replace(b"ringing", b"failed"), 403)):
        path = f"{CALL}?bodySHA256={sha256(body).hexdigest()}"
        headers = {
            "x-twilio-signature": signature(PUBLIC + path, {}),
            "content-type": "application/json",
        }
        assert client.post(path, content=sent, headers=headers).status_code == status
    assert session(client, sid)["status"] == "active"


def test_without_a_token_nothing_is_taken(server: RunningServer) -> None:
    form = call_event(new_call(), 0, "ringing", 0)
    with server.client() as client:
        headers = {"x-twilio-signature": signature(server.url + CALL, form, "")}
        assert client.post(CALL, data=form, headers=headers).status_code == 403


def test_a_signed_callback_without_its_call_is_400(client: httpx2.Client) -> None:
    assert send(client, CALL, {"CallStatus": "ringing"}).status_code == 400


def test_other_tenants_see_nothing_of_a_call(twilio: RunningServer, client: httpx2.Client) -> None:
    sid = new_call()
    send(client, CALL, call_event(sid, 0, "completed", 0))
    with twilio.client(twilio.new_user()) as stranger:
        assert stranger.get(f"{SESSIONS}/{sid}").status_code == 404
        assert stranger.get(f"/v1/recordings/{sid}").status_code == 404


# --- order ------------------------------------------------------------------------------------


def test_callbacks_in_any_order_and_replayed_end_the_same(client: httpx2.Client) -> None:
    seen = []
    for order in list(permutations(range(4)))[::5]:
        sid = new_call()
        events = whole_call(sid)
        for number in (*order, *order[:2]):
            assert send(client, CALL, events[number]).status_code == 204
        found = session(client, sid)
        seen.append((found["status"], found["startedAt"], found["endedAt"]))
    assert set(seen) == {("completed", "2026-03-21T10:00:00Z", "2026-03-21T10:00:55Z")}


@pytest.mark.parametrize("status", ["busy", "failed", "no-answer", "canceled"])
def test_a_call_that_came_to_nothing_has_failed(client: httpx2.Client, status: str) -> None:
    sid = new_call()
    send(client, CALL, call_event(sid, 1, status, 20))
    send(client, CALL, call_event(sid, 2, "ringing", 2))
    assert session(client, sid)["status"] == "failed"


def test_a_live_call_has_no_recording_yet_and_a_finished_one_may_get_one(
    client: httpx2.Client,
) -> None:
    sid = new_call()
    for event in whole_call(sid)[:3]:
        send(client, CALL, event)
    live = client.get(f"/v1/recordings/{sid}")
    assert (live.status_code, live.json()["code"]) == (409, "call_not_completed")
    send(client, CALL, whole_call(sid)[3])
    over = client.get(f"/v1/recordings/{sid}")
    assert over.status_code == 200
    assert (over.json()["url"], over.json()["status"]) == (None, "processing")
    assert client.get(f"/v1/recordings/{sid}/audio").status_code == 404


# --- joining ----------------------------------------------------------------------------------


def spans_of_call(client: httpx2.Client, name: str | None, sid: str) -> None:
    attributes = {"lk.sip.twilio.callSid": sid}
    send_spans(client, [chat(new_trace_id(), base_ns(), name, attributes=attributes)])


@pytest.mark.parametrize("first", ["spans", "callbacks"])
@pytest.mark.parametrize("waits", [True, False])
def test_spans_and_callbacks_of_a_call_are_one_session(
    client: httpx2.Client, first: str, waits: bool
) -> None:
    sid, name = new_call(), f"name-{uuid4().hex[:8]}"
    before = ids(client)
    steps: dict[str, Callable[[], Any]] = {
        "spans": lambda: spans_of_call(client, name, sid),
        "callbacks": lambda: [send(client, CALL, each) for each in whole_call(sid)],
    }
    for step in (first, *({"spans", "callbacks"} - {first}), "callbacks"):
        steps[step]()
        if waits:
            session(client, name if step == "spans" else sid)
    wait_for(lambda: session(client, name)["id"] == session(client, sid)["id"])
    found = session(client, name)
    assert (found["status"], len(found["turns"])) == ("completed", 2)
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})
    assert client.get(f"/v1/recordings/{sid}").status_code == 404


def room_of_call(client: httpx2.Client, room: str, sid: str) -> None:
    """What a LiveKit server tells of a room that a call over Twilio came into."""
    about = {"sid": room, "name": f"line-{room}", "creationTime": "1774087204"}
    phone = {
        "identity": "sip_1",
        "kind": "SIP",
        "attributes": {"sip.callID": f"SCL_{room}", "sip.twilio.callSid": sid},
    }
    joined = {"event": "participant_joined", "createdAt": "1774087206", "participant": phone}
    finished = {"event": "room_finished", "createdAt": "1774087254"}
    for event in (finished, joined):
        body = json.dumps({**event, "id": f"EV_{event['event']}_{room}", "room": about}).encode()
        headers = {"authorization": webhook_token(body)}
        assert client.post("/webhooks/livekit", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("order", list(permutations(["room", "callbacks", "spans"])))
def test_a_room_and_the_call_that_came_into_it_are_one_session(
    client: httpx2.Client, order: tuple[str, ...]
) -> None:
    sid, room = new_call(), f"RM_{uuid4().hex[:8]}"
    before = ids(client)
    conversation = {"gen_ai.conversation.id": room}
    steps: dict[str, Callable[[], Any]] = {
        "room": lambda: room_of_call(client, room, sid),
        "callbacks": lambda: [send(client, CALL, each) for each in whole_call(sid)],
        "spans": lambda: send_spans(
            client, [chat(new_trace_id(), base_ns(), None, attributes=conversation)]
        ),
    }
    for step in order:
        steps[step]()
    found = wait_for(
        lambda: session(client, sid), lambda each: each["id"] == session(client, room)["id"]
    )
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})
    assert wait_for(lambda: session(client, sid), lambda each: each["status"] == "completed")


def test_a_native_session_takes_its_call_in(client: httpx2.Client) -> None:
    sid = new_call()
    before = ids(client)
    for event in whole_call(sid)[:2]:
        send(client, CALL, event)
    body = {"agentId": "desk", "startedAt": "2026-03-21T10:00:05Z", "callId": sid}
    made = client.post(SESSIONS, json=body).json()
    for event in whole_call(sid)[2:]:
        send(client, CALL, event)
    assert session(client, sid)["id"] == made["id"]
    assert wait_for(lambda: session(client, made["id"]), lambda s: s["status"] == "completed")
    assert wait_for(lambda: ids(client) - before, lambda new: new == {made["id"]})


@pytest.mark.parametrize("order", list(permutations(["spans", "leg", "parent", "other leg"]))[::3])
def test_the_legs_of_a_call_are_one_session(client: httpx2.Client, order: tuple[str, ...]) -> None:
    parent, leg, other = new_call(), new_call(), new_call()
    name = f"name-{uuid4().hex[:8]}"
    before = ids(client)
    steps: dict[str, Callable[[], Any]] = {
        "spans": lambda: spans_of_call(client, name, leg),
        "leg": lambda: [send(client, CALL, e) for e in whole_call(leg, ParentCallSid=parent)],
        "parent": lambda: [send(client, CALL, e) for e in whole_call(parent)],
        "other leg": lambda: [
            send(client, CALL, e) for e in whole_call(other, ParentCallSid=parent)
        ],
    }
    for step in order:
        steps[step]()
    found = session(client, name)
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})
    assert {session(client, sid)["id"] for sid in (parent, leg, other)} == {found["id"]}


def test_a_name_that_comes_late_takes_the_call_along(client: httpx2.Client) -> None:
    sid, name = new_call(), f"name-{uuid4().hex[:8]}"
    before, trace = ids(client), new_trace_id()
    attributes = {"lk.sip.twilio.callSid": sid}
    send_spans(client, [chat(trace, base_ns(), None, attributes=attributes)])
    for event in whole_call(sid)[:3]:
        send(client, CALL, event)
    session(client, sid)
    send_spans(client, [chat(trace, base_ns(), name, attributes=attributes)])
    send(client, CALL, whole_call(sid)[3])
    found = session(client, name)
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})
    assert wait_for(lambda: session(client, sid)["id"], lambda each: each == found["id"])
    assert session(client, name)["status"] == "completed"


def test_what_is_named_by_the_call_itself_keeps_it(client: httpx2.Client) -> None:
    sid = new_call()
    before = ids(client)
    send(client, CALL, whole_call(sid)[0])
    spans_of_call(client, sid, sid)
    for event in whole_call(sid)[1:]:
        send(client, CALL, event)
    found = session(client, sid)
    assert (found["status"], len(found["turns"])) == ("completed", 2)
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})


def test_one_room_at_two_times_is_two_sessions(client: httpx2.Client) -> None:
    room = f"room-{uuid4().hex[:8]}"
    made = [
        client.post(
            SESSIONS,
            json={"agentId": "desk", "startedAt": f"2026-03-2{day}T10:00:00Z", "roomName": room,
                  "endedAt": f"2026-03-2{day}T10:05:00Z", "status": "completed"},
        ).json()["id"]
        for day in (1, 2)
    ]  # fmt: skip
    assert len(set(made)) == 2
    assert set(made) <= wait_for(lambda: ids(client), lambda found: set(made) <= found)
    client.put(f"/v1/recordings/{room}", content=recording())
    assert client.get(f"/v1/recordings/{room}").json()["sessionId"] == made[1]
    assert set(made) <= ids(client)


def test_a_recording_that_came_first_joins_its_call(client: httpx2.Client) -> None:
    sid, name = new_call(), f"name-{uuid4().hex[:8]}"
    before = ids(client)
    client.put(f"/v1/recordings/{sid}", content=recording())
    assert session(client, sid)["status"] == "completed"
    spans_of_call(client, name, sid)
    found = session(client, name)
    assert wait_for(lambda: ids(client) - before, lambda new: new == {found["id"]})
    client.patch(f"{SESSIONS}/{name}", json={"status": "completed"})
    told = client.get(f"/v1/recordings/{sid}").json()
    assert (told["sessionId"], told["status"]) == (found["id"], "ready")


# --- recordings -------------------------------------------------------------------------------


def fetched(client: httpx2.Client, sid: str, status: str = "ready") -> dict[str, Any]:
    return dict(
        wait_for(
            lambda: client.get(f"/v1/recordings/{sid}").json(),
            lambda told: told.get("status") == status,
        )
    )


@pytest.mark.parametrize("first", ["call", "recording"])
def test_a_finished_recording_is_fetched_and_keeps_its_channels(
    client: httpx2.Client, storage: Carrier, first: str
) -> None:
    sid, rid, audio = new_call(), new_recording(), recording(seconds=3)
    storage.answers[f"/{rid}.wav"] = (200, {}, audio)
    url = f"http://{storage.host}/{rid}"
    steps: dict[str, Callable[[], Any]] = {
        "call": lambda: [send(client, CALL, each) for each in whole_call(sid)],
        "recording": lambda: [
            send(client, RECORDING, recording_event(sid, rid, "completed", url)),
            send(client, RECORDING, recording_event(sid, rid, "in-progress", url)),
        ],
    }
    for step in (first, *({"call", "recording"} - {first}), "recording"):
        assert all(answer.status_code == 204 for answer in steps[step]())
    told = fetched(client, sid)
    assert (told["channels"], told["durationMs"], told["callId"]) == (2, 3000, sid)
    assert client.get(f"/v1/recordings/{sid}/audio").content == audio
    assert [path for path, _ in storage.asked if rid in path] == [f"/{rid}.wav?RequestedChannels=2"]
    assert all("Authorization" not in headers for _, headers in storage.asked)


def test_a_recording_whose_address_has_letters_beyond_ascii_is_fetched(
    client: httpx2.Client, storage: Carrier
) -> None:
    sid, rid, audio = new_call(), new_recording(), recording()
    storage.answers[f"/Gespr%C3%A4ch-{rid}.wav"] = (200, {}, audio)
    for each in whole_call(sid):
        send(client, CALL, each)
    url = f"http://{storage.host}/Gespräch-{rid}"
    assert send(client, RECORDING, recording_event(sid, rid, "completed", url)).status_code == 204
    fetched(client, sid)
    assert client.get(f"/v1/recordings/{sid}/audio").content == audio


def test_redirects_are_followed_where_they_are_allowed(
    client: httpx2.Client, storage: Carrier
) -> None:
    inside, outside = new_recording(), new_recording()
    storage.answers["/kept.wav"] = (200, {}, recording())
    storage.answers[f"/{inside}.wav"] = (302, {"Location": "/kept.wav"}, b"")
    storage.answers[f"/{outside}.wav"] = (302, {"Location": "http://169.254.169.254/a.wav"}, b"")
    for rid, status in ((inside, "ready"), (outside, "failed")):
        sid = new_call()
        send(client, CALL, whole_call(sid)[3])
        url = f"http://{storage.host}/{rid}"
        send(client, RECORDING, recording_event(sid, rid, "completed", url))
        assert (fetched(client, sid, status)["url"] is None) is (status == "failed")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a",
        "http://localhost/a",
        "https://169.254.169.254/latest",
        "https://[::1]/a",
        "https://example.com/a",
        "http://api.twilio.com/a",
        "https://api.twilio.com.example.com/a",
        "https://api.twilio.com:22/a",
        "https://user@evil.example/api.twilio.com",
        "file:///etc/passwd",
        "ftp://api.twilio.com/a",
        "https://[nonsense/a",
    ],
)
def test_other_hosts_are_never_asked(client: httpx2.Client, url: str) -> None:
    sid = new_call()
    send(client, CALL, whole_call(sid)[3])
    send(client, RECORDING, recording_event(sid, new_recording(), "completed", url))
    assert fetched(client, sid, "failed")["url"] is None


def test_what_is_too_large_or_no_audio_is_given_up(client: httpx2.Client, storage: Carrier) -> None:
    for body in (recording(seconds=70), b"<html>not here</html>" * 20):
        sid, rid = new_call(), new_recording()
        storage.answers[f"/{rid}.wav"] = (200, {}, body)
        send(client, CALL, whole_call(sid)[3])
        url = f"http://{storage.host}/{rid}"
        send(client, RECORDING, recording_event(sid, rid, "completed", url))
        fetched(client, sid, "failed")


def test_what_is_not_there_yet_is_tried_again(client: httpx2.Client, storage: Carrier) -> None:
    sid, rid = new_call(), new_recording()
    send(client, CALL, whole_call(sid)[3])
    send(
        client,
        RECORDING,
        recording_event(sid, rid, "completed", f"http://{storage.host}/{rid}"),
    )
    wait_for(lambda: [path for path, _ in storage.asked if rid in path])
    storage.answers[f"/{rid}.wav"] = (200, {}, recording())
    fetched(client, sid)


@pytest.mark.parametrize("status", ["absent", "failed"])
def test_a_lost_recording_is_said_to_be_lost(client: httpx2.Client, status: str) -> None:
    sid = new_call()
    send(client, CALL, whole_call(sid)[3])
    lost = recording_event(sid, new_recording(), status, ErrorCode="16101")
    send(client, RECORDING, lost)
    assert fetched(client, sid, "failed")["url"] is None
