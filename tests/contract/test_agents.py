"""/v1/agents in both published forms, and the document at /v1/openapi.json."""

from typing import Any

import pytest

from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role

BASE = "/v1/agents"


def test_config_bodies_are_answered_in_their_form(server: RunningServer) -> None:
    with new_person(server).client() as client:
        config = {"name": "Help Desk", "engine": {"kind": "pipeline"}, "tools": []}
        made = client.post(BASE, json={"config": config})
        assert made.status_code == 201, made.text
        agent = made.json()["agent"]
        assert list(agent) == ["id", "config", "createdAt", "updatedAt", "shared"]
        assert (len(agent["id"]), agent["config"]) == (24, config)
        assert client.get(f"{BASE}/{agent['id']}").json() == made.json()
        assert client.get(BASE).json() == {"agents": [agent]}
        started = client.post(
            "/v1/sessions/start", json={"userIdentity": "caller-1", "agentId": agent["id"]}
        )
        assert started.status_code == 200
        changed = client.put(f"{BASE}/{agent['id']}", json={"config": {"tools": [1]}}).json()
        assert changed["agent"]["config"] == {"tools": [1]}
        twin = client.post(BASE, json={"config": config}).json()["agent"]
        assert twin["id"] != agent["id"]
        gone = client.delete(f"{BASE}/{agent['id']}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert client.get(f"{BASE}/{agent['id']}").status_code == 404
        assert client.get(BASE).json() == {"agents": [twin]}


def test_flat_bodies_are_answered_flat(server: RunningServer) -> None:
    person = new_person(server)
    with server.client(None, authorization=f"Bearer {person.key}") as client:
        sent = {"name": "Support", "systemPrompt": "Be kind.", "temperature": 0.2, "maxTokens": 100}
        made = client.post(BASE, json=sent)
        assert made.status_code == 201, made.text
        agent = made.json()
        assert agent | sent == agent
        assert agent["id"].startswith("agent_")
        assert (agent["voiceId"], agent["llmProvider"], agent["language"]) == (
            "default",
            "openai",
            "en",
        )
        assert client.get(f"{BASE}/{agent['id']}").json() == agent
        assert client.get(BASE).json() == {"data": [agent], "nextCursor": None, "hasMore": False}
        renamed = client.put(f"{BASE}/{agent['id']}", json={"name": "Sales"}).json()
        assert (renamed["name"], renamed["temperature"], renamed["slug"]) == (
            "Sales",
            0.7,
            "support",
        )
        with person.client() as other_style:
            assert other_style.get(BASE).json()["agents"][0]["config"]["name"] == "Sales"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 101}, {"name": "x", "temperature": 3}, {"config": 5},
     {"name": "x", "maxTokens": 0}, {"name": "x", "systemPrompt": "y" * 10_001}, [], 5],
)  # fmt: skip
def test_malformed_agents_are_400(server: RunningServer, body: Any) -> None:
    with server.client() as client:
        answer = client.post(BASE, json=body)
    assert answer.status_code == 400
    assert set(answer.json()) >= {"error", "issues"}


def test_the_tenant_sees_them_and_members_change_their_own(server: RunningServer) -> None:
    owner, stranger = new_person(server), new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with owner.client() as client, member.client() as theirs, stranger.client() as outside:
        name = client.post(BASE, json={"config": {}}).json()["agent"]["id"]
        own = theirs.post(BASE, json={"config": {}}).json()["agent"]["id"]
        path = f"{BASE}/{name}"
        assert theirs.get(path).status_code == 200
        assert theirs.put(path, json={"config": {}}).status_code == 403
        assert theirs.delete(path).status_code == 403
        assert theirs.delete(f"{BASE}/{own}").status_code == 204
        for hidden, missing in (
            (outside.get(path), outside.get(f"{BASE}/nobody")),
            (outside.delete(path), outside.delete(f"{BASE}/nobody")),
            (
                outside.put(path, json={"config": {}}),
                outside.put(f"{BASE}/nobody", json={"config": {}}),
            ),
        ):
            assert hidden.status_code == missing.status_code == 404
            assert hidden.content == missing.content
        assert outside.get(BASE).json() == {"agents": []}


def test_lists_come_in_parts(server: RunningServer) -> None:
    person = new_person(server)
    with (
        person.client() as lyzr,
        server.client(None, authorization=f"Bearer {person.key}") as persona,
    ):
        for name in ("d", "b", "a", "c", "b", "e"):
            assert lyzr.post(BASE, json={"config": {"name": name}}).status_code == 201
        whole = lyzr.get(BASE).json()["agents"]
        assert [each["config"]["name"] for each in whole] == ["a", "b", "b", "c", "d", "e"]
        part = lyzr.get(BASE, params={"limit": 4, "offset": 1}).json()
        assert part == {
            "agents": whole[1:5], "total": 6, "limit": 4, "offset": 1, "nextOffset": 5,
        }  # fmt: skip
        assert lyzr.get(BASE, params={"offset": 5}).json()["nextOffset"] is None
        assert lyzr.get(BASE, params={"offset": 9}).json()["agents"] == []
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = persona.get(BASE, params={"limit": 2, **cursor}).json()
            assert 1 <= len(page["data"]) <= 2
            seen += [each["slug"] for each in page["data"]]
            if not page["hasMore"]:
                break
            # What is made or deleted meanwhile moves nothing.
            lyzr.delete(f"{BASE}/{page['data'][-1]['id']}")
            lyzr.post(BASE, json={"config": {"name": "0"}})
            cursor = {"cursor": page["nextCursor"]}
        assert (len(seen), seen, page["nextCursor"]) == (6, sorted(seen), None)
        for query in ({"limit": 0}, {"limit": "x"}, {"offset": -1}):
            assert lyzr.get(BASE, params=query).status_code == 400
        assert persona.get(BASE, params={"cursor": "of somebody else"}).status_code == 400
        assert persona.get(BASE, params={"limit": 1000}).json()["hasMore"] is False


def test_every_id_of_an_agent_leads_to_it_in_both_forms(server: RunningServer) -> None:
    person = new_person(server)
    with (
        person.client() as lyzr,
        server.client(None, authorization=f"Bearer {person.key}") as persona,
    ):
        flat = persona.post(BASE, json={"name": "Both"}).json()
        object_id = lyzr.get(f"{BASE}/{flat['id']}").json()["agent"]["id"]
        assert len(object_id) == 24
        for name in (flat["id"], object_id, object_id.upper(), flat["slug"]):
            assert persona.get(f"{BASE}/{name}").json() == flat
            assert lyzr.get(f"{BASE}/{name}").json()["agent"]["id"] == object_id
        # The body's form decides on a write, whatever the credential.
        said = persona.put(f"{BASE}/{object_id}", json={"config": {"name": "Lyzr", "x": 1}})
        assert said.json()["agent"]["config"] == {"name": "Lyzr", "x": 1}
        assert lyzr.put(f"{BASE}/{object_id}", json={"name": "Flat"}).json()["name"] == "Flat"
        clash = lyzr.put(f"{BASE}/{object_id}", json={"config": {"a": 1}, "name": "ignored"})
        assert clash.json()["agent"]["config"] == {"a": 1}
        assert persona.delete(f"{BASE}/{object_id}").status_code == 204
        assert persona.get(f"{BASE}/{flat['id']}").status_code == 404


def test_the_document_is_served_twice(server: RunningServer) -> None:
    with server.client(None) as client:
        document = client.get("/openapi.json").json()
        assert client.get("/v1/openapi.json").json() == document
    for path in (
        "/api/billing/sessions/{session_id}/", "/api/billing/usage/", "/api/auth/login/",
        "/api/ai-characters/{slug}/", "/api/agents/agent-session/", "/v1/transcripts/{sessionId}",
        "/internal/sessions/observability", "/v1/agents/{id}",
    ):  # fmt: skip
        assert path in document["paths"]
