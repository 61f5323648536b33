"""/metrics and the health routes."""

from uuid import uuid4

from tests.otlp import base_ns, chat, new_trace_id, send
from tests.server import RunningServer


def counters(server: RunningServer) -> dict[str, float]:
    with server.client(key=None) as client:
        lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_usage_of_an_unknown_model_is_counted_and_never_priced_as_nothing(
    own_server: RunningServer,
) -> None:
    session, trace = str(uuid4()), new_trace_id()
    before = counters(own_server)
    with own_server.client() as client:
        unknown = {"gen_ai.request.model": "nobody-knows-this-1"}
        send(client, [chat(trace, base_ns(), session, attributes=unknown)])
        detail = client.get(f"/v1/traces/session/{session}/{trace}").json()["trace"]
        unpriced = client.get(f"/v1/observability/sessions/{session}").json()["unpricedUsage"]
    after = counters(own_server)
    assert detail["observations"][0]["costDetails"] == {}
    assert unpriced == 1
    assert after["turnwise_unpriced_usage_total"] == before["turnwise_unpriced_usage_total"] + 1
    assert after["turnwise_records_stored_total"] == before["turnwise_records_stored_total"] + 1


def test_a_working_server_says_so(server: RunningServer) -> None:
    with server.client(key=None) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["problems"] == []


def test_the_openapi_document_describes_the_surfaces(server: RunningServer) -> None:
    with server.client(key=None) as client:
        document = client.get("/openapi.json").json()
        assert client.get("/docs").status_code == 200
    assert document["openapi"].startswith("3.")
    for path in (
        "/v1/traces/session/{sessionId}",
        "/v1/traces/session/{sessionId}/{traceId}",
        "/v1/observability/sessions",
        "/v1/observability/sessions/{sessionId}",
    ):
        assert {"200", "400", "401", "403", "404"} <= set(
            document["paths"][path]["get"]["responses"]
        )
    for path, method in (
        ("/v1/traces", "post"),
        ("/api/public/otel", "post"),
        ("/v1/observability/sessions", "post"),
        ("/v1/observability/sessions/{sessionId}", "patch"),
        ("/v1/sessions/end", "post"),
    ):
        assert {"400", "401", "403"} <= set(document["paths"][path][method]["responses"])


def test_the_reference_needs_no_other_host(server: RunningServer) -> None:
    with server.client(key=None) as client:
        page = client.get("/docs").text
        assert "https://" not in page.replace("http://127.0.0.1", "")
        assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
