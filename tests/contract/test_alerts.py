"""Alerts: rules over HTTP, sessions and windows held against them, and what the receivers get."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from standardwebhooks import Webhook

from tests.server import RunningServer, wait_for
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog, catalog_url

ALERTS, SESSIONS = "/v1/alerts", "/v1/observability/sessions"


class Receiver:
    """Takes what is posted to it; answers 500 to the first `refusals` requests."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.refusals = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 204
                if receiver.refusals:
                    receiver.refusals -= 1
                    status = 500
                else:
                    sent = {name.lower(): value for name, value in self.headers.items()}
                    receiver.got.append((sent, body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._http.server_port}/hook/secret-part"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that looks often, and may send to this machine."""
    folder: Path = tmp_path_factory.mktemp("watching")
    settings = {"TURNWISE_FETCH_HOSTS": "localhost", "TURNWISE_ALERT_SECONDS": "0.2"}
    with RunningServer(folder, **settings) as running:
        yield running


def rule(client: httpx2.Client, url: str, **fields: Any) -> dict[str, Any]:
    wanted = {"name": "Costly", "metric": "toolFailures", "operator": "gte", "threshold": 1,
              "channel": "webhook", "url": url, **fields}  # fmt: skip
    answer = client.post(ALERTS, json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def call(client: httpx2.Client, failures: int, agent: str = "support", minutes_ago: int = 1) -> str:
    """A session that has ended, with so many failed tools."""
    start = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    begun = {"agentId": agent, "startedAt": start.isoformat()}
    session = str(client.post(SESSIONS, json=begun).json()["id"])
    tools = [
        {"id": f"x{n}", "name": "find", "startMs": 0, "endMs": 5, "status": "error", "error": "no"}
        for n in range(failures)
    ]
    if tools:
        assert client.post(f"{SESSIONS}/{session}/tools", json={"tools": tools}).is_success
    ended = {"endedAt": (start + timedelta(seconds=20)).isoformat(), "status": "completed"}
    assert client.patch(f"{SESSIONS}/{session}", json=ended).is_success
    return session


def test_a_session_that_breaks_a_rule_is_told_once_and_signed(
    watching: RunningServer, receiver: Receiver
) -> None:
    with watching.client(watching.new_user()) as client:
        made = rule(client, receiver.url, agentId="support")
        assert made["url"] == "http://localhost/…"
        call(client, 0)
        call(client, 2, agent="other")
        session = call(client, 2)
        [(headers, body)] = wait_for(lambda: receiver.got)
        told = Webhook(made["signingSecret"]).verify(body, headers)
        assert (told["event"], told["sessionId"], told["value"]) == ("firing", session, 2)
        assert told["alert"]["name"] == "Costly"
        # A correction derives the session again.
        assert client.patch(f"{SESSIONS}/{session}", json={"metadata": {"a": 1}}).is_success
        later = call(client, 1)
        wait_for(lambda: receiver.got, lambda got: len(got) == 2)
        assert [each["sessionId"] for each in receiver.bodies()] == [session, later]
        log = f"{ALERTS}/{made['id']}/deliveries"
        wait_for(
            lambda: [
                (each["state"], each["responseStatus"]) for each in client.get(log).json()["data"]
            ],
            lambda states: states == [("delivered", 204)] * 2,
        )


def test_a_window_fires_once_and_resolves(watching: RunningServer, receiver: Receiver) -> None:
    with watching.client(watching.new_user()) as client:
        made = rule(
            client, receiver.url, metric="sessions", threshold=2, windowMinutes=30, channel="slack",
            name="Too <many>",
        )  # fmt: skip
        call(client, 0)
        call(client, 0, minutes_ago=600)
        first = client.get(f"{ALERTS}/{made['id']}").json()
        assert first["firingSince"] is None
        call(client, 0)
        wait_for(lambda: receiver.got)
        assert client.get(f"{ALERTS}/{made['id']}").json()["firingSince"] is not None
        [text] = [each["text"] for each in receiver.bodies()]
        assert text == (
            "🔴 *Too &lt;many&gt;*: sessions is 2 (alert: at or above 2), 2 sessions in 30 min"
        )
        client.patch(f"{ALERTS}/{made['id']}", json={"threshold": 5})
        assert client.get(f"{ALERTS}/{made['id']}").json()["firingSince"] is None
        client.patch(f"{ALERTS}/{made['id']}", json={"operator": "lte"})
        wait_for(lambda: receiver.got, lambda got: len(got) == 2)
        for _ in range(4):
            call(client, 0)
        wait_for(lambda: receiver.got, lambda got: len(got) == 3)
        assert receiver.bodies()[-1]["text"].startswith("🟢 resolved:")


def test_a_rule_that_cannot_be_checked_keeps_no_other_from_it(
    watching: RunningServer, receiver: Receiver
) -> None:
    with watching.client(watching.new_user()) as client:
        fields = {"metric": "sessions", "threshold": 1, "windowMinutes": 30}
        broken = rule(client, receiver.url, **fields)
        with SqlCatalog.open(catalog_url(watching.data_dir)) as catalog:
            alerts = catalog.admin.alerts
            kept = alerts.get(None, broken["id"])
            # A figure of another version of the program.
            alerts.change(kept, {"metric": "gone"}, catalog.tenants()[0].id, by=COMMAND_LINE)
        made = rule(client, receiver.url, **fields)
        call(client, 0)
        wait_for(lambda: [each for each in receiver.bodies() if each["alert"]["id"] == made["id"]])
        assert client.delete(f"{ALERTS}/{broken['id']}").status_code == 204


def test_a_receiver_that_fails_gets_it_again(watching: RunningServer, receiver: Receiver) -> None:
    receiver.refusals = 1
    with watching.client(watching.new_user()) as client:
        made = rule(client, receiver.url)
        sent = client.post(f"{ALERTS}/{made['id']}/test")
        assert sent.status_code == 202
        log = f"{ALERTS}/{made['id']}/deliveries"
        [entry] = wait_for(
            lambda: client.get(log).json()["data"], lambda data: data[0]["attempts"] == 1
        )
        [entry] = wait_for(
            lambda: client.get(log).json()["data"], lambda data: data[0]["state"] == "delivered", 30
        )
        assert (entry["attempts"], entry["id"]) == (2, sent.json()["id"])
        assert [each["event"] for each in receiver.bodies()] == ["test"]


def test_nothing_is_sent_inside(server: RunningServer, receiver: Receiver) -> None:
    with server.client(server.new_user()) as client:
        refused = client.post(ALERTS, json={
            "name": "x", "metric": "turns", "operator": "gt", "threshold": 1, "channel": "slack",
            "url": receiver.url,
        })  # fmt: skip
        assert refused.status_code == 400
        assert "over HTTPS" in refused.json()["error"]
        made = rule(client, receiver.url.replace("http:", "https:"))
        client.post(f"{ALERTS}/{made['id']}/test")
        [entry] = wait_for(
            lambda: client.get(f"{ALERTS}/{made['id']}/deliveries").json()["data"],
            lambda data: data[0]["state"] != "pending",
        )
        assert entry["state"] == "failed"
        assert "inside" in entry["error"]
    assert receiver.got == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"metric": "nothing"}, "metric"),
        ({"metric": "turnLatencyMs.p95"}, "metric"),
        ({"metric": "turns", "windowMinutes": 5}, "metric"),
        ({"windowMinutes": 0}, "windowMinutes"),
        ({"minSessions": 0}, "minSessions"),
        ({"name": " "}, "name"),
        ({"url": ""}, "url"),
        ({"name": "a\0b"}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused(
    server: RunningServer, fields: dict[str, Any], field: str
) -> None:
    wanted = {"name": "x", "metric": "turns", "operator": "gt", "threshold": 1, "channel": "slack",
              "url": "https://hooks.example.com/x", **fields}  # fmt: skip
    with server.client(server.new_user()) as client:
        refused = client.post(ALERTS, json=wanted)
        assert refused.status_code == 400
        assert refused.json()["issues"][0]["location"] == ["body", field]
        for body in (b"", b"[]", b'{"operator": "around"}', b'{"threshold": "x"}', b"{}"):
            assert client.post(ALERTS, content=body).status_code == 400


@pytest.mark.parametrize(
    "url",
    ["https://exämple.com/x", "https://example.com/a b", "https://example.com/\u0007"],
    ids=["letters", "blank", "bell"],
)
def test_an_address_that_no_request_can_name_is_refused(server: RunningServer, url: str) -> None:
    wanted = {"name": "x", "metric": "turns", "operator": "gt", "threshold": 1, "channel": "slack",
              "url": url}  # fmt: skip
    with server.client(server.new_user()) as client:
        refused = client.post(ALERTS, json=wanted)
        assert (refused.status_code, "ASCII" in refused.json()["error"]) == (400, True)


def test_an_address_that_nobody_can_look_up_costs_the_others_nothing(
    watching: RunningServer, receiver: Receiver
) -> None:
    with watching.client(watching.new_user()) as client:
        bad = rule(client, f"https://{'a' * 64}.example/x")
        good = rule(client, receiver.url)
        for each in (bad, good):
            assert client.post(f"{ALERTS}/{each['id']}/test").status_code == 202
        [entry] = wait_for(
            lambda: client.get(f"{ALERTS}/{bad['id']}/deliveries").json()["data"],
            lambda data: data[0]["state"] != "pending",
        )
        assert (entry["state"], entry["error"]) == ("failed", "The host's name is malformed.")
        [entry] = wait_for(
            lambda: client.get(f"{ALERTS}/{good['id']}/deliveries").json()["data"],
            lambda data: data[0]["state"] != "pending",
        )
        assert (entry["state"], entry["attempts"]) == ("delivered", 1)


def test_alerts_are_the_tenants_own_and_for_admins(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    with (
        server.client(server.new_user(tenant)) as owner,
        server.client(server.new_user(tenant, Role.MEMBER, frozenset({Scope.READ}))) as member,
        server.client(server.new_user()) as stranger,
    ):
        made = rule(owner, "https://hooks.example.com/very-secret", metric="issues.high_latency")
        one = f"{ALERTS}/{made['id']}"
        nobody = f"{ALERTS}/{uuid4()}"
        assert "very-secret" not in owner.get(ALERTS).text
        assert [each["id"] for each in owner.get(ALERTS).json()["data"]] == [made["id"]]
        assert stranger.get(ALERTS).json()["data"] == []
        for path in ("", "/test", "/deliveries"):
            method = "POST" if path == "/test" else "GET"
            theirs = stranger.request(method, one + path)
            nobodys = stranger.request(method, nobody + path)
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.content == nobodys.content
            assert member.request(method, one + path).status_code == 403
        assert stranger.delete(one).status_code == 404
        assert owner.delete(one).status_code == 204
        assert owner.get(one).status_code == 404
