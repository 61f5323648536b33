"""The OTLP paths: who may post, what is answered, in which encoding."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.testclient import TestClient

from turnwise.http.auth import Credential
from turnwise.http.errors import install_error_handlers
from turnwise.ingest.otlp import ERROR_RENDERER, OtlpReceiver
from turnwise.ingest.otlp.routes import TRACE_PATHS
from turnwise.model.batch import Batch, Receipt, Rejected
from turnwise.model.errors import Busy
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.tenancy import Caller, Role, Scope

LIMIT = 100_000
KEY = {"x-api-key": "good"}
PROTOBUF = {**KEY, "content-type": "application/x-protobuf"}
JSON = {**KEY, "content-type": "application/json"}
MAIN = ProjectId("main")


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
}


class Keys:
    async def caller(self, credential: Credential) -> Caller | None:
        scopes = {"good": frozenset({Scope.INGEST}), "reader": frozenset({Scope.READ})}
        if credential.secret not in scopes:
            return None
        return Caller(
            TenantId("t"),
            "t",
            7,
            "u",
            Role.OWNER,
            False,
            MAIN,
            (MAIN,),
            scopes[credential.secret],
            projects_by_name={"known": ProjectId("known-id")},
        )


class Accepting:
    """Keeps what it is given, or does what a test says."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.failure: Exception | None = None
        self.rejects: tuple[Rejected, ...] = ()
        self.drops = 0

    async def __call__(self, batch: Batch) -> Receipt:
        if self.failure is not None:
            raise self.failure
        self.batches.append(batch)
        return Receipt(len(batch.spans), (*batch.rejected, *self.rejects), self.drops)


@pytest.fixture
def accept() -> Accepting:
    return Accepting()


@pytest.fixture
def receiver(accept: Accepting) -> OtlpReceiver:
    return OtlpReceiver(accept, lambda tenant, name: ProjectId(f"{tenant}:{name}"), LIMIT)


@pytest.fixture
def client(receiver: OtlpReceiver) -> Iterator[TestClient]:
    app = Starlette(routes=receiver.routes())
    app.state.authenticator = Keys()
    install_error_handlers(app, [ERROR_RENDERER])
    with TestClient(app) as found:
        yield found


def body(count: int = 1, bad: int = 0, padding: int = 0) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(count):
        scope.spans.add(
            trace_id=b"\1" * 16,
            span_id=(number + 1).to_bytes(8, "big"),
            start_time_unix_nano=1_790_000_000 * 10**9,
            name="x" * padding,
        )
    for _ in range(bad):
        scope.spans.add(trace_id=b"\1", start_time_unix_nano=5)
    return request.SerializeToString()


@pytest.mark.parametrize("path", TRACE_PATHS)
def test_every_path(client: TestClient, accept: Accepting, path: str) -> None:
    answer = client.post(path, content=body(2), headers=PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert [len(batch.spans) for batch in accept.batches] == [2]
    assert (accept.batches[0].project_id, accept.batches[0].user_id) == (MAIN, 7)


def test_paths_of_the_specification() -> None:
    assert set(TRACE_PATHS) == {
        "/v1/traces",
        "/otel/v1/traces",
        "/api/v1/otel/v1/traces",
        "/api/otel/v1/traces",
        "/api/public/otel/v1/traces",
        "/api/public/otel",
    }


@pytest.mark.parametrize("size", [1, 900])
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_encodings(client: TestClient, accept: Accepting, encoding: str, size: int) -> None:
    sent = body(size, padding=90)
    packed = PACKERS[encoding](sent)
    answer = client.post(
        "/v1/traces", content=packed, headers={**PROTOBUF, "content-encoding": encoding}
    )
    if encoding == "identity" and size > 1:
        assert answer.status_code == 413
    else:
        assert answer.status_code == (413 if len(sent) > LIMIT else 200)


def test_chunked(client: TestClient, accept: Accepting) -> None:
    sent = body(30)
    pieces = (sent[place : place + 7] for place in range(0, len(sent), 7))
    assert client.post("/v1/traces", content=pieces, headers=PROTOBUF).status_code == 200
    assert len(accept.batches[0].spans) == 30


def test_large_body_is_decoded_elsewhere(client: TestClient, accept: Accepting) -> None:
    sent = body(900, padding=50)
    assert 64 * 1024 < len(sent) < LIMIT
    assert client.post("/v1/traces", content=sent, headers=PROTOBUF).status_code == 200
    assert len(accept.batches[0].spans) == 900


def test_partial_success(client: TestClient, accept: Accepting) -> None:
    accept.rejects = (Rejected("f", "too old"),)
    answer = client.post("/v1/traces", content=body(1, bad=2), headers=PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans) == (200, 3)
    assert "trace id" in told.error_message
    assert "too old" in told.error_message


def test_partial_success_in_json(client: TestClient, accept: Accepting) -> None:
    sent = {"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "12"}]}]}]}
    answer = client.post("/v1/traces", json=sent, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert not accept.batches
    assert client.post("/v1/traces", content=b"{}", headers=JSON).json() == {}


def test_empty_protobuf(client: TestClient) -> None:
    assert client.post("/v1/traces", content=b"", headers=PROTOBUF).status_code == 200


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        (PROTOBUF, b"\x0a\xff\xff", 400),
        (JSON, b"[]", 400),
        (JSON, b"", 400),
        ({**PROTOBUF, "content-encoding": "gzip"}, b"nonsense", 400),
        ({**PROTOBUF, "content-encoding": "gzip"}, gzip.compress(body(9), mtime=0)[:-9], 400),
        ({**PROTOBUF, "content-encoding": "br"}, b"", 415),
        ({**KEY, "content-type": "text/plain"}, b"", 415),
        (PROTOBUF, b"x" * (LIMIT + 1), 413),
        ({**PROTOBUF, "content-encoding": "gzip"}, gzip.compress(b"x" * (LIMIT + 1), mtime=0), 413),
        ({"content-type": "application/json"}, b"{}", 401),
        ({**JSON, "x-api-key": "wrong"}, b"{}", 401),
        ({**JSON, "x-api-key": "reader"}, b"{}", 403),
    ],
)
def test_errors(client: TestClient, headers: dict[str, str], content: bytes, status: int) -> None:
    answer = client.post("/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    if headers.get("content-type") == "application/x-protobuf":
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert answer.content[:1] == b"\x08"
    else:
        assert set(answer.json()) == {"code", "message"}
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_busy_and_faults_are_503(client: TestClient, accept: Accepting) -> None:
    accept.failure = Busy("full", retry_after_seconds=3)
    answer = client.post("/v1/traces", content=body(), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    accept.failure = RuntimeError("a bug")
    answer = client.post("/v1/traces", content=body(), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert b"a bug" not in answer.content


def test_wrong_method(client: TestClient) -> None:
    answer = client.get("/v1/traces", headers=JSON)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("header", ["Langsmith-Project", "x-turnwise-project"])
def test_named_project(client: TestClient, accept: Accepting, header: str) -> None:
    for name in ("known", "new"):
        client.post("/v1/traces", content=body(), headers={**PROTOBUF, header: name})
    assert [batch.project_id for batch in accept.batches] == ["known-id", "t:new"]


def test_logs_are_handed_over_and_metrics_counted(
    client: TestClient, accept: Accepting, receiver: OtlpReceiver
) -> None:
    logs: Any = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, {}]}]}]}
    accept.drops = 2
    metrics: Any = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{}]}]}]}
    for root in ("", "/otel", "/api/public/otel"):
        assert client.post(f"{root}/v1/logs", json=logs, headers=KEY).json() == {}
        answer = client.post(f"{root}/v1/metrics", content=json.dumps(metrics), headers=JSON)
        assert answer.status_code == 200
    assert receiver.counted == {"logs": 6, "metrics": 3}
    assert [len(batch.logs) for batch in accept.batches] == [2, 2, 2]
    accept.rejects = (Rejected("", "time is missing"),)
    answer = client.post("/v1/logs", json=logs, headers=KEY).json()
    assert answer["partialSuccess"]["rejectedLogRecords"] == "1"
    assert client.post("/v1/logs", content=b"\x0a\xff", headers=PROTOBUF).status_code == 400
