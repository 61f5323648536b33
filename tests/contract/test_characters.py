"""/api/ai-characters, /api/agents/agent-session and form responses."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from tests.people import create_character, new_person
from tests.server import RunningServer
from turnwise.http.origins import is_allowed
from turnwise.model.tenancy import Role

CHARACTERS = "/api/ai-characters"
START = "/api/agents/agent-session/"
SITE = "https://www.example.com"


def test_a_character_is_made_read_changed_and_deleted(server: RunningServer) -> None:
    person = new_person(server)
    slug = f"c-{uuid4().hex[:8]}"
    sent = {
        "slug": slug, "name": "Support", "system_prompt": "Be kind.", "greeting": "Hello!",
        "language": "en", "voice": "alloy", "allowed_origins": [SITE], "llm_model": "gpt-4.1-mini",
        "stt_model": "nova-3", "tts_model": "sonic-2", "handoff_targets": ["sales"], "mood": "sunny",
    }  # fmt: skip
    with person.logged_in() as client:
        made = client.post(f"{CHARACTERS}/", json=sent)
        assert made.status_code == 201, made.text
        body = made.json()
        assert body | sent == body
        assert (body["tenant_id"], body["created_by"]) == (person.tenant, person.user_id)
        assert body["is_active"] is True
        assert client.get(f"{CHARACTERS}/{slug}/").json() == body
        assert client.get(f"{CHARACTERS}/{slug}").json() == body
        assert client.get(f"{CHARACTERS}/{body['id']}/").json() == body
        assert client.get(CHARACTERS).json() == client.get(f"{CHARACTERS}/").json() == [body]
        patched = client.patch(
            f"{CHARACTERS}/{slug}/", json={"greeting": "Hi!", "is_active": False}
        )
        assert patched.json() == {**body, "greeting": "Hi!", "is_active": False}
        assert client.patch(f"{CHARACTERS}/{slug}", json={}).json() == patched.json()
        put = client.put(f"{CHARACTERS}/{slug}/", json={"name": "New", "greeting": "Hey."}).json()
        assert (put["name"], put["greeting"], put["is_active"]) == ("New", "Hey.", True)
        assert (put["system_prompt"], put["allowed_origins"]) == (None, [])
        assert "mood" not in put
        again = client.post(f"{CHARACTERS}/", json={"slug": slug})
        assert again.status_code == 409
        assert again.json()["success"] is False
        assert client.delete(f"{CHARACTERS}/{slug}/").status_code == 204
        assert client.get(f"{CHARACTERS}/{slug}/").status_code == 404
        assert client.get(CHARACTERS).json() == []
        assert client.delete(f"{CHARACTERS}/{slug}/").status_code == 404
        reborn = client.post(f"{CHARACTERS}/", json={"slug": slug}).json()
        assert (reborn["is_active"], reborn["greeting"]) == (True, None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "slug"), ({"slug": ""}, "slug"), ({"slug": 5}, "slug"), ({"slug": "a/b"}, "slug"),
        ({"slug": "x" * 257}, "slug"), ({"slug": "e7f6917f-87fa-48fe-90a9-b2621c22e5f6"}, "slug"),
        ({"slug": "agent_e7f6917f87fa48fe90a9b2621c22e5f6"}, "slug"), ({"slug": "a" * 24}, "slug"),
        ({"slug": "x", "greeting": 5}, "greeting"), ({"slug": "x", "name": None}, "name"),
        ({"slug": "x", "allowed_origins": "https://a.example"}, "allowed_origins"),
        ({"slug": "x", "allowed_origins": ["a.example"]}, "allowed_origins"),
        ({"slug": "x", "allowed_origins": None}, "allowed_origins"),
        ({"slug": "x", "is_active": "yes"}, "is_active"),
        ({"slug": "x", "max_concurrent_sessions": -1}, "max_concurrent_sessions"),
    ],
)  # fmt: skip
def test_malformed_characters_are_400(
    server: RunningServer, sent: dict[str, Any], field: str
) -> None:
    with new_person(server).client() as client:
        answer = client.post(f"{CHARACTERS}/", json=sent)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()["errors"]) == [field]


def test_somebody_elses_character_is_as_none(server: RunningServer) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    stranger, staff = new_person(server), new_person(server, is_staff=True)
    with member.client() as client:
        slug = create_character(client)
    for person in (owner, stranger):
        with person.client() as client:
            for one, none in (
                (client.get(f"{CHARACTERS}/{slug}/"), client.get(f"{CHARACTERS}/nobody/")),
                (client.patch(f"{CHARACTERS}/{slug}/"), client.patch(f"{CHARACTERS}/nobody/")),
                (client.put(f"{CHARACTERS}/{slug}/"), client.put(f"{CHARACTERS}/nobody/")),
                (client.delete(f"{CHARACTERS}/{slug}/"), client.delete(f"{CHARACTERS}/nobody/")),
            ):
                assert one.status_code == none.status_code == 404
                assert one.content == none.content
            assert client.get(CHARACTERS).json() == []
    with staff.client() as client:
        assert client.get(f"{CHARACTERS}/{slug}/").json()["slug"] == slug
        assert slug in {each["slug"] for each in client.get(CHARACTERS).json()}


@pytest.mark.parametrize(
    ("origin", "page", "allowed", "holds"),
    [
        ("https://a.example", None, [], False),
        ("https://a.example", None, ["https://a.example"], True),
        ("https://a.example", None, ["https://b.example", "https://a.example/"], True),
        ("HTTPS://A.example:443", None, ["https://a.example"], True),
        ("https://a.example.evil", None, ["https://a.example"], False),
        ("https://a.example.evil/", None, ["https://a.example/"], False),
        ("https://evil-a.example", None, ["https://a.example"], False),
        ("https://a.example@evil.example", None, ["https://a.example"], False),
        ("https://a.example:8443", None, ["https://a.example"], False),
        ("http://a.example", None, ["https://a.example"], False),
        ("null", None, ["https://a.example"], False),
        (None, "https://a.example/x", ["https://a.example"], False),
        ("", None, [""], False),
        ("https://a.example", None, ["https://a.example/shop"], False),
        ("https://a.example", "https://a.example/shop", ["https://a.example/shop"], True),
        ("https://a.example", "https://a.example/shop/1?x#y", ["https://a.example/shop/"], True),
        ("https://a.example", "https://a.example/shopping", ["https://a.example/shop"], False),
        ("https://a.example", "https://a.example/shop/../x", ["https://a.example/shop"], False),
        ("https://a.example", "https://b.example/shop", ["https://a.example/shop"], False),
    ],
)
def test_origins_are_prefixes_that_end_at_a_boundary(
    origin: str | None, page: str | None, allowed: list[str], *, holds: bool
) -> None:
    assert is_allowed(origin, page, allowed) is holds


def start(server: RunningServer, origin: str | None, **body: Any) -> httpx2.Response:
    headers = {"origin": origin} if origin else {}
    with server.client(None, **headers) as client:
        return client.post(START, json=body)


def test_a_page_starts_a_session_without_a_token(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        slug = create_character(
            client, allowed_origins=[SITE], system_prompt="Be kind.", greeting="Hello!"
        )
    answer = start(
        server, SITE, agent=slug, greeting="Hi!", metadata={"plan": "pro"},
        origin_url=f"{SITE}/shop", mcp_headers={"authorization": "secret"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == [
        "token", "livekit_url", "room_name", "participant_identity", "session_id",
        "expires_in_seconds", "character_slug", "system_prompt", "greeting",
    ]  # fmt: skip
    assert (body["character_slug"], body["expires_in_seconds"]) == (slug, 3600)
    assert (body["system_prompt"], body["greeting"]) == ("Be kind.", "Hi!")
    assert answer.headers["access-control-allow-origin"] == SITE
    with person.client() as client:
        session = client.get(f"/api/billing/sessions/{body['session_id']}/").json()["data"]
    assert session["user"] is None
    assert session["finalized_at"] is None
    assert (session["origin_url"], session["metadata"]) == (f"{SITE}/shop", {"plan": "pro"})
    assert (session["room_name"], session["character_slug"]) == (body["room_name"], slug)


def test_a_start_is_refused_by_origin_by_slug_and_while_inactive(server: RunningServer) -> None:
    with new_person(server).client() as client:
        slug = create_character(client, allowed_origins=[SITE])
        closed = create_character(client)
        assert start(server, "https://www.example.com.evil", agent=slug).status_code == 403
        assert start(server, None, agent=slug).status_code == 403
        assert start(server, SITE, agent=closed).status_code == 403
        assert start(server, SITE, agent="nobody").status_code == 404
        assert start(server, SITE, agent=slug, tenant_id="nobody").status_code == 404
        missing = start(server, SITE)
        assert (missing.status_code, list(missing.json()["errors"])) == (400, ["agent"])
        client.patch(f"{CHARACTERS}/{slug}/", json={"is_active": False})
        inactive = start(server, SITE, agent=slug)
        assert inactive.status_code == 404
        assert list(inactive.json()) == ["success", "message", "data", "errors"]


def test_a_browser_may_ask_first(server: RunningServer) -> None:
    asked = {
        "origin": SITE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    with server.client(None, **asked) as client:
        for path in (START, START.rstrip("/")):
            answer = client.options(path)
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == SITE
            assert answer.headers["access-control-allow-headers"] == "content-type"


def test_of_one_slug_in_two_tenants_the_one_that_allows_the_origin_is_meant(
    server: RunningServer,
) -> None:
    slug = f"shared-{uuid4().hex[:8]}"
    people = [new_person(server), new_person(server)]
    for number, person in enumerate(people):
        with person.client() as client:
            create_character(
                client, slug, allowed_origins=[f"https://{number}.example"], greeting=str(number)
            )
    assert start(server, "https://1.example", agent=slug).json()["greeting"] == "1"
    narrowed = start(server, "https://1.example", agent=slug, tenant_id=people[0].tenant)
    assert narrowed.status_code == 403


def test_live_sessions_are_limited_also_when_they_start_at_once(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        slug = create_character(client, allowed_origins=[SITE], max_concurrent_sessions=3)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: start(server, SITE, agent=slug), range(8)))
        assert sorted(each.status_code for each in answers) == [200] * 3 + [429] * 5
        refused = next(each for each in answers if each.status_code == 429)
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["success"] is False
        begun = next(each.json() for each in answers if each.status_code == 200)
        ended = client.post("/v1/sessions/end", json={"sessionId": begun["session_id"]})
        assert ended.status_code == 204
        client.get(f"/api/billing/sessions/{begun['session_id']}/")
        assert start(server, SITE, agent=slug).status_code == 200


def test_the_page_gets_a_livekit_token_where_credentials_are_configured(tmp_path: Path) -> None:
    secret = "a livekit secret of thirty-two characters"
    with RunningServer(
        tmp_path / "data",
        TURNWISE_LIVEKIT_URL="wss://livekit.example.com",
        TURNWISE_LIVEKIT_API_KEY="lk-key",
        TURNWISE_LIVEKIT_API_SECRET=secret,
    ) as server:
        with new_person(server).client() as client:
            slug = create_character(client, allowed_origins=[SITE])
        body = start(server, SITE, agent=slug, mcp_headers={"authorization": "hush"}).json()
    claims = jwt.decode(body["token"], secret, algorithms=["HS256"])
    assert body["livekit_url"] == "wss://livekit.example.com"
    assert (claims["iss"], claims["sub"]) == ("lk-key", body["participant_identity"])
    assert claims["video"] == {"roomJoin": True, "room": body["room_name"]}
    assert body["session_id"] in claims["metadata"]
    assert "hush" not in claims["metadata"]


def test_form_responses_are_kept_and_filtered(server: RunningServer) -> None:
    session, other = str(uuid4()), str(uuid4())
    with new_person(server).client() as client:
        slug = create_character(client)
        path = f"/api/agents/{slug}/form-responses"
        sent = {"form_id": "lead", "session_id": session, "values": {"name": "Ann", "age": 41}}
        made = client.post(f"{path}/", json=sent)
        assert made.status_code == 201, made.text
        assert made.json() | sent == made.json()
        second = client.post(path, json={**sent, "form_id": "nps", "session_id": other}).json()
        assert client.get(path).json() == client.get(f"{path}/").json() == [second, made.json()]
        assert client.get(path, params={"session_id": session}).json() == [made.json()]
        assert client.get(path, params={"form_id": "nps"}).json() == [second]
        assert client.get(path, params={"form_id": "none"}).json() == []
        assert client.get(path, params={"page": 2, "page_size": 1}).json() == [made.json()]
        for field, wrong in (("form_id", ""), ("session_id", "sess_1"), ("values", [1])):
            answer = client.post(path, json={**sent, field: wrong})
            assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
        assert client.get(path, params={"session_id": "x"}).status_code == 400


def test_forms_of_others_are_403(server: RunningServer) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with member.client() as client:
        path = f"/api/agents/{create_character(client)}/form-responses/"
    sent = {"form_id": "lead", "session_id": str(uuid4()), "values": {}}
    for person in (owner, new_person(server)):
        with person.client() as client:
            for answer in (client.get(path), client.post(path, json=sent)):
                assert answer.status_code == 403
                assert answer.json()["success"] is False
            assert client.get("/api/agents/nobody/form-responses/").status_code == 404
    with server.client(None) as client:
        assert client.get(path).status_code == 401
    with new_person(server, is_staff=True).client() as client:
        assert client.get(path).json() == []
