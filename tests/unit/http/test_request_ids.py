"""Every answer names its request, and what went wrong is in the log under the same name."""

import logging
import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from turnwise.http.errors import install_error_handlers
from turnwise.http.request_ids import HEADER
from turnwise.model.errors import NotFound


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/fine")
    async def fine() -> dict[str, str]:
        return {}

    @app.get("/missing")
    async def missing() -> None:
        raise NotFound("Not here.")

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    install_error_handlers(app)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/fine", "/missing", "/nowhere", "/bug"])
def test_every_answer_names_its_request(client: TestClient, path: str) -> None:
    names = {client.get(path).headers[HEADER] for _ in range(2)}
    assert len(names) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in names)
    assert client.get(path, headers={HEADER: "sender.said-so_1"}).headers[HEADER] == (
        "sender.said-so_1"
    )


@pytest.mark.parametrize(
    "sent",
    [
        "short",
        "x" * 65,
        "has a blank in it",
        "-begins-badly",
        "späte-anfrage",
        "",
        "a\tb-tab-in-it",
    ],
    ids=["short", "long", "blank", "dash", "letter", "empty", "tab"],
)
def test_a_name_that_is_none_is_replaced(client: TestClient, sent: str) -> None:
    answer = client.get("/fine", headers=[(HEADER.encode(), sent.encode("latin-1"))])
    assert re.fullmatch("[0-9a-f]{32}", answer.headers[HEADER])


def test_of_two_names_neither_is_taken(client: TestClient) -> None:
    answer = client.get("/fine", headers=[(HEADER, "first-name"), (HEADER, "second-name")])
    assert re.fullmatch("[0-9a-f]{32}", answer.headers[HEADER])


def test_a_fault_is_logged_under_the_name_of_its_request(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/bug", headers={HEADER: "quoted-by-a-user"})
    assert answer.status_code == 500
    (line,) = [each for each in caplog.records if each.exc_info]
    assert "quoted-by-a-user" in line.getMessage()
