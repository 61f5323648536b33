"""A real browser while the real server is killed and started again on the same port."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.browser import look, needs_chromium, needs_pages
from tests.contract.ui.calls import call
from tests.people import new_person
from tests.server import RunningServer


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_the_pages_outlive_their_server(own_server: RunningServer) -> None:
    person = new_person(own_server)
    with person.client() as client:
        call(client)
    port = urlsplit(own_server.url).port or 0
    deeds = {"/kill": own_server.kill, "/start": lambda: own_server.start(port)}
    with _control(deeds) as control:
        look(person, "lost.test.mjs", control=control)


@contextmanager
def _control(deeds: dict[str, Callable[[], None]]) -> Iterator[str]:
    """An address on which a POST to a path does a deed, and answers once it is done."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            deeds[self.path]()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the checks say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
