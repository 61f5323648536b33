"""Credentials in one order, and every error in its surface's form."""

import base64
import logging
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.testclient import TestClient

from turnwise.http.auth import CredentialKind, credential_of
from turnwise.http.errors import ErrorRenderer, install_error_handlers
from turnwise.model.errors import (
    BadInput,
    Busy,
    Conflict,
    Forbidden,
    Issue,
    NotFound,
    TooLarge,
    TooManyRequests,
    TurnwiseError,
    Unauthenticated,
    Unsupported,
)


def _request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": pairs})


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_order_of_credentials() -> None:
    bearer, basic = "Bearer b", _basic("pk:sk")
    found = credential_of(_request(x_api_key="k", authorization=basic))
    assert (found.secret, found.public_key, found.kind) == ("k", None, CredentialKind.API_KEY)
    found = credential_of(_request(authorization=basic))
    assert (found.secret, found.public_key, found.kind) == ("sk", "pk", CredentialKind.BASIC)
    found = credential_of(_request(authorization=bearer))
    assert (found.secret, found.kind) == ("b", CredentialKind.BEARER)
    assert credential_of(_request(authorization="bearer b")).secret == "b"
    assert credential_of(_request(authorization=_basic("pk:s:k"))).secret == "s:k"
    assert "sk" not in repr(credential_of(_request(authorization=basic)))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_credential"),
        ({"x_api_key": "", "authorization": "Bearer good"}, "malformed_credential"),
        ({"authorization": "Basic !!!"}, "malformed_credential"),
        ({"authorization": _basic("nocolon")}, "malformed_credential"),
        ({"authorization": _basic("pk:")}, "malformed_credential"),
        ({"authorization": "Bearer "}, "malformed_credential"),
        ({"authorization": "Digest x"}, "malformed_credential"),
        ({"authorization": "Bearer " + "x" * 9_000}, "malformed_credential"),
    ],
)
def test_bad_credentials(headers: dict[str, str], code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        credential_of(_request(**headers))
    assert caught.value.code == code


def _other_form(error: TurnwiseError, request: Request) -> bytes:
    return b'{"detail": "%s"}' % error.code.encode()


ERRORS: dict[str, tuple[Exception, int]] = {
    "bad": (BadInput("a; b", issues=[Issue(("query", "limit"), "too big", "range")]), 400),
    "unauthenticated": (Unauthenticated("no"), 401),
    "forbidden": (Forbidden("no"), 403),
    "missing": (NotFound("no", details="not here"), 404),
    "conflict": (Conflict("no"), 409),
    "large": (TooLarge("no"), 413),
    "unsupported": (Unsupported("no"), 415),
    "rate": (TooManyRequests("no", retry_after_seconds=9), 429),
    "busy": (Busy("no", retry_after_seconds=2), 503),
    "bug": (RuntimeError("secret"), 500),
}


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/v1/fail/{name}")
    @app.get("/v1/in/{name}")
    @app.get("/other/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name][0]

    @app.get("/v1/typed")
    @app.get("/other/typed/here")
    def typed(page: Annotated[int, Query()] = 1) -> int:
        return page

    install_error_handlers(
        app,
        [
            ErrorRenderer(("/other",), _other_form, validation_status=422),
            ErrorRenderer(("/v1/in",), _other_form, retry_faults=True),
        ],
    )
    return TestClient(app)


@pytest.mark.parametrize("name", ERRORS)
def test_statuses(client: TestClient, name: str) -> None:
    error, status = ERRORS[name]
    answer = client.get(f"/v1/fail/{name}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    if isinstance(error, TurnwiseError):
        assert (body["error"], body["code"]) == (error.message, error.code)
    else:
        assert body == {"error": "Internal error", "code": "internal_error"}
    assert client.get(f"/other/{name}").status_code == status


def test_extras(client: TestClient) -> None:
    assert client.get("/v1/fail/bad").json()["issues"] == [
        {"location": ["query", "limit"], "message": "too big", "kind": "range"}
    ]
    assert client.get("/v1/fail/missing").json()["details"] == "not here"
    assert client.get("/v1/fail/busy").headers["retry-after"] == "2"
    assert client.get("/v1/fail/rate").headers["retry-after"] == "9"
    assert client.get("/v1/fail/unauthenticated").headers["www-authenticate"]


def test_faults_of_a_way_in_can_be_retried(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/v1/in/bug")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len([each for each in caplog.records if each.exc_info]) == 1


def test_unknown_routes_and_methods(client: TestClient) -> None:
    assert client.get("/v1/nothing").json()["code"] == "unknown_route"
    assert client.get("/other").json() == {"detail": "unknown_route"}
    answer = client.delete("/v1/typed")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["code"] == "method_not_allowed"
    assert client.get("/otherwise").json()["code"] == "unknown_route"


def test_validation(client: TestClient) -> None:
    answer = client.get("/v1/typed?page=x")
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == "validation_failed"
    assert body["issues"][0]["location"] == ["query", "page"]
    assert body["error"].startswith("page: ")
    assert client.get("/other/typed/here?page=x").status_code == 422
