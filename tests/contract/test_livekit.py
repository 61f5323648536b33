"""What LiveKit sends by itself, against a running server: uploads, webhooks, in any order."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.livekit_tokens import KEY, SECRET, upload_token, webhook_token
from tests.server import PUBLIC, RunningServer, wait_for
from tests.server import SECRET as API_KEY

CAPTURES = Path(__file__).parents[1] / "captures" / "livekit"
LIVEKIT = {"TURNWISE_LIVEKIT_API_KEY": KEY, "TURNWISE_LIVEKIT_API_SECRET": SECRET}
VERSIONS = {"1.8.9": "RM_call-cloud-18", "1.5.17": "RM_call-cloud-15"}
FEW_MS = 3


@dataclass(frozen=True)
class Sent:
    path: str
    headers: dict[str, str]
    body: bytes


def requests(version: str) -> list[Sent]:
    folder = CAPTURES / version / "cloud"
    found = []
    for path in sorted(folder.glob("[0-9]*.json")):
        about = json.loads(path.read_text())
        body = (folder / about["body"]).read_bytes()
        if about["body"].endswith(".gz"):
            body = gzip.decompress(body)
        names = ("content-type", "content-encoding")
        headers = {name: about["headers"][name] for name in names if name in about["headers"]}
        found.append(Sent(about["path"], headers, body))
    return found


def upload(client: httpx2.Client, sent: Sequence[Sent], token: str | None = None) -> None:
    for each in sent:
        headers = {**each.headers, "authorization": f"Bearer {token or upload_token()}"}
        answer = client.post(each.path, content=each.body, headers=headers)
        assert answer.status_code == 200, answer.text


def webhook(client: httpx2.Client, event: dict[str, Any]) -> None:
    body = json.dumps(event).encode()
    headers = {"authorization": webhook_token(body), "content-type": "application/webhook+json"}
    answer = client.post("/webhooks/livekit", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


def detail(client: httpx2.Client, name: str) -> bytes:
    answer = client.get(f"/v1/observability/sessions/{name}")
    assert answer.status_code == 200, answer.text
    return answer.content


def told(client: httpx2.Client, name: str) -> tuple[dict[str, Any], bytes]:
    """Everything that is said of a session, but for ids, which are made from the project's.

    A session that has a recording is told of once the server has listened to it.
    """

    def is_heard(answer: httpx2.Response) -> bool:
        return bool(answer.status_code == 404 or answer.json()["analysis"] != "pending")

    wait_for(lambda: client.get(f"/v1/recordings/{name}"), is_heard, seconds=60)
    found = json.loads(detail(client, name))
    session_id = str(UUID(found["id"][5:]))
    traces = client.get(f"/v1/traces/session/{session_id}").content
    for moving in ("id", "agentId"):
        del found[moving]
    if found["audio"] is not None:
        del found["audio"]["recordingId"]
    return found, traces.replace(session_id.encode(), b"")


def sessions(client: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/observability/sessions").json()["data"]
    return found


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[RunningServer]]:
    with (
        RunningServer(tmp_path / "a", **LIVEKIT) as first,
        RunningServer(tmp_path / "b", **LIVEKIT) as second,
    ):
        yield [first, second]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upload_is_one_session_in_every_order(
    version: str, servers: list[RunningServer]
) -> None:
    truth = json.loads((CAPTURES / version / "cloud" / "truth.json").read_text())
    sent, room = requests(version), VERSIONS[version]
    answers = []
    for server, order in zip(servers, (sent, sent[::-1]), strict=True):
        with server.client(API_KEY) as client, server.client(None) as sender:
            upload(sender, order)
            wait_for(lambda: sessions(client))
            answers.append(told(client, room))
            upload(sender, order)  # a replay changes nothing
            assert told(client, room) == answers[-1]
            assert len(sessions(client)) == 1
            recording = client.get(f"/v1/recordings/{room}").json()
            assert (recording["status"], recording["channels"]) == ("ready", 2)
            assert client.get(f"/v1/recordings/{room}/audio").content.startswith(b"OggS")
    assert answers[0] == answers[1]
    session = answers[0][0]
    assert [(t["speaker"], t["text"], t["interrupted"]) for t in session["turns"]] == [
        (t["speaker"], t["text"], t["interrupted"]) for t in truth["turns"]
    ]
    for turn, true in zip(session["turns"], truth["turns"], strict=True):
        for name, given in (
            ("sttMs", "stt_ms"),
            ("llmMs", "llm_ttft_ms"),
            ("ttsMs", "tts_ttfb_ms"),
        ):
            assert turn[name] == pytest.approx(true[given] or 0, abs=FEW_MS)
    tools = [(t["name"], t["turnIndex"], t["error"]) for t in session["toolExecutions"]]
    assert tools == [(t["name"], t["turn"], t["error"]) for t in truth["tools"]]


def test_a_report_alone_is_the_whole_conversation(own_livekit: RunningServer) -> None:
    recording = [each for each in requests("1.8.9") if "recordings" in each.path]
    logs = [each for each in requests("1.8.9") if "logs" in each.path]
    with own_livekit.client(API_KEY) as client, own_livekit.client(None) as sender:
        upload(sender, logs)
        from_logs = json.loads(detail(client, VERSIONS["1.8.9"]))
        upload(sender, recording)
        whole = json.loads(detail(client, VERSIONS["1.8.9"]))
    assert len(whole["turns"]) == 17
    assert [t["text"] for t in from_logs["turns"]] == [t["text"] for t in whole["turns"]]
    assert [t["llmMs"] for t in from_logs["turns"]] == [t["llmMs"] for t in whole["turns"]]
    assert [t["status"] for t in whole["toolExecutions"]] == ["ok", "error", "ok"]
    assert whole["status"] == "completed"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_program_wrote_is_told_with_its_session(
    version: str, own_livekit: RunningServer
) -> None:
    with own_livekit.client(API_KEY) as client, own_livekit.client(None) as sender:
        upload(sender, requests(version))
        base = f"/ui/api/sessions/{VERSIONS[version]}"
        session, found = client.get(base).json(), client.get(f"{base}/logs").json()["data"]
        (failure,) = [each for each in found if "_llm_inference_task" in each["text"]]
        whole = client.get(f"{base}/logs/{failure['id']}").json()
    assert (failure["severity"], failure["logger"]) == (17, "livekit.agents")
    assert failure["traceId"] in {each["id"] for each in session["traces"]}
    assert "exception.stacktrace" in json.loads(whole["attributes"]["text"])
    # The history is the conversation, not what the program says of itself.
    assert not {"chat item", "session report"} & {each["text"] for each in found}


@pytest.fixture
def own_livekit(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "data", **LIVEKIT) as running:
        yield running


def test_our_own_key_signs_as_well(tmp_path: Path) -> None:
    sent = [each for each in requests("1.5.17") if "metrics" in each.path]
    key = API_KEY + "-made-longer"  # than the signature, as is recommended
    with (
        RunningServer(tmp_path, TURNWISE_API_KEY=key) as server,
        server.client(None) as sender,
    ):
        upload(sender, sent, upload_token(PUBLIC, key))
        wrong = {**sent[0].headers, "authorization": f"Bearer {upload_token(PUBLIC, SECRET)}"}
        assert sender.post(sent[0].path, content=sent[0].body, headers=wrong).status_code == 401
        other = {**sent[0].headers, "authorization": f"Bearer {upload_token(KEY, SECRET)}"}
        assert sender.post(sent[0].path, content=sent[0].body, headers=other).status_code == 401


def _event(name: str, at_s: int, **more: Any) -> dict[str, Any]:
    room = {"sid": VERSIONS["1.8.9"], "name": "line-call-cloud-18", "creationTime": "1795260268"}
    return {"id": f"EV_{name}_{at_s}", "event": name, "createdAt": str(at_s), "room": room, **more}


PHONE = {
    "identity": "sip_1",
    "kind": "SIP",
    "attributes": {
        "sip.callID": "SCL_1",
        "sip.phoneNumber": "+15550100",
        "sip.trunkPhoneNumber": "+15550199",
    },
}
EVENTS = [
    _event("room_started", 1_795_260_268),
    _event("participant_joined", 1_795_260_269, participant=PHONE),
    _event("participant_left", 1_795_260_293, participant=PHONE),
    _event("room_finished", 1_795_260_294),
]


def test_a_room_and_its_upload_are_one_session(servers: list[RunningServer]) -> None:
    sent = [each for each in requests("1.8.9") if "metrics" not in each.path]
    answers = []
    for number, server in enumerate(servers):
        with server.client(API_KEY) as client, server.client(None) as sender:
            if number:
                upload(sender, sent)
            for event in EVENTS if number else [*EVENTS[::-1], EVENTS[0]]:
                webhook(sender, event)
            if not number:
                upload(sender, sent)
            answers.append(told(client, VERSIONS["1.8.9"]))
            assert told(client, "SCL_1") == answers[-1]
            assert len(sessions(client)) == 1
    assert answers[0] == answers[1]
    assert len(answers[0][0]["turns"]) == 17


def test_a_room_alone_is_a_session_that_its_end_closes(own_livekit: RunningServer) -> None:
    room = VERSIONS["1.8.9"]
    with own_livekit.client(API_KEY) as client, own_livekit.client(None) as sender:
        webhook(sender, EVENTS[0])
        assert json.loads(detail(client, room))["status"] == "active"
        webhook(sender, EVENTS[3])
        closed = detail(client, room)
        assert json.loads(closed)["status"] == "completed"
        assert json.loads(closed)["endedAt"] == "2026-11-21T11:24:54Z"
        webhook(sender, EVENTS[1])  # late
        assert json.loads(detail(client, room))["status"] == "completed"


def test_an_egress_file_is_linked(own_livekit: RunningServer) -> None:
    address = "https://files.example.com/lobby.ogg"
    info = {
        "egressId": "EG_1",
        "roomId": "RM_linked",
        "status": "EGRESS_COMPLETE",
        "fileResults": [{"filename": "lobby.ogg", "location": address, "duration": "5000000000"}],
    }
    with own_livekit.client(API_KEY) as client, own_livekit.client(None) as sender:
        webhook(sender, {"id": "EV_1", "event": "egress_ended", "egressInfo": info})
        webhook(
            sender,
            {
                "id": "EV_2",
                "event": "room_finished",
                "createdAt": "9",
                "room": {"sid": "RM_linked"},
            },
        )
        recording = client.get("/v1/recordings/RM_linked").json()
    assert (recording["status"], recording["url"]) == ("ready", address)
    assert recording["durationMs"] == 5000
    assert recording["expiresAt"] is None


def _named(sent: Sent, name: str) -> bytes:
    """The spans of an upload, as a user's own exporter beside it sends them."""
    request = ExportTraceServiceRequest.FromString(gzip.decompress(sent.body))
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                span.attributes.add(key="langfuse.session.id").value.string_value = name
    return request.SerializeToString()


def test_an_upload_joins_the_session_that_the_user_names(servers: list[RunningServer]) -> None:
    sent = requests("1.8.9")
    spans = [each for each in sent if "traces" in each.path]
    others = [each for each in sent if "traces" not in each.path]
    answers = []
    for number, server in enumerate(servers):
        with server.client(API_KEY) as client, server.client(None) as sender:
            if number:
                upload(sender, others)
                webhook(sender, EVENTS[0])
            for each in spans:
                answer = client.post(
                    "/v1/traces",
                    content=_named(each, "call-joined"),
                    headers={"content-type": "application/x-protobuf"},
                )
                assert answer.status_code == 200
            if not number:
                detail(client, "call-joined")
                upload(sender, others)
                webhook(sender, EVENTS[0])
            wait_for(
                lambda: (
                    len(sessions(client)) == 1
                    and client.get("/v1/recordings/call-joined").status_code == 200
                    and client.get("/v1/recordings/call-joined").json()["analysis"] != "pending"
                )
            )
            answers.append(told(client, "call-joined"))
            assert told(client, VERSIONS["1.8.9"]) == answers[-1]
            assert len(sessions(client)) == 1
            recording = client.get("/v1/recordings/call-joined").json()
            assert recording["status"] == "ready"
    assert answers[0] == answers[1]
    assert len(answers[0][0]["turns"]) == 17


def test_a_report_that_a_user_posts_is_a_session(server: RunningServer) -> None:
    recording = next(each for each in requests("1.8.9") if "recordings" in each.path)
    history = json.loads(recording.body.split(b"chat_history.json")[1].split(b"\r\n")[3])
    report = {
        "job_id": "AJ_posted",
        "room_id": "RM_posted",
        "room": "line-posted",
        "chat_history": history,
        "timestamp": 1795260293.5,
        "events": [{"type": "close", "reason": "error"}],
        "report_format": 99,
        "something": {"new": [1, None]},
    }
    with server.client(server.new_user()) as client:
        path = "/v1/observability/sessions/posted/report"
        answers = [client.post(path, json=report) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 200]
        session = json.loads(detail(client, "posted"))
        assert session["id"] == answers[0].json()["id"]
        assert len(session["turns"]) == 17
        assert (session["status"], len(session["toolExecutions"])) == ("failed", 3)
        assert json.loads(detail(client, "line-posted")) == session
        for odd in (b"", b"[]", b"{"):
            assert client.post(path, content=odd).status_code == 400
        assert client.post("/v1/observability/sessions/odd/report", json={}).status_code == 200
        assert json.loads(detail(client, "odd"))["turns"] == []
    with server.client(server.new_user()) as stranger:
        assert stranger.get("/v1/observability/sessions/posted").status_code == 404
