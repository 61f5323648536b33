"""What clients get wrong, sent to a real server: refused with a reason, and nothing else suffers."""

import base64
import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import zstandard

from tests.contract.wire import (
    JSON,
    PACKINGS,
    PROTOBUF,
    TRACE_PATHS,
    encoded,
    post,
    refused,
)
from tests.otlp import MS, base_ns, chat, export, new_span_id, new_trace_id, span
from tests.server import PUBLIC, SECRET, RunningServer
from turnwise.model.tenancy import Scope

LIMIT = 1024 * 1024
BOMB_BYTES = 500 * 1024 * 1024
MAY_GROW_KB = 100 * 1024
MILLION_NS = 1_000_000

ENCODINGS = (PROTOBUF, JSON)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes bodies of one megabyte."""
    folder = tmp_path_factory.mktemp("small")
    with RunningServer(folder, TURNWISE_MAX_BODY_MB="1") as running:
        yield running


@pytest.fixture(scope="module")
def client(small: RunningServer) -> Iterator[httpx2.Client]:
    """A tenant of these tests alone."""
    with small.client(small.new_user()) as found:
        yield found


def names(client: httpx2.Client, session: str, trace: str) -> list[str]:
    """Names of the trace's observations, earliest first."""
    answer = client.get(f"/v1/traces/session/{session}/{trace}")
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["trace"]["observations"]]


# --- every way in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("content_type", ENCODINGS)
@pytest.mark.parametrize("path", TRACE_PATHS)
def test_every_path_takes_every_encoding_and_packing(
    client: httpx2.Client, path: str, content_type: str, packing: str
) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    root = span("answer", trace, start, start + 900 * MS, {}, span_id="00000000000000aa")
    child = chat(trace, start + 100 * MS, session, parent="00000000000000aa")
    answer = post(client, encoded(export([child, root]), content_type), content_type, packing, path)
    assert refused(answer) == (0, "")
    assert answer.headers["content-type"] == content_type
    assert names(client, session, trace) == ["answer", "chat"]


@pytest.mark.parametrize("content_type", ENCODINGS)
@pytest.mark.parametrize("signal", ["logs", "metrics"])
def test_logs_and_metrics_are_taken_beside_every_traces_path(
    client: httpx2.Client, signal: str, content_type: str
) -> None:
    records = {
        "logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {}}]}]}]},
        "metrics": {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m"}]}]}]},
    }
    body = b"" if content_type == PROTOBUF else json.dumps(records[signal]).encode()
    for path in TRACE_PATHS:
        if path.endswith("/traces"):
            sibling = path.removesuffix("traces") + signal
            answer = post(client, body, content_type, "gzip", sibling)
            assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


@pytest.mark.parametrize(
    ("content_type", "body"), [(PROTOBUF, b""), (JSON, b"{}"), (JSON, b'{"resourceSpans": []}')]
)
def test_an_empty_request_is_taken(client: httpx2.Client, content_type: str, body: bytes) -> None:
    assert refused(post(client, body, content_type)) == (0, "")


# --- bodies that are no request -------------------------------------------------------------------


def _whole(content_type: str) -> tuple[str, bytes]:
    session, trace = str(uuid4()), new_trace_id()
    return session, encoded(export([chat(trace, base_ns(), session)]), content_type)


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("content_type", ENCODINGS)
def test_a_truncated_body_is_400_and_nothing_of_it_is_stored(
    client: httpx2.Client, content_type: str, kept: float
) -> None:
    session, body = _whole(content_type)
    answer = post(client, body[: int(len(body) * kept)], content_type)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == content_type
    assert client.get(f"/v1/traces/session/{session}").status_code == 404


@pytest.mark.parametrize(
    ("packing", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_truncated_and_broken_compression_is_400(
    client: httpx2.Client, packing: str, pack: Callable[[bytes], bytes]
) -> None:
    session, body = _whole(PROTOBUF)
    whole = pack(body)
    flipped = whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 0xFF]) + whole[-8:]
    headers = {"content-type": PROTOBUF, "content-encoding": packing}
    for broken in (whole[:-5], flipped, body):
        assert client.post("/v1/traces", content=broken, headers=headers).status_code == 400
    assert client.get(f"/v1/traces/session/{session}").status_code == 404


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b'"resourceSpans"'),
        (JSON, b'{"resourceSpans": 5}'),
        (JSON, b"\xff\xfe{}"),
        (JSON, b"[" * 200_000),
        (JSON, b'{"resourceSpans": [' * 50_000),
        (PROTOBUF, b"\xff" * 64),
        (PROTOBUF, b"\x0a\xff\xff\xff\xff\x0f"),
        (PROTOBUF, b"{}"),
    ],
)
def test_a_malformed_body_is_400(client: httpx2.Client, content_type: str, body: bytes) -> None:
    assert post(client, body, content_type).status_code == 400
    assert client.get("/healthz").status_code == 200


def test_a_group_of_the_wrong_shape_is_refused_alone(client: httpx2.Client) -> None:
    session, trace = str(uuid4()), new_trace_id()
    body = export([chat(trace, base_ns(), session)])
    body["resourceSpans"][:0] = [{"scopeSpans": "none"}, 7]
    count, why = refused(post(client, encoded(body, JSON), JSON))
    assert (count, "scopeSpans" in why) == (2, True)
    assert names(client, session, trace) == ["chat"]


@pytest.mark.parametrize("path", [*TRACE_PATHS, "/v1/logs", "/v1/metrics"])
def test_an_unknown_type_or_encoding_is_415(client: httpx2.Client, path: str) -> None:
    assert post(client, b"x", "text/plain", path=path).status_code == 415
    headers = {"content-type": PROTOBUF, "content-encoding": "br"}
    assert client.post(path, content=b"x", headers=headers).status_code == 415


# --- bodies that are too large --------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_body_over_the_limit_is_413_however_it_is_packed(
    client: httpx2.Client, packing: str
) -> None:
    session, trace = str(uuid4()), new_trace_id()
    large = chat(trace, base_ns(), session, answer=base64.b64encode(os.urandom(LIMIT)).decode())
    answer = post(client, encoded(export([large]), PROTOBUF), packing=packing)
    assert answer.status_code == 413
    assert client.get(f"/v1/traces/session/{session}").status_code == 404


def test_a_body_just_below_the_limit_is_taken(client: httpx2.Client) -> None:
    session, trace = str(uuid4()), new_trace_id()
    large = chat(trace, base_ns(), session, answer="x" * (LIMIT - 4096))
    body = encoded(export([large]), PROTOBUF)
    assert LIMIT - 4096 < len(body) <= LIMIT
    assert refused(post(client, body)) == (0, "")
    assert names(client, session, trace) == ["chat"]


def _gzip_bomb() -> bytes:
    packer, zeros = zlib.compressobj(9, wbits=31), bytes(MILLION_NS)
    pieces = [packer.compress(zeros) for _ in range(BOMB_BYTES // len(zeros) + 1)]
    return b"".join([*pieces, packer.flush()])


def _zstd_bomb() -> bytes:
    packer, zeros = zstandard.ZstdCompressor().compressobj(), bytes(MILLION_NS)
    pieces = [packer.compress(zeros) for _ in range(BOMB_BYTES // len(zeros) + 1)]
    return b"".join([*pieces, packer.flush()])


def _zstd_bomb_of_runs() -> bytes:
    """A frame of run-length blocks: each four bytes stand for 128 KB, half a megabyte for 16 GB."""
    frame_header = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x38"  # no size, window of 128 KB
    block, last = ((128 * 1024 << 3 | 1 << 1 | end).to_bytes(3, "little") + b"\0" for end in (0, 1))
    return frame_header + block * (LIMIT // 8) + last


def _peak_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@pytest.mark.parametrize(
    ("encoding", "make"),
    [("gzip", _gzip_bomb), ("zstd", _zstd_bomb), ("zstd", _zstd_bomb_of_runs)],
    ids=["gzip", "zstd", "zstd of runs"],
)
def test_a_bomb_is_413_before_memory_grows(
    small: RunningServer, client: httpx2.Client, encoding: str, make: Callable[[], bytes]
) -> None:
    bomb = make()
    assert len(bomb) <= LIMIT
    pid = small.process.pid
    # The kernel then counts the peak from here on.
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = _peak_kb(pid)
    for content_type in ENCODINGS:
        headers = {"content-type": content_type, "content-encoding": encoding}
        assert client.post("/v1/traces", content=bomb, headers=headers).status_code == 413
    assert _peak_kb(pid) - before < MAY_GROW_KB


# --- callers --------------------------------------------------------------------------------------


def _basic(public: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{public}:{secret}".encode()).decode()


STYLES: dict[str, Callable[[str, str], dict[str, str]]] = {
    "x-api-key": lambda public, secret: {"x-api-key": secret},
    "bearer": lambda public, secret: {"authorization": f"Bearer {secret}"},
    "basic": lambda public, secret: {"authorization": _basic(public, secret)},
}


@pytest.mark.parametrize("path", [*TRACE_PATHS, "/v1/logs", "/v1/metrics"])
@pytest.mark.parametrize("style", STYLES)
def test_a_key_is_known_in_every_style_and_an_unknown_one_in_none(
    small: RunningServer, style: str, path: str
) -> None:
    present = STYLES[style]
    with small.client(key=None) as anybody:
        for public, secret, status in (
            (PUBLIC, SECRET, 200),
            (PUBLIC, "sk-nobody-has-this-key", 401),
            ("pk-nobody", "sk-nobody-has-this-key", 401),
        ):
            headers = {"content-type": JSON, **present(public, secret)}
            answer = anybody.post(path, content=b"{}", headers=headers)
            assert answer.status_code == status
            assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_public_half_that_is_not_of_the_secret_is_401(small: RunningServer) -> None:
    with small.client(key=None) as anybody:
        headers = {"content-type": JSON, **STYLES["basic"]("pk-other", SECRET)}
        assert anybody.post("/v1/traces", content=b"{}", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"authorization": "Bearer"},
        {"authorization": "Basic !!!"},
        {"authorization": "Digest abc"},
    ],
)
def test_no_readable_key_is_401_before_the_body_is_looked_at(
    small: RunningServer, headers: dict[str, str]
) -> None:
    with small.client(key=None) as anybody:
        answer = anybody.post("/v1/traces", content=b"broken", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", [*TRACE_PATHS, "/v1/logs", "/v1/metrics"])
def test_a_key_without_the_scope_ingest_is_403(small: RunningServer, path: str) -> None:
    with small.client(small.new_user(scopes=frozenset({Scope.READ}))) as reader:
        answer = reader.post(path, content=b"{}", headers={"content-type": JSON})
    assert answer.status_code == 403


# --- spans that are odd ---------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], None]


def _set(**fields: Any) -> Change:
    return lambda odd: odd.update(fields)


def _attribute(key: str, value: dict[str, Any]) -> Change:
    return lambda odd: odd["attributes"].append({"key": key, "value": value})


def _many_attributes(odd: dict[str, Any]) -> None:
    odd["attributes"] += [
        {"key": f"key.{number}", "value": {"intValue": str(number)}} for number in range(10_000)
    ]


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value


REJECTED: dict[str, tuple[Change, str]] = {
    "a short trace id": (_set(traceId="ab" * 15), "trace id"),
    "a long trace id": (_set(traceId="ab" * 17), "trace id"),
    "no trace id": (_set(traceId=""), "trace id"),
    "a zero trace id": (_set(traceId="0" * 32), "trace id"),
    "a short span id": (_set(spanId="ab" * 7), "span id"),
    "a long span id": (_set(spanId="ab" * 9), "span id"),
    "a zero span id": (_set(spanId="0" * 16), "span id"),
    "no start": (_set(startTimeUnixNano="0"), "start"),
    "a start in 2554": (_set(startTimeUnixNano=str(2**64 - 1)), "start"),
}
STORED: dict[str, Change] = {
    "an end before its start": _set(endTimeUnixNano="1"),
    "no end": _set(endTimeUnixNano="0"),
    "an unknown kind": _set(kind=99),
    "an unknown status": _set(status={"code": 99}),
    "NaN": _attribute("gen_ai.usage.input_tokens", {"doubleValue": "NaN"}),
    "NaN as temperature": _attribute("gen_ai.request.temperature", {"doubleValue": "NaN"}),
    "infinity": _attribute("gen_ai.usage.cost", {"doubleValue": "Infinity"}),
    "minus infinity": _attribute("lk.e2e_latency", {"doubleValue": "-Infinity"}),
    "a negative count": _attribute("gen_ai.usage.output_tokens", {"intValue": "-1"}),
    "an enormous count": _attribute("gen_ai.usage.output_tokens", {"intValue": str(2**63 - 1)}),
    "bytes": _attribute("blob", {"bytesValue": "3q2+7w=="}),
    "an attribute without value": _attribute("nothing", {}),
    "an attribute without key": _attribute("", {"stringValue": "x"}),
    "a deep attribute": _attribute("deep", _nested(40)),
    "10,000 attributes": _many_attributes,
    "itself as parent": lambda odd: odd.update(parentSpanId=odd["spanId"]),
    "a text with a zero": _attribute("gen_ai.output.messages", {"stringValue": "a\0b"}),
    "no name": _set(name=""),
}


def _pair(change: Change) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """An odd span between what it would have been beside, both of one session and trace."""
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    good = span("good", trace, start, start + 500 * MS, {"session.id": session})
    odd = span("odd", trace, start + MS, start + 400 * MS, {"session.id": session})
    change(odd)
    return session, trace, good, odd


@pytest.mark.parametrize("content_type", ENCODINGS)
@pytest.mark.parametrize("fault", REJECTED)
def test_a_span_that_cannot_be_stored_is_refused_alone(
    client: httpx2.Client, fault: str, content_type: str
) -> None:
    change, reason = REJECTED[fault]
    session, trace, good, odd = _pair(change)
    count, why = refused(post(client, encoded(export([odd, good]), content_type), content_type))
    assert count == 1
    assert reason in why
    assert names(client, session, trace) == ["good"]


@pytest.mark.parametrize("content_type", ENCODINGS)
@pytest.mark.parametrize("oddity", STORED)
def test_an_odd_span_is_stored_and_readable_everywhere(
    client: httpx2.Client, oddity: str, content_type: str
) -> None:
    session, trace, good, odd = _pair(STORED[oddity])
    answer = post(client, encoded(export([odd, good]), content_type), content_type)
    assert refused(answer) == (0, "")
    assert len(names(client, session, trace)) == 2
    for path in (
        f"/v1/observability/sessions/{session}",
        f"/v1/traces/session/{session}",
        f"/ui/api/traces/{trace}",
        f"/ui/api/sessions/{session}",
    ):
        shown = client.get(path)
        assert shown.status_code == 200, shown.text
        assert "NaN" not in shown.text
        assert "Infinity" not in shown.text


def test_a_span_that_ends_before_it_starts_never_takes_negative_time(client: httpx2.Client) -> None:
    session, _, good, odd = _pair(STORED["an end before its start"])
    post(client, encoded(export([odd, good]), JSON), JSON)
    detail = client.get(f"/v1/observability/sessions/{session}").json()
    (line,) = client.get(f"/v1/traces/session/{session}").json()["traces"]
    assert detail["metrics"]["totalDurationMs"] >= 500
    assert line["latencySeconds"] == 0.5


def test_parents_in_a_circle_are_stored_and_shown(client: httpx2.Client) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    ids = [new_span_id() for _ in range(3)]
    circle = [
        span(f"s{i}", trace, start + i, start + 9, {"session.id": session}, span_id=at, parent=up)
        for i, (at, up) in enumerate(zip(ids, [ids[-1], *ids[:-1]], strict=True))
    ]
    generation = chat(trace, start + MS, session, parent=ids[0])
    assert refused(post(client, encoded(export([*circle, generation]), JSON), JSON)) == (0, "")
    assert names(client, session, trace) == ["s0", "s1", "s2", "chat"]
    detail = client.get(f"/v1/observability/sessions/{session}").json()
    assert [turn["speaker"] for turn in detail["turns"]] == ["user", "agent"]
    assert client.get(f"/ui/api/traces/{trace}").status_code == 200


@pytest.mark.parametrize("content_type", ENCODINGS)
def test_one_span_twice_in_a_request_is_one_observation(
    client: httpx2.Client, content_type: str
) -> None:
    session, trace = str(uuid4()), new_trace_id()
    generation = chat(trace, base_ns(), session)
    body = encoded(export([generation, generation]), content_type)
    assert refused(post(client, body, content_type)) == (0, "")
    assert names(client, session, trace) == ["chat"]
    (line,) = client.get(f"/v1/traces/session/{session}").json()["traces"]
    assert line["totalCostUsd"] == pytest.approx(0.000072, abs=1e-12)


def test_one_id_for_two_different_spans_is_answered_without_a_fault(client: httpx2.Client) -> None:
    session, trace, start, same = str(uuid4()), new_trace_id(), base_ns(), new_span_id()
    pair = [
        span(name, trace, start + i, start + 9, {"session.id": session}, span_id=same)
        for i, name in enumerate(("one", "two"))
    ]
    good = span("good", trace, start + 5, start + 9, {"session.id": session})
    assert refused(post(client, encoded(export([*pair, good]), JSON), JSON)) == (0, "")
    shown = names(client, session, trace)
    assert len(shown) == 2
    assert "good" in shown


def test_fields_that_nobody_knows_are_ignored(client: httpx2.Client) -> None:
    session, trace = str(uuid4()), new_trace_id()
    body = export([{**chat(trace, base_ns(), session), "futureField": {"a": [1]}}])
    body["another"] = [None]
    assert refused(post(client, encoded(body, JSON), JSON)) == (0, "")
    assert names(client, session, trace) == ["chat"]


def test_one_bad_span_among_hundreds_costs_only_itself(client: httpx2.Client) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    good = [
        span(f"n{i:03}", trace, start + i * MS, start + i * MS + 9, {"session.id": session})
        for i in range(300)
    ]
    bad = span("bad", "0" * 32, start, start + 9, {"session.id": session})
    count, _ = refused(post(client, encoded(export([*good[:150], bad, *good[150:]]), PROTOBUF)))
    assert count == 1
    assert names(client, session, trace) == [each["name"] for each in good]
