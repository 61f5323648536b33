"""A project that keeps no recordings takes everything else, whichever way it comes."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.audio import recording
from tests.contract.test_call_transcripts import REPORT, REPORT_PATH
from tests.contract.test_livekit import VERSIONS, requests, upload
from tests.livekit_tokens import KEY, SECRET
from tests.server import RunningServer, wait_for
from tests.twilio_calls import (
    PUBLIC,
    TOKEN,
    Carrier,
    carrier,
    new_call,
    new_recording,
    recording_event,
    send,
    whole_call,
)
from turnwise.model.tenancy import ProjectPolicy
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog, catalog_url

SESSIONS = "/v1/observability/sessions"


@pytest.fixture(scope="module")
def storage() -> Iterator[Carrier]:
    with carrier() as running:
        yield running


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory, storage: Carrier) -> Iterator[RunningServer]:
    """A server whose default project keeps no recordings."""
    settings = {
        "TURNWISE_LIVEKIT_API_KEY": KEY,
        "TURNWISE_LIVEKIT_API_SECRET": SECRET,
        "TURNWISE_TWILIO_AUTH_TOKEN": TOKEN,
        "TURNWISE_PUBLIC_URL": PUBLIC,
        "TURNWISE_FETCH_HOSTS": storage.host,
    }
    with RunningServer(tmp_path_factory.mktemp("deaf"), **settings) as running:
        catalog = SqlCatalog.open(catalog_url(running.data_dir))
        made = catalog.ensure_defaults()
        policy = ProjectPolicy(keeps_recordings=False)
        catalog.admin.projects.set_policy(made.tenant.id, made.project_id, policy, by=COMMAND_LINE)
        catalog.close()
        yield running


def kept(server: RunningServer) -> list[str]:
    """The files of recordings, whole or coming in."""
    folders = (server.data_dir / "media" / "recordings", server.data_dir / "incoming")
    return [each.name for folder in folders if folder.exists() for each in folder.iterdir()]


def test_an_upload_of_livekit_is_taken_without_its_audio(deaf: RunningServer) -> None:
    room = VERSIONS["1.8.9"]
    with deaf.client() as client, deaf.client(None) as sender:
        upload(sender, [each for each in requests("1.8.9") if "recordings" in each.path])
        session = client.get(f"{SESSIONS}/{room}").json()
        assert (session["status"], len(session["turns"])) == ("completed", 17)
        told = client.get(f"/v1/recordings/{room}").json()
        assert (told["status"], told["url"]) == ("failed", None)
    assert kept(deaf) == []


def test_a_workers_report_is_taken_without_its_audio(deaf: RunningServer) -> None:
    with deaf.client() as client:
        begun = client.post("/v1/sessions/start", json={"userIdentity": "caller-1"}).json()
        payload = {"roomName": begun["roomName"], "sessionId": begun["sessionId"]}
        files: dict[str, Any] = {
            "payload": (None, json.dumps({**payload, "sessionReport": REPORT})),
            "audio": ("call.wav", recording("wav", 1.0), "audio/wav"),
        }
        answer = client.post(REPORT_PATH, files=files)
        assert answer.status_code == 204, answer.text
        session = client.get(f"{SESSIONS}/{begun['sessionId']}").json()
        assert (session["status"], bool(session["turns"])) == ("completed", True)
        told = client.get(f"/v1/recordings/{begun['roomName']}").json()
        assert (told["status"], told["url"]) == ("failed", None)
    assert kept(deaf) == []


def test_nothing_is_fetched_from_a_carrier(deaf: RunningServer, storage: Carrier) -> None:
    sid, rid = new_call(), new_recording()
    storage.answers[f"/{rid}.wav"] = (200, {}, recording(seconds=1))
    with deaf.client() as client:
        for event in whole_call(sid):
            send(client, "/webhooks/twilio/call", event).raise_for_status()
        url = f"http://{storage.host}/{rid}"
        done = recording_event(sid, rid, "completed", url)
        send(client, "/webhooks/twilio/recording", done).raise_for_status()
        wait_for(
            lambda: client.get(f"/v1/recordings/{sid}").json(),
            lambda told: told.get("status") == "failed",
        )
        again = client.put(f"/v1/recordings/{uuid4().hex}", content=recording("wav", 1.0))
        assert (again.status_code, again.json()["code"]) == (403, "recordings_off")
    assert [path for path, _ in storage.asked if rid in path] == []
    assert kept(deaf) == []
