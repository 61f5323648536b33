"""/openapi.json against the server that serves it: every status is documented, and none is a fault."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.contract.estate import path_parameters, settle, unknown
from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Scope

ROOT = Path(__file__).parents[2]
SEED = "20261121"
EXAMPLES = "6"
SIGNED = "/media/recordings/{file}"
"""A name that only a signature makes good, so nothing can be filled in."""

Operation = tuple[str, str, dict[str, Any]]


def operations(server: RunningServer) -> list[Operation]:
    """Method, path and description of everything that is documented."""
    with server.client(None) as client:
        document = client.get("/openapi.json").json()
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


@pytest.mark.timeout(600)
def test_whatever_is_sent_is_answered_as_documented(
    own_server: RunningServer, tmp_path: Path
) -> None:
    person = new_person(own_server)
    made = settle(person, person)
    known = {
        f"{method} {path}": path_parameters(path, made)
        for method, path, _ in operations(own_server)
        # What is deleted could not be read any more.
        if method != "DELETE" and path != SIGNED
    }
    (tmp_path / "schemathesis.toml").write_text('hooks = "tests.contract.known_ids"\n')
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{own_server.url}/openapi.json",
        "--checks", "not_a_server_error,status_code_conformance", "--phases", "fuzzing",
        "--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none",
        "--header", f"x-api-key: {person.key}", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    ran = subprocess.run(
        command,
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KNOWN_IDS": json.dumps(known)},
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert f"Tested: {len(operations(own_server))}" in ran.stdout


def attempts(server: RunningServer) -> Iterator[tuple[str, httpx2.Client, bytes]]:
    """Callers that are refused, and bodies that cannot be read."""
    reads = server.new_user(scopes=frozenset({Scope.READ}))
    writes = server.new_user(scopes=frozenset({Scope.INGEST}))
    whole = server.new_user()
    yield "nobody", server.client(None), b"{}"
    yield "an unknown key", server.client("sk-of-nobody"), b"{}"
    yield "no credential at all", server.client(None, authorization="Digest x"), b"{}"
    yield "may only read", server.client(reads), b"{}"
    yield "may only write", server.client(writes), b"{}"
    yield "an encoding that nobody reads", server.client(whole, **{"content-encoding": "br"}), b"x"
    yield "broken compression", server.client(whole, **{"content-encoding": "gzip"}), b"broken"
    yield "no JSON", server.client(whole, **{"content-type": "application/json"}), b"\xff{"
    yield "an unknown type", server.client(whole, **{"content-type": "text/nothing"}), b"x"
    yield "too deep", server.client(whole, **{"content-type": "application/json"}), b"[" * 100_000


def test_whoever_is_refused_is_refused_as_documented(own_server: RunningServer) -> None:
    ids = unknown()
    undocumented = []
    every = operations(own_server)
    for what, client, body in attempts(own_server):
        with client:
            for method, path, operation in every:
                values = {"file": "x.wav"} if path == SIGNED else path_parameters(path, ids)
                content = None if method == "GET" else body
                answer = client.request(method, path.format(**values), content=content)
                if str(answer.status_code) not in operation["responses"]:
                    undocumented.append((what, method, path, answer.status_code, answer.text[:200]))
    assert not undocumented, "\n".join(map(str, undocumented))


ENVELOPED = ("/api/billing/", "/api/auth/", "/api/agents/", "/api/ai-characters/")


def test_the_last_slash_makes_no_difference_and_nothing_redirects(server: RunningServer) -> None:
    person, ids = new_person(server), unknown()
    of_surface = [each for each in operations(server) if each[1].startswith(ENVELOPED)]
    assert len(of_surface) > 15
    with person.client() as known, server.client(None) as nobody:
        for method, path, _ in of_surface:
            assert path.endswith("/")
            filled = path.format(**path_parameters(path, ids))
            for client in (known, nobody):
                content = None if method == "GET" else b'{"name": 5}'
                both = [
                    client.request(method, each, content=content, follow_redirects=False)
                    for each in (filled, filled.rstrip("/"))
                ]
                told = [(each.status_code, each.content) for each in both]
                assert told[0] == told[1], (method, path)
                assert not both[0].has_redirect_location, (method, path)
                assert both[0].status_code not in (404, 405) or "{" in path, (method, path)


DEEP = '{"a":' + "[" * 20_000
FILTERS = {"and": "and(" * 20_000, "list": f"eq(name, {DEEP})", "has": f"has(metadata, '{DEEP}')"}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/public/observations", "filter"),
        ("/api/public/traces", "filter"),
        ("/api/public/v2/observations", "filter"),
        ("/api/public/v2/observations", "cursor"),
        ("/api/public/v2/metrics", "query"),
        ("/api/v1/sessions", "metadata"),
    ],
)
def test_a_parameter_that_is_nested_too_deep_is_no_fault(
    server: RunningServer, path: str, parameter: str
) -> None:
    with server.client(server.new_user()) as client:
        assert client.get(path, params={parameter: DEEP}).status_code in (400, 422)


@pytest.mark.parametrize("kind", FILTERS)
def test_a_filter_that_is_nested_too_deep_is_no_fault(server: RunningServer, kind: str) -> None:
    with server.client(server.new_user()) as client:
        project = client.get("/api/v1/sessions").json()[0]["id"]
        body = {"session": [project], "filter": FILTERS[kind]}
        assert client.post("/api/v1/runs/query", json=body).status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("/api/v1/runs/batch", '{"post":[{"inputs":'),
        ("/api/v1/runs", '{"inputs":'),
        ("/api/v1/feedback", '{"key":"k","correction":'),
        ("/api/v1/sessions", '{"name":"n","extra":'),
        ("/api/public/ingestion", '{"batch":['),
        ("/v1/observability/sessions", '{"metadata":'),
        ("/v1/agents", '{"config":'),
        ("/api/ai-characters/", '{"slug":"s","x":'),
        ("/internal/sessions/observability", '{"sessionReport":'),
    ],
)
def test_a_body_that_is_nested_too_deep_is_no_fault(
    server: RunningServer, path: str, before: str
) -> None:
    with server.client(server.new_user()) as client:
        answer = client.post(path, content=before + DEEP)
    assert answer.status_code in (400, 422), answer.text
