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
