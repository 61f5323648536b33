"""What a project keeps, its integrations, and how what it is sent comes in."""

from uuid import uuid4

import pytest

from tests.audio import recording
from tests.contract.ui.calls import browser, call
from tests.otlp import base_ns, chat, export, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role

PROJECT = "/ui/api/projects/default"


def test_a_project_that_keeps_no_recordings_refuses_them_and_keeps_the_rest(
    server: RunningServer,
) -> None:
    person = new_person(server)
    audio = recording("wav", 1.0)
    with browser(person) as page, person.client() as client:
        before = client.put(f"/v1/recordings/CA{uuid4().hex}", content=audio)
        assert before.status_code == 201, before.text
        policy = {"retentionDays": None, "keepsRecordings": False}
        assert page.put(f"{PROJECT}/policy", json=policy).json()["keepsRecordings"] is False
        refused = client.put(f"/v1/recordings/CA{uuid4().hex}", content=audio)
        assert refused.status_code == 403, refused.text
        assert "keeps no recordings" in refused.text
        assert client.get(f"/v1/recordings/{before.json()['callId']}").status_code == 200
        policy["keepsRecordings"] = True
        assert page.put(f"{PROJECT}/policy", json=policy).status_code == 200
        again = client.put(f"/v1/recordings/CA{uuid4().hex}", content=audio)
        assert again.status_code == 201, again.text


@pytest.mark.parametrize("days", [0, -1, 10**9, 2.5, "7"])
def test_days_that_no_retention_can_have_are_refused(server: RunningServer, days: object) -> None:
    with browser(new_person(server)) as page:
        body = {"retentionDays": days, "keepsRecordings": True}
        assert page.put(f"{PROJECT}/policy", json=body).status_code == 400
        assert page.get(f"{PROJECT}/policy").json() == {
            "retentionDays": None, "keepsRecordings": True, "defaultRetentionDays": None,
        }  # fmt: skip


def test_an_integration_is_kept_without_ever_showing_its_secret(server: RunningServer) -> None:
    key, secret = f"API{uuid4().hex[:10]}", uuid4().hex
    with browser(new_person(server)) as page, browser(new_person(server)) as stranger:
        body = {"kind": "livekit", "key": key, "secret": secret}
        made = page.post(f"{PROJECT}/integrations", json=body)
        assert made.status_code == 201, made.text
        listed = page.get(f"{PROJECT}/integrations")
        assert [each["key"] for each in listed.json()["data"]] == [key]
        assert secret not in made.text + listed.text
        assert stranger.get(f"{PROJECT}/integrations").json() == {"data": []}
        place = f"/ui/api/integrations/{made.json()['id']}"
        theirs = stranger.delete(place)
        nobodys = stranger.delete(f"/ui/api/integrations/{uuid4()}")
        assert (theirs.status_code, theirs.text) == (404, nobodys.text)
        assert page.delete(place).status_code == 204
        assert page.get(f"{PROJECT}/integrations").json() == {"data": []}


def test_a_malformed_integration_is_refused_by_its_field(server: RunningServer) -> None:
    with browser(new_person(server)) as page:
        body = {"kind": "twilio", "key": "nonsense", "secret": "s"}
        answer = page.post(f"{PROJECT}/integrations", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["issues"][0]["location"][-1] == "key"


def test_the_intake_counts_by_sender_what_was_taken_and_refused(server: RunningServer) -> None:
    person = new_person(server)
    with browser(person) as page, person.client() as client:
        assert page.get(f"{PROJECT}/intake").json()["sources"] == []
        send(client, [chat(new_trace_id(), base_ns(), f"s-{uuid4().hex}")])
        good, bad = (chat(new_trace_id(), base_ns(), f"s-{uuid4().hex}") for _ in range(2))
        bad["traceId"] = "nonsense"
        client.post("/v1/traces", json=export([good, bad]))
        call(client)
        found = page.get(f"{PROJECT}/intake").json()
        assert found["problems"] == []
        sources = {each["source"]: each for each in found["sources"]}
        assert (sources["generic"]["records"], sources["generic"]["refused"]) == (2, 1)
        assert sources["generic"]["lastRefusal"]
        assert sources["generic"]["lagMs"] > 0
        assert sources["told"]["records"] > 0
    with browser(new_person(server)) as stranger:
        assert stranger.get(f"{PROJECT}/intake").json()["sources"] == []


def test_members_change_nothing_of_a_project(server: RunningServer) -> None:
    owner = new_person(server)
    with browser(new_person(server, owner.tenant, Role.MEMBER)) as page:
        body = {"retentionDays": 1, "keepsRecordings": False}
        assert page.put(f"{PROJECT}/policy", json=body).status_code == 403
        assert page.get(f"{PROJECT}/integrations").status_code == 403
        assert page.get(f"{PROJECT}/intake").status_code == 200


def test_an_alert_is_made_for_the_project_that_is_named(server: RunningServer) -> None:
    person = new_person(server)
    with person.client(**{"langsmith-project": "second"}) as client:
        send(client, [chat(new_trace_id(), base_ns(), f"s-{uuid4().hex}")])
    body = {
        "name": "n", "metric": "errors", "operator": "gt", "threshold": 1, "channel": "slack",
        "url": "https://hooks.slack.com/services/x",
    }  # fmt: skip
    with browser(person) as page:
        made = page.post("/v1/alerts", params={"project": "second"}, json=body)
        assert made.status_code == 201, made.text
        assert page.post("/v1/alerts", json=body).json()["project"] == "default"
        listed = page.get("/v1/alerts").json()["data"]
        assert sorted(each["project"] for each in listed) == ["default", "second"]
        unknown = page.post("/v1/alerts", params={"project": "nobody"}, json=body)
        assert unknown.status_code == 404, unknown.text
