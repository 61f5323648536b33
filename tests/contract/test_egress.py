"""Files that an egress has made: copied where that is allowed, and linked where it is not."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.audio import recording
from tests.livekit_tokens import KEY, SECRET, webhook_token
from tests.s3 import ACCOUNT, put
from tests.server import RunningServer, wait_for
from tests.twilio_calls import Carrier, carrier
from turnwise.app.integrations import OpenIntegrations
from turnwise.model.integration import IntegrationKind
from turnwise.store.catalog import SqlCatalog

SECRET_KEY = "a secret key of the test"
HEARD = ("done", "failed")
OTHER_KEY, OTHER_SECRET = "APIother", "secret-of-another-project-for-the-test"


@pytest.fixture(scope="module")
def storage() -> Iterator[Carrier]:
    with carrier() as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, storage: Carrier, s3_server: str
) -> Iterator[RunningServer]:
    settings = {
        "TURNWISE_LIVEKIT_API_KEY": KEY,
        "TURNWISE_LIVEKIT_API_SECRET": SECRET,
        "TURNWISE_SECRET_KEY": SECRET_KEY,
        "TURNWISE_FETCH_HOSTS": storage.host,
        "TURNWISE_MAX_RECORDING_MB": "1",
        "TURNWISE_MEDIA_URL": "s3://media/turnwise",
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_REGION": "us-east-1",
        **ACCOUNT,
    }
    with RunningServer(tmp_path_factory.mktemp("egress"), **settings) as running:
        yield running


def webhook(server: RunningServer, event: dict[str, Any], key: str, secret: str) -> None:
    body = json.dumps(event).encode()
    with server.client(None, authorization=webhook_token(body, key, secret)) as sender:
        assert sender.post("/webhooks/livekit", content=body).status_code == 200


def ended(
    server: RunningServer, room: str, address: str, key: str = KEY, secret: str = SECRET
) -> None:
    """A room that has finished, and the end of its egress."""
    info = {
        "egressId": f"EG_{room}",
        "roomId": room,
        "roomName": f"line-{room}",
        "status": "EGRESS_COMPLETE",
        "fileResults": [
            {"filename": "call.wav", "location": address, "duration": "5000000000", "size": "99"}
        ],
    }
    finished = {"id": f"EV_f{room}", "event": "room_finished", "createdAt": "9"}
    webhook(server, {**finished, "room": {"sid": room}}, key, secret)
    egress = {"id": f"EV_e{room}", "event": "egress_ended", "egressInfo": info}
    webhook(server, egress, key, secret)


def told(client: httpx2.Client, room: str) -> dict[str, Any]:
    answer = client.get(f"/v1/recordings/{room}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def new_room() -> str:
    return f"RM_{uuid4().hex[:10]}"


def test_a_file_on_an_allowed_host_is_copied_and_a_replay_changes_nothing(
    server: RunningServer, storage: Carrier
) -> None:
    room, audio = new_room(), recording(seconds=3)
    storage.answers[f"/{room}.wav"] = (200, {}, audio)
    address = f"http://{storage.host}/{room}.wav"
    with server.client() as client:
        ended(server, room, address)
        copied = wait_for(
            lambda: told(client, room), lambda found: found["analysis"] in HEARD, seconds=60
        )
        assert (copied["status"], copied["channels"]) == ("ready", 2)
        assert (copied["sizeBytes"], copied["durationMs"]) == (len(audio), 3000)
        assert "/media/turnwise/recordings/" in copied["url"]
        assert httpx2.get(copied["url"]).content == audio
        assert client.get(f"/v1/recordings/{room}/audio").content == audio
        ended(server, room, address)
        # A call that comes later and is copied shows that the replay has been worked off.
        later = new_room()
        storage.answers[f"/{later}.wav"] = (200, {}, audio)
        ended(server, later, f"http://{storage.host}/{later}.wav")
        wait_for(lambda: told(client, later), lambda found: found["analysis"] in HEARD, seconds=60)
        again = told(client, room)
    moving = {"url": 0, "expiresAt": 0}
    assert {**again, **moving} == {**copied, **moving}
    asked = [path for path, _ in storage.asked if room in path]
    assert asked == [f"/{room}.wav"]


@pytest.mark.parametrize("style", ["s3://egress/{key}", "{endpoint}/egress/{key}"])
def test_a_file_in_the_same_s3_is_copied(server: RunningServer, s3_server: str, style: str) -> None:
    room, audio = new_room(), recording("opus", seconds=2)
    key = f"calls/{room}.ogg"
    put(s3_server, "egress")
    put(s3_server, f"egress/{key}", audio)
    ended(server, room, style.format(key=key, endpoint=s3_server))
    with server.client() as client:
        copied = wait_for(
            lambda: told(client, room), lambda found: found["contentType"] == "audio/ogg"
        )
        assert httpx2.get(copied["url"]).content == audio


def settled(server: RunningServer, storage: Carrier) -> None:
    """Wait until a recording that came later than all others is copied."""
    room = new_room()
    storage.answers[f"/{room}.wav"] = (200, {}, recording(seconds=1))
    ended(server, room, f"http://{storage.host}/{room}.wav")
    with server.client() as client:
        wait_for(lambda: told(client, room), lambda found: found["durationMs"] == 1000)


def test_a_file_elsewhere_stays_linked(server: RunningServer, storage: Carrier) -> None:
    refused = {
        new_room(): address
        for address in (
            "https://files.example.com/call.wav",
            "http://127.0.0.1:1/call.wav",
            "https://169.254.169.254/call.wav",
        )
    }
    for room, address in refused.items():
        ended(server, room, address)
    settled(server, storage)
    with server.client() as client:
        for room, address in refused.items():
            found = told(client, room)
            assert (found["status"], found["url"], found["durationMs"]) == ("ready", address, 5000)
            assert found["expiresAt"] is None
            assert client.get(f"/v1/recordings/{room}/audio").status_code == 404


def test_what_cannot_be_copied_stays_linked(server: RunningServer, storage: Carrier) -> None:
    bodies = {new_room(): recording(seconds=70), new_room(): b"<html>a film</html>" * 20}
    addresses = {room: f"http://{storage.host}/{room}.wav" for room in bodies}
    for room, body in bodies.items():
        storage.answers[f"/{room}.wav"] = (200, {}, body)
        ended(server, room, addresses[room])
    settled(server, storage)
    with server.client() as client:
        for room, address in addresses.items():
            assert any(room in path for path, _ in storage.asked)
            assert told(client, room)["url"] == address


def test_files_of_ours_and_of_others_are_not_handed_to_whoever_names_them(
    server: RunningServer, storage: Carrier, s3_server: str
) -> None:
    with SqlCatalog.open(f"sqlite:///{server.data_dir / 'catalog.db'}") as catalog:
        catalog.create_tenant("acme", "Acme")
        OpenIntegrations(catalog, SECRET_KEY.encode()).add(
            "acme", "default", IntegrationKind.LIVEKIT, OTHER_KEY, OTHER_SECRET
        )
    audio = recording(seconds=4)
    put(s3_server, "egress")
    put(s3_server, "egress/calls/secret.wav", audio)
    put(s3_server, "media/turnwise/recordings/secret.wav", audio)
    ours, others = new_room(), new_room()
    ended(server, ours, f"{s3_server}/media/turnwise/recordings/secret.wav")
    ended(server, others, f"{s3_server}/egress/calls/secret.wav", OTHER_KEY, OTHER_SECRET)
    settled(server, storage)
    with server.client() as client, server.client(server.new_user("acme")) as stranger:
        assert told(client, ours)["url"].endswith("/media/turnwise/recordings/secret.wav")
        assert told(stranger, others)["url"] == f"{s3_server}/egress/calls/secret.wav"
        for reader, room in ((client, ours), (stranger, others)):
            assert told(reader, room)["durationMs"] == 5000
            assert reader.get(f"/v1/recordings/{room}/audio").status_code == 404
