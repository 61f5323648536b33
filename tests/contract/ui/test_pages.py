"""The pages as files: one document for every address, headers, compression, and who is let in."""

import re
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.otlp import base_ns, chat, new_trace_id, send
from tests.server import RunningServer
from turnwise.app.surfaces import WEB

HTML = {"accept": "text/html,application/xhtml+xml"}
built = pytest.mark.skipif(
    not (WEB / "index.html").is_file(), reason="the web pages are not built: ./dev setup"
)


@built
@pytest.mark.parametrize("path", ["/", "/login", "/p/default/sessions", "/p/x/any/thing"])
def test_every_address_of_the_app_is_one_document(server: RunningServer, path: str) -> None:
    with server.client(None) as client:
        page = client.get(path, headers=HTML)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in page.text


@pytest.mark.parametrize("path", ["/", "/assets/none.js", "/ui/api/me", "/v1/nothing", "/healthz"])
def test_every_answer_names_its_request(server: RunningServer, path: str) -> None:
    with server.client(None) as client:
        assert re.fullmatch("[0-9a-f]{32}", client.get(path).headers["x-request-id"])
        named = client.get(path, headers={"x-request-id": "of-the-sender"})
    assert named.headers["x-request-id"] == "of-the-sender"


@built
def test_a_document_says_the_name_of_its_request(server: RunningServer) -> None:
    with server.client(None) as client:
        page = client.get("/p/default", headers={"x-request-id": "quoted.by-a-page"})
    assert '<meta name="request-id" content="quoted.by-a-page">' in page.text


@built
def test_what_the_document_loads_is_compressed_and_kept_for_good(server: RunningServer) -> None:
    with server.client(None) as client:
        text = client.get("/", headers=HTML).text
        loaded = re.findall(r'(?:src|href)="(/[^"]+)"', text)
        assert any(path.endswith(".js") for path in loaded)
        for path in loaded:
            asked = {"accept-encoding": "br, gzip"}
            with client.stream("GET", path, headers=asked) as answer:
                assert answer.status_code == 200
                if path.startswith("/assets/"):
                    assert "immutable" in answer.headers["cache-control"]
                    assert answer.headers["content-encoding"] == "br"
        plain = client.get(loaded[-1], headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
    assert all(not urlsplit(path).netloc for path in loaded)


@pytest.mark.parametrize(
    "path", ["/ui/api/nothing", "/assets/none.js", "/assets/..%2findex.html", "/assets/.stamp"]
)
def test_an_unknown_file_or_call_is_an_error_and_no_page(server: RunningServer, path: str) -> None:
    with server.client(None) as client:
        answer = client.get(path, headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


@built
def test_a_wrong_link_opens_the_app_in_a_browser_and_is_an_error_elsewhere(
    server: RunningServer,
) -> None:
    with server.client(None) as client:
        shown = client.get("/sesions", headers={"accept": "text/html,*/*;q=0.8"})
        assert (shown.status_code, shown.headers["content-type"][:9]) == (404, "text/html")
        told = client.get("/sesions")
        assert (told.status_code, told.json()["code"]) == (404, "unknown_route")
        posted = client.post("/sesions", headers={"accept": "text/html"})
        assert (posted.status_code, posted.json()["code"]) == (404, "unknown_route")


@built
def test_the_page_of_a_trace_is_there_for_those_who_may_see_it(server: RunningServer) -> None:
    trace = new_trace_id()
    path = f"/traces/view/{trace}?obs=1"
    with server.client(server.new_user()) as client:
        send(client, [chat(trace, base_ns(), "a call")])
        assert client.get(path).status_code == 200
        assert client.get(path, headers=HTML).headers["content-type"].startswith("text/html")
        gone = client.get(f"/traces/view/{new_trace_id()}", headers=HTML)
        assert (gone.status_code, gone.headers["content-type"][:9]) == (404, "text/html")
    with httpx2.Client(base_url=server.url) as stranger:
        assert stranger.get(path).status_code == 401
        led = stranger.get(path, headers=HTML)
    assert led.status_code == 303
    assert led.headers["location"] == f"/login?next=%2Ftraces%2Fview%2F{trace}%3Fobs%3D1"
