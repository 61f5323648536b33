"""Logging in to the pages: the cookie, the token that writes need, and the first owner."""

from uuid import uuid4

import httpx2
import pytest

from tests.contract.ui.calls import browser
from tests.people import PASSWORD, new_person
from tests.server import RunningServer
from turnwise.http.auth import SESSION_COOKIE
from turnwise.model.tenancy import Role


def test_a_cookie_opens_the_pages_and_logging_out_ends_it(server: RunningServer) -> None:
    person = new_person(server)
    with browser(person) as client:
        me = client.get("/ui/api/me").json()
        assert (me["email"], me["role"], me["tenant"]) == (person.email, "owner", person.tenant)
        assert [each["name"] for each in me["projects"]] == ["default"]
        assert me["csrf"] == client.headers["x-csrf-token"]
        assert client.get("/ui/api/state").json()["isLoggedIn"] is True
        assert client.post("/ui/api/logout").status_code == 204
        assert client.get("/ui/api/me").status_code == 401
        assert client.get("/ui/api/state").json()["isLoggedIn"] is False


def test_a_cookie_that_was_copied_opens_nothing_once_its_session_has_ended(
    server: RunningServer,
) -> None:
    person = new_person(server)
    with browser(person) as one, browser(person) as other:
        assert one.get("/ui/api/me").json()["browsers"] == 2
        copied = f"{SESSION_COOKIE}={one.cookies[SESSION_COOKIE]}"
        assert one.post("/ui/api/logout").status_code == 204
        with server.client(None, cookie=copied) as thief:
            for path in ("/ui/api/me", "/v1/observability/sessions"):
                assert thief.get(path).status_code == 401
        assert other.get("/ui/api/me").json()["browsers"] == 1


def test_logging_out_everywhere_ends_every_session_of_the_person_alone(
    server: RunningServer,
) -> None:
    person = new_person(server)
    mate = new_person(server, person.tenant)
    with browser(person) as one, browser(person) as other, browser(mate) as theirs:
        assert one.post("/ui/api/logout-everywhere").status_code == 204
        assert SESSION_COOKIE not in one.cookies
        assert other.get("/ui/api/me").status_code == 401
        assert theirs.get("/ui/api/me").status_code == 200
        (told, *_) = theirs.get("/ui/api/audit").json()["data"]
        assert (told["action"], told["actor"]) == ("user.logged_out_everywhere", person.email)


def test_another_password_ends_the_other_sessions(server: RunningServer) -> None:
    person, changed = new_person(server), "another password of a test"
    with browser(person) as one, browser(person) as other:
        body = {"oldPassword": PASSWORD, "newPassword": changed}
        wrong = one.post("/ui/api/password", json={**body, "oldPassword": "wrong"})
        assert wrong.status_code == 400
        assert wrong.json()["issues"][0]["location"] == ["oldPassword"]
        weak = one.post("/ui/api/password", json={**body, "newPassword": "x"})
        assert weak.json()["issues"][0]["location"] == ["password"]
        assert other.get("/ui/api/me").status_code == 200
        assert one.post("/ui/api/password", json=body).status_code == 204
        assert one.get("/ui/api/me").status_code == 200
        assert other.get("/ui/api/me").status_code == 401
    with server.client(None) as client:
        for password, status in ((PASSWORD, 401), (changed, 200)):
            entered = {"email": person.email, "password": password}
            assert client.post("/ui/api/login", json=entered).status_code == status


def test_wrong_old_passwords_must_wait(server: RunningServer) -> None:
    body = {"oldPassword": "wrong", "newPassword": "another password of a test"}
    with browser(new_person(server)) as client:
        answers = [client.post("/ui/api/password", json=body).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]


def test_a_key_changes_no_password_and_ends_no_session(server: RunningServer) -> None:
    person = new_person(server)
    body = {"oldPassword": PASSWORD, "newPassword": "another password of a test"}
    with browser(person) as own, person.client() as client:
        assert client.post("/ui/api/password", json=body).status_code == 403
        assert client.post("/ui/api/logout-everywhere").status_code == 403
        assert client.post("/ui/api/logout").status_code == 204
        assert own.get("/ui/api/me").status_code == 200


def test_whoever_was_kept_out_does_not_come_back_with_an_old_cookie(
    server: RunningServer,
) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with browser(owner) as chief, browser(member) as theirs:
        for is_active in (False, True):
            changed = chief.patch(f"/ui/api/members/{member.user_id}", json={"isActive": is_active})
            assert changed.status_code == 200, changed.text
            assert theirs.get("/ui/api/me").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: RunningServer) -> None:
    person = new_person(server)
    body = {"email": person.email, "password": PASSWORD}
    with server.client(None) as client:
        cookie = client.post("/ui/api/login", json=body).headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_write_with_the_cookie_needs_the_token_of_its_page(
    server: RunningServer, token: str | None
) -> None:
    with browser(new_person(server)) as client:
        headers = {"x-csrf-token": token} if token is not None else {}
        del client.headers["x-csrf-token"]
        for path in ("/ui/api/logout", "/api/auth/api-keys/"):
            refused = client.post(path, json={"name": "n"}, headers=headers)
            assert refused.status_code == 403, refused.text
        assert client.get("/ui/api/me").status_code == 200


def test_the_cookie_is_no_bearer_token_and_a_bearer_token_is_no_cookie(
    server: RunningServer,
) -> None:
    person = new_person(server)
    with browser(person) as client:
        session = client.cookies[SESSION_COOKIE]
    bearer = {"authorization": f"Bearer {session}"}
    with server.client(None, **bearer) as client:
        assert client.get("/ui/api/me").status_code == 401
    cookie = f"{SESSION_COOKIE}={person.tokens()['access']}"
    with server.client(None, cookie=cookie) as client:
        assert client.get("/ui/api/me").status_code == 401


def test_a_key_that_does_not_hold_never_falls_through_to_the_cookie(server: RunningServer) -> None:
    with browser(new_person(server)) as client:
        assert client.get("/ui/api/me", headers={"x-api-key": "sk-wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [({"email": "", "password": "p"}, "email"), ({"email": "a@b.c", "password": " "}, "password")],
    ids=["no address", "no password"],
)
def test_what_is_missing_is_said_beside_its_field(
    server: RunningServer, body: dict[str, str], field: str
) -> None:
    with server.client(None) as client:
        answer = client.post("/ui/api/login", json=body)
    assert answer.status_code == 400
    assert [each["location"] for each in answer.json()["issues"]] == [[field]]


def test_bad_bodies_and_other_sites_are_refused(server: RunningServer) -> None:
    good = {"email": "a@example.com", "password": "wrong"}
    with server.client(None) as client:
        assert client.post("/ui/api/login", json=good).status_code == 401
        assert client.post("/ui/api/login", content=b"{", headers=_json()).status_code == 400
        assert (
            client.post("/ui/api/login", content=b'{"email":1}', headers=_json()).status_code == 400
        )
        assert client.post("/ui/api/login", data=good).status_code == 415
        elsewhere = {"origin": "http://elsewhere.example"}
        assert client.post("/ui/api/login", json=good, headers=elsewhere).status_code == 403


def test_log_ins_that_fail_too_often_must_wait(server: RunningServer) -> None:
    body = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}
    with server.client(None) as client:
        answers = [client.post("/ui/api/login", json=body) for _ in range(11)]
    assert [each.status_code for each in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_first_visitor_of_a_new_server_becomes_its_owner_and_nobody_after(
    own_server: RunningServer,
) -> None:
    first = {"email": "first@example.com", "password": "a password of a test"}
    with httpx2.Client(base_url=own_server.url, timeout=30) as client:
        assert client.get("/ui/api/state").json()["isNew"] is True
        weak = client.post("/ui/api/setup", json={**first, "password": "x"})
        assert weak.status_code == 400
        assert client.post("/ui/api/setup", json=first).status_code == 200
        me = client.get("/ui/api/me").json()
        assert (me["email"], me["role"], me["tenant"]) == ("first@example.com", "owner", "default")
        assert client.get("/ui/api/state").json()["isNew"] is False
        late = client.post("/ui/api/setup", json={**first, "email": "late@example.com"})
        assert (late.status_code, late.json()["code"]) == (409, "not_new")
        again = client.post("/ui/api/login", json=first)
        assert again.status_code == 200


def _json() -> dict[str, str]:
    return {"content-type": "application/json"}
