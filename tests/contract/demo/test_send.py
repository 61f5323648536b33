"""Sending the demo: patience with a busy server, one clear line for one that will not have it."""

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from rich.console import Console
from rich.progress import Progress

from turnwise.app.demo.send import DemoNotSent, demo_sessions, send_demo
from turnwise.model.errors import Unauthenticated

ANCHOR_NS = 497_900 * 3_600 * 10**9
KEY = "sk-tw-a-key-for-tests"

Answer = tuple[int, dict[str, str], bytes]
Reply = Callable[[int], Answer]
"""Gives the answer to the n-th request."""

FINE: Answer = (200, {}, b"")


@contextmanager
def listening(reply: Reply) -> Iterator[tuple[str, list[tuple[str, str | None, bytes]]]]:
    """A server that keeps what it gets: path, key, body."""
    received: list[tuple[str, str | None, bytes]] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                received.append((self.path, self.headers["x-api-key"], body))
                status, headers, answer = reply(len(received))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", received
        finally:
            server.shutdown()


def progress() -> Progress:
    return Progress(console=Console(file=io.StringIO(), force_terminal=False))


def test_every_request_of_every_session_is_sent_once() -> None:
    with listening(lambda _: FINE) as (url, received):
        assert send_demo(url + "/", KEY, 12, anchor_ns=ANCHOR_NS) == 12
    made = list(demo_sessions(12, 7, 7, ANCHOR_NS))
    requests = [("/v1/traces", body) for each in made for body in each.bodies]
    requests += [("/v1/logs", each.logs) for each in made]
    assert sorted((path, body) for path, _, body in received) == sorted(requests)
    assert {key for _, key, _ in received} == {KEY}


def test_requests_of_one_session_keep_their_order() -> None:
    with listening(lambda _: FINE) as (url, received):
        send_demo(url, KEY, 12, anchor_ns=ANCHOR_NS)
    places = {body: at for at, (_, _, body) in enumerate(received)}
    for each in demo_sessions(12, 7, 7, ANCHOR_NS):
        order = [places[body] for body in (*each.bodies, each.logs)]
        assert order == sorted(order)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_gets_the_same_bytes_again(status: int) -> None:
    def reply(count: int) -> Answer:
        return (status, {"retry-after": "0"}, b"") if count in (1, 2, 5) else FINE

    with listening(reply) as (url, received):
        assert send_demo(url, KEY, 4, anchor_ns=ANCHOR_NS) == 4
    bodies = [body for _, _, body in received]
    assert len(bodies) - len(set(bodies)) == 3


def test_a_server_that_stays_busy_is_given_up() -> None:
    with (
        listening(lambda _: (503, {"retry-after": "0"}, b"")) as (url, _),
        pytest.raises(DemoNotSent, match="too busy"),
    ):
        send_demo(url, KEY, 2, anchor_ns=ANCHOR_NS)


def test_a_refused_key_is_one_clear_line() -> None:
    with (
        listening(lambda _: (401, {}, b"")) as (url, _),
        pytest.raises(Unauthenticated, match="refused the API key") as caught,
    ):
        send_demo(url, KEY, 12, anchor_ns=ANCHOR_NS)
    assert "\n" not in caught.value.message
    assert KEY not in caught.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere", "http://"])
def test_a_server_that_is_not_there_is_one_clear_line(url: str) -> None:
    with pytest.raises(DemoNotSent, match="cannot reach") as caught:
        send_demo(url, KEY, 3, anchor_ns=ANCHOR_NS)
    assert "\n" not in caught.value.message


def test_rejected_spans_are_not_passed_over() -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "too old"
    rejecting = (200, {"content-type": "application/x-protobuf"}, answer.SerializeToString())
    with (
        listening(lambda _: rejecting) as (url, _),
        pytest.raises(DemoNotSent, match="rejected 3 records: too old"),
    ):
        send_demo(url, KEY, 3, anchor_ns=ANCHOR_NS)


def test_the_progress_counts_sessions() -> None:
    shown = progress()
    with listening(lambda _: FINE) as (url, _):
        send_demo(url, KEY, 5, anchor_ns=ANCHOR_NS, progress=shown)
    assert [(task.completed, task.total) for task in shown.tasks] == [(5, 5)]


def test_an_interrupt_says_how_far_it_got(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(work: Coroutine[None, None, None]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    with pytest.raises(SystemExit) as caught:
        send_demo("http://127.0.0.1:1", KEY, 9, anchor_ns=ANCHOR_NS)
    assert caught.value.code == 130
    assert "0 of 9 demo sessions were sent" in capsys.readouterr().err
