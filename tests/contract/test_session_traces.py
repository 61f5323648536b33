"""GET /v1/traces/session/...: the published shape, bounds, order, scope and errors."""

from uuid import uuid4

import pytest

from tests.otlp import MS, base_ns, chat, new_trace_id, send, span
from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope


def test_a_trace_is_readable_as_soon_as_it_is_acknowledged(server: RunningServer) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    with server.client(server.new_user()) as client:
        generation = chat(trace, start + 100 * MS, session, parent="00000000000000aa")
        root = span("answer", trace, start, start + 1500 * MS, {}, span_id="00000000000000aa")
        send(client, [generation, root], resource={"deployment.environment.name": "staging"})
        listed = client.get(f"/v1/traces/session/{session}").json()
        detail = client.get(f"/v1/traces/session/{session}/{trace}").json()["trace"]
    assert listed["pagination"] == {"page": 1, "limit": 20, "totalItems": 1, "totalPages": 1}
    (line,) = listed["traces"]
    assert list(line) == [
        "traceId", "name", "sessionId", "timestamp", "latencySeconds", "totalCostUsd",
        "observationCount", "htmlPath",
    ]  # fmt: skip
    assert line["traceId"] == trace
    assert line["name"] == "answer"
    assert line["sessionId"] == session
    assert line["timestamp"].endswith(".000Z")
    assert line["latencySeconds"] == 1.5
    # 100 input tokens at 0.40 and 20 output tokens at 1.60 USD per million.
    assert line["totalCostUsd"] == pytest.approx(0.000072, abs=1e-12)
    assert line["observationCount"] == 2
    assert line["htmlPath"] == f"/traces/view/{trace}"
    assert list(detail) == [
        "traceId", "name", "sessionId", "timestamp", "latencySeconds", "totalCostUsd",
        "htmlPath", "observations",
    ]  # fmt: skip
    first, second = detail["observations"]
    assert (first["name"], second["name"]) == ("answer", "chat")
    assert list(second) == [
        "id", "traceId", "parentObservationId", "type", "name", "level", "startTime", "endTime",
        "completionStartTime", "statusMessage", "model", "modelParameters", "input", "output",
        "metadata", "usageDetails", "costDetails", "environment",
    ]  # fmt: skip
    assert second["type"] == "GENERATION"
    assert second["parentObservationId"] == "00000000000000aa"
    assert second["level"] == "DEFAULT"
    assert second["model"] == "gpt-4.1-mini"
    assert second["modelParameters"] == {"temperature": 0.2}
    assert second["usageDetails"] == {"input": 100, "output": 20, "total": 120}
    assert second["costDetails"]["total"] == pytest.approx(0.000072, abs=1e-12)
    assert second["input"][0]["parts"][0]["content"] == "What time is it?"
    assert second["environment"] == "staging"
    assert first["completionStartTime"] is None


def test_pages_are_newest_first_and_count_everything(server: RunningServer) -> None:
    session, start = str(uuid4()), base_ns()
    traces = [new_trace_id() for _ in range(5)]
    with server.client(server.new_user()) as client:
        for number, trace in enumerate(traces):
            send(client, [chat(trace, start + number * 1000 * MS, session)])
        path = f"/v1/traces/session/{session}"
        pages = [client.get(path, params={"page": p, "limit": 2}).json() for p in (1, 2, 3, 4)]
    seen = [line["traceId"] for page in pages for line in page["traces"]]
    assert seen == traces[::-1]
    assert pages[3] == {
        "traces": [],
        "pagination": {"page": 4, "limit": 2, "totalItems": 5, "totalPages": 3},
    }


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"limit": 0}, {"limit": 101}, {"page": "x"}, {"limit": "1.5"}]
)
def test_out_of_bounds_is_400_with_issues(server: RunningServer, query: dict[str, str]) -> None:
    with server.client() as client:
        response = client.get(f"/v1/traces/session/{uuid4()}", params=query)
    assert response.status_code == 400
    body = response.json()
    assert body["error"]
    assert len(body["issues"]) == 1


def test_a_session_id_that_is_no_uuid_is_400(server: RunningServer) -> None:
    with server.client() as client:
        for path in ("/v1/traces/session/room-1", f"/v1/traces/session/{uuid4().hex}/abc"):
            response = client.get(path)
            assert response.status_code == 400
            assert response.json()["issues"]


def test_unknown_session_is_404_and_says_so_in_the_published_form(server: RunningServer) -> None:
    with server.client() as client:
        response = client.get(f"/v1/traces/session/{uuid4()}")
    assert response.status_code == 404
    assert response.json()["error"] == "Session traces not found."
    assert isinstance(response.json()["details"], str)


def test_missing_and_unknown_keys_are_401(server: RunningServer) -> None:
    path = f"/v1/traces/session/{uuid4()}"
    with server.client(key=None) as client:
        missing = client.get(path)
        unknown = client.get(path, headers={"x-api-key": "sk-nobody-has-this-key"})
    assert (missing.status_code, missing.json()["error"]) == (401, "Missing x-api-key")
    assert (unknown.status_code, unknown.json()["error"]) == (401, "Invalid x-api-key")


def test_a_trace_is_not_found_under_another_session(server: RunningServer) -> None:
    one, other, trace = str(uuid4()), str(uuid4()), new_trace_id()
    with server.client(server.new_user()) as client:
        send(client, [chat(trace, base_ns(), one)])
        send(client, [chat(new_trace_id(), base_ns(), other)])
        elsewhere = client.get(f"/v1/traces/session/{other}/{trace}")
        nowhere = client.get(f"/v1/traces/session/{other}/{new_trace_id()}")
    assert (elsewhere.status_code, nowhere.status_code) == (404, 404)
    assert elsewhere.json()["error"] == "Trace not found for session"
    assert nowhere.json()["error"] == "Trace not found"


def test_sessions_are_seen_by_their_maker_and_by_owners_of_the_tenant_alone(
    server: RunningServer,
) -> None:
    session, trace = str(uuid4()), new_trace_id()
    tenant = f"t-{uuid4().hex[:8]}"
    owner = server.new_user(tenant)
    maker = server.new_user(tenant, Role.MEMBER)
    colleague = server.new_user(tenant, Role.MEMBER)
    stranger = server.new_user()
    with server.client(maker) as client:
        send(client, [chat(trace, base_ns(), session)])
    path = f"/v1/traces/session/{session}"
    answers = {}
    for name, key in (
        ("owner", owner),
        ("maker", maker),
        ("colleague", colleague),
        ("s", stranger),
    ):
        with server.client(key) as client:
            answers[name] = [client.get(path), client.get(f"{path}/{trace}")]
            unknown = client.get(f"/v1/traces/session/{uuid4()}")
        if name in ("colleague", "s"):
            assert all(each.status_code == 404 for each in answers[name])
            assert all(each.content == unknown.content for each in answers[name])
        else:
            assert all(each.status_code == 200 for each in answers[name])


def test_a_key_without_the_scope_read_is_403(server: RunningServer) -> None:
    key = server.new_user(scopes=frozenset({Scope.INGEST}))
    with server.client(key) as client:
        assert client.get(f"/v1/traces/session/{uuid4()}").status_code == 403
