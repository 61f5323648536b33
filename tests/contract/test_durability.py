"""What was acknowledged stays, and the order and repetition of requests make no difference."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.contract.captured import Sent, requests_of, session_of, shuffled
from tests.contract.wire import post, refused
from tests.otlp import MS, base_ns, chat, export, new_trace_id, send, span
from tests.server import RunningServer, wait_for

BASE = "/v1/observability/sessions"
CALLS = [
    "livekit/1.8.9/full",
    "livekit/1.5.17/full",
    "livekit/1.5.17/killed",
    "pipecat/1.14.0/interruption",
    "otel_json/1/tool",
]
SENDERS = 4
SPANS = 5
STOPPED = (0, -signal.SIGTERM)
"""Exit codes of a server that was asked to stop: the signal is passed on when all is done."""
ENOUGH = 60
"""Acknowledged requests after which the server is stopped."""


# --- reading everything back ----------------------------------------------------------------------


def detail_of(client: httpx2.Client, name: str) -> bytes:
    """The session detail as it was sent."""
    answer = client.get(f"{BASE}/{name}")
    assert answer.status_code == 200, answer.text
    return answer.content


def uuid_of(client: httpx2.Client, name: str) -> str:
    """The session's UUID."""
    return str(UUID(json.loads(detail_of(client, name))["id"].removeprefix("sess_")))


def everything(client: httpx2.Client, name: str) -> list[bytes]:
    """Detail, list of traces and every trace of a session, as they were sent."""
    path = f"/v1/traces/session/{uuid_of(client, name)}"
    listed = client.get(path, params={"limit": 100})
    assert listed.status_code == 200, listed.text
    traces = [client.get(f"{path}/{line['traceId']}") for line in listed.json()["traces"]]
    assert traces
    assert all(each.status_code == 200 for each in traces)
    return [_without_now(detail_of(client, name)), listed.content, *(t.content for t in traces)]


def _without_now(detail: bytes) -> bytes:
    """A live session is as long as it is until now."""
    found = json.loads(detail)
    if found["endedAt"] is None:
        found["metrics"]["totalDurationMs"] = None
        return json.dumps(found).encode()
    return detail


def nameless(client: httpx2.Client, name: str) -> list[bytes]:
    """The same without the ids of session and agent, which differ between projects."""
    found = json.loads(detail_of(client, name))
    session = uuid_of(client, name)
    ids = [(found["id"], "SESSION"), (session, "SESSION"), (found["agentId"], "AGENT")]
    whole = everything(client, name)
    for made, instead in ids:
        whole = [each.replace(made.encode(), instead.encode()) for each in whole]
    return whole


def replay(client: httpx2.Client, requests: list[Sent]) -> None:
    """Send the requests one after the other."""
    for each in requests:
        assert refused(post(client, each.body, each.content_type)) == (0, "")


# --- stopping and killing -------------------------------------------------------------------------


class Senders:
    """Threads that send numbered spans, each for a session of its own, and remember answers."""

    def __init__(self, server: RunningServer, key: str):
        self._server, self._key = server, key
        self._stop = threading.Event()
        self.acknowledged: list[tuple[str, str, list[str]]] = []
        self.odd_answers: list[int] = []
        self.sessions = [str(uuid4()) for _ in range(SENDERS)]
        self._threads = [
            threading.Thread(target=self._send, args=(each,)) for each in self.sessions
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, session: str) -> None:
        start, number = base_ns(), 0
        with self._server.client(self._key) as client:
            while not self._stop.is_set():
                trace = new_trace_id()
                names = [f"span {number + i}" for i in range(SPANS)]
                at = start + number * 10 * MS
                spans = [
                    span(name, trace, at + i * MS, at + i * MS + 9, {"session.id": session})
                    for i, name in enumerate(names)
                ]
                spans.append(chat(trace, at + SPANS * MS, session, question=f"Question {number}"))
                number += SPANS
                try:
                    answer = client.post("/v1/traces", json=export(spans))
                except httpx2.TransportError:
                    return
                if answer.status_code == 200:
                    self.acknowledged.append((session, trace, [*names, "chat"]))
                else:
                    self.odd_answers.append(answer.status_code)

    def join(self) -> None:
        """Wait until all have noticed that nobody listens any more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


def assert_all_is_there(client: httpx2.Client, senders: Senders) -> None:
    """Every acknowledged span is in its trace, and every trace and turn in its session."""
    for session in senders.sessions:
        mine = [each for each in senders.acknowledged if each[0] == session]
        detail = json.loads(detail_of(client, session))
        questions = {turn["text"] for turn in detail["turns"] if turn["speaker"] == "user"}
        for _, trace, names in mine:
            answer = client.get(f"/v1/traces/session/{session}/{trace}")
            assert answer.status_code == 200, answer.text
            found = [each["name"] for each in answer.json()["trace"]["observations"]]
            assert found == names
            assert f"Question {names[0].removeprefix('span ')}" in questions


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_while_it_takes_spans(
    own_server: RunningServer,
) -> None:
    key = own_server.new_user()
    rounds = []
    for _ in range(2):
        senders = Senders(own_server, key)
        rounds.append(senders)
        wait_for(lambda: len(rounds[-1].acknowledged), lambda count: count >= ENOUGH, 60)
        own_server.kill()
        senders.join()
        own_server.start()
    with own_server.client(key) as client:
        for senders in rounds:
            assert senders.odd_answers == []
            assert_all_is_there(client, senders)
        listed = client.get(BASE, params={"limit": 100}).json()["data"]
        assert len(listed) == 2 * SENDERS
        health = client.get("/readyz")
        assert health.status_code == 200, health.text


def test_a_server_that_is_asked_to_stop_finishes_what_it_has_taken(
    own_server: RunningServer,
) -> None:
    key = own_server.new_user()
    senders = Senders(own_server, key)
    wait_for(lambda: len(senders.acknowledged), lambda count: count >= ENOUGH, 60)
    own_server.stop()
    senders.join()
    assert own_server.process.returncode in STOPPED, "".join(own_server.log[-20:])
    assert set(senders.odd_answers) <= {503}
    assert not [line for line in own_server.log if "Traceback" in line]
    own_server.start()
    with own_server.client(key) as client:
        assert_all_is_there(client, senders)


def test_a_request_that_is_under_way_when_the_server_is_asked_to_stop_is_answered(
    own_server: RunningServer,
) -> None:
    key = own_server.new_user()
    session, trace = str(uuid4()), new_trace_id()
    body = json.dumps(export([chat(trace, base_ns(), session)])).encode()
    address = urlsplit(own_server.url)
    assert address.hostname
    assert address.port
    where = (address.hostname, address.port)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: turnwise\r\nx-api-key: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        "expect: 100-continue\r\n\r\n"
    )

    def is_closed() -> bool:
        try:
            socket.create_connection(where, 5).close()
        except OSError:
            return True
        return False

    with socket.create_connection(where, 30) as connection:
        connection.sendall(head.encode())
        # The server says so when it begins to read the body.
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(body[:50])
        own_server.process.send_signal(signal.SIGTERM)
        wait_for(is_closed)
        connection.sendall(body[50:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    own_server.stop()
    own_server.start()
    with own_server.client(key) as client:
        assert client.get(f"/v1/traces/session/{session}/{trace}").status_code == 200


# --- order and repetition -------------------------------------------------------------------------


@pytest.mark.parametrize("capture", CALLS)
def test_a_replay_changes_nothing(server: RunningServer, capture: str) -> None:
    requests, name = requests_of(capture), session_of(capture)
    with server.client(server.new_user()) as client:
        replay(client, requests)
        once = everything(client, name)
        replay(client, requests)
        replay(client, requests[::-1])
        assert everything(client, name) == once


@pytest.mark.parametrize("capture", CALLS)
def test_any_order_in_any_requests_gives_the_same_bytes(
    server: RunningServer, capture: str
) -> None:
    requests, name = requests_of(capture), session_of(capture)
    answers = []
    for sent in (requests, requests[::-1], *(shuffled(requests, seed) for seed in (1, 2, 3))):
        assert sum(each.spans for each in sent) == sum(each.spans for each in requests)
        with server.client(server.new_user()) as client:
            replay(client, sent)
            answers.append(nameless(client, name))
    assert [answer == answers[0] for answer in answers] == [True] * len(answers)


def test_children_may_come_before_their_parents(server: RunningServer) -> None:
    session, start = str(uuid4()), base_ns()
    answers = []
    trace = new_trace_id()
    root = span("root", trace, start, start + 900 * MS, {"session.id": session}, span_id="a" * 16)
    middle = span("middle", trace, start + 1, start + 9, {}, span_id="b" * 16, parent="a" * 16)
    leaf = chat(trace, start + 2, None, span_id="c" * 16, parent="b" * 16)
    for order in ([root, middle, leaf], [leaf, middle, root], [middle, leaf, root]):
        with server.client(server.new_user()) as client:
            for each in order:
                send(client, [each])
            answers.append(nameless(client, session))
    assert answers[0] == answers[1] == answers[2]
    assert b'"totalCostUsd":0.000072' in answers[0][1]


def test_a_late_better_name_moves_a_trace_and_the_old_one_still_finds_it(
    server: RunningServer,
) -> None:
    trace, start = new_trace_id(), base_ns()
    old, better = f"conversation-{uuid4().hex[:8]}", f"booking-{uuid4().hex[:8]}"
    generation = chat(
        trace, start + MS, None, parent="a" * 16, attributes={"gen_ai.conversation.id": old}
    )
    root = span("root", trace, start, start + 900 * MS, {"session.id": better}, span_id="a" * 16)
    with server.client(server.new_user()) as client:
        send(client, [generation])
        under_old = uuid_of(client, old)
        send(client, [root])
        moved = everything(client, better)
        uuid = uuid_of(client, better)
        assert uuid != under_old
        for name in (old, under_old, f"sess_{UUID(under_old).hex}"):
            assert everything(client, name) == moved
        detail = client.get(f"/v1/traces/session/{under_old}/{trace}").json()["trace"]
        assert [each["name"] for each in detail["observations"]] == ["root", "chat"]
        assert detail["sessionId"] == uuid
        assert [each["id"] for each in client.get(BASE).json()["data"]] == [
            f"sess_{UUID(uuid).hex}"
        ]


def test_two_tenants_with_one_session_name_do_not_see_each_other(server: RunningServer) -> None:
    for name in ("the call", str(uuid4())):
        traces, clients = [new_trace_id(), new_trace_id()], []
        for trace, answer in zip(traces, ("Yes.", "No."), strict=True):
            client = server.client(server.new_user())
            clients.append(client)
            send(client, [chat(trace, base_ns(), name, answer=answer)])
        for client, mine, other, answer in (
            (clients[0], traces[0], traces[1], "Yes."),
            (clients[1], traces[1], traces[0], "No."),
        ):
            detail = json.loads(detail_of(client, name))
            assert [turn["text"] for turn in detail["turns"]][1:] == [answer]
            path = f"/v1/traces/session/{uuid_of(client, name)}"
            listed = client.get(path).json()["traces"]
            assert [line["traceId"] for line in listed] == [mine]
            assert client.get(f"{path}/{other}").status_code == 404
            assert client.get(f"/ui/api/traces/{other}").status_code == 404
        for client in clients:
            client.close()


# --- derived again --------------------------------------------------------------------------------


def command(*arguments: str, data_dir: Path) -> "subprocess.CompletedProcess[str]":
    """Run `turnwise` on the folder."""
    program = str(Path(sys.executable).with_name("turnwise"))
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TURNWISE_")}
    return subprocess.run(
        [program, *arguments, "--data-dir", str(data_dir)],
        env={**bare, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_rebuild_and_a_restart_give_the_same_bytes(own_server: RunningServer) -> None:
    key = own_server.new_user()

    def told() -> list[list[bytes]]:
        with own_server.client(key) as client:
            return [everything(client, session_of(capture)) for capture in CALLS]

    with own_server.client(key) as client:
        for capture in CALLS:
            replay(client, requests_of(capture))
        made = client.post(BASE, json={"agentId": "desk", "startedAt": "2026-03-21T10:00:00Z"})
        native = made.json()["id"]
        turn = {
            "id": "t",
            "index": 0,
            "speaker": "agent",
            "text": "Hello",
            "startMs": 0,
            "endMs": 9,
        }
        client.post(f"{BASE}/{native}/turns", json={"turns": [turn]})
        client.patch(f"{BASE}/{native}", json={"endedAt": "2026-03-21T10:01:00Z"})
        written = detail_of(client, native)
        listed = client.get(BASE).content
    before = told()
    own_server.stop()
    rebuilt = command("rebuild", data_dir=own_server.data_dir)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert f"{len(CALLS) + 1} sessions derived anew" in rebuilt.stderr
    own_server.start()
    assert told() == before
    with own_server.client(key) as client:
        assert detail_of(client, native) == written
        assert client.get(BASE).content == listed


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that closes sessions after 1.2 seconds of silence."""
    with RunningServer(tmp_path / "data", TURNWISE_SILENCE_MINUTES="0.02") as running:
        yield running


def test_a_silent_session_is_closed_and_late_spans_show_without_opening_it(
    impatient: RunningServer,
) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()

    def read(client: httpx2.Client) -> dict[str, Any]:
        return dict(json.loads(detail_of(client, session)))

    with impatient.client(impatient.new_user()) as client:
        send(client, [chat(trace, start, session)])
        closed = wait_for(lambda: read(client), lambda found: bool(found["status"] != "active"), 30)
        assert closed["status"] == "completed"
        assert closed["endedAt"] is not None
        assert closed["metrics"]["totalDurationMs"] == 800
        late = chat(trace, start + 2_000 * MS, session, question="Anybody there?", answer="Yes.")
        send(client, [late])
        after = read(client)
        assert after["status"] == "completed"
        assert [turn["text"] for turn in after["turns"]][-2:] == ["Anybody there?", "Yes."]
        (line,) = client.get(f"/v1/traces/session/{session}").json()["traces"]
        assert line["observationCount"] == 2
        assert line["latencySeconds"] == 2.8


# --- beside a running server ----------------------------------------------------------------------


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(server: RunningServer) -> None:
    second = command("serve", "--port", "0", data_dir=server.data_dir)
    assert second.returncode == 1
    said = second.stderr.strip().splitlines()
    assert len(said) == 1, second.stderr
    assert said[0].startswith("error:")
    assert str(server.data_dir) in said[0]
    assert second.stdout == ""
    with server.client() as client:
        assert client.get("/readyz").status_code == 200


def test_the_catalog_commands_work_beside_a_running_server(server: RunningServer) -> None:
    slug, email = f"acme-{uuid4().hex[:8]}", f"{uuid4().hex[:8]}@example.com"

    def run(*arguments: str) -> dict[str, Any]:
        done = command(*arguments, "--json", data_dir=server.data_dir)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    assert run("tenants", "create", "--slug", slug, "--name", "Acme")["slug"] == slug
    owner = ("--email", email, "--password", "correct horse", "--role", "owner")
    run("users", "create", "--tenant", slug, *owner)
    key = run(
        *("keys", "create", "--tenant", slug, "--name", "agents"),
        *("--scopes", "ingest,read", "--expires-days", "2"),
    )
    session, trace = str(uuid4()), new_trace_id()
    with server.client(key["secret_key"]) as client:
        send(client, [chat(trace, base_ns(), session)])
        assert client.get(f"/v1/traces/session/{session}/{trace}").status_code == 200
        turned = run("keys", "rotate", key["id"])
        with server.client(turned["secret_key"]) as renewed:
            assert renewed.get(f"{BASE}/{session}").status_code == 200
            run("keys", "revoke", turned["id"])
            assert renewed.get(f"{BASE}/{session}").status_code == 401
            assert renewed.post("/v1/traces", json=export([])).status_code == 401
