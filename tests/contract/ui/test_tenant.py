"""Keys, members and the audit log on the pages of the settings."""

from uuid import uuid4

import httpx2
import pytest

from tests.contract.ui.calls import browser
from tests.people import PASSWORD, Person, new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role

KEYS = "/ui/api/keys"
CREATE = "/ui/api/projects/default/keys"
MEMBERS = "/ui/api/members"
AUDIT = "/ui/api/audit"


def created(client: httpx2.Client, **body: object) -> dict[str, object]:
    answer = client.post(CREATE, json={"name": "agent", "scopes": ["ingest"], **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def works(person: Person, secret: object) -> int:
    with person.server.client(str(secret)) as client:
        return client.post("/v1/traces", json={}).status_code


def test_a_key_is_shown_once_works_and_stops_when_revoked(server: RunningServer) -> None:
    person = new_person(server)
    with browser(person) as client:
        made = created(client, expiresInDays=30)
        key = dict(made["key"])  # type: ignore[call-overload]
        assert (key["owner"], key["project"], key["scopes"]) == (
            person.email, "default", ["ingest"],
        )  # fmt: skip
        assert key["expiresMs"] - key["createdMs"] == pytest.approx(30 * 86_400_000, abs=60_000)
        assert works(person, made["secret"]) == 200
        listed = client.get(KEYS)
        assert str(made["secret"]) not in listed.text
        assert key["id"] in [each["id"] for each in listed.json()["data"]]
        assert client.delete(f"{KEYS}/{key['id']}").status_code == 204
        assert works(person, made["secret"]) == 401
        assert key["id"] not in [each["id"] for each in client.get(KEYS).json()["data"]]


def test_a_member_makes_keys_without_more_than_they_may_and_sees_their_own(
    server: RunningServer,
) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with browser(owner) as all_of_it, browser(member) as own:
        theirs = created(all_of_it)["key"]
        refused = own.post(CREATE, json={"name": "k", "scopes": ["admin"]})
        assert refused.status_code == 403, refused.text
        mine = created(own)["key"]
        seen = {each["owner"] for each in own.get(KEYS).json()["data"]}
        assert seen == {member.email}
        assert own.delete(f"{KEYS}/{theirs['id']}").status_code == 404  # type: ignore[index]
        seen = {each["owner"] for each in all_of_it.get(KEYS).json()["data"]}
        assert seen == {owner.email, member.email}
        assert all_of_it.delete(f"{KEYS}/{mine['id']}").status_code == 204  # type: ignore[index]


def test_another_tenants_key_is_like_none(server: RunningServer) -> None:
    with browser(new_person(server)) as client, browser(new_person(server)) as stranger:
        key = created(client)["key"]
        theirs = stranger.delete(f"{KEYS}/{key['id']}")  # type: ignore[index]
        nobodys = stranger.delete(f"{KEYS}/{uuid4()}")
        assert (theirs.status_code, theirs.text) == (404, nobodys.text)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"expiresInDays": 10**12}, "expiresInDays"),
    ],
    ids=["no-name", "no-scope", "expired", "too-late"],
)
def test_a_malformed_key_is_refused_by_its_field(
    server: RunningServer, body: dict[str, object], field: str
) -> None:
    with browser(new_person(server)) as client:
        answer = client.post(CREATE, json={"name": "k", "scopes": ["read"], **body})
        assert answer.status_code == 400, answer.text
        assert answer.json()["issues"][0]["location"][-1] == field


def test_an_owner_adds_changes_and_keeps_out_a_member(server: RunningServer) -> None:
    owner = new_person(server)
    with browser(owner) as client:
        email = f"{uuid4().hex[:10]}@example.com"
        body = {"email": email, "password": PASSWORD, "role": "member"}
        made = client.post(MEMBERS, json=body)
        assert made.status_code == 201, made.text
        assert client.post(MEMBERS, json=body).status_code == 409
        member = Person(server, owner.tenant, email, "", made.json()["id"])
        place = f"{MEMBERS}/{member.user_id}"
        with browser(member) as theirs:
            assert theirs.get(MEMBERS).status_code == 403
            assert client.patch(place, json={"role": "admin"}).json()["role"] == "admin"
            assert theirs.get(MEMBERS).status_code == 200
            assert client.patch(place, json={"isActive": False}).status_code == 200
            assert theirs.get("/ui/api/me").status_code == 401
        listed = {each["email"]: each for each in client.get(MEMBERS).json()["data"]}
        assert (listed[email]["role"], listed[email]["isActive"]) == ("admin", False)
        assert listed[owner.email]["isMe"] is True


def test_only_owners_make_or_change_owners_and_nobody_themselves(server: RunningServer) -> None:
    owner = new_person(server)
    admin = new_person(server, owner.tenant, Role.ADMIN)
    with browser(admin) as client:
        body = {"email": "o@example.com", "password": PASSWORD, "role": "owner"}
        assert client.post(MEMBERS, json=body).status_code == 403
        place = f"{MEMBERS}/{owner.user_id}"
        assert client.patch(place, json={"isActive": False}).status_code == 403
        own = f"{MEMBERS}/{admin.user_id}"
        assert client.patch(own, json={"role": "owner"}).status_code == 409
        assert client.patch(own, json={"isActive": False}).status_code == 409
    with browser(owner) as client:
        assert (
            client.patch(f"{MEMBERS}/{owner.user_id}", json={"role": "member"}).status_code == 409
        )


def test_another_tenants_member_is_like_nobody(server: RunningServer) -> None:
    stranger = new_person(server)
    with browser(new_person(server)) as client:
        theirs = client.patch(f"{MEMBERS}/{stranger.user_id}", json={"isActive": False})
        nobodys = client.patch(f"{MEMBERS}/2147483647", json={"isActive": False})
        assert (theirs.status_code, theirs.text) == (404, nobodys.text)


def test_the_audit_log_names_who_did_what_in_the_tenant_alone(server: RunningServer) -> None:
    owner = new_person(server)
    with browser(owner) as client, browser(new_person(server)) as stranger:
        for number in range(60):
            created(client, name=f"key {number}")
        first = client.get(AUDIT).json()
        assert first["data"][0]["action"] == "key.created"
        assert first["data"][0]["actor"] == owner.email
        second = client.get(AUDIT, params={"before": first["nextBefore"]}).json()
        ids = [each["id"] for page in (first, second) for each in page["data"]]
        assert len(ids) > 60
        assert ids == sorted(set(ids), reverse=True)
        theirs = {each["id"] for each in stranger.get(AUDIT).json()["data"]}
        assert not theirs.intersection(ids)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with browser(member) as client:
        assert client.get(AUDIT).status_code == 403
