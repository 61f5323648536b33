"""LiveKit's own upload: who may send, what becomes of it, and what is answered."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.livekit_tokens import KEY, SECRET, token, upload_token
from turnwise.http.errors import install_error_handlers
from turnwise.http.multipart import parts_of
from turnwise.ingest import livekit, otlp
from turnwise.ingest.livekit.header import read_header
from turnwise.ingest.livekit.tokens import Issuer
from turnwise.model.batch import Batch, Receipt, Sender
from turnwise.model.errors import BadInput, Busy, TooLarge, Unsupported
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, session_id_of
from turnwise.model.recording import Recording, RecordingOrigin, RecordingStatus

PROJECT = ProjectId("5f0c2b6e-9d1a-4c57-8f52-2f6f6d1a0b11")
CAPTURES = Path(__file__).parents[2] / "captures" / "livekit"
VERSIONS = {"1.8.9": "RM_call-cloud-18", "1.5.17": "RM_call-cloud-15"}
GOOD = {"authorization": f"Bearer {upload_token()}"}
RECORDING = "/observability/recordings/v0"
PATHS = [
    *(f"/observability/{signal}/otlp/v0" for signal in ("traces", "logs", "metrics")),
    RECORDING,
]


class Accepting:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.error: Exception | None = None

    async def __call__(self, batch: Batch) -> Receipt:
        if self.error is not None:
            raise self.error
        self.batches.append(batch)
        return Receipt(len(batch.spans) + len(batch.facts))

    @property
    def facts(self) -> list[SessionFact]:
        return [fact for batch in self.batches for fact in batch.facts]

    def of(self, kind: FactKind) -> list[SessionFact]:
        return [fact for fact in self.facts if fact.kind is kind]


class Keeping:
    """Keeps audio in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.error: Exception | None = None

    async def keep(self, origin: RecordingOrigin, content: AsyncIterator[bytes]) -> Recording:
        if self.error is not None:
            raise self.error
        self.kept[origin.recording_id] = b"".join([piece async for piece in content])
        return Recording(
            id=origin.recording_id,
            project_id=origin.project_id,
            session_id=origin.session_id,
            call_id=None,
            status=RecordingStatus.READY,
        )


async def issuer_named(name: str) -> Issuer | None:
    return Issuer(SECRET, Sender(PROJECT, 7)) if name == KEY else None


@pytest.fixture
def accept() -> Accepting:
    return Accepting()


@pytest.fixture
def keeper() -> Keeping:
    return Keeping()


def _app(accept: Accepting, keeper: Keeping | None) -> Starlette:
    receiver = otlp.OtlpReceiver(accept, lambda _, name: ProjectId(name), 4_000_000)
    upload = livekit.CloudUpload(receiver, accept, issuer_named, keeper, 1_000_000, 2_000_000)
    app = Starlette(routes=upload.routes())
    surfaces = [otlp.error_renderer(livekit.OTLP_PATHS), livekit.ERROR_RENDERER]
    install_error_handlers(app, surfaces)
    return app


@pytest.fixture
def client(accept: Accepting, keeper: Keeping) -> Iterator[TestClient]:
    with TestClient(_app(accept, keeper), raise_server_exceptions=False) as client:
        yield client


def requests(version: str) -> Iterator[tuple[str, dict[str, str], bytes]]:
    folder = CAPTURES / version / "cloud"
    for path in sorted(folder.glob("[0-9]*.json")):
        about = json.loads(path.read_text())
        body = (folder / about["body"]).read_bytes()
        if about["body"].endswith(".gz"):
            body = gzip.decompress(body)
        names = ("content-type", "content-encoding")
        yield about["path"], {n: about["headers"][n] for n in names if n in about["headers"]}, body


def recording_of(version: str) -> tuple[dict[str, str], bytes]:
    return next((headers, body) for path, headers, body in requests(version) if path == RECORDING)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_upload_is_taken_whole(
    version: str, client: TestClient, accept: Accepting, keeper: Keeping
) -> None:
    for path, headers, body in requests(version):
        answer = client.post(path, content=body, headers={**GOOD, **headers})
        assert answer.status_code == 200, answer.text
        assert answer.content == b""
    assert sum(len(batch.spans) for batch in accept.batches) > 100
    home = session_id_of(PROJECT, VERSIONS[version])
    assert {fact.session_id for fact in accept.facts} == {home}
    assert {batch.user_id for batch in accept.batches} == {7}
    whole = next(fact for fact in accept.of(FactKind.REPORT) if "chat_history" in fact.body)
    messages = [item for item in whole.body["chat_history"]["items"] if item["type"] == "message"]
    assert len(messages) == 17
    reports = accept.of(FactKind.REPORT)
    rooms = {fact.body["room"] for fact in reports if "room" in fact.body}
    assert rooms == {VERSIONS[version].replace("RM_", "line-")}
    assert all(
        fact.body["job_id"].startswith("mock-job-") for fact in reports if "room" in fact.body
    )
    if version == "1.8.9":  # 1.5 sends no summary
        assert whole.body["close_reason"] == "CR_USER_INITIATED"
    logged = next(fact for fact in accept.of(FactKind.REPORT) if "chat_items" in fact.body)
    items = {item["id"] for item in whole.body["chat_history"]["items"]}
    assert set(logged.body["chat_items"]) == items
    (audio,) = keeper.kept.values()
    assert audio.startswith(b"OggS")
    (told,) = accept.of(FactKind.RECORDING)
    assert told.fact_id in keeper.kept
    assert told.body["started_ns"] // 10**9 > 1_795_000_000


def test_sent_again_it_has_the_same_ids(client: TestClient, accept: Accepting) -> None:
    for _ in range(2):
        for path, headers, body in requests("1.8.9"):
            client.post(path, content=body, headers={**GOOD, **headers})
    ids = [(fact.kind, fact.fact_id) for fact in accept.facts]
    half = len(ids) // 2
    assert ids[:half] == ids[half:]
    assert len(set(ids)) == half


BAD = {
    "none": {},
    "no bearer": {"authorization": upload_token()},
    "empty": {"authorization": "Bearer "},
    "no token": {"authorization": "Bearer nonsense"},
    "too long": {"authorization": "Bearer " + "a" * 9000},
    "other secret": {"authorization": f"Bearer {upload_token(secret='x' * 32)}"},
    "other issuer": {"authorization": f"Bearer {upload_token('APIother')}"},
    "no issuer": {"authorization": f"Bearer {upload_token(iss='')}"},
    "expired": {"authorization": f"Bearer {upload_token(exp=1_700_000_000)}"},
    "not yet": {"authorization": f"Bearer {upload_token(nbf=4_000_000_000)}"},
    "no grant": {"authorization": f"Bearer {token()}"},
    "a grant refused": {"authorization": f"Bearer {upload_token(observability={'write': False})}"},
    "a grant in words": {"authorization": f"Bearer {upload_token(observability='write')}"},
    "a person's token": {"authorization": f"Bearer {token(video={'roomJoin': True})}"},
    "unsigned": {
        "authorization": "Bearer "
        + jwt.encode({"iss": KEY, "exp": 4_000_000_000}, "", algorithm="none")
    },
    "no end": {
        "authorization": "Bearer "
        + jwt.encode({"iss": KEY, "observability": {"write": True}}, SECRET, algorithm="HS256")
    },
    "an api key": {"x-api-key": SECRET},
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", PATHS)
def test_what_does_not_verify_is_refused_and_not_stored(
    path: str, headers: dict[str, str], client: TestClient, accept: Accepting, keeper: Keeping
) -> None:
    sent, body = recording_of("1.8.9")
    answer = client.post(path, content=body, headers={**sent, **headers})
    assert answer.status_code == 401
    # either text would stop a worker's uploads for good
    assert b"data recording is disabled" not in answer.content.lower()
    assert b"disabled by owner" not in answer.content.lower()
    assert accept.batches == []
    assert keeper.kept == {}


def test_audio_that_cannot_be_kept_costs_only_itself(accept: Accepting, keeper: Keeping) -> None:
    headers, body = recording_of("1.8.9")
    for keeping, error, told in (
        (None, None, "no_media_store"),
        (keeper, Unsupported("That is no audio."), "unsupported_media_type"),
        (keeper, TooLarge("That is too much."), "too_large"),
    ):
        accept.batches.clear()
        keeper.error = error
        with TestClient(_app(accept, keeping)) as client:
            answer = client.post(RECORDING, content=body, headers={**GOOD, **headers})
        assert answer.status_code == 200
        (fact,) = accept.of(FactKind.RECORDING)
        assert (fact.body["status"], fact.body["error"]) == ("failed", told)
        (report,) = accept.of(FactKind.REPORT)
        assert report.body["chat_history"]["items"]


@pytest.mark.parametrize("fault", [Busy("No room.", retry_after_seconds=3), RuntimeError("ours")])
def test_an_upload_that_could_not_be_stored_is_asked_for_again(
    client: TestClient, accept: Accepting, fault: Exception
) -> None:
    accept.error = fault
    headers, body = recording_of("1.8.9")
    answer = client.post(RECORDING, content=body, headers={**GOOD, **headers})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    # google.rpc.Status with a RetryInfo, which is what the SDK looks for
    assert b"type.googleapis.com/google.rpc.RetryInfo" in answer.content
    assert answer.content.startswith(b"\x08\x0e\x12")


def _parts(*parts: tuple[str, bytes]) -> bytes:
    said = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + body + b"\r\n"
        for name, body in parts
    ]
    return b"".join(said) + b"--b--\r\n"


MULTIPART = {**GOOD, "content-type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", MULTIPART, 400),
        (b"--b\r\n", MULTIPART, 400),
        (_parts(("chat_history", b"{}")), MULTIPART, 400),
        (_parts(("audio", b"OggS")), MULTIPART, 400),
        (_parts(("header", b"\xff\xff")), MULTIPART, 400),
        (_parts(("header", b"")), MULTIPART, 400),
        (_parts(("header", b"\n\x04RM_1"), ("chat_history", b"{")), MULTIPART, 400),
        (_parts(("header", b"\n\x04RM_1"))[:-4], MULTIPART, 400),
        (b"{}", {**GOOD, "content-type": "application/json"}, 415),
        (b"{}", {**MULTIPART, "content-encoding": "gzip"}, 415),
        (_parts(("header", b"\n\x04RM_1"), ("x", b"a" * 20_000_000)), MULTIPART, 413),
        (_parts(("header", b"\n\x04RM_1"), ("chat_history", b" " * 1_500_000)), MULTIPART, 413),
    ],
)
def test_a_broken_upload_is_refused(
    client: TestClient, accept: Accepting, content: bytes, headers: dict[str, str], status: int
) -> None:
    assert client.post(RECORDING, content=content, headers=headers).status_code == status
    assert accept.batches == []


@pytest.mark.parametrize(
    ("history", "kept"),
    [
        (b'{"items": [], "version": 9}', {"items": [], "version": 9}),
        (b'[{"a": 1}]', {"items": [{"a": 1}]}),
        (b'"words"', {"value": "words"}),
    ],
)
def test_a_history_of_another_shape_is_kept(
    client: TestClient, accept: Accepting, history: bytes, kept: dict[str, Any]
) -> None:
    body = _parts(("header", b"\n\x04RM_1"), ("chat_history", history), ("other", b"x"))
    assert client.post(RECORDING, content=body, headers=MULTIPART).status_code == 200
    (report,) = accept.of(FactKind.REPORT)
    assert report.body["chat_history"] == kept


def test_a_header_says_what_it_can() -> None:
    header = read_header(b'\n\x04RM_1"\x04\x08\x05\x10\x07Z\x01{R\x01x')
    assert (header.room_id, header.started_ns) == ("RM_1", 5_000_000_007)
    assert header.summary == {"session_summary": "{"}


CONTENT = st.binary(max_size=60) | st.sampled_from(
    [b"\r\n--", b"\r\n--x", b"--", b"\r\n--b\r", b""]
)


@given(
    bodies=st.lists(CONTENT.filter(lambda body: b"\r\n--b" not in body + b"\r\n"), max_size=4),
    cuts=st.lists(st.integers(1, 30), min_size=1),
)
async def test_parts_are_the_same_however_a_body_is_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    whole = _parts(*((f"p{number}", body) for number, body in enumerate(bodies)))

    async def stream() -> AsyncIterator[bytes]:
        position, turn = 0, 0
        while position < len(whole):
            size = cuts[turn % len(cuts)]
            yield whole[position : position + size]
            position, turn = position + size, turn + 1

    found = [
        (part.name, await part.read(100))
        async for part in parts_of(stream(), "multipart/form-data; boundary=b", 10_000)
    ]
    assert found == [(f"p{number}", body) for number, body in enumerate(bodies)]


async def test_a_body_that_stops_is_no_body() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"--b\r\n\r\nabc"

    with pytest.raises(BadInput):
        _ = [
            await part.read(100)
            async for part in parts_of(stream(), "multipart/form-data; boundary=b", 1000)
        ]
