"""PUT and GET of /v1/recordings, signed links and ranges, through a real server."""

import io
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx2
import numpy
import pytest
import soundfile

from tests.audio import TYPES, recording
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.s3 import ACCOUNT
from tests.server import RunningServer
from turnwise.model.tenancy import Scope

SESSIONS = "/v1/observability/sessions"


def new_call() -> str:
    return f"CA{uuid4().hex}"


def put(client: httpx2.Client, call: str, audio: bytes, **headers: str) -> httpx2.Response:
    return client.put(f"/v1/recordings/{call}", content=audio, headers=headers)


def ended_session(client: httpx2.Client, call: str, **fields: Any) -> str:
    body = {"agentId": "support", "startedAt": "2026-03-21T10:00:00Z", "callId": call}
    ended = {"endedAt": "2026-03-21T10:05:00Z", "status": "completed"}
    answer = client.post(SESSIONS, json={**body, **ended, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("kind", TYPES)
def test_audio_of_every_type_is_kept_and_described(server: RunningServer, kind: str) -> None:
    audio, call = recording(kind, 1.5), new_call()
    with server.client(server.new_user()) as client:
        session = ended_session(client, call)
        made = put(client, call, audio, **{"content-type": "application/octet-stream"})
        assert made.status_code == 201, made.text
        told = client.get(f"/v1/recordings/{call}").json()
        assert told.pop("analysis") in ("pending", "done", "failed")
        assert {**told, "url": None, "expiresAt": None} == {
            "callId": call,
            "sessionId": session,
            "status": "ready",
            "contentType": TYPES[kind][2],
            "durationMs": pytest.approx(1500, abs=80 if kind == "mp3" else 0),
            "channels": 2,
            "sizeBytes": len(audio),
            "url": None,
            "expiresAt": None,
        }
        heard = httpx2.get(told["url"])
        assert (heard.content, heard.headers["content-type"]) == (audio, TYPES[kind][2])
        assert client.get(f"/v1/recordings/{call}/audio").content == audio
        accepted = client.get(f"/v1/recordings/{call}", headers={"accept": "audio/*"})
        assert accepted.content == audio
        by_session = client.get(f"/v1/recordings/{session}").json()
        assert by_session["sizeBytes"] == len(audio)


def test_a_second_upload_replaces_the_first(server: RunningServer) -> None:
    call = new_call()
    with server.client(server.new_user()) as client:
        ended_session(client, call)
        first, again, other = (
            put(client, call, recording(seconds=1)),
            put(client, call, recording(seconds=1)),
            put(client, call, recording("opus", seconds=2, channels=1)),
        )
        assert [first.status_code, again.status_code, other.status_code] == [201, 200, 200]
        told = client.get(f"/v1/recordings/{call}").json()
        assert (told["durationMs"], told["channels"]) == (2000, 1)
        assert told["contentType"] == "audio/ogg"
        kept = Path(urlsplit(told["url"]).path)
        files = (server.data_dir / "media" / "recordings").glob(f"{kept.stem}.*")
        assert [each.name for each in files] == [kept.name]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"RIFF",
        b"not audio at all " * 100,
        b"RIFF\x24\x00\x00\x00WAVE" + b"\x00" * 400,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 200,
        b'{"audio": "later"}',
        b"OggS" + b"\x01" * 300,
        recording("wav", 0.1)[:30],
    ],
)
def test_what_is_no_audio_is_415_and_leaves_nothing(server: RunningServer, body: bytes) -> None:
    call = new_call()
    with server.client(server.new_user()) as client:
        answer = put(client, call, body, **{"content-type": "audio/wav"})
        assert answer.status_code == 415, answer.text
        assert answer.json()["code"] == "unsupported_recording"
        assert client.get(f"/v1/recordings/{call}").status_code == 404
    assert list((server.data_dir / "incoming").iterdir()) == []


def made(seconds: int, rate: int, channels: int = 1, kind: str = "FLAC") -> bytes:
    """Silence, which takes next to nothing."""
    file = io.BytesIO()
    second = numpy.zeros((rate, channels), numpy.int16)
    with soundfile.SoundFile(file, "w", rate, channels, "PCM_16", format=kind) as sound:
        for _ in range(seconds):
            sound.write(second)
    return file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "rate", "channels", "kind"),
    [(49 * 3_600, 1_000, 1, "FLAC"), (9, 1, 1, "WAV"), (1, 8_000, 33, "WAV")],
    ids=["endless", "one sample a second", "a choir"],
)
def test_what_no_call_can_have_made_is_415(
    server: RunningServer, seconds: int, rate: int, channels: int, kind: str
) -> None:
    with server.client(server.new_user()) as client:
        answer = put(client, new_call(), made(seconds, rate, channels, kind))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_recording")
    assert "48 hours" in answer.json()["error"]


def test_a_compressed_body_is_415(server: RunningServer) -> None:
    with server.client() as client:
        answer = put(client, new_call(), b"x", **{"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_ranges_and_heads(server: RunningServer) -> None:
    audio, call = recording(), new_call()
    size = len(audio)
    with server.client(server.new_user()) as client:
        ended_session(client, call)
        put(client, call, audio)
        link = client.get(f"/v1/recordings/{call}").json()["url"]
        for path in (f"/v1/recordings/{call}/audio", link):
            for asked, start, end in (
                ("bytes=0-9", 0, 10),
                ("bytes=100-", 100, size),
                ("bytes=-7", size - 7, size),
                (f"bytes={size - 1}-{size + 50}", size - 1, size),
                (f"bytes=-{size + 5}", 0, size),
            ):
                part = client.get(path, headers={"range": asked})
                assert part.status_code == 206
                assert part.content == audio[start:end]
                assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
                assert part.headers["content-length"] == str(end - start)
                head = client.head(path, headers={"range": asked})
                assert (head.status_code, head.content) == (206, b"")
                assert head.headers["content-range"] == part.headers["content-range"]
            for impossible in (f"bytes={size}-", "bytes=-0", f"bytes={size + 5}-{size + 9}"):
                none = client.get(path, headers={"range": impossible})
                assert none.status_code == 416
                assert none.headers["content-range"] == f"bytes */{size}"
            for ignored in ("bytes=5-2", "bytes=0-1,3-4", "bytes=-", "seconds=1-2", "bytes=a-b"):
                whole = client.get(path, headers={"range": ignored})
                assert (whole.status_code, whole.content) == (200, audio)
            assert (
                client.get(path, headers={"range": "bytes=0-1", "if-range": '"x"'}).content == audio
            )
            head = client.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(size)
            assert head.headers["accept-ranges"] == "bytes"


def test_a_changed_link_is_403(server: RunningServer) -> None:
    call, other = new_call(), new_call()
    with server.client(server.new_user()) as client:
        for each in (call, other):
            ended_session(client, each)
            put(client, each, recording())
        told = client.get(f"/v1/recordings/{call}").json()
        strange = client.get(f"/v1/recordings/{other}").json()["url"]
    url = urlsplit(told["url"])
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert set(asked) == {"exp", "sig"}
    assert abs(int(asked["exp"]) - time.time() - 3600) < 60
    later = {**asked, "exp": str(int(asked["exp"]) + 1)}
    flipped = {**asked, "sig": asked["sig"][:-1] + ("0" if asked["sig"][-1] != "0" else "1")}
    bad = [
        f"{url.path}?{urlencode(later)}",
        f"{url.path}?{urlencode(flipped)}",
        f"{url.path}?{urlencode({**asked, 'sig': 'é'})}",
        f"{url.path}?exp={asked['exp']}",
        url.path,
        f"{urlsplit(strange).path}?{url.query}",
        f"{url.path}x?{url.query}",
    ]
    with server.client(None) as nobody:
        for link in bad:
            answer = nobody.get(link)
            assert answer.status_code == 403, link
            assert set(answer.json()) == {"error", "code"}
        assert nobody.get(told["url"]).status_code == 200


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with links of one second, a public address, and small recordings."""
    folder = tmp_path_factory.mktemp("special")
    settings = {
        "TURNWISE_LINK_TTL_SECONDS": "1",
        "TURNWISE_PUBLIC_URL": "https://voice.example.com/",
        "TURNWISE_MAX_RECORDING_MB": "1",
    }
    with RunningServer(folder, **settings) as running:
        yield running


def test_links_expire_and_lead_to_the_public_address(special: RunningServer) -> None:
    call = new_call()
    with special.client() as client:
        ended_session(client, call)
        put(client, call, recording())
        url = urlsplit(client.get(f"/v1/recordings/{call}").json()["url"])
        assert (url.scheme, url.netloc) == ("https", "voice.example.com")
        link = f"{url.path}?{url.query}"
        expires = int(parse_qs(url.query)["exp"][0])
        answers = [client.get(link)]
        while time.time() <= expires + 1:
            answers.append(client.get(link))
        assert answers[-1].status_code == 403
        assert answers[-1].json()["code"] == "link_expired"


def test_the_secret_is_kept_for_its_user_alone(special: RunningServer) -> None:
    file = special.data_dir / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) >= 32


def test_a_recording_over_the_limit_is_413(special: RunningServer) -> None:
    big = recording(seconds=70)
    assert len(big) > 1024 * 1024
    call = new_call()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(big), 65_536):
            yield big[start : start + 65_536]

    with special.client() as client:
        assert put(client, call, big).status_code == 413
        assert client.put(f"/v1/recordings/{call}", content=chunks()).status_code == 413
        assert client.get(f"/v1/recordings/{call}").status_code == 404
    assert list((special.data_dir / "incoming").iterdir()) == []


def test_links_hold_after_a_restart(own_server: RunningServer) -> None:
    call = new_call()
    with own_server.client() as client:
        ended_session(client, call)
        put(client, call, recording())
        link = client.get(f"/v1/recordings/{call}").json()["url"]
    path = link.removeprefix(own_server.url)
    own_server.stop()
    own_server.start()
    with own_server.client(None) as client:
        assert client.get(path).status_code == 200


def test_a_recording_may_come_before_its_session(server: RunningServer) -> None:
    call = new_call()
    with server.client(server.new_user()) as client:
        put(client, call, recording(seconds=2))
        early = client.get(f"/v1/recordings/{call}").json()
        assert (early["status"], early["callId"], early["durationMs"]) == ("ready", call, 2000)


def test_a_call_in_progress_is_409_and_what_nobody_knows_404(server: RunningServer) -> None:
    call, silent = new_call(), new_call()
    with server.client(server.new_user()) as client:
        live = {"agentId": "a", "startedAt": "2026-03-21T10:00:00Z", "callId": call}
        made = client.post(SESSIONS, json=live).json()
        answer = client.get(f"/v1/recordings/{call}")
        assert answer.status_code == 409
        assert answer.json() == {"error": "Call is not completed", "code": "call_not_completed"}
        assert client.get(f"/v1/recordings/{call}/audio").status_code == 409
        client.patch(f"{SESSIONS}/{made['id']}", json={"status": "completed"})
        assert client.get(f"/v1/recordings/{call}").status_code == 404
        ended_session(client, silent)
        assert client.get(f"/v1/recordings/{silent}").status_code == 404
        assert client.get(f"/v1/recordings/{new_call()}").json()["code"] == "recording_not_found"


def test_a_recording_that_is_sent_during_the_call_is_to_be_had_after_it(
    server: RunningServer,
) -> None:
    call = new_call()
    with server.client(server.new_user()) as client:
        live = {"agentId": "a", "startedAt": "2026-03-21T10:00:00Z", "callId": call}
        made = client.post(SESSIONS, json=live).json()
        sent = put(client, call, recording(seconds=2))
        assert (sent.status_code, sent.json()["status"]) == (201, "ready")
        for path in ("", "/audio"):
            answer = client.get(f"/v1/recordings/{call}{path}")
            assert (answer.status_code, answer.json()["code"]) == (409, "call_not_completed")
        client.patch(f"{SESSIONS}/{made['id']}", json={"status": "completed"})
        told = client.get(f"/v1/recordings/{call}").json()
        assert (told["sessionId"], told["durationMs"]) == (made["id"], 2000)


def test_other_tenants_hear_nothing(server: RunningServer) -> None:
    call = new_call()
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as stranger:
        ended_session(owner, call)
        put(owner, call, recording(seconds=1))
        for path in ("", "/audio"):
            theirs = stranger.get(f"/v1/recordings/{call}{path}")
            nobodys = stranger.get(f"/v1/recordings/{new_call()}{path}")
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.content == nobodys.content
        # The same call id in another tenant is another call.
        assert put(stranger, call, recording(seconds=3)).status_code == 201
        assert owner.get(f"/v1/recordings/{call}").json()["durationMs"] == 1000
        assert stranger.get(f"/v1/recordings/{call}").json()["durationMs"] == 3000


def test_scopes_and_credentials(server: RunningServer) -> None:
    tenant, call = f"t-{uuid4().hex[:8]}", new_call()
    reads = server.new_user(tenant, scopes=frozenset({Scope.READ}))
    writes = server.new_user(tenant, scopes=frozenset({Scope.INGEST}))
    with server.client(writes) as client:
        assert put(client, call, recording()).status_code == 201
        assert client.get(f"/v1/recordings/{call}").status_code == 403
    with server.client(reads) as client:
        assert put(client, call, recording()).status_code == 403
        assert client.get(f"/v1/recordings/{call}").status_code == 200
    with server.client(None) as client:
        assert put(client, call, recording()).status_code == 401
        assert client.get(f"/v1/recordings/{call}").status_code == 401


def test_a_recording_finds_the_session_of_spans_by_its_call(server: RunningServer) -> None:
    call, name = new_call(), f"chat-{uuid4().hex[:8]}"
    with server.client(server.new_user()) as client:
        attributes = {"lk.sip.twilio.callSid": call}
        send(client, [chat(new_trace_id(), base_ns(), None, attributes=attributes)])
        send(client, [chat(new_trace_id(), base_ns(), name)])
        put(client, call, recording())
        put(client, name, recording(seconds=2))
        session = client.get(f"{SESSIONS}/{name}").json()
        client.patch(f"{SESSIONS}/{session['id']}", json={"status": "completed"})
        told = client.get(f"/v1/recordings/{name}").json()
        assert (told["sessionId"], told["durationMs"]) == (session["id"], 2000)
        assert Path(urlsplit(told["url"]).path).suffix == ".wav"
        assert client.get(f"/v1/recordings/{call}").json()["status"] == "ready"


def test_in_s3_the_link_is_the_storages_own(tmp_path: Path, s3_server: str) -> None:
    audio, call = recording("flac", seconds=2), new_call()
    settings = {
        "TURNWISE_MEDIA_URL": "s3://media/calls",
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_REGION": "us-east-1",
        **ACCOUNT,
    }
    with RunningServer(tmp_path, **settings) as server, server.client() as client:
        ended_session(client, call)
        assert put(client, call, audio).status_code == 201
        told = client.get(f"/v1/recordings/{call}").json()
        assert told["url"].startswith(f"{s3_server}/media/calls/recordings/")
        assert ACCOUNT["AWS_SECRET_ACCESS_KEY"] not in told["url"]
        assert "X-Amz-Expires=3600" in told["url"]
        assert httpx2.get(told["url"]).content == audio
        assert client.head(f"/v1/recordings/{call}/audio").headers["content-length"] == str(
            len(audio)
        )
        part = client.get(f"/v1/recordings/{call}/audio", headers={"range": "bytes=4-9"})
        assert (part.status_code, part.content) == (206, audio[4:10])
        assert put(client, call, b"no audio at all, but long enough to look at").status_code == 415
        assert put(client, call, recording("wav")).status_code == 200
        gone = httpx2.get(told["url"])
        assert gone.status_code == 404
