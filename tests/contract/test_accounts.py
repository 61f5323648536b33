"""/api/auth: sign-up, log-in, tokens that hold and that do not, and a user's own keys."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from tests.people import PASSWORD, new_person
from tests.server import RunningServer
from turnwise.app.secret_key import key_for
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import SqlCatalog

ME = "/api/auth/me/"
DAY = 86_400


def own_key(server: RunningServer) -> bytes:
    """What the server signs log-in tokens with."""
    secret = (server.data_dir / "secret.key").read_bytes().strip()
    return key_for(secret, "log-in tokens")


def me(server: RunningServer, bearer: str, **headers: str) -> httpx2.Response:
    with server.client(None, authorization=f"Bearer {bearer}", **headers) as client:
        return client.get(ME)


def test_the_secret_key_is_kept_for_its_owner_alone(server: RunningServer) -> None:
    file = server.data_dir / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) >= 48


def test_log_in_gives_two_tokens_of_the_published_lives(server: RunningServer) -> None:
    person = new_person(server)
    tokens = person.tokens()
    assert list(tokens) == ["access", "refresh"]
    now = time.time()
    for name, days in (("access", 10), ("refresh", 30)):
        claims = jwt.decode(tokens[name], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == days * DAY
        assert abs(claims["iat"] - now) < 60
    answer = me(server, tokens["access"])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["email"]) == (person.user_id, person.email)
    assert (body["tenant_id"], body["role"], body["is_staff"]) == (person.tenant, "owner", False)
    with server.client(None) as client:
        for path in ("/api/auth/refresh/", "/api/auth/refresh"):
            fresh = client.post(path, json={"refresh": tokens["refresh"]})
            assert list(fresh.json()) == ["access"]
            assert me(server, fresh.json()["access"]).json() == body
        wrong = client.post("/api/auth/refresh/", json={"refresh": tokens["access"]})
        assert wrong.status_code == 401
    assert me(server, tokens["refresh"]).status_code == 401


def test_a_token_reads_every_surface(server: RunningServer) -> None:
    with new_person(server).logged_in() as client:
        assert client.get("/v1/observability/sessions").status_code == 200
        assert client.get("/api/billing/usage/").status_code == 200


def test_sign_up_makes_a_tenant_of_ones_own(server: RunningServer) -> None:
    email = f"{uuid4().hex[:8]}@example.com"
    with server.client(None) as client:
        sent = {"email": email, "password": PASSWORD, "name": "Acme Voice"}
        answer = client.post("/api/auth/signup/", json=sent)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body["tenant_id"].startswith("acme-voice")
        assert body["role"] == "owner"
        assert me(server, body["access"]).json()["email"] == email
        again = client.post("/api/auth/signup", json={**sent, "email": email.upper()})
        assert again.status_code == 400
        assert list(again.json()["errors"]) == ["email"]
        for field, wrong in (("email", "nobody"), ("password", "short")):
            refused = client.post("/api/auth/signup/", json={**sent, field: wrong})
            assert refused.status_code == 400
            assert list(refused.json()["errors"]) == [field]
        missing = client.post("/api/auth/signup/", json={"email": email})
        assert (missing.status_code, list(missing.json()["errors"])) == (400, ["password"])
        typed = client.post("/api/auth/signup/", json={**sent, "email": 5})
        assert (typed.status_code, list(typed.json()["errors"])) == (400, ["email"])


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b'"x"', b'{"a":' * 50_000])
def test_a_body_that_is_no_form_is_400(server: RunningServer, body: bytes) -> None:
    with server.client(None) as client:
        answer = client.post("/api/auth/login/", content=body)
    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_log_in_is_limited_by_person_and_address(server: RunningServer) -> None:
    person = new_person(server)
    with server.client(None) as client:
        sent = {"email": person.email, "password": "not the password"}
        answers = [client.post("/api/auth/login/", json=sent) for _ in range(11)]
        right = client.post("/api/auth/login/", json={**sent, "password": PASSWORD})
    assert [each.status_code for each in answers] == [401] * 10 + [429]
    unknown = "No active user has this e-mail and password."
    assert answers[0].json() == {
        "success": False, "message": unknown, "data": None, "errors": None
    }  # fmt: skip
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0
    assert new_person(server).tokens()


def b64(what: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_tokens_that_do_not_hold(server: RunningServer) -> None:
    person = new_person(server)
    good = person.tokens()["access"]
    claims = jwt.decode(good, options={"verify_signature": False})
    key = own_key(server)

    def signed(**changes: Any) -> str:
        changed = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(changed, key, algorithm="HS256")

    assert me(server, signed()).status_code == 200
    head, body, signature = good.split(".")
    tampered = b64(claims | {"sub": str(uuid4())})
    header = b64({"alg": "none", "typ": "JWT"})
    last = "A" if signature[0] != "A" else "B"
    bad = [
        signed(exp=int(time.time()) - 1),
        signed(exp=None),
        signed(exp="never"),
        signed(sub=None),
        signed(sub=str(uuid4())),
        signed(sub="' OR 1=1"),
        signed(iss="somebody else"),
        signed(iss=None),
        signed(token_type="refresh"),
        signed(token_type=None),
        f"{head}.{tampered}.{signature}",
        f"{head}.{body}.{last}{signature[1:]}",
        f"{head}.{body}.",
        f"{header}.{body}.",
        f"{header}.{body}.{signature}",
        f"{b64({'alg': 'NONE'})}.{body}.",
        jwt.encode(claims, key, algorithm="HS512"),
        jwt.encode(claims, "another key of thirty-two characters", algorithm="HS256"),
        "a.b.c",
        "..",
        "x" * 5_000,
    ]
    for token in bad:
        answer = me(server, token)
        assert answer.status_code == 401, token
        assert answer.json()["success"] is False


def test_a_user_who_was_shut_out_has_no_token_any_more(server: RunningServer) -> None:
    person = new_person(server)
    tokens = person.tokens()
    with SqlCatalog.open(f"sqlite:///{server.data_dir / 'catalog.db'}") as catalog:
        from_now = catalog.admin.users
        from_now.set_active(person.user_id, False, by=_operator())
    assert me(server, tokens["access"]).status_code == 401
    with server.client(None) as client:
        fresh = client.post("/api/auth/refresh/", json={"refresh": tokens["refresh"]})
        assert fresh.status_code == 401
    with person.client() as client:
        assert client.get(ME).status_code == 401


def _operator() -> Any:
    from turnwise.store.catalog import COMMAND_LINE  # noqa: PLC0415

    return COMMAND_LINE


def test_of_key_and_token_the_key_counts_and_a_bad_one_never_falls_through(
    server: RunningServer,
) -> None:
    one, two = new_person(server), new_person(server)
    token = two.tokens()["access"]
    both = me(server, token, **{"x-api-key": one.key})
    assert both.json()["email"] == one.email
    assert me(server, token, **{"x-api-key": "sk_wrong"}).status_code == 401
    assert me(server, token, **{"x-api-key": ""}).status_code == 401
    assert me(server, one.key).json()["email"] == one.email
    assert me(server, one.key, **{"x-api-key": token}).status_code == 401


def test_keys_come_rest_and_go(server: RunningServer) -> None:
    person = new_person(server)
    with person.logged_in() as client:
        made = client.post("/api/auth/api-keys/", json={"name": "shop"})
        assert made.status_code == 201
        body = made.json()
        secret, key_id = body.pop("key"), body["id"]
        assert secret.startswith("sk_")
        assert body["key_preview"] == f"{secret[:5]}...{secret[-4:]}"
        assert (body["name"], body["is_active"], body["last_used_at"]) == ("shop", True, None)
        with server.client(secret) as user:
            assert user.get(ME).json()["email"] == person.email
        listed = client.get("/api/auth/api-keys").json()
        assert [each["name"] for each in listed] == ["test", "shop"]
        assert listed[1]["last_used_at"] is not None
        assert all("key" not in each for each in listed)
        path = f"/api/auth/api-keys/{key_id}"
        resting = client.patch(f"{path}/", json={"is_active": False}).json()
        assert resting["is_active"] is False
        with server.client(secret) as user:
            assert user.get(ME).status_code == 401
        awake = client.put(path, json={"name": "till", "is_active": True}).json()
        assert (awake["name"], awake["is_active"]) == ("till", True)
        with server.client(secret) as user:
            assert user.get(ME).status_code == 200
        assert client.put(path, json={"is_active": True}).status_code == 400
        assert client.delete(f"{path}/").status_code == 204
        for gone in (client.get(path), client.patch(path, json={}), client.delete(path)):
            assert gone.status_code == 404
            assert gone.json()["success"] is False
        with server.client(secret) as user:
            assert user.get(ME).status_code == 401
        asleep = client.post("/api/auth/api-keys", json={"name": "later", "is_active": False})
        with server.client(asleep.json()["key"]) as user:
            assert user.get(ME).status_code == 401
        assert client.post("/api/auth/api-keys/", json={"name": " "}).status_code == 400


def test_keys_are_their_owners_business_and_no_key_makes_a_stronger_one(
    server: RunningServer,
) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    weak = new_person(server, owner.tenant, scopes=frozenset({Scope.READ}))
    with owner.logged_in() as client, member.logged_in() as theirs, weak.client() as reader:
        key_id = client.post("/api/auth/api-keys/", json={"name": "mine"}).json()["id"]
        path = f"/api/auth/api-keys/{key_id}/"
        unknown = f"/api/auth/api-keys/{uuid4()}/"
        assert theirs.get(path).status_code == 404
        assert theirs.get(path).content == theirs.get(unknown).content
        assert theirs.delete(path).status_code == 404
        assert reader.post("/api/auth/api-keys/", json={"name": "x"}).status_code == 403
        made = theirs.post("/api/auth/api-keys/", json={"name": "m"}).json()["key"]
        with server.client(made) as members_key:
            assert members_key.post("/api/auth/api-keys/", json={"name": "x"}).status_code == 403


@pytest.mark.parametrize("setting", ["false"])
def test_sign_up_can_be_switched_off(tmp_path: Path, setting: str) -> None:
    with (
        RunningServer(tmp_path / "data", TURNWISE_SIGNUP=setting) as server,
        server.client(None) as client,
    ):
        sent = {"email": "someone@example.com", "password": PASSWORD}
        answer = client.post("/api/auth/signup/", json=sent)
    assert answer.status_code == 403
    assert answer.json()["success"] is False
