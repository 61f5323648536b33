"""Keys over HTTP: made, listed, rotated and revoked, within one's own scopes and tenant."""

from uuid import uuid4

import pytest

from tests.server import PUBLIC, RunningServer
from turnwise.model.tenancy import Role, Scope

KEYS = "/v1/keys"


def test_a_key_is_made_shown_once_rotated_and_revoked(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        made = client.post(KEYS, json={"name": "mine", "expiresInDays": 7})
        assert made.status_code == 201
        body = made.json()
        assert body["key"].startswith("plabs_")
        assert body["scopes"] == ["admin", "ingest", "read"]
        assert body["expiresAt"] > body["createdAt"]
        with server.client(body["key"]) as other:
            listed = other.get(KEYS)
            assert body["id"] in {each["id"] for each in listed.json()["data"]}
            assert body["key"] not in listed.text
        rotated = client.post(f"{KEYS}/{body['id']}/rotate").json()
        assert (rotated["id"], rotated["name"]) == (body["id"], "mine")
        for secret, status in ((body["key"], 401), (rotated["key"], 200)):
            with server.client(secret) as other:
                assert other.get(KEYS).status_code == status
        assert client.delete(f"{KEYS}/{body['id']}").status_code == 204
        assert client.delete(f"{KEYS}/{body['id']}").status_code == 204
        with server.client(rotated["key"]) as other:
            assert other.get(KEYS).status_code == 401
        assert client.post(f"{KEYS}/{body['id']}/rotate").status_code == 409


def test_no_key_gives_more_than_it_has(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    server.new_user(tenant)
    member = server.new_user(tenant, Role.MEMBER, frozenset({Scope.READ}))
    with server.client(member) as client:
        assert client.post(KEYS, json={"name": "more", "scopes": ["admin"]}).status_code == 403
        made = client.post(KEYS, json={"name": "same"}).json()
        assert made["scopes"] == ["read"]
        assert {each["name"] for each in client.get(KEYS).json()["data"]} == {"test", "same"}


def test_keys_of_others_need_the_scope_admin(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    with (
        server.client(server.new_user(tenant)) as owner,
        server.client(server.new_user(tenant, Role.MEMBER, frozenset({Scope.READ}))) as member,
        server.client(server.new_user()) as stranger,
    ):
        of_owner = owner.post(KEYS, json={"name": "of the owner"}).json()["id"]
        of_member = member.post(KEYS, json={"name": "of the member"}).json()["id"]
        for client in (member, stranger):
            for unknown in (of_owner, str(uuid4())):
                refused = client.post(f"{KEYS}/{unknown}/rotate")
                assert refused.status_code == 404
                assert client.delete(f"{KEYS}/{unknown}").content == refused.content
        assert {of_owner, of_member} <= {each["id"] for each in owner.get(KEYS).json()["data"]}
        assert owner.delete(f"{KEYS}/{of_member}").status_code == 204


def test_an_admin_does_not_get_hold_of_an_owners_or_the_staffs_key(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    every = frozenset(Scope)
    with (
        server.client(server.new_user(tenant)) as owner,
        server.client(server.new_user(tenant, Role.ADMIN, every)) as admin,
        server.client(server.new_user(tenant, Role.ADMIN, every, is_staff=True)) as staff,
        server.client(server.new_user(tenant, Role.MEMBER, frozenset({Scope.READ}))) as member,
    ):
        made = {
            name: client.post(KEYS, json={"name": name, "scopes": ["read"]}).json()["id"]
            for name, client in (("owner", owner), ("staff", staff), ("member", member))
        }
        for name, status in (("owner", 403), ("staff", 403), ("member", 200)):
            assert admin.post(f"{KEYS}/{made[name]}/rotate").status_code == status, name
        assert owner.post(f"{KEYS}/{made['staff']}/rotate").status_code == 403
        assert staff.post(f"{KEYS}/{made['staff']}/rotate").status_code == 200


def test_a_key_without_the_scope_read_sees_no_keys(server: RunningServer) -> None:
    key = server.new_user(scopes=frozenset({Scope.INGEST}))
    with server.client(key) as client:
        assert client.get(KEYS).status_code == 403
        assert client.post(KEYS, json={"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x", "expiresInDays": 0}, {"name": "x", "expiresInDays": 10**9},
     {"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}, {"name": 5}],
)  # fmt: skip
def test_a_malformed_key_is_400(server: RunningServer, body: dict[str, object]) -> None:
    with server.client() as client:
        answer = client.post(KEYS, json=body)
    assert answer.status_code == 400
    assert answer.json()["issues"]


def test_a_key_that_cannot_get_a_new_secret_is_409_as_documented(server: RunningServer) -> None:
    with server.client() as client:
        keys = client.get("/v1/keys").json()["data"]
        bootstrap = next(each["id"] for each in keys if each["publicKey"] == PUBLIC)
        gone = client.post("/v1/keys", json={"name": "gone"}).json()["id"]
        assert client.delete(f"/v1/keys/{gone}").status_code == 204
        statuses = [
            client.post(f"/v1/keys/{each}/rotate").status_code for each in (bootstrap, gone)
        ]
        document = client.get("/openapi.json").json()
    assert statuses[0] == 409
    documented = document["paths"]["/v1/keys/{id}/rotate"]["post"]["responses"]
    assert {str(each) for each in statuses} <= documented.keys()
